"""The synthetic list against what it says of itself, in every format that courts send."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from sync.demo.faults import FAULTS
from sync.inbound.records import InboundRecord
from tests.inbound.lists import codes, read, write_list
from tests.support.depth import times


@pytest.mark.parametrize("seed", [2, 42, 20261124])
def test_every_row_becomes_what_it_was_made_to_be(tmp_path: Path, seed: int) -> None:
    content, expected = write_list(tmp_path, "list.csv", rows=times(1000), seed=seed)
    differences = [
        (want, codes(outcome))
        for want, outcome in zip(expected, read(content), strict=True)
        if want.get("codes", []) != codes(outcome)
    ]
    assert differences == []


def test_every_kind_of_fault_is_made_and_found(tmp_path: Path) -> None:
    content, expected = write_list(tmp_path, "list.csv", rows=3000, seed=3)
    made = Counter(code for want in expected for code in want.get("codes", []))
    found = Counter(code for outcome in read(content) for code in codes(outcome))
    assert made == found
    assert set(made) == {fault.code for fault in FAULTS}


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("list.csv", "utf-8"), ("list.csv", "utf-8-sig"), ("list.csv", "gb18030"), ("list.xlsx", "utf-8"),
     ("list.ndjson", "utf-8"), ("list.ndjson", "gb18030")],
)  # fmt: skip
def test_one_list_is_the_same_in_every_format(tmp_path: Path, name: str, encoding: str) -> None:
    rows = times(400)
    plain, _ = write_list(tmp_path, "plain.csv", rows=rows, seed=5, encoding="utf-8")
    content, expected = write_list(tmp_path, name, rows=rows, seed=5, encoding=encoding)
    assert [want["row"] for want in expected] == list(range(2, rows + 2))
    want, got = read(plain), read(content)
    assert [codes(outcome) for outcome in got] == [codes(outcome) for outcome in want]
    assert [x for x in got if isinstance(x, InboundRecord)] == [x for x in want if isinstance(x, InboundRecord)]
