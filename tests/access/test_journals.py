"""The journal of acts shows every change; the ledger shows a person who looked; buckets are exact."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from creditsvc.access import audit
from creditsvc.access.callers import Caller, CallerKind, job_caller
from creditsvc.access.ledger import accesses_of, record_access
from creditsvc.access.rates import forget_full_buckets, take
from creditsvc.access.tables import AuditEntry, RateBucket
from creditsvc.services import Services
from tests.support.apps import NOON

ROWS = 12


def _fill(services: Services) -> None:
    for number in range(ROWS):
        with services.database.writing() as session:
            audit.record(
                session, action="listing.removed", caller=job_caller("test"), object=f"entry:{number}",
                at=NOON + timedelta(microseconds=number), details={"n": number, "名": "值"},
            )  # fmt: skip


def _first_break(services: Services) -> int | None:
    with services.database.reading() as session:
        return audit.first_break(session)


def test_a_lawful_journal_is_whole(services: Services) -> None:
    assert _first_break(services) is None
    _fill(services)
    assert _first_break(services) is None


@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [
        ("UPDATE audit_journal SET actor = 'staff:1' WHERE sequence = 5", 5),
        ("UPDATE audit_journal SET action = 'x' WHERE sequence = 1", 1),
        ("UPDATE audit_journal SET object = 'entry:0' WHERE sequence = 12", 12),
        ("UPDATE audit_journal SET details = '{}' WHERE sequence = 7", 7),
        ("UPDATE audit_journal SET at = '2020-01-01 00:00:00' WHERE sequence = 3", 3),
        ("DELETE FROM audit_journal WHERE sequence = 6", 6),
        ("DELETE FROM audit_journal WHERE sequence = 12", 12 + 1 - 1),
        ("DELETE FROM audit_journal", 1),
    ],
)
def test_a_change_or_a_hole_is_named(services: Services, statement: str, broken_at: int) -> None:
    _fill(services)
    with services.database.writing() as session:
        session.execute(text(statement))
    assert _first_break(services) == broken_at


def test_a_swap_is_named(services: Services) -> None:
    _fill(services)
    with services.database.writing() as session:
        for old, new in ((4, 904), (8, 4), (904, 8)):
            session.execute(text(f"UPDATE audit_journal SET sequence = {new} WHERE sequence = {old}"))
    assert _first_break(services) == 4


def test_many_writers_make_one_chain(services: Services) -> None:
    threads = [threading.Thread(target=_fill, args=(services,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with services.database.reading() as session:
        numbers = session.scalars(select(AuditEntry.sequence).order_by(AuditEntry.sequence)).all()
    assert numbers == list(range(1, 4 * ROWS + 1))
    assert _first_break(services) is None


def test_a_person_sees_who_looked_and_nobody_else(services: Services) -> None:
    clerk = Caller(CallerKind.STAFF, account_id=7, name="李某", unit="某公积金中心")
    with services.database.writing() as session:
        for number, (subject, token) in enumerate((("a" * 32, b"A" * 16), (None, b"A" * 16), ("b" * 32, b"B" * 16))):
            record_access(
                session, caller=clerk, action="check", subject_token=token, subject_id=subject, purpose="贷款审批",
                matter=f"办件{number}", sector="finance", act="loan", outcome="clear", at=NOON,
            )  # fmt: skip
    with services.database.reading() as session:
        assert [row.matter for row in accesses_of(session, "a" * 32)] == ["办件0"]
        with_token = accesses_of(session, "a" * 32, token=b"A" * 16)
    assert [row.matter for row in with_token] == ["办件1", "办件0"]
    assert {(row.actor, row.unit, row.purpose) for row in with_token} == {("staff:7", "某公积金中心", "贷款审批")}


@given(gaps=st.lists(st.integers(0, 400), min_size=1, max_size=60), capacity=st.integers(1, 9))
def test_a_bucket_never_gives_more_than_it_holds(services: Services, gaps: list[int], capacity: int) -> None:
    rate, now, given_out, level = 1 / 60, NOON, 0, float(capacity)
    with services.database.writing() as session:
        session.query(RateBucket).delete()
        for gap in gaps:
            now += timedelta(seconds=gap)
            level = min(capacity, level + gap * rate)
            answered = take(session, "k", capacity=capacity, refill_per_second=rate, now=now)
            if abs(level - 1) > 1e-6:
                assert answered == (level >= 1)
            level -= answered
            given_out += answered
        assert given_out <= capacity + sum(gaps) * rate + 1e-6


def test_two_at_once_do_not_share_a_token(services: Services) -> None:
    answers: list[bool] = []
    with services.database.writing() as session:
        take(session, "one", capacity=4, refill_per_second=0, now=NOON)

    def ask() -> None:
        with services.database.writing() as session:
            answers.append(take(session, "one", capacity=4, refill_per_second=0, now=NOON))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False] * 5 + [True] * 3


def test_buckets_nobody_touched_are_dropped(services: Services) -> None:
    with services.database.writing() as session:
        take(session, "old", capacity=1, refill_per_second=1, now=NOON - timedelta(days=2))
        take(session, "new", capacity=1, refill_per_second=1, now=NOON)
        assert forget_full_buckets(session, NOON) == 1
        assert session.scalars(select(RateBucket.key)).all() == ["new"]
