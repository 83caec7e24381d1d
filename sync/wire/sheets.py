"""A snapshot as rows for small offices: the columns of each stream, one row an entry, and its detached signature. Pure.

The first row names the stream, its sequence and until when the sheet may be relied on. Canaries are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sync.wire.encoding import instant, parse_number
from sync.wire.errors import FormatInvalid
from sync.wire.fields import FIELDS
from sync.wire.notes import Signer, VerifierKey, sign_note, verify_note
from sync.wire.origins import Origin

FORMS = ("csv", "xlsx")
_ORDER = (
    "entry", "revision", "kind", "debtor_kind", "name", "sex", "age", "number_masked", "subject", "unit_code", "legal_representative",
    "court_code", "court_name", "case_number", "filed_on", "basis_number", "basis_issuer", "obligation", "performance", "performed_part",
    "unperformed_part", "grounds", "published_on", "until", "marks", "roles", "items", "decision", "catalogue_code",
)  # fmt: skip
_TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠")


def columns_of(stream: str) -> list[str]:
    """Names of a stream's columns, in their order."""
    return [name for name in _ORDER if name in FIELDS[stream]]


def first_row(origin: Origin, sequence: int, valid_until: datetime) -> list[str]:
    """Name of the sheet, its sequence, its last instant."""
    return [f"{origin.text}/snapshot", "sequence", str(sequence), "valid until", instant(valid_until)]


def row_of(data: Mapping[str, Any], columns: Sequence[str]) -> list[str]:
    """One entry's cells; none of them can be taken for a formula."""
    return [harmless(_cell(data.get(name))) for name in columns]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return "; ".join(_cell(item) for item in value)
    if isinstance(value, Mapping):
        return " ".join(f"{name}={_cell(value[name])}" for name in sorted(value))
    return str(value)


def harmless(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet program would compute it."""
    return "'" + text if text.startswith(_TRIGGERS) else text


def sheet_text(origin: Origin, form: str, *, sequence: int, count: int, digest: str, valid_until: datetime) -> str:
    """Text of the detached note: sheet, sequence, entries, SHA-256 of the file in hex, last instant; a line each."""
    return f"{origin.snapshot}.{form}\n{sequence}\n{count}\n{digest}\n{instant(valid_until)}\n"


def sign_sheet(text: str, signers: Sequence[Signer]) -> str:
    """The signed note that goes beside the file."""
    return sign_note(text, signers)


def verify_sheet(
    note: str | bytes, keys: Sequence[VerifierKey], origin: Origin, form: str, digest: str
) -> tuple[int, int, str]:
    """Sequence, count and last instant of a sheet with this digest. Raises SignatureInvalid, FormatInvalid."""
    lines = verify_note(note, keys).text.split("\n")
    if len(lines) != 6 or lines[5] or lines[0] != f"{origin.snapshot}.{form}" or lines[3] != digest:
        raise FormatInvalid("sheet", "not the note of this file")
    return parse_number(lines[1], "sheet"), parse_number(lines[2], "sheet"), lines[4]
