"""Files as wholes: each that can't be read gets one named answer; what can be read loses no row."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from creditsvc.kernel.errors import CreditServiceError
from creditsvc.kernel.sheets import read_xlsx
from sync.inbound.load import codes as all_codes
from sync.inbound.records import InboundRecord
from tests.inbound.lists import GOOD, codes, csv_of, ndjson_of, read, write_list

HEAD = list(GOOD)
ROW = [str(value) for value in GOOD.values()]


def other(number: int) -> list[str]:
    """The good row for another case."""
    return [cell.replace("1234号", f"{number}号") for cell in ROW]


def code_of(content: bytes) -> str:
    """The code by which a file is refused."""
    with pytest.raises(CreditServiceError) as caught:
        read(content)
    wrong = caught.value
    assert wrong.code in all_codes(), wrong.code
    assert all_codes()[wrong.code].fate == "file"
    assert wrong.text.zh and wrong.text.en
    return wrong.code


def sheet(*rows: list[Any]) -> bytes:
    """A workbook with these rows."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_numbers": False})
    page = book.add_worksheet()
    for index, row in enumerate(rows):
        for place, cell in enumerate(row):
            page.write(index, place, cell)
    book.close()
    return target.getvalue()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file-empty"), (b" \r\n\t", "file-empty"), (b"\xef\xbb\xbf", "file-empty"), (b"\0\0\0", "file-empty"),
        (b"\xff\xfe", "file-empty"), (b"[]", "file-empty"), (b"%PDF-1.7", "file-type"), (b"\x89PNG\r\n", "file-type"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "file-type"), (b"\x1f\x8b\x08", "file-type"), (b"<!DOCTYPE html><p>", "file-type"),
        (b"PK\x03\x04 and no more", "file-type"), (b"\xff\xff\xfa\x01", "file-encoding"), (b"a,b\0c", "file-encoding"),
        ("张伟,李四\n王五,赵六\n".encode(), "header-missing"), (b",,,\n1,2,3\n", "header-missing"), (b"1\n2\n", "header-missing"),
        (b"{\n", "json-broken"), (b"[1, 2]", "json-broken"), (b'[{"iname": 1', "file-cut-off"), (b'[{"iname": 1}, 5]', "json-broken"),
        (b"[" * 100_000, "json-broken"), (b'{"a":' * 100_000, "json-broken"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_why(content: bytes, code: str) -> None:
    assert code_of(content) == code


def test_only_a_header_is_no_list() -> None:
    assert code_of(csv_of(HEAD)) == "file-empty"
    assert code_of(sheet(HEAD)) == "file-empty"
    assert code_of(sheet()) == "file-empty"


def test_columns_that_are_missing_or_unknown_are_named() -> None:
    with pytest.raises(CreditServiceError) as caught:
        read(csv_of([name for name in HEAD if name not in {"id_number", "court_name"}], ROW))
    assert (caught.value.code, caught.value.details["columns"]) == ("columns-missing", ["id_number", "court_name"])
    with pytest.raises(CreditServiceError) as caught:
        read(csv_of([*HEAD, "备注", "信用分"], [*ROW, "", ""]))
    assert (caught.value.code, caught.value.details["columns"]) == ("columns-unknown", ["备注", "信用分"])


def test_a_file_without_its_header_gives_nobodys_number_away() -> None:
    """Its first row stands where names of columns should: none of it may come back in a message."""
    number = GOOD["id_number"]
    mixed = csv_of([*HEAD, number, f"张伟{number}"], [*ROW, "", ""])
    for content in (csv_of(ROW, other(2)), mixed, ndjson_of({number: 1}), ndjson_of(GOOD, {**GOOD, number: "x"})):
        with pytest.raises(CreditServiceError) as caught:
            read(content)
        said = f"{caught.value.text.zh}{caught.value.text.en}{caught.value.details}{caught.value!r}"
        assert number not in said and number[6:14] not in said
    assert code_of(csv_of(ROW, other(2))) == "header-missing"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|", "\x01"])
def test_every_separator_and_encoding(encoding: str, delimiter: str) -> None:
    rare = ["㛃䶮𬭎·浉瀍" if name == "subject_name" else cell for name, cell in zip(HEAD, ROW, strict=True)]
    text = "\r\n".join(delimiter.join(row) for row in (HEAD, rare)) + "\r\n"
    (outcome,) = read(text.encode(encoding))
    assert isinstance(outcome, InboundRecord)
    assert outcome.subject_name == "㛃䶮𬭎·浉瀍"


def test_a_file_cut_inside_a_character_is_cut_off_and_not_misencoded(tmp_path: Path) -> None:
    for encoding in ("utf-8", "gb18030"):
        content, _ = write_list(tmp_path, "list.csv", rows=3000, seed=1, encoding=encoding)
        whole = content[: content.rindex(b"\n")]
        at = max(index for index in range(len(whole) - 300, len(whole)) if whole[index] > 0x80)
        cut = whole[:at] if code_is_open(whole[:at], encoding) else whole[: at - 1]
        assert code_of(cut) == "file-cut-off"
        assert code_of(content[:20_000] + b"\xff\xff\xff\xff\n" + content[20_000:]) == "file-encoding"


def code_is_open(content: bytes, encoding: str) -> bool:
    """Whether it ends inside a character."""
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return True
    return False


def test_a_workbook_cut_off_is_said_to_be(tmp_path: Path) -> None:
    content, _ = write_list(tmp_path, "list.xlsx", rows=50, seed=1)
    assert code_of(content[: len(content) // 2]) in {"file-cut-off", "file-type"}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("letter.txt", "no workbook")
    assert code_of(archive.getvalue()) == "file-type"


def test_a_zip_bomb_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_xlsx, "RATIO_FROM", 1024 * 1024)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("xl/worksheets/sheet1.xml", bytes(20 * 1024 * 1024))
    assert code_of(archive.getvalue()) == "file-bomb"


def test_a_sheet_of_one_far_cell_is_not_unrolled() -> None:
    """A few bytes can name a cell in the last column of the last row; the rectangle to it would fill any memory."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    page = book.add_worksheet()
    page.write_row(0, 0, HEAD)
    page.write(1_048_575, 16_383, "x")
    book.close()
    assert code_of(target.getvalue()) == "file-bomb"


def test_figures_and_days_of_a_workbook() -> None:
    """Figures come without a fraction; a number that became one is named, never mended."""
    good = dict(GOOD) | {"age": 36, "decided_on": 20261028, "end_date": 20281028.0, "national_entry": 202600000001}
    (outcome,) = read(sheet(list(good), list(good.values())))
    assert isinstance(outcome, InboundRecord), codes(outcome)
    assert (outcome.age, outcome.decided_on.isoformat(), outcome.national_entry) == (36, "2026-10-28", "202600000001")
    (outcome,) = read(sheet(HEAD, [int(cell) if name == "id_number" else cell for name, cell in GOOD.items()]))
    assert codes(outcome) == ["number-excel-damaged"]


def test_a_stray_quotation_mark_costs_its_own_row_alone() -> None:
    rows = [other(number) for number in range(1, 8)]
    rows[2][HEAD.index("duty")] = '"给付货款'
    outcomes = read(csv_of(HEAD, *rows))
    assert [codes(outcome) for outcome in outcomes] == [[], [], ["row-quotes"], [], [], [], []]
    for place in (0, HEAD.index("reg_date")):
        rows[2], rows[5] = other(3), other(6)
        rows[2][place] = rows[5][place] = f'"{ROW[place]}'
        found = [codes(outcome) for outcome in read(csv_of(HEAD, *rows))]
        assert found == [[], [], ["row-quotes"], [], [], ["row-quotes"], []]


def test_a_stray_comma_is_named_and_moves_nothing() -> None:
    outcomes = read(csv_of(HEAD, [*ROW[:5], "多余", *ROW[5:]], other(2), [*other(3), "", ""]))
    assert [codes(outcome) for outcome in outcomes] == [["row-too-wide"], [], []]


def test_line_breaks_inside_quotes_belong_to_the_cell() -> None:
    row = [*ROW]
    row[HEAD.index("duty")] = '"第一项\n第二项，含""引号""\n第三项"'
    outcomes = read(csv_of(HEAD, row, other(2)))
    assert isinstance(outcomes[0], InboundRecord) and isinstance(outcomes[1], InboundRecord)
    assert outcomes[0].obligation == '第一项\n第二项，含"引号"\n第三项'
    assert outcomes[1].row == 3


def test_records_of_one_file_need_not_have_the_same_names() -> None:
    """A missing key is an empty cell, also when the first record lacks it; a stranger anywhere is refused."""
    first = {name: value for name, value in GOOD.items() if name not in {"duty", "reg_date"}}
    rows = [first] + [{**GOOD, "case_code": f"（2026）豫0105执{number}号"} for number in range(300)]
    late = {**GOOD, "case_code": "（2026）豫0105执9999号", "sexy": "男性"}
    outcomes = read(ndjson_of(*rows, late))
    assert [codes(outcome) for outcome in outcomes[:1] + outcomes[2:]] == [[]] * 301
    assert isinstance(outcomes[-1], InboundRecord) and outcomes[-1].sex == "male"
    with pytest.raises(CreditServiceError) as caught:
        read(ndjson_of(*rows, {**late, "信用分": 5}))
    assert (caught.value.code, caught.value.details["row"]) == ("columns-unknown", 303)


def test_a_broken_line_of_ndjson_costs_itself_alone() -> None:
    good = ndjson_of(GOOD).decode()
    content = f'{good}{{"duty": "他说"不"",\n[1]\n\n{good.replace("1234号", "5号")}'
    outcomes = read(content.encode())
    assert [codes(outcome) for outcome in outcomes] == [[], ["row-not-json"], ["row-not-json"], []]
    assert isinstance(outcomes[3], InboundRecord) and outcomes[3].row == 6


def test_a_list_is_read_like_ndjson() -> None:
    rows = [{**GOOD, "case_code": f"（2026）豫0105执{number}号"} for number in range(1, 900)]
    text = json.dumps(rows, ensure_ascii=False, indent=2)
    assert read(text.encode()) == read(ndjson_of(*rows))
    assert read(text.encode("utf-8-sig")) == read(ndjson_of(*rows))
    assert code_of(text[:-10].encode()) == "file-cut-off"
