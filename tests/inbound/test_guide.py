"""The page for a court's IT says what the reader does: its tables are the reader's own."""

from __future__ import annotations

from pathlib import Path

from creditsvc.register.corrections import FIELDS
from sync.inbound import guards
from sync.inbound.guide import NEEDS, corrected_columns, with_tables
from sync.inbound.load import columns
from sync.inbound.shapes import REQUIRED, Shape

PAGE = Path(__file__).parents[2] / "docs" / "intake.md"


def test_the_tables_of_the_page_are_current() -> None:
    page = PAGE.read_text("utf-8")
    assert page == with_tables(page), "run: python -m sync.inbound.guide docs/intake.md"


def test_what_the_page_names_is_there() -> None:
    names = {column.name for column in columns() if column.is_read}
    assert set(NEEDS) == set(Shape) == {shape for shape in REQUIRED if shape is not None}
    assert {name for required in REQUIRED.values() for name in required} <= names
    assert set(corrected_columns()) == {f"new_{name}" for name in FIELDS}
    page = PAGE.read_text("utf-8")
    for share in (guards.MAX_GROWTH, guards.MAX_COURT_SHARE):
        assert f"{share:.0%}" in page
