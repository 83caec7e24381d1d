"""The short ways of the reader give what the long ones give, on every cell that anybody may write."""

from __future__ import annotations

from typing import Any
from unicodedata import normalize

from hypothesis import given
from hypothesis import strategies as st

from creditsvc.kernel.case_numbers import parse_case_number
from creditsvc.kernel.errors import InvalidInput
from sync.demo.generator import generate
from sync.inbound import values
from sync.inbound.cells import Row
from sync.inbound.columns import Plan
from sync.inbound.parse import case_key, fold_number
from tests.inbound.test_fuzz import ANY, MADE, TODAY, WORDS
from tests.support.depth import examples

COLUMNS = st.sampled_from(["subject_name", "duty", "case_code", "age", "order_number"])
DAYS = (
    WORDS | st.dates().map(str) | st.from_regex(r"[12][0-9]{3}[年/.-]?[0-9]{1,2}[月/.-]?[0-9]{1,2}日?", fullmatch=True)
)


@given(st.lists(ANY, max_size=3), st.lists(st.integers(0, 3), max_size=3, unique=True), COLUMNS)
@examples(400)
def test_texts(cells: list[Any], places: list[int], column: str) -> None:
    plan = Plan({column: tuple(places)} if places else {}, {})
    short, long = Row(2, cells, plan), Row(2, cells, plan)
    assert short.text(column) == long.any_text(column)
    assert short.faults == long.faults


@given(DAYS)
@examples(400)
def test_days(raw: str) -> None:
    def told(read: Any) -> Any:
        try:
            return read(raw)
        except values.Unreadable as wrong:
            return wrong.code

    assert told(values.day_of_text) == told(values.read_day) == told(values.day_of_text)


@given(st.lists(st.sampled_from([row["case_code"] for row in MADE]) | st.from_regex(
    r"[（(〔]?20(1[0-9]|2[0-9])[）)〕]?(豫0105执恢?|金执字第|宁执字第)0{0,2}[1-3]{1,2}(-1)?号(之[一二])?", fullmatch=True),
     min_size=2, max_size=2))  # fmt: skip
@examples(400)
def test_case_keys(raws: list[str]) -> None:
    try:
        one, other = map(parse_case_number, raws)
    except InvalidInput:
        return
    assert (case_key(one.text) == case_key(other.text)) == (one.key == other.key)


@given(st.text(max_size=40) | st.sampled_from([row["decision_number"] for row in MADE]))
@examples(300)
def test_numbers_of_documents(text: str) -> None:
    brackets = str.maketrans("〔〕【】[]{}", "()()()()")
    assert fold_number(text) == "".join(normalize("NFKC", text).translate(brackets).split())


def test_a_made_list_is_read_the_same_way_cell_by_cell() -> None:
    for made in generate(300, 5, TODAY):
        cells = list(made.cells.values())
        plan = Plan({name: (place,) for place, name in enumerate(made.cells)}, {})
        for column in made.cells:
            assert Row(2, cells, plan).text(column) == Row(2, cells, plan).any_text(column)
