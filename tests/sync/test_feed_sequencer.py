"""The sequencer: gapless, exits first, one entry's facts in order, nothing lost and nothing twice."""

from __future__ import annotations

import random
import threading
import time
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import func, select, update

from creditsvc.services import Services
from creditsvc.storage.outbox import FactType, Outbox, put
from sync.canaries import publish_canaries
from sync.heads import resign_heads
from sync.publish import backlog, sequence_all, sequence_once, sequence_politely
from sync.stored_log import StorageContradicts
from sync.tables_feed import FeedEntry, FeedStream, StreamEvent
from sync.wire.events import commitment, parse_line
from sync.wire.merkle import Tree
from sync.wire.origins import Origin
from sync.wire.state import StateTree
from tests.support.feed_world import STREAMS, Register


def _agree(register: Register, stream: str) -> None:
    """Log, state, count and bodies of a stream are what its signed head says."""
    events, head = register.events(stream), register.head(stream)
    assert [event.sequence for event in events] == list(range(1, head.size + 1))
    state = StateTree()
    for event in events:
        if event.removes:
            state.remove(event.entry)
        else:
            state.put(event.entry, event.revision)
        if event.body is not None:
            whole = msgspec.json.decode(event.body)
            assert commitment(whole) == bytes(event.leaf)
            parse_line(bytes(event.body), head.origin)
    assert head.root == Tree(bytes(event.leaf) for event in events).root()
    assert (head.count, head.state) == (state.count, state.root())


def test_each_stream_carries_its_kinds_and_fields(register: Register) -> None:
    listing, order = register.listings(1)[0], register.order()
    unit = register.listings(1, units=True)[0]
    register.officer(unit)
    register.correct(unit)
    assert register.publish() == 4
    assert {stream: register.head(stream).size for stream in STREAMS} == {
        "agency": 4,
        "bureau": 3,
        "platform": 3,
        "public": 3,
    }
    assert register.told("bureau", order) == []
    public, bureau = register.data("public", listing), register.data("bureau", listing)
    assert "*" in public["number_masked"] and "subject" not in public
    assert len(bureau["subject"]) == 43 and "number_masked" not in bureau and "decision" not in bureau
    assert register.data("platform", listing)["decision"].endswith("之一")
    assert register.data("agency", unit)["roles"][0]["role"] == "legal_representative"
    assert "roles" not in register.data("bureau", unit) and register.data("bureau", unit)["unit_code"].startswith("91")
    for stream in STREAMS:
        _agree(register, stream)


def test_no_identity_number_stands_in_any_event(register: Register) -> None:
    register.listings(3)
    units = register.listings(2, units=True)
    people = [*register.numbers[:3], *(register.officer(unit) for unit in units)]
    register.publish()
    bodies = b"".join(bytes(event.body or b"") for stream in STREAMS for event in register.events(stream))
    assert len(people) == 5 and not any(person.number.encode() in bodies for person in people)
    assert b"resident_id" not in bodies


def test_streams_cannot_be_joined_by_subject(register: Register) -> None:
    entry = register.listings(1)[0]
    register.publish()
    assert len({register.data(stream, entry)["subject"] for stream in ("agency", "bureau", "platform")}) == 3


def test_politely_is_to_the_end_all_the_same(register: Register, services: Services) -> None:
    """It rests between two shares; whoever calls it once, by hand or from a clock, finds nothing left."""
    register.listings(180)
    assert sequence_politely(services, services.clock.now()) == 180
    assert sequence_once(services, services.clock.now()) == 0


def test_an_exit_overtakes_the_backlog(register: Register, services: Services) -> None:
    first = register.listings(1)[0]
    register.publish()
    register.listings(30)
    register.remove(first)
    now = services.clock.now()
    begun: list[str] = []
    assert sequence_once(services, now, batch=5, exits_only=True, begins=lambda: begun.append("exit")) == 1, (
        "in a pass of its own, which no addition makes longer"
    )
    assert begun == [], "and by which the length of no other is measured"
    assert sequence_once(services, now, batch=5, exits_only=True) == 0, "additions wait while people are at work"
    told = [(event.type, event.entry) for event in register.events("bureau")]
    assert told[1] == ("entry.removed", first) and len(told) == 2
    assert sequence_once(services, now, batch=5) == 5
    sequence_all(services, now)
    assert register.head("bureau").size == 32


def test_an_exit_cancels_what_was_never_numbered(register: Register) -> None:
    gone, stays = register.listings(2)
    register.correct(gone)
    register.remove(gone)
    register.publish()
    assert register.outcomes(gone) == ["cancelled", "cancelled", "cancelled"]
    assert register.outcomes(stays) == ["published"]
    assert all(register.told(stream, gone) == [] for stream in STREAMS)
    assert register.head("public").size == 1


def test_an_exit_cancels_a_waiting_correction_of_a_published_entry(register: Register) -> None:
    entry = register.listings(1)[0]
    register.publish()
    register.correct(entry)
    register.remove(entry)
    register.publish()
    assert register.told("agency", entry) == [("entry.published", 1), ("entry.removed", 2)]
    assert register.outcomes(entry) == ["published", "cancelled", "published"]


def test_facts_of_one_entry_keep_their_order_and_revisions_rise_by_one(register: Register) -> None:
    entry = register.listings(1)[0]
    register.correct(entry, name="甲")
    register.annotate(entry, "disputed")
    register.publish()
    register.correct(entry, name="乙")
    register.publish()
    register.remove(entry)
    register.publish()
    told = register.told("bureau", entry)
    # the annotation changes nothing: its mark already stood in what was published
    assert told == [("entry.published", 1), ("entry.corrected", 2), ("entry.corrected", 3), ("entry.removed", 4)]
    _agree(register, "bureau")


def test_erasure_leaves_every_proof_valid(register: Register) -> None:
    removed, corrected, marked = register.listings(3)
    register.publish()
    register.annotate(marked, "disputed")
    register.publish()
    register.annotate(marked, "suspended")
    register.correct(corrected)
    register.publish()
    register.remove(removed)
    register.publish()
    bodies = {(event.entry, event.type, event.revision): event.body is not None for event in register.events("agency")}
    assert bodies == {
        (removed, "entry.published", 1): False, (removed, "entry.removed", 2): True,
        (corrected, "entry.published", 1): False, (corrected, "entry.corrected", 2): True,
        (marked, "entry.published", 1): True, (marked, "entry.annotated", 2): False, (marked, "entry.annotated", 3): True,
    }  # fmt: skip
    for stream in STREAMS:
        _agree(register, stream)


def test_a_removal_destroys_the_salt(register: Register, services: Services) -> None:
    entry = register.listings(1)[0]
    register.publish()
    register.remove(entry)
    register.publish()
    with services.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(FeedEntry)) == 0


def test_reliefs_are_told_to_agencies_alone(register: Register) -> None:
    entry = register.listings(1)[0]
    register.publish()
    register.annotate(entry, "temporary_lift")
    register.publish()
    assert register.data("agency", entry)["marks"][0]["measures"] == ["fly"]
    assert register.told("public", entry) == [("entry.published", 1)]
    register.annotate(entry, "disputed")
    register.publish()
    assert [mark["mark"] for mark in register.data("public", entry)["marks"]] == ["disputed"]
    assert {mark["mark"] for mark in register.data("agency", entry)["marks"]} == {"disputed", "temporary_lift"}


def test_what_is_not_public_is_on_no_stream(register: Register, services: Services) -> None:
    from creditsvc.register.tables import Listing

    entry = register.listings(1)[0]
    with services.database.writing() as session:
        session.execute(update(Listing).values(nonpublic=True))
    register.publish()
    assert all(register.head(stream).size == 0 for stream in STREAMS)
    assert register.outcomes(entry) == ["cancelled"]


def test_nothing_is_settled_before_there_are_streams(services: Services) -> None:
    with services.database.writing() as session:
        put(
            session,
            entry="lst_" + "0" * 24,
            kind="listing",
            revision=1,
            fact=FactType.PUBLISHED,
            at=services.clock.now(),
        )
    assert sequence_all(services, services.clock.now()) == 0
    with services.database.reading() as session:
        assert backlog(session) == 1


def test_a_head_is_signed_again_within_five_minutes_and_expires_in_an_hour(
    register: Register, services: Services
) -> None:
    register.listings(1)
    register.publish()
    first = register.head("public")
    assert first.expires - first.published == timedelta(hours=1)
    assert resign_heads(services, services.clock.now() + timedelta(minutes=3)) == 0
    assert resign_heads(services, services.clock.now() + timedelta(minutes=5)) == 4
    again = register.head("public")
    assert again.published > first.published and (again.size, again.root, again.state) == (
        first.size,
        first.root,
        first.state,
    )


def test_nothing_wrong_is_signed(register: Register, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    register.listings(1)
    register.publish()
    head = register.head("bureau")
    register.listings(1)
    monkeypatch.setattr(
        "sync.stream_writer.event_bytes",
        lambda event: msgspec.json.encode(dict(event) | {"time": "2026-01-01T00:00:00Z"}),
    )
    with pytest.raises(StorageContradicts):
        register.publish()
    monkeypatch.undo()
    assert register.head("bureau") == head
    assert register.publish() == 1


def test_canaries_are_counted_and_replaced_daily(register: Register, services: Services) -> None:
    now = services.clock.now()
    assert publish_canaries(services, now) == 4
    assert publish_canaries(services, now + timedelta(hours=23)) == 0
    assert publish_canaries(services, now + timedelta(hours=24)) == 4
    types = [event.type for event in register.events("bureau")]
    assert types == ["canary.published", "canary.removed", "canary.published"]
    assert register.events("bureau")[0].body is None
    assert register.head("bureau").count == 1
    _agree(register, "bureau")


class _Naive:
    """The obvious reader, wrong on purpose: it follows the outbox's own numbers."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def pull(self, services: Services) -> None:
        with services.database.reading() as session:
            query = select(Outbox.id).where(Outbox.id > (self.seen[-1] if self.seen else 0)).order_by(Outbox.id)
            self.seen += session.scalars(query)


class _Follower:
    """A reader of a stream's numbers."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, str]] = []

    def pull(self, services: Services) -> None:
        after = self.seen[-1][0] if self.seen else 0
        with services.database.reading() as session:
            size = session.scalars(select(FeedStream.size).where(FeedStream.stream == "public")).one()
            query = select(StreamEvent.sequence, StreamEvent.entry).where(
                StreamEvent.stream == "public", StreamEvent.sequence > after, StreamEvent.sequence <= size
            )
            self.seen += [tuple(row) for row in session.execute(query.order_by(StreamEvent.sequence))]


def test_eight_writers_with_rollbacks_miss_nothing(register: Register, services: Services) -> None:
    committed: list[str] = []
    done, lock = threading.Event(), threading.Lock()

    def write(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(12):
            try:
                with services.database.writing() as session:
                    entries = register.add(session, 2)
                    if chance.random() < 0.1:
                        raise InterruptedError
                    if not services.database.is_sqlite:
                        done.wait(chance.random() * 0.03)
                with lock:
                    committed.extend(entries)
            except InterruptedError:
                continue

    reader, naive, numbered = _Follower(), _Naive(), threading.Event()

    def number() -> None:
        while not numbered.is_set():
            sequence_once(services, services.clock.now(), batch=7)
            numbered.wait(0.005)

    def read() -> None:
        while not numbered.is_set():
            reader.pull(services)
            naive.pull(services)
            numbered.wait(0.003)

    def overlooked() -> int:
        with services.database.reading() as session:
            missing = set(session.scalars(select(Outbox.id))) - set(naive.seen)
        return sum(number < max(naive.seen, default=0) for number in missing)  # passed by, and not only still to come

    others = [threading.Thread(target=work) for work in (number, number, read)]
    for thread in others:
        thread.start()
    for storm in range(6):  # on a busy machine commits may follow each other as ids do: then another storm
        writers = [threading.Thread(target=write, args=(8 * storm + seed,)) for seed in range(8)]
        for thread in writers:
            thread.start()
        for thread in writers:
            thread.join()
        time.sleep(0.05)
        if services.database.is_sqlite or overlooked():
            break
    numbered.set()
    for thread in others:
        thread.join()
    sequence_all(services, services.clock.now())
    reader.pull(services)
    naive.pull(services)
    entries = [entry for _, entry in reader.seen]
    missed, doubled = len(set(committed) - set(entries)), len(entries) - len(set(entries))
    gaps = sum(1 for place, (sequence, _) in enumerate(reader.seen, 1) if sequence != place)
    assert (missed, doubled, gaps) == (0, 0, 0)
    assert set(entries) == set(committed)
    if not services.database.is_sqlite:
        # SQLite has one writer, so there ids follow commits; on PostgreSQL they don't
        assert overlooked() > 0, "the naive cursor should have failed this very test"
    _agree(register, "public")


def test_origin_names_the_epoch(register: Register, services: Services) -> None:
    assert register.head("agency").origin == Origin(services.settings.host, "agency", 1)
