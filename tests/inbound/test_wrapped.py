"""Lists as interfaces wrap them and as warehouses dump them, each file made here: read as the same rows, or refused by name."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditsvc.kernel.errors import CreditServiceError
from creditsvc.kernel.sheets.base64_cells import plain
from creditsvc.kernel.sheets.json_wrapped import Pushed
from sync.inbound.records import InboundRecord
from tests.inbound.lists import GOOD, codes, csv_of, ndjson_of, read

ROWS = [{**GOOD, "case_code": f"（2026）豫0105执{number}号"} for number in range(1, 4)]
OFFICERS = [{"cardNum": "", "corporationtypename": "法定代表人", "iname": "李四"}]


def written(value: Any, **how: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, **how).encode()


WRAPPED: dict[str, Any] = {
    "a plain list": ROWS,
    "one object around it": {"code": 0, "msg": "成功", "total": 3, "data": ROWS},
    "two levels": {"status": "0", "result": {"pageNum": 1, "items": ROWS}},
    "Baidu's open data": {"status": "0", "t": "", "data": [{"listNum": 3, "dispNum": 3, "disp_data": ROWS}]},
    "a list of one court's case data": {"sx": {"sxbzxr_current": ROWS, "sxbzxr_sum": 3}},
    "rows with a list of their own": {"data": [{**row, "qysler": OFFICERS} for row in ROWS]},
    "words that look like brackets": {"note": '列表 [{"iname": 1}] 见附件', "data": ROWS},
    "an object for each row": {"hits": [{"_index": "list", "_source": {"rows": [row]}} for row in ROWS]},
}


@pytest.mark.parametrize("how", [{}, {"indent": 2}, {"separators": (",", ":")}], ids=["spaced", "indented", "dense"])
@pytest.mark.parametrize("name", WRAPPED)
def test_a_wrapped_list_is_its_rows(name: str, how: dict[str, Any]) -> None:
    bare = read(ndjson_of(*ROWS))
    assert all(isinstance(row, InboundRecord) for row in bare)
    assert read(written(WRAPPED[name], **how)) == bare
    assert read(b"\xef\xbb\xbf" + written(WRAPPED[name], **how)) == bare
    assert read(json.dumps(WRAPPED[name], ensure_ascii=False, **how).encode("gb18030")) == bare


def test_a_list_longer_than_what_is_looked_at_is_read_to_its_end() -> None:
    rows = [{**GOOD, "case_code": f"（2026）豫0105执{number}号", "duty": "给付货款" * 60} for number in range(1, 1200)]
    assert read(written({"data": rows, "page": {"total": 1199}})) == read(ndjson_of(*rows))


@pytest.mark.parametrize("after", [{"history": ROWS}, {"lh": {"lhbzxr_current": ROWS}}, {"x": "[{", "past": ROWS}])
def test_two_lists_are_refused_and_none_is_left_out(after: dict[str, Any]) -> None:
    long = [{**row, "duty": "给付" * 20_000} for row in ROWS]
    for rows in (ROWS, long):
        with pytest.raises(CreditServiceError) as caught:
            read(written({"data": rows, **after}))
        assert caught.value.code == "json-two-lists"
    with pytest.raises(CreditServiceError) as caught:
        read(written({"data": [{"now": ROWS, **after}]}))
    assert caught.value.code == "json-two-lists"


def test_rows_one_a_line_are_no_wrapper() -> None:
    """Not even where one of them has a list of its own, or does not parse."""
    rows = [{**row, "qysler": OFFICERS} for row in ROWS]
    assert read(ndjson_of(*rows)) == read(ndjson_of(*ROWS))
    broken = ndjson_of(rows[0]).replace("给付货款".encode(), '给付"货款"'.encode()) + ndjson_of(*rows[1:])
    assert codes(read(broken)[0]) == ["row-not-json"] and len(read(broken)) == 3


def test_a_wrapper_that_is_cut_off_or_holds_nothing() -> None:
    whole = written({"data": ROWS})
    for content, code in (
        (whole[:-200], "file-cut-off"),
        (whole[:30], "file-cut-off"),
        (b'{"data": []}', "header-missing"),
    ):
        with pytest.raises(CreditServiceError) as caught:
            read(content)
        assert caught.value.code == code


@given(st.text(alphabet="ab\n", max_size=60), st.integers(0, 70), st.lists(st.integers(1, 20), max_size=20))
def test_a_beginning_that_was_looked_at_is_read_again(text: str, looked: int, sizes: list[int]) -> None:
    for by_line in (False, True):
        pushed, bare = Pushed(io.StringIO(text)), io.StringIO(text)  # type: ignore[arg-type]
        pushed.look(looked)
        read_of = [one.readline if by_line else one.read for one in (pushed, bare)]
        assert [read_of[0](size) for size in [*sizes, 100]] == [read_of[1](size) for size in [*sizes, 100]]


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def dump(rows: list[dict[str, Any]], columns: set[str]) -> bytes:
    """A warehouse's dump: no quotes, texts of these columns in base64."""
    lines = ["\x01".join(rows[0])]
    for row in rows:
        cells = [
            r"\N" if value is None else encoded(str(value)) if name in columns else str(value)
            for name, value in row.items()
        ]
        lines.append("\x01".join(cells))
    return ("\n".join(lines) + "\n").encode()


@pytest.mark.parametrize(
    "columns", [set(GOOD), {"duty", "subject_name"}, {"duty"}, set()], ids=["all", "texts", "one", "none"]
)
def test_a_dump_in_base64_is_its_rows(columns: set[str]) -> None:
    rows = [{**row, "duty": "给付\n货款，“全部”", "sex": None} for row in ROWS]
    plainly = [{**row, "duty": "给付货款"} for row in ROWS]
    bare = read(ndjson_of(*(rows if "duty" in columns else plainly)))
    assert all(isinstance(row, InboundRecord) for row in bare)
    assert read(dump(rows if "duty" in columns else plainly, columns)) == bare


def test_what_is_no_base64_stays_as_it_is() -> None:
    """Numbers, days and codes of such a file are not taken for encoded text, nor is a file with other separators."""
    for cell in (
        GOOD["id_number"],
        "20160118",
        "1453132800",
        "2026-10-28",
        "QG202600001",
        "男",
        "",
        "ab",
        "abcd=",
        "1234",
    ):
        assert plain(cell) is None, cell
    comma = csv_of(list(GOOD), [encoded(str(value)) if name == "duty" else str(value) for name, value in GOOD.items()])
    (found,) = read(comma)
    assert isinstance(found, InboundRecord) and found.obligation == encoded(GOOD["duty"])


@given(st.text(min_size=1, max_size=40))
def test_any_text_comes_back(text: str) -> None:
    assert plain(encoded(text)) in (
        {text} if text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable() else {None}
    )
