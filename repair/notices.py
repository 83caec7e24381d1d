"""What the person is told of a decision, in the transaction that made it, and when it counts as served.

The message says that there is a decision and where it is read: no number, no reason, nothing about the other side.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.delivery import Message, Served, note_served, queue
from creditsvc.papers.delivery_states import Channel, Service
from creditsvc.services import Services
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
    """On the page at once; served the same day where the person agreed to it (民事诉讼法 art. 90), else on paper."""
    number = application.number or ""
    message = Message(
        Channel.PAGE,
        PURPOSE,
        application.court_code,
        Bilingual(f"申请 {number} 已有决定", f"Application {number} has been decided"),
        Bilingual(
            "请登录后在“我的申请”中查看决定、理由和救济途径。",
            "Sign in and read the decision, its reason and your remedies.",
        ),
        subject_id=application.subject_id,
        entry=application.entry,
        application=application.id,
        consented=application.e_service,
    )
    row = queue(session, services, message, now=now)
    if application.e_service:
        served = note_served(session, row.id, on=legal_day(now), how=Service.ELECTRONIC, caller=caller, now=now)
        on_served(session, served, now=now)


def on_served(session: Session, served: Served, *, now: datetime) -> None:
    """Fills the port ``served/repair``: the ten days run from the first service; a second one changes nothing."""
    if served.purpose != PURPOSE or served.application is None:
        return
    application = load(session, served.application, to_change=True)
    if application.served_on is None:
        application.served_on = served.served_on
        application.service_mode = _MODES.get(served.how, "signed")
