"""Names of columns: every alias seen in any source means just one of ours."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from sync.inbound.columns import fold, plan
from sync.inbound.load import columns, columns_by_name
from sync.inbound.records import InboundRecord
from tests.inbound.lists import GOOD, codes, csv_of, read

SEEN = list(csv.DictReader((Path(__file__).parent / "aliases.csv").read_text("utf-8").splitlines()))
BEYOND = ("decision_number", "decided_on", "decision_signed_by", "served_on", "service_mode", "national_entry", "national_entered_on",
          "applicants", "order_number", "order_issued_on")  # fmt: skip


def test_every_alias_seen_means_its_column() -> None:
    wrong = [row for row in SEEN if columns_by_name()[fold(row["alias"])].name != row["canonical"]]
    assert wrong == []
    assert len({row["canonical"] for row in SEEN}) == 37
    assert all(columns_by_name()[name].is_read for name in BEYOND)


def test_no_name_means_two_columns() -> None:
    names = [fold(name) for column in columns() for name in dict.fromkeys((column.name, column.zh, *column.aliases))]
    owners: dict[str, set[str]] = {}
    for column in columns():
        for name in (column.name, column.zh, *column.aliases):
            owners.setdefault(fold(name), set()).add(column.name)
    assert {name: found for name, found in owners.items() if len(found) > 1} == {}
    assert set(names) == set(owners)


@pytest.mark.parametrize("source", sorted({row["source"] for row in SEEN}))
def test_a_file_in_the_words_of_each_source(source: str) -> None:
    """The words of that source where it has one, ours elsewhere, in whatever case and width."""
    words = {row["canonical"]: row["alias"] for row in SEEN if row["source"] == source}
    for change in (str.lower, str.upper, lambda text: f" {text} ", lambda text: text.translate(WIDE)):
        headers = [change(words.get(name, name)) for name in GOOD]
        (outcome,) = read(csv_of(headers, list(GOOD.values())))
        assert isinstance(outcome, InboundRecord), codes(outcome)
        assert outcome.subject_name == GOOD["subject_name"]


WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def test_known_columns_that_are_not_needed_are_read_past() -> None:
    ignored = [column.name for column in columns() if not column.is_read]
    (outcome,) = read(csv_of([*GOOD, *ignored], [*GOOD.values(), *["x"] * len(ignored)]))
    assert isinstance(outcome, InboundRecord), codes(outcome)


def test_a_plan_names_the_senders_own_headers() -> None:
    made = plan(["姓名", "身份证号码", "案号", "失信行为具体情形", "执行法院"], columns_by_name())
    assert (made.header("subject_name"), made.header("id_number"), made.header("decided_on")) == (
        "姓名",
        "身份证号码",
        "decided_on",
    )
