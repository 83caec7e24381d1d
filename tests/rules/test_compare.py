"""Differences between two days and between two catalogues."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from punishment_rules import law
from punishment_rules.catalogue_types import Applied
from punishment_rules.compare import Change, between_catalogues, between_days
from punishment_rules.load import catalogue, load_catalogue

SHIPPED = Path(law.__file__).parent / "catalogue"


def test_the_new_company_law_changes_exactly_the_rows_that_stand_on_it() -> None:
    found = {one.measure_id: one for one in between_days(catalogue(), date(2024, 6, 30), date(2024, 7, 1))}
    assert found["mr-director-bar"].change is Change.REWORDED
    assert [clause.document_id for clause in found["mr-director-bar"].clauses_before] == ["COMP18"]
    assert [clause.document_id for clause in found["mr-director-bar"].clauses_after] == ["COMP"]
    assert found["fin-exchange-head-bar"].change is Change.BEGUN
    assert "travel-air" not in found


def test_two_days_without_new_law_are_alike() -> None:
    assert between_days(catalogue(), date(2026, 6, 1), date(2026, 6, 2)) == ()


def test_a_reference_became_a_bar() -> None:
    found = {one.measure_id: one for one in between_days(catalogue(), date(2023, 8, 31), date(2023, 9, 1))}
    bar = found["fin-private-fund-registration-bar"]
    assert (bar.change, bar.before, bar.after) == (Change.APPLIED_OTHERWISE, Applied.OFFICER, Applied.AUTOMATIC)


def test_what_if_a_version_ended(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "catalogue"))
    path = folder / "justice.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("from = 2018-04-27", "from = 2018-04-27\nto = 2026-12-31"), encoding="utf-8")
    changed = load_catalogue(folder)
    assert between_catalogues(catalogue(), changed, date(2026, 12, 31)) == ()
    gone = between_catalogues(catalogue(), changed, date(2027, 1, 1))
    assert [(one.measure_id, one.change) for one in gone] == [("court-peoples-assessor-bar", Change.ENDED)]
