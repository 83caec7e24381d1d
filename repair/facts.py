"""What the register and the court's own findings say about an entry, as the policy wants it. Reads only.

What nobody has recorded stays unknown: the policy then leaves it to a person.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from creditsvc.kernel.load import courts
from creditsvc.register.court_rules import rule_for
from creditsvc.register.life import State
from creditsvc.register.rules_loaded import court_rules
from creditsvc.register.tables import Listing, Relief
from creditsvc.services import Services
from creditsvc.storage.calendars import calendar as current_calendar
from creditsvc.storage.subjects import numbers_of
from repair.entries import LISTING, EntryView
from repair.policy.check import EntryFacts
from repair.policy.deadlines import clock
from repair.policy.findings import FINDINGS
from repair.policy.kinds import About, ApplicationKind
from repair.policy.orders import OrderFacts
from repair.policy.reconsideration import RefusalFacts
from repair.policy.removal import UNTERMED, ListingFacts
from repair.policy.states import State as ApplicationState
from repair.policy.wrongly import WrongFacts
from repair.tables import Application, CaseFact, CreditPromise


def facts_about(session: Session, services: Services, view: EntryView, *, on: date) -> EntryFacts:
    """Everything that the policy needs to judge any kind of application about this entry."""
    found = recorded(session, view.entry)
    return EntryFacts(
        about=About(view.kind),
        listing=listing_facts(view, found),
        order=_order(session, services, view, found, on),
        wrong=_wrong(session, services, view),
        promise_breached=_breached(session, view.subject_id),
        through_unit=view.mark_id is not None,
    )


def recorded(session: Session, entry: str) -> dict[str, Any]:
    """What the court has recorded about the case of this entry, the newest of each."""
    rows = session.scalars(select(CaseFact).where(CaseFact.entry == entry).order_by(CaseFact.id))
    return {row.fact: FINDINGS[row.fact].meant.get(row.value) for row in rows if row.fact in FINDINGS}


def listing_facts(view: EntryView, found: dict[str, Any]) -> ListingFacts:
    """The listing's own fields, with what the court has found."""
    bare = ListingFacts(
        grounds=frozenset(view.grounds),
        in_force=view.in_force and view.kind == LISTING,
        until=view.until,
        performance=view.performance,
    )
    known = {name: value for name, value in found.items() if not FINDINGS[name].of_orders and hasattr(bare, name)}
    return replace(bare, **known)


def _order(session: Session, services: Services, view: EntryView, found: dict[str, Any], on: date) -> OrderFacts:
    if view.kind == LISTING:
        return OrderFacts(in_force=False)
    same_case = session.scalars(
        select(Listing).where(
            Listing.subject_id == view.subject_id,
            Listing.court_code == view.court_code,
            Listing.case_number == view.case_number,
        )
    ).all()
    standing = [row for row in same_case if row.state == State.ACTIVE.value and (row.until is None or row.until >= on)]
    lifts = session.scalars(
        select(Relief).where(
            Relief.entry == view.entry,
            Relief.kind == "temporary_lift",
            Relief.mark_id.is_not_distinct_from(view.mark_id),
        )
    ).all()
    rule = rule_for(court_rules(session), view.court_code, on).single_lift
    bare = OrderFacts(
        in_force=view.in_force,
        performance=_performance(same_case),
        listing_case=standing[0].case_number if standing else "",
        bound_role=view.bound_role,
        is_person=view.is_person,
        abused=bool(found.get("lift_abused")),
        lift_until=max((row.to_day for row in lifts if row.to_day >= on), default=None),
        rule_loaded=bool(rule),
        rule_number=rule,
    )
    return replace(bare, **{name: value for name, value in found.items() if hasattr(bare, name)})


def _performance(same_case: Any) -> str:
    said = {row.performance for row in same_case}
    return "full" if said == {"full"} else "partial" if "partial" in said else "none"


def _wrong(session: Session, services: Services, view: EntryView) -> WrongFacts:
    number = numbers_of(session, services.vault, [view.subject_id]).get(view.subject_id)
    age = number.age_on(view.decided_on) if number and view.decided_on else None
    day_before = date.fromordinal(view.decided_on.toordinal() - 1) if view.decided_on else None
    return WrongFacts(
        in_force=view.in_force,
        is_listing=view.kind == LISTING,
        is_person=view.is_person,
        untermed=UNTERMED in view.grounds or not view.grounds,
        age_at_decision=age,
        eighteenth_that_day=age == 18
        and number is not None
        and day_before is not None
        and number.age_on(day_before) == 17,
    )


def _breached(session: Session, subject_id: str) -> bool:
    query = select(CreditPromise.id).where(CreditPromise.subject_id == subject_id, CreditPromise.state == "breached")
    return session.scalar(query.limit(1)) is not None


def refusal_facts(session: Session, refused: Application) -> RefusalFacts:
    """A decided application as the court above would look at it, by the calendars as they are loaded."""
    last = None
    if refused.served_on is not None:
        # where a calendar is missing the latest possible day counts: doubt is never at the person's cost
        last = clock("seek_reconsideration").due(refused.served_on, current_calendar(session)).latest
    return RefusalFacts(
        kind=ApplicationKind(refused.kind),
        refused=refused.state == ApplicationState.REFUSED.value,
        served_on=refused.served_on,
        last_day=last,
        higher_court=bool(court_above(refused.court_code)),
    )


def court_above(court_code: str) -> str:
    """Code of the court one level up, today's; empty above the province's High Court or for an unknown court."""
    index = courts()
    court = index.by_code(court_code)
    if court is None or not court.parent_code:
        return ""
    above = index.by_code(court.parent_code)
    return index.successor(above).code if above else ""


def debts_with_two_numbers(session: Session, view: EntryView, *, on: date) -> list[str]:
    """Other listings in force for the same debt: same person, court and enforcement title, another case number.

    A case that was resumed (执恢) has a number of its own beside the first one (执), and both leave together.
    """
    if view.kind != LISTING or not view.basis_number:
        return []
    rows = session.scalars(
        select(Listing).where(
            Listing.subject_id == view.subject_id,
            Listing.court_code == view.court_code,
            Listing.basis_number == view.basis_number,
            Listing.entry != view.entry,
            Listing.case_number != view.case_number,
            Listing.state == State.ACTIVE.value,
            or_(Listing.until.is_(None), Listing.until >= on),
        )
    )
    return [row.entry for row in rows]
