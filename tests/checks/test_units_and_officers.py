"""What stands on a unit's entry reaches its officer, and no longer: removal on its own day, notes, orders."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select

from creditsvc.register.readings import facts_of_subjects
from creditsvc.register.tables import EntryMark, Listing, ResponsibleMark
from creditsvc.services import Services
from punishment_rules.evaluate import evaluate
from punishment_rules.law import Outcome
from punishment_rules.load import catalogue
from tests.repair.world import DAY, list_person


def outcome(services: Services, officer: str, on: date) -> Outcome:
    """Whether the officer may fly."""
    with services.database.reading() as session:
        facts = facts_of_subjects(session, [officer], on=on)[officer]
    return evaluate(facts, sector="transport", act="fly", on=on, catalogue=catalogue()).outcome


def officer_of_a_unit(services: Services) -> tuple[str, str]:
    """Somebody who is only marked on the listing of a unit (its kind is set by hand), and that listing."""
    unit, other = list_person(services), list_person(services)
    with services.database.writing() as session:
        session.scalars(select(Listing).where(Listing.entry == unit)).one().debtor_kind = "organisation"
        own = session.scalars(select(Listing).where(Listing.entry == other)).one()
        officer, own.state = own.subject_id, "revoked"
        mark = ResponsibleMark(unit_entry=unit, subject_id=officer, role="legal_representative", name="王甲",
                               from_day=date(2026, 3, 2))  # fmt: skip
        session.add(mark)
    return officer, unit


def test_on_the_day_of_the_units_removal_its_officer_is_free(services: Services) -> None:
    officer, unit = officer_of_a_unit(services)
    assert outcome(services, officer, DAY) is Outcome.RESTRICTED
    with services.database.writing() as session:
        listing = session.scalars(select(Listing).where(Listing.entry == unit)).one()
        listing.state, listing.ended_on = "removed", DAY
    assert outcome(services, officer, DAY - timedelta(1)) is Outcome.RESTRICTED
    assert outcome(services, officer, DAY) is Outcome.CLEAR


def test_a_shield_on_the_units_entry_brings_a_person_in(services: Services) -> None:
    officer, unit = officer_of_a_unit(services)
    with services.database.writing() as session:
        session.add(EntryMark(entry=unit, mark="shielded", from_day=DAY, to_day=DAY))
    days = [DAY - timedelta(1), DAY, DAY + timedelta(1)]
    assert [outcome(services, officer, day) for day in days] == [
        Outcome.RESTRICTED,
        Outcome.NEEDS_OFFICER,
        Outcome.RESTRICTED,
    ]
