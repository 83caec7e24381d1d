"""Whatever somebody writes into a file of the law: it loads, or the fault is told with its file and a line of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from punishment_rules import law
from punishment_rules.catalogue_types import Catalogue, CatalogueError
from punishment_rules.load import catalogue_from, overlay_from
from tests.support.depth import examples

SHIPPED = {path.name: path.read_bytes() for path in (Path(law.__file__).parent / "catalogue").glob("*.toml")}
SMALL = {name: SHIPPED[name] for name in ("_documents.toml", "all_regulators.toml", "justice.toml", "military.toml")}
"""A catalogue of two sectors is one too, and quicker to read."""
PIECES = st.sampled_from([
    b"", b"\n", b"]", b"[", b'"', b"=", b"id = 1\n", b"[[measure]]\n", b"[[measure.version]]\n", b"acts = []\n", b"from = 2026-01-01\n",
    b"from = 2026-01-01T00:00:00Z\n", b"kinds = [[1]]\n", b"clauses = 3\n", b"version = {}\n", "\u3000".encode(), b"\xff",
    b"x = " + b"9" * 5000,
])  # fmt: skip


def loaded(files: dict[str, bytes]) -> Catalogue | CatalogueError:
    try:
        return catalogue_from(files)
    except CatalogueError as fault:
        return fault


@examples(250)
@given(st.sampled_from(sorted(SMALL)), st.data())
def test_a_spoilt_file_loads_or_is_named(name: str, data: st.DataObject) -> None:
    lines = SMALL[name].splitlines(keepends=True)
    start = data.draw(st.integers(0, len(lines)))
    end = data.draw(st.integers(start, min(len(lines), start + 3)))
    spoilt = b"".join([*lines[:start], data.draw(PIECES), *lines[end:]])
    found = loaded({**SMALL, name: spoilt})
    if isinstance(found, CatalogueError):
        assert found.path in SMALL
        assert 1 <= found.line <= len({**SMALL, name: spoilt}[found.path].splitlines()) + 1
        assert str(found).startswith(f"{found.path}:{found.line}: ")
    else:
        assert all(version.clauses for measure in found.measures.values() for version in measure.versions)


@examples(200)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_no_decision_or_a_named_fault(content: bytes) -> None:
    try:
        assert overlay_from(content, catalogue_from(SMALL)).rows == ()
    except CatalogueError as fault:
        assert fault.path == "overlay.toml"


@pytest.mark.parametrize("text", [b"x = " + b"[" * 100_000, b"x = " + b"9" * 10_000])
def test_what_wears_a_reader_out_is_refused(text: bytes) -> None:
    assert isinstance(loaded({**SMALL, "justice.toml": text}), CatalogueError)
