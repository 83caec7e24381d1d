"""Rows that lack something: completed by one person from a paper, agreed to by another, or sent back; and the fault file."""

from __future__ import annotations

import csv
import io
import json

import pytest
from sqlalchemy import select, text

from creditsvc.access.permissions import StaffRole
from creditsvc.kernel.errors import Conflict, Gone, InvalidInput, NotAllowed, NotFound
from creditsvc.kernel.sheets.read import read_file
from creditsvc.services import Services
from sync.fault_file import fault_file
from sync.sweep import sweep_batches
from sync.tables_intake import Batch, WaitingRow
from sync.waiting import agree, complete, send_back, shown, waiting_rows
from tests.support.apps import NOON
from tests.support.intake import CLERK, JUDGE, TERMED, Intake, about, listing, staff


@pytest.fixture
def intake(services: Services) -> Intake:
    return Intake(services)


def waiting(intake: Intake) -> list[WaitingRow]:
    with intake.services.database.reading() as session:
        return list(session.scalars(waiting_rows(CLERK).order_by(WaitingRow.id)))


def completed(intake: Intake, row: WaitingRow, **given: str) -> WaitingRow:
    with intake.services.database.writing() as session:
        return complete(
            intake.services, session, row.id, given, document="决定书原件，卷宗第 3 页", caller=CLERK, now=NOON
        )


def agreed(intake: Intake, row: WaitingRow, *, by: object = JUDGE) -> WaitingRow:
    with intake.services.database.writing() as session:
        return agree(intake.services, session, row.id, shown_digest=row.digest or "", caller=by, now=NOON)  # type: ignore[arg-type]


def test_what_lacks_something_waits_and_the_rest_goes_on(intake: Intake) -> None:
    done = intake.take(
        [
            listing(1),
            listing(2, national_entry=None),
            listing(3, case_code="乱写"),
            listing(4, **TERMED | {"end_date": ""}),
        ]
    )
    assert intake.states() == {"测试1": "active"} and done.state == "applied"
    assert [(row.row_number, row.codes, row.court_code) for row in waiting(intake)] == [
        (3, ["national-entry-missing"], "豫0105"), (5, ["term-missing"], "豫0105"),
    ]  # fmt: skip


def test_completed_by_one_agreed_by_another(intake: Intake) -> None:
    intake.take([listing(1), listing(2, national_entry=None), listing(3, id_number="4101051990****4872")])
    first, second = waiting(intake)
    with pytest.raises(InvalidInput) as caught:
        completed(intake, second, id_number="41010519900101487")
    assert caught.value.details["faults"]["id_number"]["code"] == "number-length"
    first, second = (
        completed(intake, first, national_entry="QG2026000002"),
        completed(intake, second, id_number=listing(3)["id_number"]),
    )
    assert intake.states() == {"测试1": "active"}, "one person alone puts nothing in force"
    with pytest.raises(NotAllowed):
        agreed(intake, first, by=staff(StaffRole.JUDGE, 1))
    agreed(intake, first)
    agreed(intake, second)
    assert set(intake.states().values()) == {"active"} and len(intake.states()) == 3
    assert [(row.state, row.sealed, row.supplement) for row in waiting(intake)] == [("listed", None, None)] * 2
    with pytest.raises(Conflict):
        agreed(intake, first)


def test_a_completion_is_held_against_the_law_and_the_register(intake: Intake) -> None:
    intake.take([listing(1), listing(1, decision_number=None)])
    (row,) = waiting(intake)
    made = completed(intake, row, decision_number="（2026）豫0105执1号之八")
    with intake.services.database.writing() as session:
        session.execute(text("UPDATE waiting_row SET document = 'x' WHERE id = :id"), {"id": row.id})
    with pytest.raises(Conflict, match="changed"):
        agreed(intake, made)
    made = completed(intake, row, decision_number=listing(1)["decision_number"])
    with pytest.raises(Conflict, match="can't take effect"):
        agreed(intake, made)


def test_a_change_that_waited_is_a_decision_of_the_two(intake: Intake) -> None:
    intake.take([listing(1)])
    intake.take([about(1, exit_ground="履行完毕", document_number=None)])
    (row,) = waiting(intake)
    agreed(intake, completed(intake, row, document_number="（2026）豫0105执1号之二"))
    assert intake.states() == {"测试1": "removed"}


def test_sent_back_and_out_of_reach(intake: Intake) -> None:
    intake.take([listing(1), listing(2, national_entry=None)])
    (row,) = waiting(intake)
    elsewhere = staff(StaffRole.CLERK, 9, court="豫03")
    with intake.services.database.writing() as session, pytest.raises(NotFound):
        send_back(session, row.id, reason="x", caller=elsewhere, now=NOON)
    with intake.services.database.writing() as session, pytest.raises(InvalidInput):
        send_back(session, row.id, reason=" ", caller=CLERK, now=NOON)
    with intake.services.database.writing() as session:
        send_back(session, row.id, reason="全国库中查无此人", caller=CLERK, now=NOON)
    (row,) = waiting(intake)
    assert (row.state, row.reason, row.sealed) == ("returned", "全国库中查无此人", None)
    assert intake.states() == {"测试1": "active"}


def test_no_number_in_clear_is_stored(intake: Intake) -> None:
    number = str(listing(2)["id_number"])
    intake.take([listing(1), listing(2, national_entry=None)])
    (row,) = waiting(intake)
    completed(intake, row, national_entry="QG2026000002", id_number=number)
    with intake.services.database.reading() as session:
        found = session.execute(select(WaitingRow.__table__)).all()
    assert number.encode() not in repr(found).encode() and number.encode() not in b"".join(
        bytes(row.sealed) for row in found
    )
    with intake.services.database.reading() as session:
        seen = shown(intake.services, session, waiting(intake)[0], on=NOON.date())
    assert seen.supplement["id_number"] == number and seen.faults == ()


def test_the_file_and_what_waits_go_when_their_time_is_over(intake: Intake) -> None:
    from datetime import timedelta

    batch = intake.take([listing(1), listing(2, national_entry=None)])
    later = NOON + timedelta(days=intake.services.settings.batch_keep_days + 1)
    sweep_batches(intake.services, later)
    assert list(fault_file(intake.services, batch).pieces), "a row still waits, so the file stays"
    (row,) = waiting(intake)
    with intake.services.database.writing() as session:
        send_back(session, row.id, reason="查无此人", caller=CLERK, now=later)
    sweep_batches(intake.services, later)
    with pytest.raises(Gone):
        fault_file(intake.services, batch)
    with intake.services.database.reading() as session:
        assert session.get_one(Batch, batch.id).original_gone_at is not None


HEADERS = [
    "姓名",
    "身份证号码",
    "执行法院",
    "案号",
    "失信行为具体情形",
    "决定书文号",
    "决定日期",
    "全国库编号",
    "录入日期",
]
NAMES = ("subject_name", "id_number", "court_name", "case_code", "disrupt_types", "decision_number", "decided_on", "national_entry",
         "national_entered_on")  # fmt: skip


def csv_list(encoding: str, *numbers: int) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADERS)
    for number in numbers:
        row = listing(number) | ({} if number % 2 else {"case_code": "乱写"})
        writer.writerow([row[name] for name in NAMES])
    return out.getvalue().encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_faulty_rows_come_back_as_they_were_sent(intake: Intake, encoding: str) -> None:
    batch = intake.send(csv_list(encoding, 1, 2, 3, 4), name="list.csv")
    made = fault_file(intake.services, batch)
    content = b"".join(made.pieces)
    rows = list(csv.reader(io.StringIO(content.decode(encoding))))
    assert rows[0] == [*HEADERS, "本行问题"]
    assert [row[0] for row in rows[1:]] == ["测试2", "测试4"] and rows[1][3] == "乱写"
    assert rows[1][-1].startswith("第 3 行：[退回] 案号 case-number-shape")
    assert content.startswith(b"\xef\xbb\xbf") == (encoding == "utf-8-sig")
    plain = encoding.removesuffix("-sig")
    again = intake.send(content.replace("乱写".encode(plain), "（2026）豫0105执9号".encode(plain)), name="again.csv")
    assert (again.preview or {})["gain"] == 2, "put right, it can be sent again as it is"


def test_faulty_rows_of_ndjson_and_of_a_workbook(intake: Intake, tmp_path: object) -> None:
    import xlsxwriter

    batch = intake.send([listing(1), listing(2, case_code="乱写")])
    (line,) = b"".join(fault_file(intake.services, batch, english=True).pieces).splitlines()
    assert json.loads(line) == listing(2, case_code="乱写") | {"row_problem": json.loads(line)["row_problem"]}
    book = io.BytesIO()
    with xlsxwriter.Workbook(book) as workbook:
        sheet = workbook.add_worksheet()
        for place, row in enumerate(csv.reader(io.StringIO(csv_list("utf-8", 1, 2).decode()))):
            sheet.write_row(place, 0, row)
    sent = intake.send(book.getvalue(), name="list.xlsx")
    table = read_file(io.BytesIO(b"".join(fault_file(intake.services, sent).pieces)))
    assert (table.format, list(table.headers)) == ("xlsx", [*HEADERS, "本行问题"])
    assert [row[1][0] for row in table.rows] == ["测试2"]
