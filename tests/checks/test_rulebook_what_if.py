"""What if the catalogue were another one: what is counted is what a check would answer, and nothing is kept."""

from __future__ import annotations

import csv
import io
import re
import shutil
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from creditsvc.access.permissions import StaffRole
from creditsvc.access.tables import AuditEntry
from creditsvc.checks import rulebook_commands
from creditsvc.checks.rulebook_changed import MOST_FILES, law_of_folder, law_of_zip
from creditsvc.checks.rulebook_what_if import Changed, Law, Tally, compare, first_day_that_differs
from creditsvc.kernel.errors import CreditServiceError, InvalidInput
from creditsvc.register.readings import facts_of_subjects
from creditsvc.register.tables import Listing
from creditsvc.services import Services
from punishment_rules import law
from punishment_rules.evaluate import evaluate
from punishment_rules.law import Outcome
from punishment_rules.load import catalogue
from punishment_rules.overlay import NONE
from tests.repair.world import DAY, list_person
from tests.support.people import make_staff, sign_in

SHIPPED = Path(law.__file__).parent / "catalogue"
FLY = ("transport", "fly", "travel-air", Outcome.RESTRICTED, Outcome.CLEAR)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the catalogue that a lawyer has begun to change."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "changed"))


def edit(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def without_flights(folder: Path) -> None:
    """The row on flights ends with the year."""
    edit(
        folder,
        "transport.toml",
        "[[measure.version]]\nfrom = 2015-07-22",
        "[[measure.version]]\nfrom = 2015-07-22\nto = 2026-12-31",
    )


def zipped(folder: Path, inside: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in folder.glob("*.toml"):
            archive.write(path, inside + path.name)
    return out.getvalue()


def counted(services: Services, new: Law, on: date) -> tuple[Tally, list[Changed]]:
    tally = Tally()
    changes = [one for chunk in compare(services.database, Law(catalogue()), new, on=on, tally=tally) for one in chunk]
    return tally, changes


def test_nothing_changes_with_the_same_catalogue(services: Services, folder: Path) -> None:
    list_person(services)
    same = law_of_folder(folder, NONE)
    assert first_day_that_differs(Law(catalogue()), same, DAY) is None
    assert counted(services, same, DAY) == (Tally(total=1, looked=1), [])


def test_a_row_that_ends_frees_those_it_binds_from_that_day_on(services: Services, folder: Path) -> None:
    entries = {list_person(services), list_person(services), list_person(services, until=date(2026, 12, 31))}
    without_flights(folder)
    new = law_of_folder(folder, NONE)
    assert first_day_that_differs(Law(catalogue()), new, DAY) == date(2027, 1, 1)
    tally, changes = counted(services, new, date(2027, 1, 1))
    assert {one.entry for one in changes} < entries and len(changes) == 2
    assert tally.rows == [(FLY, 2, 2)]
    assert (tally.looked, tally.entries_changed, tally.subjects_changed) == (3, 2, 2)


def test_an_order_of_the_same_case_is_counted_as_an_entry_of_its_own(services: Services, folder: Path) -> None:
    list_person(services, with_order=True)
    without_flights(folder)
    tally, changes = counted(services, law_of_folder(folder, NONE), date(2027, 1, 1))
    assert (tally.entries_changed, tally.subjects_changed) == (2, 1)
    assert all(one.own for one in changes)


def test_a_decision_of_the_legal_department_can_be_tried_too(services: Services, folder: Path) -> None:
    entry = list_person(services)
    (folder / "overlay.toml").write_text(
        '[[row]]\nmeasure = "proc-supplier-bar"\nstance = "held"\nfrom = 2026-12-01\ndecided_by = "法规处"\ndocument = "草案"\n',
        encoding="utf-8",
    )
    new = law_of_folder(folder, NONE)
    assert first_day_that_differs(Law(catalogue()), new, DAY) == date(2026, 12, 1)
    _, changes = counted(services, new, date(2026, 12, 1))
    assert changes == [
        Changed(entry, True, "finance", act, "proc-supplier-bar", Outcome.RESTRICTED, Outcome.NEEDS_OFFICER)
        for act in catalogue().measures["proc-supplier-bar"].acts
    ]


def test_what_is_counted_is_what_a_check_answers(services: Services, folder: Path) -> None:
    for until in (None, date(2026, 12, 31)):
        list_person(services, until=until, with_order=until is None)
    without_flights(folder)
    edit(folder, "finance.toml", 'discretion = "mandatory"', 'discretion = "discretionary"')
    new, on = law_of_folder(folder, NONE), date(2027, 1, 1)
    _, changes = counted(services, new, on)
    with services.database.reading() as session:
        owner = dict(session.execute(select(Listing.entry, Listing.subject_id)).all())
        facts = facts_of_subjects(session, owner.values(), on=on)
    expected = set()
    for entry, subject in owner.items():
        for sector in catalogue().sectors:
            for act in catalogue().acts(sector):
                answers = [
                    {
                        v.measure_id: v
                        for v in evaluate(facts[subject], sector=sector, act=act.id, on=on, catalogue=rules).verdicts
                    }
                    for rules in (catalogue(), new.catalogue)
                ]
                expected |= {
                    (entry, measure, act.id)
                    for measure, verdict in answers[0].items()
                    if measure and verdict.outcome is not answers[1][measure].outcome and entry in verdict.sources
                }
    assert {(one.entry, one.measure, one.act) for one in changes if one.entry in owner} == expected
    assert expected


@pytest.mark.parametrize(
    ("name", "old", "new", "line"),
    [
        ("transport.toml", 'acts = ["emu_first_class"]', 'acts = ["levitate"]', "levitate"),
        ("justice.toml", "[sector]", "[sector", "[sector"),
        ("finance.toml", 'doc = "CK125"', 'doc = "CK999"', "CK999"),
    ],
)  # fmt: skip
def test_a_faulty_catalogue_is_refused_by_file_and_line(folder: Path, name: str, old: str, new: str, line: str) -> None:
    edit(folder, name, old, new)
    text = (folder / name).read_text(encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        law_of_folder(folder, NONE)
    where = text.splitlines()[caught.value.details["line"] - 1]
    assert caught.value.details["file"] == name and line in where


def test_zips_that_are_none_or_too_much_are_refused(folder: Path) -> None:
    assert law_of_zip(zipped(folder, "catalogue/"), NONE).catalogue.edition == catalogue().edition
    many, bomb, twice = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(many, "w") as archive:
        for number in range(MOST_FILES + 1):
            archive.writestr(f"{number}.toml", "")
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_documents.toml", b"#" * (9 * 2**20))
    with zipfile.ZipFile(twice, "w") as archive:
        archive.writestr("a/x.toml", "")
        archive.writestr("b/x.toml", "")
    for content, code in ((b"no zip", "not-a-zip"), (zipped(folder)[:-300], "not-a-zip"), (many.getvalue(), "too-large"),
                          (bomb.getvalue(), "too-large"), (twice.getvalue(), "catalogue-refused"), (b"", "not-a-zip")):  # fmt: skip
        with pytest.raises(CreditServiceError) as caught:
            law_of_zip(content, NONE)
        assert caught.value.code == code


@pytest.fixture
def operator(app: Flask, services: Services) -> FlaskClient:
    """An operator's browser."""
    client = app.test_client()
    assert sign_in(client, make_staff(services, StaffRole.OPERATOR).username).status_code == 303
    return client


def hand_in(client: FlaskClient, content: bytes, **more: str) -> tuple[int, str]:
    page = client.get("/desk/rulebook/what-if").text
    token = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page)
    assert token is not None
    form = {"csrf_token": token[1], "file": (io.BytesIO(content), "changed.zip"), **more}
    answer = client.post("/desk/rulebook/what-if", data=form, content_type="multipart/form-data")
    return answer.status_code, answer.get_data(as_text=True)


def test_on_the_page_and_as_a_file(operator: FlaskClient, services: Services, folder: Path) -> None:
    entry = list_person(services)
    without_flights(folder)
    status, page = hand_in(operator, zipped(folder))
    assert status == 200
    assert "2027年1月1日" in page and entry in page and "1 条记录、1 个主体" in page
    status, table = hand_in(operator, zipped(folder), **{"as": "csv"})
    rows = list(csv.reader(io.StringIO(table.removeprefix("\ufeff"))))
    assert rows[1:] == [["2027-01-01", "transport", "fly", "travel-air", entry, "是 yes", "restricted", "clear"]]
    status, page = hand_in(operator, zipped(folder), on="2026-11-25")
    assert "当日没有差异" in page
    with services.database.reading() as session:
        assert session.scalars(select(AuditEntry.action)).all().count("catalogue.what_if") == 3


def test_a_fault_stands_on_the_form(operator: FlaskClient, folder: Path) -> None:
    edit(folder, "transport.toml", 'acts = ["fly"]', 'acts = ["levitate"]')
    status, page = hand_in(operator, zipped(folder))
    assert status == 422 and "transport.toml 第" in page
    assert hand_in(operator, b"x")[0] == 422
    assert hand_in(operator, zipped(folder), on="2012-01-01")[0] == 422


def test_the_command_tells_counts_and_writes_the_file(
    sqlite_services: Services,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = list_person(sqlite_services)
    monkeypatch.setattr(rulebook_commands, "open_services", lambda _: replace(sqlite_services))
    without_flights(folder)
    out = tmp_path / "changes.csv"
    assert rulebook_commands.main(["check", str(folder)]) == 0
    assert rulebook_commands.main(["what-if", str(folder), "--out", str(out)]) == 4
    said = capsys.readouterr().out
    assert "transport.fly  travel-air  restricted → clear: 1 / 1" in said
    assert entry in out.read_text(encoding="utf-8-sig")
    assert rulebook_commands.main(["changes", "2024-06-30", "2024-07-01"]) == 0
    assert "mr-director-bar" in capsys.readouterr().out
    assert rulebook_commands.main(["export", str(out)]) == 0
    assert len(out.read_text(encoding="utf-8-sig").splitlines()) == 136
