"""``python -m creditsvc.web.translate PACKAGE``: gather Chinese texts, keep their English, compile.

Texts are the arguments of ``_()`` and ``{% trans %}`` in a package's Python and templates. A package's catalogue is in
its own ``translations``; the web floor's serves all of ``creditsvc``. A text that is gone is dropped; a new one waits
with an empty English, and the tests fail until somebody writes it.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[2]
CATALOGUES = {
    "creditsvc": ROOT / "creditsvc" / "web" / "translations",
    "punishment_rules": ROOT / "punishment_rules" / "translations",
    "repair": ROOT / "repair" / "translations",
    "sync": ROOT / "sync" / "translations",
}
# a fixed date: the file changes only when a text does
_UNDATED = datetime(2026, 1, 1, tzinfo=UTC)
METHODS = [("**/templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
OPTIONS = {"**/templates/**.html": {"trimmed": "false", "silent": "false"}}
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "lazy_gettext": None,
}


def texts_of(package: str) -> Iterator[tuple[str | tuple[str, ...], str, int]]:
    """Every text of a package, the file that holds it and its line, in order."""
    found = extract_from_dir(ROOT / package, METHODS, OPTIONS, KEYWORDS)
    for file, line, text, _comments, _context in sorted(found, key=lambda row: (row[0], row[1])):
        yield text, f"{package}/{file}", line


def catalogue_path(package: str) -> Path:
    """The package's English catalogue."""
    return CATALOGUES[package] / "en" / "LC_MESSAGES" / "messages.po"


def read(package: str) -> Catalog:
    """The catalogue as it stands; an empty one if there is none."""
    path = catalogue_path(package)
    if not path.exists():
        return Catalog(locale="en")
    with path.open("rb") as file:
        return read_po(file, locale="en")


def merged(package: str) -> Catalog:
    """The package's texts of today with the English that is known."""
    known = read(package)
    catalogue = Catalog(
        locale="en", project="creditsvc", charset="utf-8", fuzzy=False, creation_date=_UNDATED, revision_date=_UNDATED
    )
    for text, _file, _line in texts_of(package):
        old = known.get(text if isinstance(text, str) else text[0])
        catalogue.add(text, old.string if old else None, context=None)
    return catalogue


def po_bytes(catalogue: Catalog) -> bytes:
    """The text form, sorted, without places: it changes only when a text does."""
    out = io.BytesIO()
    write_po(out, catalogue, sort_output=True, no_location=True, omit_header=False, width=0)
    return out.getvalue()


def mo_bytes(catalogue: Catalog) -> bytes:
    """The compiled form."""
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def untranslated(catalogue: Iterable[Message]) -> list[str]:
    """Texts without English."""
    return [str(message.id) for message in catalogue if message.id and not _complete(message.string)]


def _complete(string: str | Sequence[str] | None) -> bool:
    if not string:
        return False
    return isinstance(string, str) or all(string)


def main(argv: Sequence[str]) -> int:
    """Gather and compile one package; 1 while English is missing."""
    if len(argv) != 1 or argv[0] not in CATALOGUES:
        sys.stderr.write(f"usage: python -m creditsvc.web.translate {{{','.join(CATALOGUES)}}}\n")
        return 2
    catalogue = merged(argv[0])
    path = catalogue_path(argv[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(po_bytes(catalogue))
    path.with_suffix(".mo").write_bytes(mo_bytes(catalogue))
    missing = untranslated(catalogue)
    sys.stdout.write(f"{len(catalogue)} texts, {len(missing)} without English\n")
    sys.stdout.writelines(f"  {text}\n" for text in missing)
    return 1 if missing else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
