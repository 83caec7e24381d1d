"""The port that a platform's objection comes in by, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from creditsvc.kernel.errors import Conflict, InvalidInput, NotFound
from creditsvc.kernel.load import packaged_calendar
from creditsvc.ports import CaseAsked, CaseStanding
from creditsvc.register.effects_marks import standing
from creditsvc.register.marks import Mark
from creditsvc.services import Services
from repair import desk_work as work
from repair.entries import entry_view
from repair.history import load
from repair.open_case import case_standing, open_case
from repair.outcomes import Finding
from repair.policy.states import State
from tests.repair.world import DAY, clerk, judge_of, list_person


def asked(services: Services, entry: str, **changes: object) -> CaseAsked:
    made = CaseAsked(entry, "objection", "inaccurate", "豫信用异议2026-0001", "案号写错了", DAY, services.clock.now())
    return replace(made, **changes)  # type: ignore[arg-type]


def opened(services: Services, wanted: CaseAsked) -> CaseStanding:
    with services.database.writing() as session:
        return open_case(session, services, wanted, calendar=packaged_calendar())


def test_it_is_annotated_at_once_hides_nothing_and_is_due_in_three_working_days(services: Services) -> None:
    entry = list_person(services)
    case = opened(services, asked(services, entry))
    assert (case.due_on, case.closed, case.outcome) == (date(2026, 11, 27), False, "")
    with services.database.reading() as session:
        assert standing(session, entry, Mark.DISPUTED, on=DAY)
        assert entry_view(session, entry, on=DAY).in_force, "I14"
        assert load(session, case.case, to_change=False).opened_by == "platform"


def test_the_same_reference_is_the_same_case(services: Services) -> None:
    entry = list_person(services)
    assert opened(services, asked(services, entry)) == opened(services, asked(services, entry))
    with pytest.raises(Conflict) as refused:
        opened(services, asked(services, entry, reference="豫信用异议2026-0002"))
    assert refused.value.code == "case-open"


def test_what_is_not_taken_in(services: Services) -> None:
    entry = list_person(services)
    with pytest.raises(NotFound):
        opened(services, asked(services, "lst_" + "0" * 24))
    for wrong in ({"kind": "removal"}, {"ground": "performed"}):
        with pytest.raises(InvalidInput):
            opened(services, asked(services, entry, **wrong))


@pytest.mark.parametrize(
    ("found", "changes", "outcome", "in_force"),
    [
        ("nothing", {}, "upheld", True),
        ("correct", {"obligation": "支付货款 68,000 元"}, "corrected", True),
        ("revoke", {}, "revoked", False),
    ],
)
def test_the_court_finds_and_the_platform_reads_it(
    services: Services, found: str, changes: dict[str, str], outcome: str, in_force: bool
) -> None:
    entry, now = list_person(services), services.clock.now()
    wanted = asked(services, entry)
    case = opened(services, wanted)
    finding = Finding("（2026）豫0105执异1号", DAY, DAY, "经核查属实", found=found, changes=changes)
    with services.database.writing() as session:
        mine = load(session, case.case, to_change=True)
        work.take(session, mine, caller=clerk(), now=now)
        work.propose_grant(session, services, mine, finding, caller=clerk(), now=now)
        digest = work.shown_digest(session, mine)
    with services.database.writing() as session:
        mine = load(session, case.case, to_change=True)
        work.approve(session, services, mine, digest=digest, with_order=False, caller=judge_of(), now=now)
        assert mine.state == State.GRANTED
    with services.database.reading() as session:
        told = case_standing(session, wanted.reference)
        assert told and (told.closed, told.outcome, told.reason) == (True, outcome, "经核查属实")
        assert entry_view(session, entry, on=DAY).in_force is in_force
        assert standing(session, entry, Mark.DISPUTED, on=DAY) is None or not in_force
