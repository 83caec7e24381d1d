"""Refusals, objections, comparisons and lateness: what comes back, and what people do with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from creditsvc.access.permissions import StaffRole
from creditsvc.feature import furnished
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.ports import CaseAsked, CaseStanding, Ports
from creditsvc.services import Services
from creditsvc.storage.calendars import calendar, keep_notice
from sync.holders import holders_of
from sync.platform.channels.open import link_signer
from sync.platform.exchange import watch
from sync.platform.late import all_late
from sync.platform.messages import answer_message, message_in_reach, words_of
from sync.platform.standin.manners import Manners
from sync.platform.tables import PlatformBatch, PlatformComparison, PlatformMessage, PlatformRefusal
from sync.platform.work import CLOSE, work_off
from sync.wire.notes import verify_note
from tests.platform.faults import standing_alarms
from tests.platform.world import MANAGER, World, database_world, with_ports
from tests.register.world import JUDGE, staff
from wsgi import features

SAID = "我已经履行完毕，证件号410105198001010019"


@dataclass
class Court:
    """Cases as repair's port opens them."""

    asked: list[CaseAsked] = field(default_factory=list)
    outcome: str = ""
    busy: bool = False

    def open_case(self, _session: Any, _services: Any, asked: CaseAsked, *, calendar: Any) -> CaseStanding:
        """One case a reference."""
        del calendar
        if self.busy:
            raise Conflict(Bilingual("已有", "open"), code="case-open")
        self.asked.append(asked)
        return self._standing()

    def case_standing(self, _session: Any, reference: str) -> CaseStanding | None:
        """As decided."""
        return self._standing() if any(each.reference == reference for each in self.asked) else None

    def _standing(self) -> CaseStanding:
        return CaseStanding("c" * 32, "（2026）异1号", date(2026, 11, 27), False, bool(self.outcome), self.outcome,
                            "核查属实" if self.outcome else "", "条例第四十一条" if self.outcome else "", None)  # fmt: skip


@pytest.fixture
def court() -> Court:
    """The court's side."""
    return Court()


@pytest.fixture
def front(sqlite_services: Services, court: Court, tmp_path: Path) -> Iterator[World]:
    """A front-end database, and a court that takes cases."""
    services = with_ports(sqlite_services, Ports({"open_case": court.open_case, "case_standing": court.case_standing}))
    made = database_world(services, f"sqlite:///{tmp_path / 'front.db'}", tmp_path)
    yield made
    made.close()


def _came(front: World, kind: str, entry: str, **more: str) -> PlatformMessage:
    front.end.send(front.standin.message(kind, entry, SAID, front.services.clock.now(), **more))
    front.fetch()
    with front.services.database.reading() as session:
        return session.scalars(select(PlatformMessage).order_by(PlatformMessage.id.desc()).limit(1)).one()


@pytest.mark.parametrize(
    ("kind", "ground"),
    [
        ("objection", "inaccurate"),
        ("credit_repair", "should_be_gone"),
        ("identity", "inaccurate"),
        ("registration", "inaccurate"),
    ],
)
def test_what_a_platform_passes_on_opens_a_case_and_changes_nothing(
    front: World, court: Court, kind: str, ground: str
) -> None:
    entry = front.register.listings(1)[0]
    front.round()
    before = front.register.data("platform", entry)
    row = _came(front, kind, entry, old="王甲", new="王乙")
    assert (row.kind, row.entry, row.state, row.case) == (kind, entry, "open", "c" * 32)
    assert (court.asked[0].ground, court.asked[0].entry) == (ground, entry)
    assert court.asked[0].reference == f"henan:{row.remote_id}"
    assert (row.due_on, row.platform_due_on) == (date(2026, 11, 27), date(2026, 12, 3) if kind == "objection" else None)
    assert words_of(front.services, row) == {"text": SAID, "old": "王甲", "new": "王乙"}
    assert b"410105198001010019" not in bytes(row.words or b"")
    front.round()
    assert front.register.data("platform", entry) == before
    assert len(court.asked) == 1, "the same message again is the same case"


@pytest.mark.parametrize(("decided", "told"), [("corrected", "upheld"), ("removed", "upheld"), ("refused", "refused")])
def test_the_court_s_answer_goes_back_by_itself(front: World, court: Court, decided: str, told: str) -> None:
    entry = front.register.listings(1)[0]
    front.round()
    row = _came(front, "objection", entry)
    front.fetch()
    assert front.ledger.answers() == {}
    court.outcome = decided
    front.fetch()
    front.fetch()
    front.end.work(front.services.clock.now())
    words = {"upheld": "异议成立", "refused": "异议不成立"}
    assert front.ledger.answers() == {row.remote_id: (words[told], "核查属实；条例第四十一条")}


def test_an_objection_that_can_t_open_a_case_waits_for_a_person(front: World, court: Court) -> None:
    court.busy = True
    entry = front.register.listings(1)[0]
    front.round()
    row = _came(front, "objection", entry)
    assert (row.case, row.state) == (None, "open")
    stranger = _came(front, "objection", "lst_" + "z" * 24)
    assert (stranger.entry, stranger.case) == (None, None)
    with front.services.database.writing() as session:
        found = message_in_reach(session, stranger.id, caller=JUDGE)
        answer_message(session, found, "refused", "不是本院记录", caller=JUDGE, now=front.services.clock.now())
        with pytest.raises(NotFound):
            message_in_reach(session, row.id, caller=staff(StaffRole.JUDGE, "p", court="豫0302"))


def test_a_refused_row_is_worked_off(front: World) -> None:
    entry = front.register.listings(1)[0]
    front.standin.manners = Manners(refuse=1.0)
    front.round()
    with front.services.database.writing() as session:
        row = session.scalars(select(PlatformRefusal)).one()
        assert (row.entry, row.means, row.code, row.state) == (entry, "format", "E03", "open")
        work_off(session, row, "resend", "", caller=MANAGER, now=front.services.clock.now())
    made = front.compare()
    assert made is not None and (made.differences, made.waiting) == (0, 1), "it is before a person already"
    front.standin.manners = Manners()
    front.round()
    assert front.ledger.state() == {entry: (1, "listed")}
    with front.services.database.writing() as session:
        row = session.scalars(select(PlatformRefusal)).one()
        assert row.state == "closed", "accepted later"
        with pytest.raises(Conflict):
            work_off(session, row, CLOSE, "已处理", caller=MANAGER, now=front.services.clock.now())


def test_an_update_that_they_have_no_record_for_is_inserted(front: World) -> None:
    entry = front.register.listings(1)[0]
    front.standin.manners = Manners(lose_rows=1.0)
    front.round()
    front.standin.manners = Manners()
    front.register.correct(entry)
    front.round()
    front.round()
    assert front.ledger.state() == {entry: (2, "listed")}


def test_what_they_show_and_we_ended_is_ended_again(front: World) -> None:
    """A platform restored from a backup: the one thing that must not go unseen."""
    entry = front.register.listings(1)[0]
    front.round()
    front.register.remove(entry)
    front.round()
    front.ledger.put_record(entry, 1, "listed", "豫0105")
    front.end.work(front.services.clock.now())
    made = front.compare()
    assert made is not None and made.state == "repairing"
    front.send(urgent_only=True)
    front.end.work(front.services.clock.now())
    assert front.ledger.state()[entry] == (2, "ended")


def test_the_report_is_signed_and_has_both_sides_counts(front: World) -> None:
    front.register.listings(3)
    front.round()
    made = front.compare()
    assert made is not None
    with front.services.database.reading() as session:
        row = session.get_one(PlatformComparison, made.id)
    lines = verify_note(row.report, [link_signer(front.services, "henan").verifier]).text.splitlines()
    assert "court 豫0105 listed 3 3" in lines and lines[2:4] == ["ours 3", "theirs 3"]


def test_who_is_late_is_named_with_clause(front: World) -> None:
    entry = front.register.listings(1)[0]
    front.publish()
    front.send()
    front.standin.manners = Manners(lose_receipts=1.0)
    front.end.work(front.services.clock.now())
    front.fetch()
    front.register.remove(entry)
    front.publish()
    front.send()
    front.end.work(front.services.clock.now())
    for days, expected in ((1, []), (2, ["repair"]), (8, ["repair", "verify"])):
        moved = legal_day(front.services.clock.now()).toordinal() - date(2026, 11, 24).toordinal()
        front.later(days=days - moved)
        with front.services.database.reading() as session:
            found = all_late(session, legal_day(front.services.clock.now()))
        assert sorted(late.clock for late in found if late.name == "省公共信用信息平台") == expected
    assert watch(front.services, front.services.clock.now()) == 1
    assert "late" in standing_alarms(front)
    assert {late.clause.zh for late in found if late.clock == "repair"} == {"《河南省社会信用条例》第四十三条"}


def test_the_ladder_follows_the_receipts(front: World) -> None:
    entry = front.register.listings(1)[0]
    front.round()
    front.register.remove(entry)
    front.publish()
    front.send()
    with front.services.database.reading() as session:
        assert [holder.stage for holder in holders_of(session, entry)] != ["applied"]
    front.end.work(front.services.clock.now())
    front.fetch()
    with front.services.database.reading() as session:
        assert [(holder.subscriber, holder.stage, holder.removed) for holder in holders_of(session, entry)] == [
            ("platform-a", "applied", True)
        ]


def test_without_an_agreement_only_ends_go_out(front: World) -> None:
    entry = front.register.listings(1)[0]
    front.round()
    with front.services.database.writing() as session:
        from sync.subscribers import end_subscriber, subscriber_named

        end_subscriber(session, subscriber_named(session, "platform-a"), caller=MANAGER, now=front.services.clock.now())
    front.register.remove(entry)
    front.register.listings(2)
    front.round()
    assert front.ledger.state() == {entry: (2, "ended")}
    assert "agreement-over" in standing_alarms(front)


def test_no_number_outside_the_front_end_database(front: World, tmp_path: Path) -> None:
    """Neither in our tables nor in any file of this installation; there, as the agreement says."""
    front.register.listings(3)
    front.standin.manners = Manners(refuse=0.5, seed=4)
    front.round()
    numbers = [number.number for number in front.register.numbers]
    assert all(number in (tmp_path / "front.db").read_bytes().decode("latin-1") for number in numbers)
    home = front.services.settings.home
    theirs = {"front.db", "front.db-wal", "front.db-shm", "standin.db", "standin.db-wal", "standin.db-shm"}
    ours = [path for path in home.rglob("*") if path.is_file() and path.name not in theirs]
    assert any(path.name == "register.db" for path in ours)
    for path in ours:
        content = path.read_bytes()
        assert not [number for number in numbers if number.encode() in content], path.name
    with front.services.database.reading() as session:
        assert session.scalars(select(PlatformBatch)).all()


def test_an_objection_is_marked_at_once_by_the_court_s_own_room(sqlite_services: Services, tmp_path: Path) -> None:
    """With the real port: the case is open, the entry is marked as disputed, and the platform is told in the next second."""
    front = database_world(furnished(sqlite_services, features()), f"sqlite:///{tmp_path / 'front.db'}", tmp_path)
    entry, other = front.register.listings(2)
    front.round()
    row = _came(front, "objection", entry)
    assert row.case is not None and row.case.startswith("app_")
    front.round()
    assert front.ledger.state() == {entry: (2, "listed"), other: (1, "listed")}
    assert front.engine is not None
    table = front.end.metadata.tables["zrrsxbzxr"]  # type: ignore[union-attr]
    with front.engine.connect() as connection:
        told = connection.execute(
            select(table.c.czlx, table.c.jlzt).where(table.c.jlbs == entry, table.c.bbh == 2)
        ).all()
    assert [tuple(each) for each in told] == [("U", "异议中")]
    front.close()


def test_a_platform_s_time_runs_by_the_calendar_that_was_loaded(front: World) -> None:
    """A notice that the State Council changes late: the 25th becomes a holiday, so the day after counts."""
    with front.services.database.writing() as session:
        notice = calendar(session).notice(2026)
        assert notice is not None
        off = {**notice.off_days, date(2026, 11, 25): "国庆节"}
        keep_notice(session, replace(notice, off_days=off), by="operator", at=front.services.clock.now())
    entry = front.register.listings(1)[0]
    front.round()
    front.register.remove(entry)
    front.publish()
    front.send()
    with front.services.database.reading() as session:
        rows = session.execute(select(PlatformBatch.lane, PlatformBatch.due_on)).all()
    assert {row[0]: row[1] for row in rows} == {"additions": date(2026, 12, 2), "removals": date(2026, 11, 26)}, (
        "five working days; one"
    )
