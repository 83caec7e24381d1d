"""Whatever bytes and whatever rows come in: never an exception but a named one, and never a row without its answer."""

from __future__ import annotations

import csv
import io
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditsvc.kernel.errors import CreditServiceError
from sync.demo.generator import COLUMNS, generate
from sync.inbound.load import codes as all_codes
from sync.inbound.load import columns
from sync.inbound.records import InboundRecord
from tests.inbound.lists import GOOD, TODAY, Outcome, csv_of, ndjson_of, read
from tests.support.depth import examples, times

NAMES = [column.name for column in columns()]
LISTED = [name for name in NAMES if name != "row_type"]
MADE = [made.cells for made in generate(60, 9, TODAY) if not made.codes]
ODD = ["", " ", "暂无", "\x00", "\ufeff", '"', '""', "'", ",", "\n", "\r", "=1+1", "1e400", "NaN", "-0", "²", "٣", "〇", "\U0010ffff", "𬭎",
       "4101051990****4872", "410105199001014872", "2023年13月45日", "0000-00-00", "9" * 400, "（2026）豫0105执1号", "True",
       "<b>", "javascript:x()", "9999999999999", "\u202e倒", "<" * 400, "元年十一月十一日", "A" * 30_000]  # fmt: skip
WORDS = st.sampled_from(ODD) | st.text(max_size=40) | st.sampled_from([cell for row in MADE for cell in row.values()])
ANY: st.SearchStrategy[Any] = (
    WORDS | st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.lists(WORDS, max_size=3) | st.dictionaries(WORDS, WORDS, max_size=2)
)  # fmt: skip


def answered(content: bytes) -> list[Outcome] | None:
    """What the rows become; none if the file is refused by a known code. Whatever else happens is a failure."""
    try:
        outcomes = read(content)
    except CreditServiceError as wrong:
        assert all_codes()[wrong.code].fate == "file", wrong.code
        return None
    for outcome in outcomes:
        check(outcome)
    return outcomes


def check(outcome: Outcome) -> None:
    """A record, or faults that each have a row, a code of the table with its fate, and both texts."""
    if isinstance(outcome, InboundRecord):
        return
    assert outcome
    for fault in outcome:
        known = all_codes()[fault.code]
        assert known.fate == fault.severity, fault.code
        assert fault.row >= 2 and fault.text.zh and fault.text.en
        assert not fault.column or fault.column in NAMES


@given(st.binary(max_size=3000))
@examples(400)
def test_any_bytes(content: bytes) -> None:
    answered(content)


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"PK\x03\x04", b"[", b"{", b"[{", b'{"iname":']),
)
@examples(400)
def test_any_bytes_behind_a_known_beginning(content: bytes, beginning: bytes) -> None:
    answered(beginning + content)


@given(st.data())
@examples(150)
def test_any_bytes_amid_a_good_list(data: st.DataObject) -> None:
    good = csv_of(list(GOOD), list(GOOD.values()), list(GOOD.values()))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(good)))
        good = good[:at] + data.draw(st.binary(max_size=6)) + good[at + data.draw(st.integers(0, 3)) :]
    answered(good)


@given(st.lists(st.dictionaries(st.sampled_from(NAMES), ANY), max_size=6), st.booleans())
@examples(400)
def test_any_records(rows: list[dict[str, Any]], mixed: bool) -> None:
    """Of a list, and of a file whose rows say their shape."""
    first = dict.fromkeys(NAMES if mixed else LISTED, "")
    rows = rows if mixed else [{name: row[name] for name in row if name in LISTED} for row in rows]
    outcomes = answered(ndjson_of(first, *rows))
    assert outcomes is not None and len(outcomes) == len(rows) + 1


@given(st.lists(st.lists(WORDS, max_size=32), max_size=6))
@examples(300)
def test_any_cells(rows: list[list[str]]) -> None:
    """Properly quoted, each row that is not blank has its answer."""
    target = io.StringIO(newline="")
    csv.writer(target).writerows([COLUMNS, *rows])
    outcomes = answered(target.getvalue().encode())
    filled = sum(1 for row in rows if any(cell.strip() for cell in row))
    if outcomes is None:
        assert not filled or "\0" in target.getvalue()
    else:
        assert len(outcomes) >= filled


def spoil(cells: dict[str, str], chance: random.Random) -> dict[str, Any]:
    """A good row with one to three cells that are anything."""
    spoilt: dict[str, Any] = dict(cells)
    for name in chance.sample(COLUMNS, chance.randint(1, 3)):
        spoilt[name] = chance.choice((chance.choice(ODD), chance.choice(MADE)[chance.choice(COLUMNS)], chance.random() * 1e18,
                                      "".join(chr(chance.randrange(32, 0x9FFF)) for _ in range(chance.randrange(12)))))  # fmt: skip
    return spoilt


def storm(rows: int, seed: int) -> tuple[int, int, int]:
    """Bad rows with good ones between them: bad ones answered, exceptions, good ones refused."""
    chance, answers, lost = random.Random(seed), 0, 0
    good = iter(generate(rows, seed, TODAY))
    size = 2000
    for start in range(0, rows, size):
        records: list[dict[str, Any]] = []
        is_good: list[bool] = []
        for _ in range(start, min(rows, start + size)):
            made = next(good)
            records.append(spoil(made.cells, chance))
            is_good.append(False)
            if not made.codes and chance.random() < 0.02:
                # a debtor of its own, so that no row before it can be the same
                records.append({**made.cells, "decision_number": f"（2026）豫执{start}号之{len(records)}"})
                is_good.append(True)
        outcomes = answered(ndjson_of(*records))
        assert outcomes is not None and len(outcomes) == len(records)
        answers += sum(1 for well in is_good if not well)
        lost += sum(
            1 for well, found in zip(is_good, outcomes, strict=True) if well and not isinstance(found, InboundRecord)
        )
    return answers, 0, lost


def test_a_storm_of_bad_rows() -> None:
    rows = times(4000)
    assert storm(rows, 11) == (rows, 0, 0)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_a_million_bad_rows() -> None:
    assert storm(1_000_000, 12) == (1_000_000, 0, 0)
