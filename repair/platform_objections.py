"""An objection that a person raises here with the provincial platform (河南省社会信用条例 art. 41).

The entry is annotated at once, which the platform's own stream carries to it; the platform's mailbox, where the settings
name one, is told which entry it is about and by when to answer. Both clocks run from the same receipt: the court's three
working days, since it provided the data, and the platform's seven.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from creditsvc.kernel.calendars import Calendar
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.delivery import Message, queue
from creditsvc.papers.delivery_states import Channel
from creditsvc.services import Services
from repair.policy.deadlines import clock
from repair.policy.grounds import ground_of
from repair.tables import Application

PURPOSE = "platform_objection"


def raise_at_platform(
    session: Session, services: Services, application: Application, *, calendar: Calendar, now: datetime
) -> None:
    """Set the platform's day, and tell the platform; no name, number or words of the person go along."""
    due = clock("platform_with_provider").due(legal_day(now), calendar).day
    application.wanted = {**(application.wanted or {}), "platform_due_on": due.isoformat()}
    if not services.settings.platform_objection_mail:
        return
    number, ground = application.number or "", ground_of(application.kind, application.ground).name
    message = Message(
        Channel.MAIL, PURPOSE, application.court_code,
        Bilingual(f"异议 {number}", f"Objection {number}"),
        Bilingual(
            f"收到对记录 {application.entry} 的异议：{ground.zh}。收到日期 {application.received_on}，本记录已作异议标注。"
            f"执行法院最迟 {application.due_on} 核查答复，平台最迟 {due} 处理并告知当事人（河南省社会信用条例第四十一条）。",
            f"An objection to entry {application.entry} was received on {application.received_on}: {ground.en}. The entry is marked "
            f"as disputed. The court answers by {application.due_on}, the platform by {due}.",
        ),
        addressee="platform", address=services.settings.platform_objection_mail, application=application.id,
    )  # fmt: skip
    queue(session, services, message, now=now)
