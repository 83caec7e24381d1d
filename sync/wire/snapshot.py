"""Snapshots as a stream of lines with a signed trailer: written and read with flat memory. Pure.

Header, entries sorted by name, tombstones sorted by sequence, trailer. Whoever reads must throw everything away
if reading ends in an error: only the end says that what came before was true.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from operator import lt
from typing import Annotated, Any

import msgspec

from sync.wire.canonical import canonical_json, parse_json
from sync.wire.encoding import b64url, parse_number, unb64url
from sync.wire.errors import FormatInvalid, SignatureInvalid
from sync.wire.events import LONGEST_LINE
from sync.wire.fields import EFFECTS, EXITS
from sync.wire.ids import are_entry_ids, is_entry_id
from sync.wire.notes import Signer, VerifierKey, sign_note, verify_note
from sync.wire.origins import Origin

_CHUNK = 64 * 1024
_TRAILER = b'{"trailer":'
_EFFECT = b'{"effect"'
"""How a tombstone begins, and no entry."""
_BEHIND_DATA = b',"id":"evt_'
_AT_ONCE = 256
"""Lines that a writer takes at a time."""
_BAD = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Header:
    """What the snapshot says that it is."""

    count: int
    epoch: int
    sequence: int
    state: bytes

    @property
    def line(self) -> bytes:
        """Without LF."""
        members = {"count": self.count, "epoch": self.epoch, "sequence": self.sequence, "state": b64url(self.state)}
        return canonical_json(members)


FromOne = Annotated[int, msgspec.Meta(ge=1)]


class Body(msgspec.Struct, frozen=True, gc=False):
    """What a reader needs of ``data``; the rest stays in the line."""

    entry: str
    kind: str
    revision: FromOne
    unit_code: str | None = None


class Entry(msgspec.Struct, frozen=True, gc=False):
    """An entry in force."""

    data: Body
    sequence: FromOne
    canary: bool = False


class Tombstone(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """An entry that has left, with the sequence of its removal."""

    effect: str
    entry: str
    exit: str
    sequence: int


Record = Header | tuple[bytes, Entry] | Tombstone
_entry_decoder = msgspec.json.Decoder(Entry)
_tombstone_decoder = msgspec.json.Decoder(Tombstone)


def entry_line(data: Mapping[str, Any], sequence: int, *, canary: bool = False) -> bytes:
    """The line of an entry in force, without LF; ``sequence`` is that of the event which made this revision."""
    line: dict[str, Any] = {"data": dict(data), "sequence": sequence}
    if canary:
        line["canary"] = True
    return canonical_json(line)


def stored_line(event: bytes, sequence: int, *, canary: bool = False) -> bytes:
    """As ``entry_line``, from the canonical bytes of the event that made the revision: nothing is encoded again.

    Raises ``ValueError`` for what is no event. In canonical form ``id`` follows ``data``, and no text has a bare quote.
    """
    data = event[: event.rindex(_BEHIND_DATA)]
    return (
        b'{"canary":true,%b,"sequence":%d}' % (data[1:], sequence)
        if canary
        else b'%b,"sequence":%d}' % (data, sequence)
    )


def tombstone_line(tombstone: Tombstone) -> bytes:
    """The line of a removal, without LF."""
    return canonical_json(msgspec.structs.asdict(tombstone))


def trailer_text(origin: Origin, sequence: int, count: int, digest: str) -> str:
    """Text of the trailer's note; ``digest`` is hex."""
    return f"{origin.snapshot}\n{sequence}\n{count}\n{digest}\n"


def parse_entry(line: bytes) -> Entry:
    """What a reader needs of an entry's line. Raises FormatInvalid."""
    try:
        entry = _entry_decoder.decode(line)
    except _BAD:
        raise FormatInvalid("snapshot", "not an entry's line") from None
    if not is_entry_id(entry.data.entry):
        raise FormatInvalid("snapshot", "not an entry's line")
    return entry


def write_snapshot(
    origin: Origin,
    header: Header,
    entries: Iterable[bytes],
    tombstones: Iterable[Tombstone],
    signers: Sequence[Signer],
) -> Iterator[bytes]:
    """The snapshot in blocks of some 64 KiB. ``entries`` are lines of :func:`entry_line`, sorted by entry's name.

    Raises FormatInvalid, before the trailer, if the entries aren't sorted or not as many as the header says.
    """
    digest = sha256()
    held: list[bytes] = []
    size = 0
    for lines in _all_lines(header, entries, tombstones):
        held.append(lines)
        size += len(lines)
        if size >= _CHUNK:
            yield _hashed(digest, held)
            held, size = [], 0
    if held:
        yield _hashed(digest, held)
    note = sign_note(trailer_text(origin, header.sequence, header.count, digest.hexdigest()), signers)
    yield canonical_json({"trailer": note}) + b"\n"


def _hashed(digest: Any, held: list[bytes]) -> bytes:
    raw = b"".join(held)
    digest.update(raw)
    return raw


def _all_lines(header: Header, entries: Iterable[bytes], tombstones: Iterable[Tombstone]) -> Iterator[bytes]:
    """All lines, some at a time, each with its LF."""
    yield header.line + b"\n"
    order, each = _Order(header), iter(entries)
    while lines := list(islice(each, _AT_ONCE)):
        raw = b"\n".join(lines)
        order.entries(_read_entries(raw, len(lines)))
        yield raw + b"\n"
    order.entries_end()
    for tombstone in tombstones:
        order.tombstone(tombstone)
        yield tombstone_line(tombstone) + b"\n"


class _Order:
    """Entries ascend by name and are as many as the header says; tombstones ascend by sequence, none past it."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self._count = 0
        self._entry = ""
        self._sequence = 0

    def entries(self, entries: Sequence[Entry]) -> None:
        """Some that follow each other: compared at one go, since a snapshot has millions."""
        names = [entry.data.entry for entry in entries]
        ascend = self._entry < names[0] and all(map(lt, names, islice(names, 1, None)))
        behind = max(entry.sequence for entry in entries) > self._header.sequence
        self._count += len(names)
        if not ascend or behind or self._sequence or self._count > self._header.count:
            raise FormatInvalid("snapshot", "entries out of order")
        self._entry = names[-1]

    def entry(self, entry: Entry) -> None:
        self._count += 1
        name = entry.data.entry
        if name <= self._entry or self._sequence or entry.sequence > self._header.sequence:
            raise FormatInvalid("snapshot", "entries out of order")
        if self._count > self._header.count:
            raise FormatInvalid("snapshot", "more entries than its count")
        self._entry = name

    def entries_end(self) -> None:
        if self._count != self._header.count:
            raise FormatInvalid("snapshot", "fewer entries than its count")

    def tombstone(self, tombstone: Tombstone) -> None:
        if not self._sequence < tombstone.sequence <= self._header.sequence:
            raise FormatInvalid("snapshot", "tombstones out of order")
        self._sequence = tombstone.sequence


def read_snapshot(chunks: Iterable[bytes], origin: Origin, keys: Sequence[VerifierKey]) -> Iterator[Record]:
    """Header, then (line, entry) pairs, then tombstones; ends without error only behind a valid trailer.

    Raises FormatInvalid (cut short, out of order, without trailer) or SignatureInvalid (a false trailer).
    """
    digest = sha256()
    trailer: bytes | None = None
    header: Header | None = None
    order: _Order | None = None
    for block in _whole_lines(chunks):
        if trailer is not None:
            raise FormatInvalid("snapshot", "something behind its trailer")
        at = 0 if block.startswith(_TRAILER) else block.find(b"\n" + _TRAILER) + 1
        if at or block.startswith(_TRAILER):
            trailer = block[at:]
        before = block if trailer is None else block[:at]
        digest.update(before)
        lines = before.split(b"\n")
        lines.pop()
        if header is None and lines:
            header = _header(lines.pop(0), origin)
            order = _Order(header)
            yield header
        if order is not None and lines:
            mixed = _EFFECT in before
            yield from _records(lines, order) if mixed else _many(lines, order)
    if trailer is None or header is None or order is None:
        raise FormatInvalid("snapshot", "without trailer: cut short")
    order.entries_end()
    _check_trailer(trailer, trailer_text(origin, header.sequence, header.count, digest.hexdigest()), keys)


def _whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        cut = chunk.rfind(b"\n") + 1
        if cut:
            yield rest + chunk[:cut]
            rest = chunk[cut:]
        else:
            rest += chunk
        if len(rest) > LONGEST_LINE:
            raise FormatInvalid("snapshot", "a line longer than 1 MiB")
    if rest:
        raise FormatInvalid("snapshot", "a last line without LF: cut short")


def _header(line: bytes, origin: Origin) -> Header:
    value = parse_json(line, "snapshot")
    if value.keys() != {"count", "epoch", "sequence", "state"}:
        raise FormatInvalid("snapshot", "no header")
    if any(type(value[name]) is not int or value[name] < 0 for name in ("count", "epoch", "sequence")):
        raise FormatInvalid("snapshot", "no header")
    if value["epoch"] != origin.epoch:
        raise FormatInvalid("snapshot", "of another epoch")
    return Header(value["count"], value["epoch"], value["sequence"], unb64url(value["state"], "snapshot"))


def _records(lines: list[bytes], order: _Order) -> Iterator[Record]:
    for line in lines:
        if line.startswith(_EFFECT):
            tombstone = _tombstone(line)
            order.tombstone(tombstone)
            yield tombstone
        else:
            entry = parse_entry(line)
            order.entry(entry)
            yield line, entry


def _many(lines: list[bytes], order: _Order) -> Iterator[Record]:
    """Lines of entries alone, read at one go."""
    entries = _read_entries(b"\n".join(lines), len(lines))
    order.entries(entries)
    return zip(lines, entries, strict=True)


def _read_entries(raw: bytes, count: int) -> list[Entry]:
    try:
        entries = _entry_decoder.decode_lines(raw)
    except _BAD:
        raise FormatInvalid("snapshot", "not an entry's line") from None
    if len(entries) != count or not are_entry_ids(entry.data.entry for entry in entries):
        raise FormatInvalid("snapshot", "not an entry's line")
    return entries


def _tombstone(line: bytes) -> Tombstone:
    try:
        tombstone = _tombstone_decoder.decode(line)
    except _BAD:
        raise FormatInvalid("snapshot", "not a tombstone") from None
    if not is_entry_id(tombstone.entry) or tombstone.effect not in EFFECTS or tombstone.exit not in EXITS:
        raise FormatInvalid("snapshot", "not a tombstone")
    return tombstone


def _check_trailer(raw: bytes, expected: str, keys: Sequence[VerifierKey]) -> None:
    value = parse_json(raw.removesuffix(b"\n"), "trailer")
    note = value.get("trailer")
    if not isinstance(note, str) or len(value) != 1:
        raise FormatInvalid("trailer", "no note")
    text = verify_note(note, keys).text
    if text != expected:
        raise SignatureInvalid


def parse_trailer(text: str) -> tuple[str, int, int, str]:
    """Snapshot's name, sequence, count and hex digest of a trailer's text. Raises FormatInvalid."""
    lines = text.split("\n")
    if len(lines) != 5 or lines[4]:
        raise FormatInvalid("trailer", "not four lines")
    return lines[0], parse_number(lines[1], "trailer"), parse_number(lines[2], "trailer"), lines[3]
