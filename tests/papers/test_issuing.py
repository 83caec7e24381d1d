"""Papers issued: numbered without a gap, signed, sealed, recorded; superseded and revoked; seen by the public page."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from creditsvc.access.tables import AuditEntry
from creditsvc.kernel.errors import Conflict, Gone
from creditsvc.papers import issuing
from creditsvc.papers.numbers import next_serial, read_number
from creditsvc.papers.tables import Paper, PaperCopy
from creditsvc.papers.typesetting import GlyphMissing
from creditsvc.services import Services
from tests.papers.conftest import COURT, order, sample_data, text_of
from tests.support.apps import NOON
from tests.support.people import TESTER


def issued(services: Services, **changes: object) -> issuing.IssuedPaper:
    with services.database.writing() as session:
        return issuing.issue(session, services, order(**changes), caller=TESTER, now=services.clock.now())


def test_a_paper_is_numbered_signed_and_kept(services: Services, tmp_path: Path) -> None:
    paper = issued(services, entry="lst_" + "a" * 24)
    assert paper.number.startswith("豫0105-TEST-2026-00001-")
    assert paper.digest == sha256(paper.pdf).hexdigest()
    assert len(paper.pdf) < 200_000
    text = text_of(paper.pdf, tmp_path)
    assert paper.number in text and "郑州市金水区人民法院" in text and "2026 年 11 月 24 日" in text
    with services.database.reading() as session:
        row = issuing.paper_of(session, paper.number)
        assert issuing.copy_of(session, services, row) == paper.pdf
        assert row.hint == "王＊＊"
        act = session.scalars(select(AuditEntry).where(AuditEntry.action == "paper.issued")).one()
        assert act.details["digest"] == paper.digest


def test_numbers_have_no_gap_when_one_is_rolled_back(services: Services) -> None:
    first = issued(services)
    with services.database.writing() as session:
        issuing.issue(session, services, order(), caller=TESTER, now=NOON)
        session.rollback()
    second = issued(services)
    with services.database.writing() as session:
        other = issuing.issue(session, services, order(court_code="豫01"), caller=TESTER, now=NOON)
        later = issuing.issue(session, services, order(), caller=TESTER, now=NOON + timedelta(days=60))
    serials = [paper.number.rsplit("-", 1)[0] for paper in (first, second, other, later)]
    assert serials == [
        "豫0105-TEST-2026-00001",
        "豫0105-TEST-2026-00002",
        "豫01-TEST-2026-00001",
        "豫0105-TEST-2027-00001",
    ]


def test_numbers_given_at_the_same_time_are_all_different(services: Services) -> None:
    def one(_: int) -> int:
        with services.database.writing() as session:
            return next_serial(session, court_code=COURT, kind="TEST", year=2026)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(one, range(24))) == list(range(1, 25))


def test_a_number_can_not_be_guessed_from_another(sqlite_services: Services) -> None:
    first, second = issued(sqlite_services), issued(sqlite_services)
    assert first.number[-8:] != second.number[-8:]
    assert read_number(" " + first.number.lower().replace("-", " － ")) == first.number
    assert read_number("豫0105-TEST-2026-00001") is None


def test_nothing_in_the_tables_says_the_name_or_holds_the_file(sqlite_services: Services) -> None:
    paper = issued(sqlite_services)
    with sqlite_services.database.reading() as session:
        cell = session.scalars(select(PaperCopy.cell)).one()
        assert paper.pdf[:200] not in cell and b"%PDF" not in cell
    raw = (sqlite_services.settings.home / "register.db").read_bytes()
    assert "王小明".encode() not in raw


def test_shredding_the_person_shreds_the_paper(sqlite_services: Services) -> None:
    sqlite_services.vault.new_keys(["a" * 32], at=NOON)
    paper = issued(sqlite_services, subject_id="a" * 32)
    sqlite_services.vault.destroy("a" * 32, at=NOON)
    with sqlite_services.database.reading() as session, pytest.raises(Gone):
        issuing.copy_of(session, sqlite_services, issuing.paper_of(session, paper.number))


def test_a_newer_paper_supersedes_and_a_revoked_one_stays_so(sqlite_services: Services) -> None:
    entry = "lst_" + "b" * 24
    old, new = issued(sqlite_services, entry=entry), issued(sqlite_services, entry=entry, supersedes=True)
    with sqlite_services.database.writing() as session:
        assert issuing.paper_of(session, old.number).replaced_by == new.number
        issuing.revoke(session, new.number, reason="笔误", caller=TESTER, now=NOON)
        with pytest.raises(Conflict):
            issuing.revoke(session, new.number, reason="笔误", caller=TESTER, now=NOON)
        with pytest.raises(Conflict):
            issuing.revoke(session, old.number, reason="笔误", caller=TESTER, now=NOON)
        assert session.scalar(select(func.count()).select_from(Paper).where(Paper.state == "valid")) == 0


def test_a_number_is_not_spent_on_a_paper_that_can_not_be_set(sqlite_services: Services) -> None:
    with pytest.raises(GlyphMissing):
        issued(sqlite_services, data=sample_data("张\U000f0001"))
    assert "-00001-" in issued(sqlite_services).number


def test_the_public_page_says_what_holds_and_no_more(client: FlaskClient, services: Services) -> None:
    paper = issued(services, entry="lst_" + "c" * 24)
    page = client.get(f"/verify/{paper.number}").get_data(as_text=True)
    assert "有效" in page and "王＊＊" in page and paper.digest in page
    assert "王小明" not in page and "豫0105执" not in page and "lst_" not in page
    with services.database.writing() as session:
        issuing.revoke(session, paper.number, reason="笔误", caller=TESTER, now=NOON)
    page = client.get(f"/verify/{paper.number}?lang=en").get_data(as_text=True)
    assert "revoked" in page and "笔误" not in page


def test_unknown_and_malformed_numbers_are_answered_alike(client: FlaskClient, services: Services) -> None:
    paper = issued(services)
    wrong_code = paper.number[:-1] + ("2" if paper.number[-1] != "2" else "3")
    pages = []
    for number in (wrong_code, "豫0105-TEST-2026-99999-ABCDEFGH", "x", "%00", "-" * 300):
        answer = client.get("/verify/" + number)
        assert answer.status_code == 404
        pages.append(answer.get_data(as_text=True).replace(number[:64], "").replace(number, ""))
    titles = {page[page.index("<h1>") : page.index("<form")] for page in pages}
    assert len(titles) == 1


def test_whoever_tries_numbers_is_slowed_down(client: FlaskClient) -> None:
    answers = [client.get("/verify/豫0105-TEST-2026-00001-ABCDEFGH").status_code for _ in range(62)]
    assert answers[:60] == [404] * 60 and answers[60:] == [429] * 2


def test_the_form_leads_to_the_page(client: FlaskClient, services: Services) -> None:
    paper = issued(services)
    answer = client.get("/verify", query_string={"number": f" {paper.number} "}, follow_redirects=True)
    assert answer.status_code == 200 and "有效" in answer.get_data(as_text=True)
    assert client.get("/verify").status_code == 200


def test_the_qr_code_leads_to_the_page() -> None:
    from creditsvc.papers.qr import qr

    picture = qr("https://credit.example/verify/" + "x" * 60)
    assert picture.startswith("<svg") and BytesIO(picture.encode()).read(4) == b"<svg"
