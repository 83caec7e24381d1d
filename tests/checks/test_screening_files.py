"""Files as they really come: formats, encodings, headers, damage. Good rows are answered, bad rows named, nothing guessed."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from creditsvc.checks import screening as lists
from creditsvc.checks import screening_files as files
from creditsvc.checks.screening_columns import find_columns
from creditsvc.checks.screening_output import TRIGGERS, Line, Said, writer_for
from creditsvc.checks.screening_people import read_person
from creditsvc.kernel.errors import CreditServiceError, InvalidInput, TooLarge
from creditsvc.kernel.sheets import read_xlsx
from creditsvc.kernel.sheets.read import read_file
from creditsvc.services import Services
from tests.checks.screening_world import csv_of, listed, rows_of, screened, send
from tests.repair.world import person_number

STRANGER = person_number(901).number


def xlsx_of(rows: list[list[Any]]) -> bytes:
    """A spreadsheet."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    for place, row in enumerate(rows):
        for column, cell in enumerate(row):
            sheet.write(place, column, cell) if not isinstance(cell, str) else sheet.write_string(place, column, cell)
    book.close()
    return out.getvalue()


def test_each_format_comes_back_in_kind(sqlite_services: Services) -> None:
    services = sqlite_services
    number, name, _ = listed(services, with_order=True)
    table = [["序", "姓名", "身份证号"], [1, name, number], [2, "周某某", STRANGER]]
    as_csv = "\n".join(",".join(map(str, row)) for row in table)
    sent = {
        "utf-8": as_csv.encode(),
        "utf-8-sig": as_csv.encode("utf-8-sig"),
        "gb18030": as_csv.encode("gb18030"),
        "utf-16": as_csv.encode("utf-16"),
        "tabs": as_csv.replace(",", "\t").encode(),
        "xlsx": xlsx_of(table),
        "ndjson": f'{{"姓名":"{name}","身份证号":"{number}"}}\n{{"姓名":"周某某","身份证号":"{STRANGER}"}}\n'.encode(),
        "json": f'[{{"姓名":"{name}","身份证号":"{number}"}},{{"姓名":"周某某","身份证号":"{STRANGER}"}}]'.encode(),
    }
    for kind, content in sent.items():
        rows = screened(services, content)
        verdicts = [row["screening"]["verdict"] if "screening" in row else row["核查结果"] for row in rows]
        assert verdicts in (["受限制", "不受限制"], ["restricted", "clear"]), kind
        assert [row["身份证号"] for row in rows] == [number, STRANGER], kind


def test_encoding_and_separator_are_kept(sqlite_services: Services) -> None:
    from creditsvc.checks.screening_work import run_screenings
    from tests.checks.screening_world import take

    for encoding, delimiter in (("gb18030", ","), ("utf-8-sig", ";"), ("utf-16", "\t")):
        screening = send(sqlite_services, f"姓名{delimiter}身份证号\n周某某{delimiter}{STRANGER}\n".encode(encoding))
        run_screenings(sqlite_services, sqlite_services.clock.now())
        back = take(sqlite_services, screening.id).decode(encoding)
        assert back.splitlines()[1].split(delimiter)[:2] == ["周某某", STRANGER]


def test_english_headers_get_english_answers(sqlite_services: Services) -> None:
    (row,) = screened(sqlite_services, f"name,id_number\nLI,{STRANGER}\n".encode())
    assert row["verdict"] == "clear"
    assert row["measures"].isascii()


def test_good_rows_are_answered_and_bad_rows_named(sqlite_services: Services) -> None:
    services = sqlite_services
    number, name, _ = listed(services, with_order=True)
    wrong_check = number[:17] + ("1" if number[17] != "1" else "2")  # three zeros at the end are a spreadsheet's loss
    rows = screened(
        services,
        csv_of(
            [
                ("1", name, number, ""),
                ("2", name, wrong_check, ""),
                ("3", "", STRANGER, ""),
                ("4", "周某某", "4.10105E+17", ""),
                ("5", "周某某", "410105********1234", ""),
                ("6", "周某某", "", ""),
                ("7", "周某某", STRANGER, "多", "出"),
                ("8", "周某某", STRANGER, ""),
            ]
        ),
    )
    assert [row["核查结果"] for row in rows] == ["受限制", *["未核查"] * 6, "不受限制"]
    said = [row["本行问题"] for row in rows]
    for text, part in zip(said, ("", "校验位", "姓名", "电子表格", "遮盖", "为空", "多于栏目", ""), strict=True):
        assert part in text
        assert bool(part) == bool(text)
    assert [row["原表行号"] for row in rows] == [str(row) for row in range(2, 10)]


def test_figures_of_a_spreadsheet(sqlite_services: Services) -> None:
    """A number that a float can't hold is damaged; one that it holds exactly is read."""
    table = [
        ["名称", "证件号码"],
        ["某人", float(STRANGER.replace("X", "0"))],
        ["某人", 410105800101123],
        ["某厂", True],
    ]
    rows = screened(sqlite_services, xlsx_of(table))
    assert [row["核查结果"] for row in rows] == ["未核查", "不受限制", "未核查"]
    assert "电子表格" in rows[0]["本行问题"]
    assert "15 位" in rows[1]["请人核对"]


def test_kinds_of_number_are_followed(sqlite_services: Services) -> None:
    text = f"证件类型,姓名,证件号码\n护照,LI,E12345678\n身份证,周某某,E12345678\n军官证,周某某,1\n居民身份证,周某某,{STRANGER}\n"
    rows = screened(sqlite_services, text.encode())
    assert [row["核查结果"] for row in rows] == ["不受限制", "未核查", "未核查", "不受限制"]
    assert "证件种类" in rows[2]["本行问题"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file-empty"),
        ("姓名,证件号码\n".encode(), "file-empty"),
        (f"周某某,{STRANGER}\n周某某,{STRANGER}\n".encode(), "header-missing"),
        ((",".join(f"x{i}" for i in range(50)) + "\n" + ",".join("1" * 50) + "\n").encode(), "header-missing"),
        ("姓名,备注\n周某某,1\n".encode(), "columns-missing"),
        (f"证件号码,备注\n{STRANGER},1\n".encode(), "columns-missing"),
        (b"%PDF-1.7", "file-type"),
        (b"\xd0\xcf\x11\xe0 old excel", "file-type"),
        (b"PK\x03\x04 not a zip", "file-type"),
        (b"name,id_number\n\xff\xfe\xff\xff\xff,1\n", "file-encoding"),
        (b'[{"name":"a","id_number":"1"}', "file-cut-off"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(sqlite_services: Services, content: bytes, code: str) -> None:
    with pytest.raises(CreditServiceError) as refused:
        send(sqlite_services, content)
    assert refused.value.code == code
    assert STRANGER not in refused.value.text.zh + refused.value.text.en + repr(refused.value.details)
    root = files.root(sqlite_services)
    assert not root.exists() or not list(root.iterdir())


def test_too_many_rows(sqlite_services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MOST_ROWS", 20)
    row = ("1", "周某某", STRANGER, "")
    send(sqlite_services, csv_of([row] * 20))
    with pytest.raises(TooLarge) as refused:
        send(sqlite_services, csv_of([row] * 21))
    assert refused.value.code == "screening-too-long"
    assert "20" in refused.value.text.zh


def test_a_zip_bomb(sqlite_services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_xlsx, "RATIO_FROM", 1024 * 1024)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 8 * 1024 * 1024)
    with pytest.raises(CreditServiceError) as refused:
        send(sqlite_services, out.getvalue())
    assert refused.value.code == "file-bomb"


COLUMNS = find_columns(["姓名", "证件号码"])
NUMBERS = st.integers(0, 999).map(lambda serial: person_number(serial).number)


@given(number=NUMBERS, place=st.integers(6, 15))
def test_swapped_digits_are_explained_by_the_row_alone(number: str, place: int) -> None:
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    person = read_person(COLUMNS, 2, ["周某某", swapped])
    if person.problem is not None and person.problem.code == "number-check-digit" and person.look:
        assert f"{place + 1} 与 {place + 2}" in person.look[0].zh or "换成" in person.look[0].zh
        assert number not in person.look[0].zh + person.look[0].en


def test_near_misses() -> None:
    looks = {
        ("周某某", STRANGER.replace("0", "O", 1)): "字母 O",
        ("张先生", STRANGER): "称谓",
        ("某某公司", STRANGER): "像单位",
        ("萧某", STRANGER): "肖",
        ("41010519800101", STRANGER): "对调",
        ("⼭某", STRANGER): "兼容字",
    }
    for (name, number), said in looks.items():
        assert any(said in text.zh for text in read_person(COLUMNS, 2, [name, number]).look), name
    assert read_person(COLUMNS, 2, ["周某某", STRANGER]).look == ()


@given(cells=st.lists(st.text(max_size=12), min_size=3, max_size=3))
def test_no_cell_runs_in_a_spreadsheet(cells: list[str]) -> None:
    line = Line(2, cells, Said("clear"))
    for format in ("csv", "xlsx"):
        writer = writer_for(format, ["a", "b", "c"], english=False)
        whole = b"".join(writer.whole([writer.head() + writer.part([line], first=0)]))
        if format == "csv":
            import csv

            text = whole.decode(errors="replace")
            row = list(csv.reader(io.StringIO(text, newline="")))[1]
            assert not [cell for cell in row if cell[:1] in TRIGGERS]
            assert [cell.removeprefix("'") for cell in row[:3]] == [
                cell.encode(errors="replace").decode().removeprefix("'") for cell in cells
            ]
        else:
            sheet = zipfile.ZipFile(io.BytesIO(whole)).read("xl/worksheets/sheet1.xml")
            assert b"<f" not in sheet
            read_file(io.BytesIO(whole))


@given(content=st.binary(max_size=300))
def test_whatever_is_sent_is_read_or_refused_in_words(content: bytes) -> None:
    try:
        table = read_file(io.BytesIO(content))
        columns = find_columns(table.headers)
        people = [read_person(columns, row, cells) for row, cells in table.rows]
    except CreditServiceError as refused:
        assert refused.text.zh
        return
    assert all((person.number is None) == (person.problem is not None) for person in people)


def test_a_header_that_is_data_is_not_repeated() -> None:
    with pytest.raises(InvalidInput) as refused:
        find_columns([STRANGER, "周某某"])
    assert STRANGER not in refused.value.text.zh


def test_the_workbook_opens_elsewhere(tmp_path: Path) -> None:
    """What LibreOffice and Excel need of a workbook stands in it: read back by another library's reader."""
    writer = writer_for("xlsx", ["姓名", "号"], english=False)
    path = tmp_path / "r.xlsx"
    lines = [Line(2, ["=cmd", 5], Said("clear")), Line(3, ["a\x00b", None], Said("restricted"))]
    path.write_bytes(b"".join(writer.whole([writer.head(), writer.part(lines, first=0)])))
    rows = rows_of(path.read_bytes())
    assert [(row["姓名"], row["号"], row["核查结果"]) for row in rows] == [
        ("'=cmd", 5.0, "不受限制"),
        ("ab", "", "受限制"),
    ]
