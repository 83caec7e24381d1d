"""A list says of each person exactly what a single check says: same facts, same verdicts, same ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from creditsvc.access.tables import AccessEntry
from creditsvc.checks.answer import ask, judge
from creditsvc.checks.questions import Question
from creditsvc.checks.screening_answers import Answers, Terms
from creditsvc.checks.screening_columns import find_columns
from creditsvc.checks.screening_people import Person, read_person
from creditsvc.kernel.identity import IdentityNumber, parse_identity, uscc_check_digit
from creditsvc.register.one_subject import held_about
from creditsvc.register.tables import EntryMark, Relief, ResponsibleMark
from creditsvc.services import Services
from creditsvc.storage.subjects import keep_subjects
from punishment_rules.load import catalogue
from tests.checks.screening_world import AGENCY, DAY, csv_of, screened
from tests.register.world import add_listing, add_order, resident
from tests.support.depth import examples

COLUMNS = find_columns(["姓名", "证件号码"])
ACTS = sorted((sector, act.id) for sector in catalogue().sectors for act in catalogue().acts(sector))


def _unit(serial: int) -> IdentityNumber:
    first = f"91410100{serial:09d}"
    return parse_identity(first + uscc_check_digit(first))


def build(services: Services) -> list[tuple[IdentityNumber, str]]:
    """Everybody whom the register can know, and some whom it does not."""
    now, people = services.clock.now(), [resident(serial) for serial in range(1, 12)]
    add_listing(services, people[0])
    add_order(services, people[1])
    add_listing(services, people[2], grounds=["evades"], until=date(2027, 3, 1))
    add_listing(services, people[3], grounds=["evades"], until=date(2026, 10, 1))
    add_listing(services, people[4], state="removed", ended_on=date(2026, 11, 1), revision=2)
    add_listing(services, people[5], nonpublic=True)
    add_listing(services, people[6], state="revoked", ended_on=date(2026, 11, 1), revision=2)
    lifted, disputed = add_order(services, people[7]), add_listing(services, people[8])
    minor, unit = resident(77, "20140101"), _unit(1)
    add_listing(services, minor)
    of_unit = add_listing(services, unit, name="某某有限公司", case_number="（2026）豫0105执900号")
    add_order(services, unit, name="某某有限公司", case_number="（2026）豫0105执900号")
    with services.database.writing() as session:
        officer = keep_subjects(session, services.vault, [people[9]], at=now)[people[9]]
        session.add(
            ResponsibleMark(
                unit_entry=of_unit,
                subject_id=officer,
                role="legal_representative",
                name="王甲",
                from_day=date(2026, 3, 2),
            )
        )
        session.add(
            Relief(
                entry=lifted,
                kind="temporary_lift",
                from_day=DAY - timedelta(3),
                to_day=DAY + timedelta(3),
                measures=[],
                decision_number="1",
            )
        )
        session.add(EntryMark(entry=disputed, mark="disputed", from_day=DAY))
    names = ["王甲", "王 甲", "王乙", "某某有限公司", "萧甲"]
    return [(number, name) for number in [*people, minor, unit, _unit(2)] for name in names]


def _people(asked: Sequence[tuple[IdentityNumber, str]]) -> list[Person]:
    return [read_person(COLUMNS, row, [name, number.number]) for row, (number, name) in enumerate(asked, 2)]


def test_single_equals_bulk(sqlite_services: Services) -> None:
    services, everybody = sqlite_services, build(sqlite_services)
    seen: set[str] = set()

    @examples(150)
    @given(
        asked=st.lists(st.sampled_from(everybody), max_size=12),
        about=st.sampled_from(ACTS) | st.sampled_from([("transport", "fly"), ("public_resource_trading", "tender")]),
        day=st.sampled_from([DAY, DAY - timedelta(30), DAY + timedelta(4), DAY + timedelta(400), date(2026, 11, 1)]),
    )
    def same(asked: list[tuple[IdentityNumber, str]], about: tuple[str, str], day: date) -> None:
        if about not in ACTS:
            return
        answers = Answers(services.vault, Terms(*about, day))
        with services.database.reading() as session:
            bulk = answers.to(session, _people(asked))
            for (number, name), answered in zip(asked, bulk, strict=True):
                with services.database.direct() as driver:
                    held = held_about(
                        driver, services.vault.token(number.canonical), is_sqlite=services.database.is_sqlite
                    )
                match, answer = judge(held, Question(number, name, *about, "p", "m", day))
                assert answered is not None
                assert (answered.match, answered.answer) == (match, answer)
                assert answered.token == services.vault.token(number.canonical)
                seen.add(answer.outcome.value)

    same()
    assert seen == {"restricted", "clear", "needs_officer"}


def test_single_equals_bulk_to_the_file_and_the_ledger(services: Services) -> None:
    everybody, now = build(services), services.clock.now()
    rows = screened(services, csv_of([("", name, number.number, "") for number, name in everybody]))
    said = {"受限制": "restricted", "不受限制": "clear", "由工作人员判断": "needs_officer"}
    for place, (number, name) in enumerate(everybody):
        if place % 10 == 0:
            services.clock.set(services.clock.now() + timedelta(minutes=1))  # type: ignore[attr-defined]
        question = Question(number, name, "transport", "fly", "售票核验", "T-1", DAY)
        single = ask(services, question, caller=AGENCY, now=services.clock.now())
        row = rows[place]
        assert said[row["核查结果"]] == single.answer.outcome.value
        heavy = [verdict for verdict in single.answer.verdicts if verdict.outcome.value != "clear"]
        assert all(verdict.ends.zh in row["何时结束"] for verdict in heavy)
        assert all(reason.citation.text.zh in row["条款"] for verdict in heavy for reason in verdict.reasons)
        assert all(source in row["名单记录"] for verdict in heavy for source in verdict.sources)
    with services.database.reading() as session:
        entries = session.scalars(select(AccessEntry).order_by(AccessEntry.id)).all()
    by_list = [
        (e.subject_token, e.subject_id, e.outcome, e.unit, e.purpose) for e in entries if e.action == "screening"
    ]
    by_check = [(e.subject_token, e.subject_id, e.outcome, e.unit, e.purpose) for e in entries if e.action == "check"]
    assert by_list == by_check
    assert now


def test_a_wrong_name_and_an_unknown_number_look_alike(services: Services) -> None:
    number = resident(5)
    add_listing(services, number)
    rows = screened(services, csv_of([("", "查无此人", number.number, ""), ("", "查无此人", resident(6).number, "")]))
    for row in rows:
        del row["证件号码"], row["原表行号"]
    assert rows[0] == rows[1]
