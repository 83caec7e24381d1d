"""A batch: rows that go together, with a number, a digest and a signature that anybody can check. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from creditsvc.kernel.days import legal_day
from sync.platform.shape.profile import Column, Profile
from sync.platform.shape.rows import RECORD, Provider, Row, batch_digest
from sync.platform.shape.values import Value, written_day, written_instant
from sync.wire.encoding import instant
from sync.wire.errors import SignatureInvalid
from sync.wire.notes import Signer, VerifierKey, sign_note, verify_note


class Lane(StrEnum):
    """What a batch is for, in the order in which lanes go out."""

    REMOVALS = "removals"
    CORRECTIONS = "corrections"
    ADDITIONS = "additions"

    @property
    def is_urgent(self) -> bool:
        """Whether it waits for no addition."""
        return self is not Lane.ADDITIONS


@dataclass(frozen=True, slots=True)
class BatchOut:
    """A batch as it goes out. ``serial`` counts the link's batches from 1."""

    number: str
    serial: int
    lane: Lane
    rows: Sequence[Row]
    created_at: datetime
    digest: str
    signature: str
    lines: Mapping[str, Sequence[bytes]] = field(default_factory=dict)
    """Instead of rows: the texts of each shape's rows, each behind a unit separator, as COPY takes them."""

    @property
    def size(self) -> int:
        """How many rows it has."""
        return len(self.rows) or sum(map(len, self.lines.values()))


def batch_number(profile: Profile, provider: Provider, serial: int, at: datetime) -> str:
    """The number that this profile gives to a batch."""
    day = legal_day(at).strftime("%Y%m%d")
    return profile.number.format(provider=provider.code, day=day, serial=f"{serial:08d}")


def batch_text(origin: str, number: str, *, lane: str, rows: int, digest: str, at: datetime) -> str:
    """What is signed of a batch: a line each."""
    return f"{origin}\n{number}\n{lane}\n{rows}\n{digest}\n{instant(at)}\n"


def make_batch(number: str, *, serial: int, lane: Lane, rows: Sequence[Row], at: datetime, signer: Signer) -> BatchOut:
    """The batch with its digest and its signed note; the same rows and instant give the same bytes."""
    digest = batch_digest(row.digest for row in rows)
    note = sign_note(batch_text(signer.name, number, lane=lane, rows=len(rows), digest=digest, at=at), [signer])
    return BatchOut(number, serial, lane, rows, at, digest, note)


def make_batch_of_lines(
    number: str, *, serial: int, lane: Lane, lines: Sequence[bytes], digests: Sequence[bytes], shapes: Sequence[str],
    at: datetime, signer: Signer,
) -> BatchOut:  # fmt: skip
    """The same batch as ``make_batch`` makes, of lines with their digests and the shape of each."""
    digest = sha256(b"".join(each + RECORD for each in digests)).hexdigest()
    note = sign_note(batch_text(signer.name, number, lane=lane, rows=len(lines), digest=digest, at=at), [signer])
    apart: dict[str, list[bytes]] = {shape: [] for shape in dict.fromkeys(shapes)}
    for shape, line in zip(shapes, lines, strict=True):
        apart[shape].append(line)
    return BatchOut(number, serial, lane, (), at, digest, note, apart)


def check_signature(note: str, key: VerifierKey, *, number: str, rows: int, digest: str) -> None:
    """Raises ``SignatureInvalid`` or ``FormatInvalid`` unless the note is signed by the key and says this of a batch."""
    lines = verify_note(note, [key]).text.split("\n")
    if len(lines) < 6 or lines[1] != number or lines[3] != str(rows) or lines[4] != digest:
        raise SignatureInvalid


def header_values(columns: Sequence[Column], batch: BatchOut, profile: Profile, provider: Provider) -> list[Value]:
    """The batch's own row or element, in the order of the columns."""
    fields: dict[str, Any] = {
        "batch": batch.number, "provider": provider.name, "provider_code": provider.code, "lane": batch.lane.value,
        "from_sequence": 1 if batch.size else 0, "to_sequence": batch.size, "rows": batch.size,
        "digest": batch.digest, "signature": batch.signature, "created_at": batch.created_at,
        "created_on": legal_day(batch.created_at).isoformat(), "kind": ",".join(sorted(profile.kinds)),
        "flow": f"{batch.number}-{batch.digest[:12]}",
    }  # fmt: skip
    return [_header_value(column, fields, profile) for column in columns]


def _header_value(column: Column, fields: dict[str, Any], profile: Profile) -> Value:
    if column.value:
        return column.value
    value = fields[column.source]
    if column.codes:
        return profile.codes[column.codes].get(str(value), str(value))
    if isinstance(value, datetime):
        if column.format == "milliseconds":
            return int(value.timestamp() * 1000)
        return written_instant(value, column.format)
    if column.source == "created_on":
        return written_day(str(value), column.format)
    return int(value) if isinstance(value, int) else str(value)
