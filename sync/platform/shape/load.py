"""Reads profiles, strictly: a key that nobody knows or a field that is missing is named with file and line.

The room's only file that reads profiles from disk.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from punishment_rules.catalogue_types import CatalogueError
from punishment_rules.strict import Source, Table
from sync.platform.shape import profile as p
from sync.wire.fields import KINDS

_ROWS = p.ENVELOPE | p.ENTRY | p.IDENTITY | p.EXIT
_FORMATS = frozenset({"iso", "compact", "chinese", "milliseconds"})
_ENCODINGS = frozenset({"utf-8", "utf-8-sig", "gb18030"})
_MUST_HAVE = ("key", "version", "operation", "status")


@cache
def shipped() -> Mapping[str, p.Profile]:
    """The profiles that ship with the product, by id."""
    folder = files("sync.platform") / "profiles"
    found = sorted((path for path in folder.iterdir() if path.name.endswith(".toml")), key=lambda path: path.name)
    return {path.name.removesuffix(".toml"): parse_profile(path.name, path.read_text("utf-8")) for path in found}


def profile_named(name: str, folder: Path | None = None) -> p.Profile:
    """A profile by id: from the installation's own folder, else one of ours; raises ``InvalidInput``."""
    path = folder / f"{name}.toml" if folder else None
    if path is not None and name.replace("_", "").isalnum() and path.is_file():
        return load_profile(path)
    if name not in shipped():
        known = ", ".join(sorted(shipped()))
        raise InvalidInput(
            Bilingual(f"没有交换方案 {name}；已有：{known}", f"no profile {name}; there are: {known}"),
            code="profile-unknown",
            field="profile",
        )
    return shipped()[name]


def load_profile(path: Path) -> p.Profile:
    """A profile from a file; raises ``InvalidInput`` with file and line."""
    try:
        return parse_profile(path.name, path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as wrong:
        raise _fault(CatalogueError(f"can't be read: {type(wrong).__name__}", path=path.name, line=1)) from None


def parse_profile(name: str, text: str) -> p.Profile:
    """A profile from its text; ``name`` is the file's. Raises ``InvalidInput`` (``profile-fault``) with file and line."""
    try:
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as wrong:
            digits = str(wrong).rpartition("at line ")[2].partition(",")[0]
            raise CatalogueError(str(wrong), path=name, line=int(digits) if digits.isdigit() else 1) from None
        return _profile(Table(data, Source(name, text)), name)
    except CatalogueError as fault:
        raise _fault(fault) from None


def _fault(fault: CatalogueError) -> InvalidInput:
    where = f"{fault.path}:{fault.line}"
    return InvalidInput(
        Bilingual(f"交换方案 {where}：{fault.problem}", f"profile {where}: {fault.problem}"),
        code="profile-fault",
        path=fault.path,
        line=fault.line,
    )


def _profile(top: Table, name: str) -> p.Profile:
    id_ = top.text("profile")
    if name != f"{id_}.toml":
        raise top.fault(f"the file of profile {id_!r} must be named {id_}.toml", "profile")
    layout, codes = top.enum("layout", p.Layout), _codes(top)
    columns = _columns(top, "column", _ROWS, codes, rows=True)
    feedback = top.table("feedback")
    messages = top.table("messages") if top.has("messages") else None
    holdings = top.table("holdings") if top.has("holdings") else None
    made = p.Profile(
        id=id_,
        title=Bilingual(*_pair(top)),
        source=top.text("source"),
        layout=layout,
        kinds=_kinds(top),
        encoding=_one_of(top, "encoding", _ENCODINGS, "utf-8"),
        schedule=_schedule(top),
        tables=_tables(top, layout),
        file=_file(top, layout),
        columns=columns,
        codes=codes,
        number=_number(top),
        header=_side(top.table("batch"), p.BATCH, codes) if top.has("batch") else None,
        results=_words(feedback, "results", p.RESULTS),
        refusals=_refusals(feedback),
        feedback=_side(feedback, p.FEEDBACK, codes, ("id", "batch", "sequence", "result")),
        message_kinds=_words(messages, "kinds", p.MESSAGE_KINDS) if messages else {},
        messages=_side(messages, p.MESSAGE, codes, ("id", "kind", "key")) if messages else None,
        answers=_side(top.table("answers"), p.ANSWER, codes, ("message", "outcome")) if top.has("answers") else None,
        held=_words(holdings, "statuses", p.HELD) if holdings else {},
        holdings=_side(holdings, p.HOLDING, codes, ("key", "version", "status")) if holdings else None,
    )
    top.done()
    return made


def _pair(top: Table) -> tuple[str, str]:
    return top.text("title_zh"), top.text("title_en")


def _kinds(top: Table) -> frozenset[str]:
    kinds = frozenset(top.texts("kinds"))
    if not kinds or not kinds <= KINDS["platform"]:
        raise top.fault(f"kinds are some of {', '.join(sorted(KINDS['platform']))}", "kinds")
    return kinds


def _one_of(table: Table, key: str, allowed: frozenset[str], default: str) -> str:
    word = table.text(key, default)
    if word not in allowed:
        raise table.fault(f"{key}: {word!r} is none of {', '.join(sorted(allowed))}", key)
    return word


def _codes(top: Table) -> dict[str, dict[str, str]]:
    return {table.text("id"): table.words() for table in top.tables("codes")}


def _number(top: Table) -> str:
    number = top.text("batch_number", "{provider}{day}{serial}")
    bare = number.replace("{provider}", "").replace("{day}", "").replace("{serial}", "")
    if "{serial}" not in number or "{" in bare or "}" in bare:
        raise top.fault("batch_number has {serial} and may have {provider} and {day}", "batch_number")
    return number


def _schedule(top: Table) -> p.Schedule:
    if not top.has("schedule"):
        return p.Schedule()
    table = top.table("schedule")
    made = p.Schedule(
        additions_seconds=table.number("additions_seconds", 60),
        batch_rows=table.number("batch_rows", 5000),
        reconcile_hour=table.number("reconcile_hour", 2),
    )
    if not 1 <= made.batch_rows <= 50_000:
        raise table.fault("batch_rows lies between 1 and 50000", "batch_rows")
    if made.reconcile_hour > 23:
        raise table.fault("reconcile_hour is an hour of the day, 0 to 23", "reconcile_hour")
    table.done()
    return made


def _tables(top: Table, layout: p.Layout) -> dict[str, str]:
    if layout is not p.Layout.TABLE:
        return {}
    table = top.table("tables")
    found = {shape.value: table.text(shape.value) for shape in p.Shape}
    table.done()
    return found


def _file(top: Table, layout: p.Layout) -> p.FileShape:
    if layout is p.Layout.TABLE or not top.has("file"):
        return p.FileShape()
    table, plain = top.table("file"), p.FileShape()
    texts = {
        key: table.text(key, str(getattr(plain, key)))
        for key in ("name", "delimiter", "root", "header", "body", "row", "out", "back", "done")
    }
    made = p.FileShape(zipped=table.flag("zipped"), **texts)
    if "{batch}" not in made.name:
        raise table.fault("name has {batch}", "name")
    if len(made.delimiter) != 1:
        raise table.fault("delimiter is one character", "delimiter")
    table.done()
    return made


def _columns(
    table: Table, key: str, known: frozenset[str], codes: Mapping[str, Mapping[str, str]], *, rows: bool = False
) -> tuple[p.Column, ...]:
    made = tuple(_column(row, known, codes) for row in table.tables(key))
    names = [column.name for column in made]
    if twice := {name for name in names if names.count(name) > 1}:
        raise table.fault(f"columns stand there twice: {', '.join(sorted(twice))}", sorted(twice)[0])
    if rows:
        sources = {column.source for column in made}
        if missing := [source for source in _MUST_HAVE if source not in sources]:
            raise table.fault(f"no column is filled from {', '.join(missing)}", key)
    return made


def _column(row: Table, known: frozenset[str], codes: Mapping[str, Mapping[str, str]]) -> p.Column:
    name, source, value = row.text("name"), row.text("from", ""), row.text("value", "")
    if bool(source) == bool(value):
        raise row.fault(f"column {name} has either from or value", "name")
    if source and source not in known:
        raise row.fault(f"column {name}: no field {source!r}", "from")
    made = p.Column(
        name=name,
        source=source,
        value=value,
        type=row.maybe_enum("type", p.ColumnType) or p.ColumnType.TEXT,
        format=_one_of(row, "format", _FORMATS, "iso"),
        length=row.number("length", 0),
        must=row.enums("must", p.Shape),
        codes=row.text("codes", ""),
        join=row.text("join", ","),
        default=row.text("default", ""),
        cut=row.flag("cut"),
    )
    if made.codes and made.codes not in codes:
        raise row.fault(f"column {name}: no code list {made.codes!r}", "codes")
    row.done()
    return made


def _side(
    table: Table, known: frozenset[str], codes: Mapping[str, Mapping[str, str]], must: tuple[str, ...] = ()
) -> p.Side:
    made = p.Side(table.text("place"), _columns(table, "column", known, codes))
    if missing := [source for source in must if not made.named(source)]:
        raise table.fault(f"no column is for {', '.join(missing)}", "column")
    table.done()
    return made


def _words(table: Table, key: str, allowed: frozenset[str]) -> dict[str, str]:
    inner = table.table(key)
    found = inner.words()
    for word, ours in found.items():
        if ours not in allowed:
            raise inner.fault(f"{word}: {ours!r} is none of {', '.join(sorted(allowed))}", word)
    return found


def _refusals(feedback: Table) -> dict[str, p.RefusalCode]:
    found: dict[str, p.RefusalCode] = {}
    for row in feedback.tables("code"):
        code = row.text("id")
        if code in found:
            raise row.fault(f"code {code} stands there twice", "id")
        found[code] = p.RefusalCode(code, row.text("means", "other"), Bilingual(row.text("zh"), row.text("en")))
        row.done()
    return found
