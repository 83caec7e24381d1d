"""Random facts about one subject, for property tests."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from punishment_rules.facts import (
    CourtPaper,
    DisciplineFact,
    EntryNote,
    Facts,
    HeldBy,
    ListingFact,
    MarkFact,
    Note,
    Obligation,
    OrderFact,
    ReliefFact,
    ReliefKind,
    RoleFact,
    Trait,
)
from punishment_rules.law import DebtorKind, Ground, Role
from punishment_rules.load import catalogue
from punishment_rules.overlay import Overlay, OverlayRow, Stance

DAYS = st.dates(date(2015, 1, 1), date(2027, 12, 31))
LATER = st.none() | DAYS
CASES = st.sampled_from(["（2024）豫0102执1号", "（2024）豫0102执2号"])
ENTRIES = st.sampled_from(["L1", "L2", "O1", "O2", "M1"])
COURT = st.just("郑州市中原区人民法院")
_CONSUMPTION = [key for key, rows in catalogue().by_act.items() if rows[0].id.startswith(("travel-", "consume-"))]
QUESTIONS = st.sampled_from(sorted(_CONSUMPTION)) | st.sampled_from(sorted(catalogue().by_act))
MEASURES = st.sampled_from(sorted(catalogue().measures))

notes = st.lists(st.builds(EntryNote, note=st.sampled_from(list(Note)), from_day=DAYS, to_day=LATER), max_size=2).map(
    tuple
)
listings = st.builds(
    ListingFact, entry=ENTRIES, grounds=st.tuples(st.sampled_from(list(Ground))), court_name=COURT, case_number=CASES,
    listed_on=DAYS, until=LATER, debtor_kind=st.sampled_from(list(DebtorKind)), obligation=st.sampled_from(list(Obligation)),
    held_by=st.sampled_from(list(HeldBy)), ended_on=LATER, notes=notes,
)  # fmt: skip
orders = st.builds(
    OrderFact, entry=ENTRIES, court_name=COURT, case_number=CASES, issued_on=DAYS, ended_on=LATER,
    items=st.just(()) | st.tuples(MEASURES), bound_role=st.none() | st.sampled_from(list(Role)), unit_name=st.just("某公司"), notes=notes,
)  # fmt: skip
marks = st.builds(
    MarkFact, entry=ENTRIES, unit_name=st.just("某公司"), role=st.sampled_from(list(Role)), court_name=COURT,
    case_number=CASES, from_day=DAYS, to_day=LATER, named_by_court=st.booleans(), notes=notes,
)  # fmt: skip
roles = st.builds(
    RoleFact, entry=ENTRIES, role=st.sampled_from(list(Role)), from_day=DAYS, to_day=LATER, confirmed=st.booleans()
)
reliefs = st.builds(
    ReliefFact, kind=st.sampled_from(list(ReliefKind)), entry=ENTRIES, from_day=DAYS, to_day=DAYS,
    measures=st.just(()) | st.tuples(MEASURES), court_name=COURT, case_number=st.just("") | CASES,
)  # fmt: skip
papers = st.builds(
    CourtPaper, measure_id=MEASURES, number=st.just("1号"), court_name=COURT, from_day=DAYS, to_day=LATER
)
notices = st.builds(DisciplineFact, notice_number=st.just("1号"), notified_on=DAYS, to_day=LATER)

overlays = st.dictionaries(MEASURES, st.tuples(st.sampled_from(list(Stance)), DAYS), max_size=60).map(
    lambda rows: Overlay(tuple(OverlayRow(m, s, day, None, "法规处", "1号") for m, (s, day) in rows.items()))
)


def _some(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(strategy, max_size=3).map(tuple)


facts = st.builds(
    Facts, kind=st.sampled_from(list(DebtorKind)), listings=_some(listings), orders=_some(orders), marks=_some(marks),
    reliefs=_some(reliefs), roles=_some(roles), papers=_some(papers), discipline=_some(notices),
    consortium=_some(listings), traits=st.frozensets(st.sampled_from([Trait.PUBLIC_BODY, Trait.STATE_UNIT, Trait.OFFICIAL])),
)  # fmt: skip
