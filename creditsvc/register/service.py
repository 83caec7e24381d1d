"""How a decision was served, and from which day that counts: written down by the court, on which clocks then run.

Source: 民事诉讼法 arts 87-95. A decision to list takes effect when made; signing without serving is forbidden (35号 no. 14).
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput
from creditsvc.kernel.load import timers
from creditsvc.kernel.text import Bilingual
from creditsvc.kernel.timers import due
from creditsvc.register.entries import in_reach, target
from creditsvc.register.tables import ConsumptionOrder, Listing
from creditsvc.storage.calendars import calendar


class ServiceMode(StrEnum):
    """Ways of serving."""

    DIRECT = "direct"
    LEFT = "left"
    POST = "post"
    ELECTRONIC = "electronic"
    THROUGH_UNIT = "through_unit"
    PUBLIC_NOTICE = "public_notice"

    @property
    def label(self) -> Bilingual:
        """What people call it, and which day is asked for."""
        return _MODES[self]


_MODES = {
    ServiceMode.DIRECT: Bilingual("直接送达（签收日）", "by hand (day of the signed receipt)"),
    ServiceMode.LEFT: Bilingual("留置送达（留置日）", "left at the residence (day left)"),
    ServiceMode.POST: Bilingual("邮寄送达（回执日）", "by post (day on the return receipt)"),
    ServiceMode.ELECTRONIC: Bilingual("电子送达（到达对方系统之日）", "electronically (arrival at the recipient's system)"),
    ServiceMode.THROUGH_UNIT: Bilingual("转交送达（本人签收日）", "through a unit (day the recipient signed)"),
    ServiceMode.PUBLIC_NOTICE: Bilingual("公告送达（公告日，经过三十日视为送达）", "by public notice (issue; deemed served after 30 days)"),
}  # fmt: skip


def served_from(session: Session, mode: ServiceMode, day: date) -> date:
    """The Beijing day on which it counts as served: for a public notice the last of the thirty days."""
    if mode is not ServiceMode.PUBLIC_NOTICE:
        return day
    return due(timers()["T34"], day, calendar(session)).day


def record_service(
    session: Session, entry: str, mode: ServiceMode, *, day: date, document: str, caller: Caller, now: datetime
) -> date:
    """Write down that the decision (or order) was served; the day from which that counts, which may lie ahead.

    Once only: a wrong entry is corrected by a decision. Raises ``NotFound``, ``Conflict``, ``InvalidInput``.
    """
    caller.require(Permission.DECISION_PROPOSE)
    row = in_reach(target(session, entry, to_change=True), caller).row
    row.served_on, row.service_mode = service_counts_from(session, row, mode, day=day, now=now), mode.value
    details = {"mode": mode.value, "day": day.isoformat(), "from": row.served_on.isoformat(), "document": document}
    audit.record(session, action="entry.served", caller=caller, object=entry, at=now, details=details)
    session.flush()
    return row.served_on


def service_counts_from(
    session: Session, row: Listing | ConsumptionOrder, mode: ServiceMode, *, day: date, now: datetime
) -> date:
    """From which day this service would count. Raises ``Conflict`` if one is recorded, ``InvalidInput`` for the day."""
    made = getattr(row, "decided_on", None) or getattr(row, "issued_on", None)
    if not (made is None or made <= day <= legal_day(now)):
        raise InvalidInput(
            Bilingual("送达日应在作出之日与今天之间", "it is served between the day it was made and today"),
            code="served-on", field="day",
        )  # fmt: skip
    if row.served_on is not None:
        raise Conflict(Bilingual("送达已经登记", "the service is recorded already"), code="served")
    return served_from(session, mode, day)
