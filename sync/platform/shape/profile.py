"""A profile: how one platform takes our rows and gives its answers. Read from TOML, never written in code. Pure.

A profile names columns; each column says from which field it is filled. What fields there are stands here, in one table
a question: of the envelope, of the entry, of its number, of its end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from creditsvc.kernel.text import Bilingual


class Layout(StrEnum):
    """In what a platform takes rows: tables of a front-end database, or a kind of file."""

    TABLE = "table"
    CSV = "csv"
    XLSX = "xlsx"
    XML = "xml"
    JSON = "json"


class ColumnType(StrEnum):
    """What a column of a table holds. Files hold text alone, numbers in JSON."""

    TEXT = "text"
    INTEGER = "integer"
    DAY = "day"
    INSTANT = "instant"


class Operation(StrEnum):
    """What a row does at the platform."""

    INSERT = "I"
    UPDATE = "U"
    DELETE = "D"


class Shape(StrEnum):
    """Whom an entry is about; platforms keep the two in different tables."""

    PERSON = "person"
    ORGANISATION = "organisation"


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


ENVELOPE = _names(
    "batch sequence key version operation status sent_on sent_at provider provider_code hash flow kind debtor_kind row_id"
)
"""Of every row. ``key`` is the entry, ``version`` its revision, ``flow`` and ``row_id`` are made of the row's place."""
ENTRY = _names(
    "name sex age unit_code legal_representative court_code court_name court_division case_number filed_on basis_number "
    "basis_issuer obligation performance performed_part unperformed_part grounds published_on until marks decision "
    "catalogue_code"
)
"""Of an entry in force; never on a row that ends one, since a removal carries no personal data."""
IDENTITY = _names("number number_type number_masked token subject")
"""``number`` is in clear and only where the agreement says so; an organisation's is its unit code."""
EXIT = _names("exit exit_ground exit_effect ended_on exit_due exit_decision exit_basis")
"""Of a row that ends an entry."""
BATCH = _names(
    "batch provider provider_code lane from_sequence to_sequence rows digest signature created_on created_at kind flow"
)
FEEDBACK = _names("id taken batch sequence key result code field message record effect at")
MESSAGE = _names("id taken kind key text result at old new due")
ANSWER = _names("message outcome text at provider provider_code")
HOLDING = _names("key version status court")
RESULTS = _names("accepted rejected duplicate superseded")
MESSAGE_KINDS = _names("objection credit_repair identity registration")
HELD = _names("listed ended")


@dataclass(frozen=True, slots=True)
class Column:
    """One column or element. ``source`` is empty for a constant ``value``."""

    name: str
    source: str
    value: str = ""
    type: ColumnType = ColumnType.TEXT
    format: str = "iso"
    """Of days and instants: ``iso``, ``compact``, ``chinese``, ``milliseconds``."""
    length: int = 0
    """Most characters; 0 is no limit."""
    must: frozenset[str] = frozenset()
    """Shapes for which a row in force must have a value."""
    codes: str = ""
    join: str = ","
    default: str = ""
    cut: bool = False
    """Whether a longer text is cut; else the row is refused before it is sent."""


@dataclass(frozen=True, slots=True)
class FileShape:
    """How rows stand in a file, and how files are named and laid down."""

    name: str = "{batch}"
    zipped: bool = False
    delimiter: str = ","
    root: str = "batch"
    header: str = "header"
    body: str = "rows"
    row: str = "row"
    out: str = "out"
    back: str = "back"
    done: str = "done"


@dataclass(frozen=True, slots=True)
class Side:
    """A list of rows that goes one way: receipts, messages, answers, holdings, headers of batches.

    ``place`` is a table, or the beginning of a file's name.
    """

    place: str
    columns: tuple[Column, ...]

    def named(self, source: str) -> str:
        """The column that is filled from, or holds, this field; empty if there is none."""
        return next((column.name for column in self.columns if column.source == source), "")


@dataclass(frozen=True, slots=True)
class RefusalCode:
    """One of the platform's codes for a refused row: what it means and what to do."""

    code: str
    means: str
    """``unknown_key``, ``duplicate``, ``identity``, ``format``, ``missing``, ``court``, ``hash``, ``signature``, ``other``."""
    says: Bilingual


@dataclass(frozen=True, slots=True)
class Schedule:
    """When and how much is sent. Removals and corrections wait for none of it."""

    additions_seconds: int = 60
    batch_rows: int = 5000
    reconcile_hour: int = 2


@dataclass(frozen=True, slots=True)
class Profile:
    """One way of exchange, whole."""

    id: str
    title: Bilingual
    source: str
    layout: Layout
    kinds: frozenset[str]
    encoding: str
    schedule: Schedule
    tables: Mapping[str, str]
    """Shape → table, where the layout is ``table``; both may be one."""
    file: FileShape
    columns: tuple[Column, ...]
    codes: Mapping[str, Mapping[str, str]]
    number: str
    """How batches are numbered: a text with ``{serial}`` and, if wanted, ``{provider}`` and ``{day}``."""
    header: Side | None
    feedback: Side
    results: Mapping[str, str]
    """Their word for what became of a row → one of ``RESULTS``."""
    refusals: Mapping[str, RefusalCode]
    messages: Side | None
    message_kinds: Mapping[str, str]
    answers: Side | None
    holdings: Side | None
    held: Mapping[str, str]
    """Their word for a record's status → ``listed`` or ``ended``."""

    @property
    def wants_numbers(self) -> bool:
        """Whether some column holds an identity number in clear."""
        return any(column.source == "number" for column in self.columns)

    def table_of(self, shape: str) -> str:
        """The table of this shape's rows; files have one place for all."""
        return self.tables.get(shape, "")
