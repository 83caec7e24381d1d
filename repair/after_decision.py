"""What follows from a decision in the same transaction: its service, what it opens, who is told to look again."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from creditsvc.access.audit import record
from creditsvc.access.callers import Caller
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.register.decisions import APPROVED
from creditsvc.register.tables import Decision
from creditsvc.services import Services
from creditsvc.storage.calendars import calendar as current_calendar
from repair.applications import open_draft, receive
from repair.breaches import settle_breach
from repair.entries import view_for
from repair.exits import tell_left
from repair.history import take_step
from repair.notices import tell_decided
from repair.outcomes import follow_ups
from repair.policy.kinds import ApplicationKind
from repair.policy.states import State, Step
from repair.reliance import tell_relying
from repair.tables import Application

MODES = {
    "signed": Bilingual("本人或者代收人签收", "signed for"),
    "left": Bilingual("留置送达", "left at the residence"),
    "post": Bilingual("邮寄送达（回执日期）", "by post, day on the return receipt"),
    "electronic": Bilingual("电子送达（到达系统之日）", "electronically, day of arrival"),
    "notice": Bilingual("公告送达（满三十日）", "by public notice, when thirty days have passed"),
}
"""How a decision can be served (民事诉讼法 arts 87 to 95)."""


EXITS = frozenset({"remove_listing", "revoke_listing", "revoke_order", "lift_order"})
"""Decisions by which an entry leaves."""


def carry_on(session: Session, services: Services, application: Application, *, caller: Caller, now: datetime) -> None:
    """Everything that follows from the second signature."""
    tell_decided(session, services, application, caller=caller, now=now)
    settle_breach(session, application, now=now)
    if application.state != State.GRANTED.value:
        return
    for kind, ground in follow_ups(application):
        if kind is not ApplicationKind.CERTIFICATE:
            _open_follow_up(session, application, kind, ground, caller=caller, now=now)
    for number in (application.decision_id, *(application.more_decisions or [])):
        decision = session.get(Decision, number) if number is not None else None
        if decision is not None and decision.kind in EXITS:
            tell_left(session, services, decision.entry, now=now)
        if decision is not None and decision.kind in {"revoke_listing", "revoke_order"}:
            tell_relying(session, decision.entry, caller=caller, now=now)
    _tell_of_order(session, services, application, now=now)


def _tell_of_order(session: Session, services: Services, application: Application, *, now: datetime) -> None:
    """The second decision may have been signed along or still wait."""
    order = session.get(Decision, application.order_decision_id) if application.order_decision_id else None
    if order is not None and order.state == APPROVED:
        tell_left(session, services, order.entry, now=now)


def _open_follow_up(
    session: Session, origin: Application, kind: ApplicationKind, ground: str, *, caller: Caller, now: datetime
) -> None:
    """The application that a credit repair leads to: sent already, with the same words, and decided by its own rule."""
    view = view_for(session, origin.entry, origin.subject_id, on=legal_day(now))
    if not view.in_force:
        return
    opened = open_draft(session, view, kind, ground, caller=caller, now=now, opened_by="court", about=origin.id)
    opened.e_service = origin.e_service
    receive(session, opened, calendar=current_calendar(session), now=now)
    take_step(session, opened, Step.SUBMIT, caller=caller, now=now)


def note_service(
    session: Session, application: Application, *, mode: str, served_on: date, caller: Caller, now: datetime
) -> None:
    """The court records when and how its decision was served; the person's ten days run from there.

    Raises ``InvalidInput`` naming the field, ``Conflict`` where there is no decision yet or it was served already.
    """
    if application.decided_at is None:
        raise Conflict(Bilingual("尚未作出决定", "there is no decision yet"), code="not-decided")
    if application.served_on is not None:
        raise Conflict(
            Bilingual(f"已记录于 {application.served_on} 送达", f"recorded as served on {application.served_on}"),
            code="served-already",
        )
    if mode not in MODES:
        raise InvalidInput(Bilingual("请选择送达方式", "choose how it was served"), code="field-wrong", field="mode")
    if not legal_day(application.decided_at) <= served_on <= legal_day(now):
        raise InvalidInput(
            Bilingual("送达日期应在决定之日与今天之间", "it is served between the decision and today"),
            code="field-wrong",
            field="served_on",
        )
    application.served_on, application.service_mode = served_on, mode
    record(session, action="application.served", caller=caller, object=application.id, at=now,
           details={"mode": mode, "on": served_on.isoformat()})  # fmt: skip
