"""What the person is told of a decision, in the transaction that made it, and when it counts as served.

The message says that there is a decision and where it is read: no number, no reason, nothing about the other side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.delivery import Message, Served, address_of, note_served, queue
from creditsvc.papers.delivery_states import Channel, DeliveryState, Service
from creditsvc.papers.tables import Delivery
from creditsvc.services import Services
from repair.contacts import Reach, reaches_of
from repair.history import load
from repair.tables import Application

PURPOSE = "application_decided"
_MODES = {
    Service.DIRECT: "signed",
    Service.LEFT: "left",
    Service.ELECTRONIC: "electronic",
    Service.POST: "post",
    Service.PUBLIC: "notice",
}


def tell_decided(
    session: Session, services: Services, application: Application, *, caller: Caller, now: datetime
) -> None:
    """On the page at once; served the same day where the person agreed to it (民事诉讼法 art. 90), else on paper.

    By the channels that are known to reach the person, too: that is word of it, and no service.
    """
    number = application.number or ""
    title = Bilingual(f"申请 {number} 已有决定", f"Application {number} has been decided")
    body = Bilingual(
        "请登录后在“我的申请”中查看决定、理由和救济途径。",
        "Sign in and read the decision, its reason and your remedies.",
    )
    row = _tell(session, services, application, purpose=PURPOSE, title=title, body=body, now=now)
    if application.e_service:
        served = note_served(session, row.id, on=legal_day(now), how=Service.ELECTRONIC, caller=caller, now=now)
        on_served(session, served, now=now)


def tell_returned(session: Session, services: Services, application: Application, *, now: datetime) -> None:
    """Something is lacking: the person has to do something, so a page alone would not do."""
    number = application.number or ""
    title = Bilingual(f"申请 {number} 需要补正", f"Application {number} needs to be completed")
    body = Bilingual(
        "请登录后按法院的说明补充，再重新提交。", "Sign in, add what the court asks for, and send it again."
    )
    _tell(session, services, application, purpose="application_returned", title=title, body=body, now=now)


def tell_charged(session: Session, services: Services, case: Application, *, now: datetime) -> None:
    """The court examines whether a promise was broken: the person is told, and can answer."""
    number = case.number or ""
    title = Bilingual(f"违诺审查 {number}：请陈述意见", f"Case {number}: please answer")
    body = Bilingual(
        "法院认为您的信用承诺可能没有遵守。请登录查看事实，并写下您的陈述；法院听取后再决定。",
        "The court holds that a credit promise may have been broken. Sign in, read why, and answer; the court decides after that.",
    )
    _tell(session, services, case, purpose="promise_charged", title=title, body=body, now=now)


def _tell(
    session: Session,
    services: Services,
    application: Application,
    *,
    purpose: str,
    title: Bilingual,
    body: Bilingual,
    now: datetime,
) -> Delivery:
    """The message on the page, after the same word by mail or short message; what stands on the page is returned."""
    where = f"{services.settings.public_url}/portal/"
    said = Bilingual(f"{title.zh}。{body.zh}{where}", f"{title.en}. {body.en} {where}")
    page = Message(
        Channel.PAGE,
        purpose,
        application.court_code,
        title,
        body,
        subject_id=application.subject_id,
        entry=application.entry or None,
        application=application.id,
        consented=application.e_service,
    )
    for reach in ways_to(session, services, application.subject_id, application.entry):
        word = replace(page, channel=reach.channel, body=said, address=reach.address, consented=False)
        queue(session, services, word, now=now)
    return queue(session, services, page, now=now)


def ways_to(session: Session, services: Services, subject_id: str, entry: str) -> Sequence[Reach]:
    """Where word reaches a person: the addresses that they have proven, and those that carried a letter about the entry."""
    carried = session.scalars(
        select(Delivery).where(
            Delivery.entry == entry,
            Delivery.subject_id == subject_id,
            Delivery.addressee == "debtor",
            Delivery.paper_id.is_not(None),
            Delivery.channel.in_([Channel.MAIL.value, Channel.SMS.value]),
            Delivery.state != DeliveryState.FAILED.value,
        )
    )
    found = [
        *reaches_of(session, services, subject_id),
        *(Reach(Channel(row.channel), address_of(services, row)) for row in carried),
    ]
    return list(dict.fromkeys(found))


def on_served(session: Session, served: Served, *, now: datetime) -> None:
    """Fills the port ``served/repair``: the ten days run from the first service; a second one changes nothing."""
    if served.purpose != PURPOSE or served.application is None:
        return
    application = load(session, served.application, to_change=True)
    if application.served_on is None:
        application.served_on = served.served_on
        application.service_mode = _MODES.get(served.how, "signed")
