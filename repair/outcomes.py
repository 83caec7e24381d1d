"""What a grant of each kind becomes in the register: drafts of its own decisions, proposed with the application's step.

Nothing here changes an entry: two people sign, and the register applies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.register.decisions import Draft
from repair.entries import LISTING, EntryView, standing_order
from repair.facts import debts_with_two_numbers
from repair.history import load
from repair.policy.grounds import Effect, Ground, RemovalGround, ground_of
from repair.policy.kinds import ApplicationKind
from repair.policy.orders import check_lift_days
from repair.tables import Application

ORDER_CLAUSE = "法释〔2015〕17号第九条"
_WHY = {ApplicationKind.FORMER_OFFICER.value: "former_officer"}
_FOUND = {
    "correct": Effect.CORRECT_LISTING,
    "revoke": Effect.REVOKE,
    "remove": Effect.REMOVE_LISTING,
    "nothing": Effect.FOLLOW_UP,
}
"""What the court may find about an objection."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a clerk found for a grant. Days are Beijing days."""

    document_number: str
    event_on: date
    """When the debt was performed, or the circumstance arose."""
    confirmed_on: date
    """When the court confirmed it: the three working days run from here."""
    reason: str
    lift_order: bool = False
    """Also propose to lift the consumption order of the same case: a second decision."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """For a correction: the new values by field."""
    from_day: date | None = None
    to_day: date | None = None
    """First and last day of a relief."""
    measures: tuple[str, ...] = ()
    """Measures that a single approval lets through."""
    found: str = ""
    """For an objection: ``correct``, ``revoke``, ``remove`` or ``nothing`` (put right by the platform itself)."""
    removal_ground: str = ""
    """For an objection that ends in removal: the circumstance."""


@dataclass(frozen=True, slots=True)
class Drafts:
    """The decisions that a grant proposes: the main ones, and the lifting that is signed separately."""

    main: tuple[Draft, ...]
    order: Draft | None = None


def drafts_of(session: Session, application: Application, view: EntryView, found: Finding, *, on: date) -> Drafts:
    """The register's decisions for this grant; raises ``InvalidInput`` naming the field that is lacking or wrong."""
    kind, rule = application.kind, ground_of(application.kind, application.ground)
    if rule.effect is Effect.AS_REFUSED:
        # the court above decides what the court below was asked for
        kind, rule = _refused(session, application)
    if rule.effect is Effect.AS_FOUND:
        rule = _as_found(rule, found)
    return _MAKERS[rule.effect](session, _Case(application, kind, rule, view, found, on))


@dataclass(frozen=True, slots=True)
class _Case:
    application: Application
    kind: str
    rule: Ground
    view: EntryView
    found: Finding
    on: date


def _refused(session: Session, application: Application) -> tuple[str, Ground]:
    below = load(session, application.about or "", to_change=False)
    return below.kind, ground_of(below.kind, below.ground)


def _as_found(rule: Ground, found: Finding) -> Ground:
    effect = _FOUND.get(found.found)
    if effect is None:
        raise InvalidInput(Bilingual("请选择核查结果", "choose what was found"), code="field-missing", field="found")
    word = {Effect.REVOKE: "error", Effect.REMOVE_LISTING: found.removal_ground}.get(effect, "")
    if effect is Effect.REMOVE_LISTING:
        clause = ground_of(ApplicationKind.REMOVAL.value, found.removal_ground).clause
    else:
        clause = rule.clause
    return Ground(rule.name, clause, rule.materials, effect, word, rule.must)


def _removal(session: Session, case: _Case) -> Drafts:
    clause = case.rule.clause.zh
    main = [_draft(case, "remove_listing", case.view.entry, case.rule.register_ground, clause)]
    for twin in debts_with_two_numbers(session, case.view, on=case.on):
        main.append(_draft(case, "remove_listing", twin, case.rule.register_ground, clause))
    return Drafts(tuple(main), _order_too(session, case, "performed"))


def _revocation(session: Session, case: _Case) -> Drafts:
    if case.view.mark_id is not None:
        return Drafts((_release(case),))
    kind = "revoke_listing" if case.view.kind == LISTING else "revoke_order"
    main = (_draft(case, kind, case.view.entry, case.rule.register_ground, case.rule.clause.zh),)
    order = (
        standing_order(session, case.view, on=case.on) if case.found.lift_order and case.view.kind == LISTING else None
    )
    if not order:
        return Drafts(main)
    # an order that rests on nothing but a wrong listing was wrong too
    return Drafts(main, _draft(case, "revoke_order", order, case.rule.register_ground, "法发〔2019〕35号第十八条"))


def _order_too(session: Session, case: _Case, why: str) -> Draft | None:
    order = standing_order(session, case.view, on=case.on) if case.found.lift_order else None
    return _draft(case, "lift_order", order, "order_lifted", ORDER_CLAUSE, changes={"why": why}) if order else None


def _correction(session: Session, case: _Case) -> Drafts:
    if not case.found.changes:
        raise InvalidInput(
            Bilingual("请写明更正哪一项、改成什么", "say which field is corrected and to what"),
            code="field-missing",
            field="changes",
        )
    return Drafts(
        (_draft(case, "correct_listing", case.view.entry, "", case.rule.clause.zh, changes=dict(case.found.changes)),)
    )


def _lifting(session: Session, case: _Case) -> Drafts:
    if case.view.mark_id is not None:
        return Drafts((_release(case),))
    why = _WHY.get(case.kind, case.application.ground if case.kind == ApplicationKind.ORDER_LIFTING else "ruling")
    changes = {"why": why}
    return Drafts((_draft(case, "lift_order", case.view.entry, "order_lifted", case.rule.clause.zh, changes=changes),))


def _release(case: _Case) -> Draft:
    """Whoever is bound through a mark is released from the mark; the unit's order stands, and binds whoever follows."""
    made = _draft(case, "release_officer", case.view.unit_listing, "", case.rule.clause.zh)
    # the last day on which it counted: the day before the court confirmed that the office had been left
    last = date.fromordinal(case.found.confirmed_on.toordinal() - 1)
    return replace(made, changes={"mark": case.view.mark_id, "to_day": last.isoformat()})


def _relief(session: Session, case: _Case) -> Drafts:
    first, last = case.found.from_day, case.found.to_day
    if first is None or last is None:
        raise InvalidInput(
            Bilingual("请填写起止日期", "give the first and the last day"), code="field-missing", field="from_day"
        )
    days = {"from_day": first.isoformat(), "to_day": last.isoformat()}
    clause = case.rule.clause.zh
    if case.rule.register_ground == "temporary_lift":
        check_lift_days(first, last, on=case.on)
        # the undertaking was ticked when it was sent, and nothing is sent without it
        changes = {**days, "purpose": case.application.ground, "undertaking": True}
        return Drafts((_draft(case, "grant_temporary_lift", case.view.entry, "", clause, changes=changes),))
    if not case.found.measures:
        raise InvalidInput(
            Bilingual("请选择准许的事项", "choose what is allowed"), code="field-missing", field="measures"
        )
    changes = {**days, "measures": list(case.found.measures), "purpose": case.rule.name.zh}
    if case.view.mark_id is not None:
        # through a unit's order: theirs alone, the unit stays as it is
        changes["mark"] = case.view.mark_id
    return Drafts((_draft(case, f"grant_{case.rule.register_ground}", case.view.entry, "", clause, changes=changes),))


def _none(session: Session, case: _Case) -> Drafts:
    return Drafts(())


_MAKERS = {
    Effect.REMOVE_LISTING: _removal,
    Effect.REVOKE: _revocation,
    Effect.CORRECT_LISTING: _correction,
    Effect.LIFT_ORDER: _lifting,
    Effect.GRANT_RELIEF: _relief,
    Effect.FOLLOW_UP: _none,
    Effect.HAND_OUT: _none,
}


def _draft(
    case: _Case, kind: str, entry: str, ground: str, clause: str, *, changes: Mapping[str, Any] | None = None
) -> Draft:
    return Draft(
        kind=kind,
        entry=entry,
        ground=ground,
        clause=clause,
        event_on=case.found.event_on,
        known_on=case.found.confirmed_on,
        reason=case.found.reason,
        document_number=case.found.document_number,
        changes=dict(changes or {}),
    )


def follow_ups(application: Application) -> Sequence[tuple[ApplicationKind, str]]:
    """Kind and ground of what a granted credit repair opens: by its own rule, and decided by it."""
    rule = ground_of(application.kind, application.ground)
    if rule.effect is not Effect.FOLLOW_UP or "/" not in rule.register_ground:
        return ()
    kind, _, ground = rule.register_ground.partition("/")
    return ((ApplicationKind(kind), ground),)


def is_discretionary(application: Application) -> bool:
    """Whether the court may grant it or not: then a second division can be required."""
    rule = ground_of(application.kind, application.ground)
    return rule.effect is Effect.REMOVE_LISTING and (not rule.must or application.ground == RemovalGround.EARLY)
