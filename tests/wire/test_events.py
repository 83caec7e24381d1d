"""Events, fields, state and snapshots: written, read, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from sync.wire.canonical import canonical_json
from sync.wire.errors import FormatInvalid, SignatureInvalid
from sync.wire.events import (
    Event,
    EventType,
    Hole,
    build_event,
    commitment,
    erased_line,
    event_bytes,
    parse_line,
    source_of,
    withheld_line,
)
from sync.wire.fields import FIELDS, project
from sync.wire.ids import entry_id, event_id, is_entry_id, is_event_id
from sync.wire.notes import Signer
from sync.wire.origins import Origin
from sync.wire.snapshot import Header, Tombstone, entry_line, parse_trailer, read_snapshot, trailer_text, write_snapshot
from sync.wire.state import (
    EMPTY_STATE,
    GroupTree,
    StateTree,
    bucket_digest,
    bucket_of,
    group_digest,
    lines_of,
    parse_lines,
    state_root,
)

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
ORIGIN = Origin("feed.example", "agency", 1)
SIGNER = Signer(ORIGIN.text, Ed25519PrivateKey.from_private_bytes(b"1" * 32))
KEYS = [SIGNER.verifier]
ENTRY = "lst_" + "0a" * 12
SUBJECT = "A" * 43
WHOLE: dict[str, Any] = {
    "entry": ENTRY,
    "kind": "listing",
    "revision": 3,
    "debtor_kind": "person",
    "name": "张\u2028三",
    "sex": "male",
    "age": 41,
    "subject": SUBJECT,
    "number_masked": "4101051985****0012",
    "court_name": "郑州市金水区人民法院",
    "published_on": "2026-03-01",
    "grounds": ["evades"],
    "marks": [
        {"from": "2026-03-01", "mark": "disputed"},
        {"from": "2026-03-01", "mark": "temporary_lift", "measures": ["TR-1"], "to": "2026-03-20"},
    ],
    "roles": [{"from": "2026-03-01", "name": "李四", "role": "legal_representative", "subject": SUBJECT}],
    "items": ["CO-1"],
    "decision": "（2026）豫0105执1号",
    "until": None,
    "internal": "never travels",
}
REMOVAL = {
    "entry": ENTRY,
    "kind": "listing",
    "revision": 4,
    "exit": "removed",
    "ground": "performed",
    "effect": "stop_use",
    "effective": "2026-03-01",
    "due": "2026-03-03",
    "decision": "（2026）豫0105执1号之二",
    "basis": "法释〔2017〕7号 art. 10(1)(1)",
}


def event(type_: EventType = EventType.PUBLISHED, data: dict[str, Any] | None = None) -> dict[str, Any]:
    return build_event(
        type=type_,
        event_id="evt_" + "1b" * 12,
        sequence=7,
        origin=ORIGIN,
        time=NOON,
        data=data or project(WHOLE, "agency"),
        salt=b"s" * 32,
    )


@pytest.mark.parametrize("stream", ["public", "agency", "bureau"])
def test_a_stream_carries_its_fields_and_no_others(stream: str) -> None:
    data = project(WHOLE, stream)
    assert data.keys() <= FIELDS[stream] and "until" not in data
    assert ("subject" in data, "number_masked" in data) == (stream != "public", stream == "public")
    assert ("roles" in data, "items" in data) == (stream == "agency", stream == "agency")
    assert len(data["marks"]) == (2 if stream == "agency" else 1)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "incentive", "entry": "inc_" + "0a" * 12},
        {"entry": "ord_" + "0a" * 12},
        {"subject": None},
        {"subject": "short"},
        {"unit_code": "91410100MA44444444"},
        {"revision": 0},
        {"revision": True},
        {"age": "41"},
        {"sex": "other"},
        {"grounds": ["bad"]},
        {"grounds": "evades"},
        {"until": "2026-02-30"},
        {"marks": [{"mark": "disputed"}]},
        {"marks": [{"mark": "wrong", "from": "2026-03-01"}]},
        {"roles": [{"role": "director", "from": "2026-03-01", "number": "1", "subject": SUBJECT}]},
        {"name": ""},
    ],
)
def test_data_that_no_stream_carries(change: dict[str, Any]) -> None:
    with pytest.raises(FormatInvalid):
        project(WHOLE | change, "agency")


def test_an_event_reads_back() -> None:
    built = event()
    line = event_bytes(built)
    read = parse_line(line, ORIGIN)
    assert isinstance(read, Event)
    assert (read.sequence, read.type, read.entry, read.revision) == (7, EventType.PUBLISHED, ENTRY, 3)
    bare = canonical_json({name: value for name, value in built.items() if name != "salt"})
    assert read.leaf == sha256(b"alf-event-1\n" + b"s" * 32 + bare).digest() == commitment(built)
    assert source_of(built) == ORIGIN and "\u2028".encode() in line


def test_holes_read_back() -> None:
    assert parse_line(erased_line(5, b"l" * 32), ORIGIN) == Hole(5, b"l" * 32, withheld=False)
    assert parse_line(withheld_line(6, b"l" * 32), ORIGIN) == Hole(6, b"l" * 32, withheld=True)


def test_the_other_types() -> None:
    marks = {"entry": ENTRY, "kind": "listing", "revision": 4, "marks": []}
    for type_, data in [
        (EventType.ANNOTATED, marks),
        (EventType.REMOVED, REMOVAL),
        (EventType.CANARY_REMOVED, REMOVAL),
    ]:
        read = parse_line(event_bytes(event(type_, data)), ORIGIN)
        assert isinstance(read, Event) and read.data == data


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        (EventType.REMOVED, REMOVAL | {"name": "张三"}),
        (EventType.REMOVED, {name: value for name, value in REMOVAL.items() if name != "effect"}),
        (EventType.REMOVED, REMOVAL | {"exit": "gone"}),
        (EventType.ANNOTATED, {"entry": ENTRY, "kind": "listing", "revision": 4, "marks": [], "name": "张三"}),
        (EventType.ANNOTATED, {"entry": ENTRY, "kind": "listing", "revision": 4}),
        (EventType.PUBLISHED, REMOVAL),
    ],
)
def test_no_event_carries_what_its_type_doesnt(type_: EventType, data: dict[str, Any]) -> None:
    with pytest.raises(FormatInvalid):
        event(type_, data)


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.replace(b'"sequence":7', b'"sequence":"7"'),
        lambda line: line.replace(b"feed.example", b"evil.example"),
        lambda line: line.replace(b"agency/1", b"agency/2"),
        lambda line: line.replace(b"entry.published", b"entry.exploded"),
        lambda line: line.replace(b'"specversion":"1.0"', b'"specversion":"1.1"'),
        lambda line: line.replace(b'"id"', b'"ie"'),
        lambda line: line.replace(b"04:00:00Z", b"04:00:00+00:00"),
        lambda line: line + b" ",
        lambda line: b'{"erased":true,"sequence":7}',
        lambda line: b'{"erased":false,"leaf":"%s","sequence":7}' % (b"A" * 43),
        lambda line: b'{"erased":true,"leaf":"%s","sequence":7,"withheld":true}' % (b"A" * 43),
    ],
)
def test_lines_that_are_not_of_the_feed(change: Callable[[bytes], bytes]) -> None:
    line = event_bytes(event())
    changed = change(line)
    assert changed != line
    with pytest.raises(FormatInvalid):
        parse_line(changed, ORIGIN)


@given(st.binary(max_size=80))
def test_reading_a_line_fails_in_one_way(raw: bytes) -> None:
    with suppress(FormatInvalid):
        parse_line(raw, ORIGIN)


def test_what_erases_what() -> None:
    assert EventType.PUBLISHED in EventType.REMOVED.erases and EventType.REMOVED not in EventType.REMOVED.erases
    assert EventType.ANNOTATED.erases == {EventType.ANNOTATED}
    assert EventType.ANNOTATED in EventType.CORRECTED.erases and not EventType.PUBLISHED.erases


@given(st.binary(min_size=20, max_size=40), st.sampled_from(["listing", "consumption_order", "incentive"]))
def test_names(raw: bytes, kind: str) -> None:
    assert is_entry_id(entry_id(kind, raw)) and is_event_id(event_id(raw))
    assert not is_entry_id(event_id(raw)) and not is_entry_id(entry_id(kind, raw) + "\n")


STATES = st.dictionaries(st.integers(0, 10**6).map(lambda n: f"lst_{n:024d}"), st.integers(1, 99), max_size=30)


@given(STATES, STATES)
def test_a_state_rehashed_is_a_state_hashed(before: dict[str, int], after: dict[str, int]) -> None:
    tree = StateTree(before.items())
    tree.root()
    for entry in before:
        if entry not in after:
            tree.remove(entry)
    for entry, revision in after.items():
        tree.put(entry, revision)
    fresh = StateTree(after.items())
    assert tree.root() == fresh.root() and tree.count == len(after)
    assert dict(tree.entries()) == after


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(min_size=32, max_size=32)), max_size=40))
def test_a_group_that_is_kept_is_a_group_hashed_anew(changes: list[tuple[int, bytes]]) -> None:
    buckets = [bucket_digest(b"")] * 256
    tree = GroupTree(buckets)
    for bucket, digest in changes:
        buckets[bucket] = digest
        tree.put(bucket, digest)
    assert tree.digest == group_digest(buckets)


def test_the_state_by_hand() -> None:
    entries = {ENTRY: 3, "ord_" + "9z" * 12: 12}
    buckets = [[b"" for _ in range(256)] for _ in range(256)]
    for entry, revision in entries.items():
        group, bucket = bucket_of(entry)
        buckets[group][bucket] = f"{entry}:{revision}\n".encode()
    groups = [group_digest([bucket_digest(lines) for lines in group]) for group in buckets]
    assert StateTree(entries.items()).root() == state_root(groups)
    assert StateTree().root() == EMPTY_STATE
    assert parse_lines(lines_of(entries.items())) == entries
    for raw in (b"x:1\n", b"lst_:1\n", lines_of(entries.items())[:-1], lines_of(entries.items())[::-1]):
        with pytest.raises(FormatInvalid):
            parse_lines(raw)


def snapshot(count: int = 3, **change: Any) -> bytes:
    entries = sorted(f"lst_{n:024d}" for n in range(count))
    lines = [
        entry_line({**project(WHOLE, "agency"), "entry": entry}, 5, canary=n == 1) for n, entry in enumerate(entries)
    ]
    stones = [Tombstone("stop_use", ENTRY, "removed", 8), Tombstone("erase", ENTRY[:-1] + "b", "revoked", 9)]
    arguments = {
        "origin": ORIGIN,
        "header": Header(count, 1, 9, StateTree((entry, 3) for entry in entries).root()),
        "entries": lines,
        "tombstones": stones,
        "signers": [SIGNER],
    }
    return b"".join(write_snapshot(**(arguments | change)))


@given(st.integers(1, 2000), st.integers(0, 40))
def test_snapshots_read_back_in_any_pieces(piece: int, count: int) -> None:
    raw = snapshot(count)
    pieces = [raw[at : at + piece] for at in range(0, len(raw), piece)]
    records = list(read_snapshot(pieces, ORIGIN, KEYS))
    assert isinstance(records[0], Header) and records[0].count == count
    assert sum(isinstance(record, tuple) for record in records) == count
    assert [record.sequence for record in records if isinstance(record, Tombstone)] == [8, 9]
    assert [record[1].canary for record in records if isinstance(record, tuple)][1:2] == [True][: max(0, count - 1)]


@given(st.integers(0, 3000), st.integers(1, 255))
def test_no_changed_byte_of_a_snapshot_is_accepted(at: int, flip: int) -> None:
    raw = bytearray(snapshot())
    raw[at % len(raw)] ^= flip
    with pytest.raises((FormatInvalid, SignatureInvalid)):
        list(read_snapshot([bytes(raw)], ORIGIN, KEYS))


@given(st.integers(0, 3000))
def test_no_shorter_snapshot_is_accepted(length: int) -> None:
    raw = snapshot()
    with pytest.raises((FormatInvalid, SignatureInvalid)):
        list(read_snapshot([raw[: length % len(raw)]], ORIGIN, KEYS))


def test_a_writer_that_would_lie_is_stopped() -> None:
    lines = [entry_line({**project(WHOLE, "agency"), "entry": f"lst_{n:024d}"}, 5) for n in (2, 1)]
    state = bytes(32)
    for change in (
        {"entries": lines, "header": Header(2, 1, 9, state)},
        {"entries": lines[:1], "header": Header(2, 1, 9, state)},
        {"entries": lines[:1] * 2, "header": Header(2, 1, 9, state)},
        {"entries": lines[:1], "header": Header(1, 1, 4, state)},
        {"tombstones": [Tombstone("erase", ENTRY, "revoked", 10)]},
    ):
        with pytest.raises(FormatInvalid):
            snapshot(**change)
    whole = snapshot()
    with pytest.raises(FormatInvalid):
        list(read_snapshot([whole, b"more\n"], ORIGIN, KEYS))
    with pytest.raises(SignatureInvalid):
        list(read_snapshot([whole], ORIGIN, []))
    assert parse_trailer(trailer_text(ORIGIN, 9, 3, "ab")) == (ORIGIN.snapshot, 9, 3, "ab")
