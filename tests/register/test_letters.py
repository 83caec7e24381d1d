"""Letters at the desk: each kind only when it may be issued, right in what it says, delivered and served."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from creditsvc.access.permissions import StaffRole
from creditsvc.papers import issuing
from creditsvc.papers.tables import Delivery, Paper
from creditsvc.register import decisions
from creditsvc.register.desk_papers import source_of
from creditsvc.register.entries import matter
from creditsvc.register.entry_ids import new_entry
from creditsvc.register.letters import LETTERS, ready
from creditsvc.register.policy import ExitGround
from creditsvc.register.tables import Listing
from creditsvc.register.tables_matters import CandidateRecord
from creditsvc.services import Services
from creditsvc.storage.subjects import keep_subjects
from creditsvc.tasks.tables import Task
from tests.papers.conftest import text_of
from tests.register import world
from tests.support.people import post_form, staff_browser

REVOKED = {
    "exit": "revoked",
    "ground": "error",
    "basis": "法释〔2017〕7号第九条第一款",
    "decision": "（2026）豫0105执7号之二",
    "due": "2026-11-25",
}


@pytest.fixture
def services(sqlite_services: Services) -> Services:
    """On SQLite alone: issuing itself is held on both databases elsewhere."""
    return sqlite_services


@pytest.fixture
def clerk(app: Flask, services: Services) -> FlaskClient:
    """A clerk of the court."""
    return staff_browser(app, services, StaffRole.CLERK)


def add_candidate(services: Services, **changes: Any) -> str:
    """A candidate whose request was refused, unless told otherwise."""
    entry = new_entry("cnd")
    values: dict[str, Any] = {
        "entry": entry, "debtor_kind": "person", "name": "王乙", "court_code": "豫0105", "court_name": "郑州市金水区人民法院",
        "case_number": "（2026）豫0105执9号", "performance": "none", "applicants": ["甲公司"], "applicant": "甲公司",
        "applied_on": date(2026, 11, 2), "state": "refused", "revision": 1, "version": 1, "created_by": "staff:1",
        "created_at": services.clock.now(),
    }  # fmt: skip
    values |= {name: value for name, value in {"birth_known": True}.items() if hasattr(CandidateRecord, name)}
    with services.database.writing() as session:
        who = world.resident(77)
        values["subject_id"] = keep_subjects(session, services.vault, [who], at=services.clock.now())[who]
        session.add(CandidateRecord(**{**values, **changes}))
    return entry


def may_be_issued(services: Services, app: Flask, entry: str) -> set[str]:
    with app.test_request_context(), services.database.reading() as session:
        row = matter(session, entry).row
        return {letter.kind.code for letter in ready(source_of(session, row))}


def issue(client: FlaskClient, services: Services, entry: str, code: str, **fields: str) -> Paper:
    page = f"/desk/listings/{entry}/papers"
    answer = post_form(client, page, {"letter": code, **fields}, page=page)
    assert answer.status_code == 303, answer.get_data(as_text=True)[-2000:]
    with services.database.reading() as session:
        return session.scalars(select(Paper).order_by(Paper.id.desc()).limit(1)).one()


def text(client: FlaskClient, paper: Paper, folder: Path) -> str:
    answer = client.get(f"/desk/papers/{paper.id}.pdf")
    assert answer.mimetype == "application/pdf"
    return re.sub(r"\s+", "", text_of(answer.data, folder))


@pytest.mark.parametrize(
    ("row", "codes"),
    [
        ({}, {"LD", "UN"}),
        ({"debtor_kind": "organisation"}, {"LD", "SN"}),
        ({"state": "decided"}, {"LD"}),
        ({"state": "removed", "exit": {**REVOKED, "exit": "removed", "ground": "performed"}}, {"RN", "XN"}),
        ({"state": "revoked", "exit": REVOKED}, {"RV", "XN"}),
        ({"state": "lapsed"}, set()),
    ],
)
def test_which_letters_may_be_issued(sqlite_services: Services, row: dict[str, Any], codes: set[str]) -> None:
    from creditsvc.app import create_app
    from wsgi import features

    app = create_app(sqlite_services, features())
    assert may_be_issued(sqlite_services, app, world.add_listing(sqlite_services, **row)) == codes


def test_a_decision_says_what_the_law_wants_and_no_number(
    clerk: FlaskClient, services: Services, tmp_path: Path
) -> None:
    who = world.resident(5)
    entry = world.add_listing(services, who, grounds=["evades", "property_report"], until=date(2028, 2, 29),
                              basis_number="（2025）豫0105民初7号", applicants=["甲公司"])  # fmt: skip
    paper = issue(clerk, services, entry, "LD")
    said = text(clerk, paper, tmp_path)
    for wanted in ("王甲：", "规避执行", "违反财产报告制度", "2028年2月29日", "自作出之日起生效", "（2025）豫0105民初7号", "甲公司",
                   "十五日内审查", "十日内向上一级人民法院申请复议", who.masked, paper.number):  # fmt: skip
        assert wanted.replace(" ", "") in said, wanted
    assert who.number not in said
    assert paper.hint == "王＊"


def test_no_term_is_said_to_be_no_term(clerk: FlaskClient, services: Services, tmp_path: Path) -> None:
    said = text(clerk, issue(clerk, services, world.add_listing(services), "LD"), tmp_path)
    assert "本情形没有期限" in said and "纳入期限至" not in said


@pytest.mark.parametrize(
    ("code", "row", "wanted"),
    [
        ("RN", {"state": "removed", "ended_on": date(2026, 11, 24), "exit": {**REVOKED, "exit": "removed", "ground": "performed"}},
         ["已履行或者执行完毕", "2026年11月25日", "限制消费令未解除的，仍应遵守"]),
        ("RV", {"state": "revoked", "ended_on": date(2026, 11, 24), "exit": REVOKED}, ["视为自始未纳入", "致歉", "申请赔偿"]),
    ],
)  # fmt: skip
def test_each_exit_has_its_own_words(
    clerk: FlaskClient, services: Services, tmp_path: Path, code: str, row: dict[str, Any], wanted: list[str]
) -> None:
    said = text(clerk, issue(clerk, services, world.add_listing(services, **row), code), tmp_path)
    assert [each for each in wanted if each not in said] == []


def test_a_refusal_names_its_reason_and_clause(clerk: FlaskClient, services: Services, tmp_path: Path) -> None:
    entry = add_candidate(services)
    with services.database.writing() as session:
        session.add(
            decisions.Decision(
                kind="refuse_listing", entry=entry, entry_version=1, court_code="豫0105", state="approved", digest="x" * 64,
                draft={"reason": "已提供充分有效担保。", "clause": "法释〔2017〕7号第三条第一项", "ground": "", "changes": {},
                       "document_number": "（2026）豫0105执9号之一"}, proposer="staff:1", proposer_person="a",
                proposed_at=services.clock.now(),
                settled_at=services.clock.now(), version=1,
            )
        )  # fmt: skip
    said = text(clerk, issue(clerk, services, entry, "RF"), tmp_path)
    assert "甲公司：" in said and "王乙" in said and "已提供充分有效担保" in said and "第三条第一项" in said


def test_article_8_goes_to_the_unit_and_its_exit_follows(
    clerk: FlaskClient, services: Services, app: Flask, tmp_path: Path
) -> None:
    entry = world.add_listing(services)
    page = f"/desk/listings/{entry}/papers"
    missing = post_form(clerk, page, {"letter": "UN", "addressee": "某县财政局"}, page=page)
    assert missing.status_code == 422 and "请填写这一项" in missing.get_data(as_text=True)
    notice = issue(clerk, services, entry, "UN", addressee="某县财政局", position="科长")
    assert "某县财政局：" in text(clerk, notice, tmp_path) and "第八条第三款" in text(clerk, notice, tmp_path)
    with services.database.writing() as session:
        row = session.scalars(select(Listing).where(Listing.entry == entry)).one()
        row.state, row.exit, row.ended_on = (
            "removed",
            {**REVOKED, "exit": "removed", "ground": "performed"},
            date(2026, 11, 24),
        )
    assert may_be_issued(services, app, entry) == {"RN", "XN", "AX"}
    said = text(clerk, issue(clerk, services, entry, "AX", addressee="某县财政局"), tmp_path)
    assert notice.number in said


def open_matters(services: Services) -> list[str]:
    with services.database.reading() as session:
        return list(session.scalars(select(Task.kind).where(Task.closed_at.is_(None)).order_by(Task.id)))


def test_article_8_is_a_matter_until_the_letter_or_a_word(clerk: FlaskClient, services: Services, app: Flask) -> None:
    """Whoever was told is to be told of the exit, in the same queue."""
    judge = staff_browser(app, services, StaffRole.JUDGE)
    rows = [world.add_listing(services, world.resident(serial), state="decided") for serial in (61, 62)]
    for entry in rows:
        entered = {"national_entry": f"QG{entry[-5:]}", "national_entered_on": "2026-11-23"}
        world.decided(services, world.draft(entry, "publish_listing", "", changes=entered))
    assert open_matters(services) == ["article8", "article8"]
    issue(clerk, services, rows[0], "UN", addressee="某县财政局", position="科长")
    assert open_matters(services) == ["article8"], "the letter settles it"
    with services.database.reading() as session:
        task = session.scalars(select(Task.id).where(Task.closed_at.is_(None))).one()
    page = "/desk/due"
    said = judge.get(page).get_data(as_text=True)
    assert "第八条" in said and "法律未定期限" in said and "写明结果并办结" in said
    assert "写明结果并办结" not in clerk.get(page).get_data(as_text=True)
    assert post_form(judge, f"/desk/due/{task}", {"outcome": " "}, page=page).status_code == 422
    assert post_form(judge, f"/desk/due/{task}", {"outcome": "不是国家工作人员"}, page=page).status_code == 303
    for entry in rows:
        world.decided(services, world.draft(entry))
    assert open_matters(services) == ["article8_exit"], "only where somebody was told"
    issue(clerk, services, rows[0], "AX", addressee="某县财政局")
    assert open_matters(services) == []


def test_grace_and_reliefs_have_their_letters(clerk: FlaskClient, services: Services, tmp_path: Path) -> None:
    who = world.resident(63)
    entry = world.add_listing(services, who, state="decided")
    days = {"from_day": "2026-11-24", "to_day": "2026-12-24"}
    world.decided(services, world.draft(entry, "grant_grace", "", changes=days))
    said = text(clerk, issue(clerk, services, entry, "GP"), tmp_path)
    for wanted in ("宽限期内，失信信息不予公布", "2026年12月24日", "不留失信记录"):
        assert wanted in said, wanted
    order = world.add_order(services, who)
    lift = {**days, "to_day": "2026-12-01", "purpose": "funeral", "undertaking": True}
    world.decided(services, world.draft(order, "grant_temporary_lift", "", changes=lift))
    said = text(clerk, issue(clerk, services, order, "RE"), tmp_path)
    for wanted in ("暂时解除乘坐飞机、高铁的限制", "近亲属丧葬", "2026年12月1日", "限制自行恢复", "限制消费令并未解除"):
        assert wanted in said, wanted


def test_a_second_decision_letter_supersedes_the_first_but_notices_to_others_stand(
    clerk: FlaskClient, services: Services
) -> None:
    entry = world.add_listing(services)
    for code, more in (
        ("LD", {}),
        ("LD", {}),
        ("UN", {"addressee": "甲局", "position": "科长"}),
        ("UN", {"addressee": "乙局", "position": "委员"}),
    ):
        issue(clerk, services, entry, code, **more)
    with services.database.reading() as session:
        states = [(paper.kind, paper.state) for paper in issuing.papers_about(session, entry=entry)]
    assert states == [("UN", "valid"), ("UN", "valid"), ("LD", "valid"), ("LD", "superseded")]


def test_a_letter_out_of_its_time_is_refused(clerk: FlaskClient, services: Services) -> None:
    page = f"/desk/listings/{world.add_listing(services)}/papers"
    for code in ("RN", "CO", "nonsense"):
        assert post_form(clerk, page, {"letter": code}, page=page).status_code == 409


def test_service_is_noted_with_its_day_and_way(clerk: FlaskClient, services: Services) -> None:
    entry = world.add_listing(services)
    paper = issue(clerk, services, entry, "LD")
    page = f"/desk/listings/{entry}/papers"
    assert post_form(clerk, f"/desk/papers/{paper.id}/deliveries", {"channel": "print"}, page=page).status_code == 303
    with services.database.reading() as session:
        sent = session.scalars(select(Delivery)).one()
    for day in ("2026-11-23", "2026-11-25", "soon"):
        fields = {"go": "served", "how": "direct", "served_on": day}
        assert post_form(clerk, f"/desk/deliveries/{sent.id}", fields, page=page).status_code == 422
    fields = {"go": "served", "how": "direct", "served_on": "2026-11-24"}
    assert post_form(clerk, f"/desk/deliveries/{sent.id}", fields, page=page).status_code == 303
    said = clerk.get(page).get_data(as_text=True)
    assert "2026年11月24日" in said and "民事诉讼法第八十八条" in said
    with services.database.reading() as session:
        row = session.scalars(select(Listing).where(Listing.entry == entry)).one()
    assert (row.served_on, row.service_mode) == (date(2026, 11, 24), "direct")


def test_mail_says_no_name_of_a_case_and_no_number(clerk: FlaskClient, services: Services) -> None:
    entry = world.add_listing(services)
    paper, page = issue(clerk, services, entry, "LD"), f"/desk/listings/{entry}/papers"
    wrong = post_form(clerk, f"/desk/papers/{paper.id}/deliveries", {"channel": "mail", "address": "x"}, page=page)
    assert wrong.status_code == 422
    post_form(clerk, f"/desk/papers/{paper.id}/deliveries", {"channel": "mail", "address": "a@b.example"}, page=page)
    with services.database.reading() as session:
        sent = session.scalars(select(Delivery)).one()
    assert (
        "王甲" not in sent.body_zh
        and "执" not in sent.body_zh.replace("失信被执行人", "")
        and paper.number in sent.body_zh
    )


def test_another_courts_papers_are_not_there(app: Flask, clerk: FlaskClient, services: Services) -> None:
    entry = world.add_listing(services)
    paper = issue(clerk, services, entry, "LD")
    stranger = staff_browser(app, services, StaffRole.CLERK, "stranger", court_code="豫0302")
    for address in (f"/desk/listings/{entry}/papers", f"/desk/papers/{paper.id}.pdf", "/desk/papers/999.pdf"):
        assert stranger.get(address).status_code == 404


def test_a_paper_is_withdrawn_by_a_judge_alone(app: Flask, clerk: FlaskClient, services: Services) -> None:
    entry = world.add_listing(services)
    paper, page = issue(clerk, services, entry, "LD"), f"/desk/listings/{entry}/papers"
    address = f"/desk/papers/{paper.id}/revoke"
    assert post_form(clerk, address, {"reason": "笔误"}, page=page).status_code == 403
    judge = staff_browser(app, services, StaffRole.JUDGE)
    assert post_form(judge, address, {"reason": ""}, page=page).status_code == 422
    assert post_form(judge, address, {"reason": "笔误"}, page=page).status_code == 303
    assert "已撤销" in clerk.get(f"/verify/{paper.number}").get_data(as_text=True)


def test_every_letter_has_both_languages_and_its_clause() -> None:
    for code, letter in LETTERS.items():
        assert letter.kind.code == code and letter.clause and letter.kind.title.en and letter.to.en
    assert {ground.value for ground in ExitGround} >= {"performed", "error"}


@pytest.mark.parametrize(
    ("kind", "ground", "shown"),
    [("remove_listing", "performed", "所载事项已经终结"), ("revoke_listing", "error", "已撤销")],
)
def test_a_letter_no_longer_holds_once_its_entry_has_left(
    clerk: FlaskClient, services: Services, kind: str, ground: str, shown: str
) -> None:
    entry = world.add_listing(services)
    paper = issue(clerk, services, entry, "LD")
    world.decided(services, world.draft(entry, kind, ground))
    page = clerk.get(f"/verify/{paper.number}").get_data(as_text=True)
    assert shown in page and "目前有效" not in page
