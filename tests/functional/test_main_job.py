"""The whole loop by command line and HTTP alone: a list comes in, is released, published, asked about, and left."""

from __future__ import annotations

import csv
import itertools
import json
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import urllib3
from sqlalchemy import func, select

from creditsvc.register.tables import Decision, Listing, RegisterEvent
from creditsvc.storage.engine import Database
from creditsvc.storage.outbox import Outbox
from tests.conftest import missing_tool
from tests.repair.papers import pdf
from tests.support.apps import Templates
from tests.support.house import Browser, House, eventually, house
from tests.support.postgres import NoPostgres

ROWS = 150
_serial = itertools.count(1)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def home(request: pytest.FixtureRequest, templates: Templates, tmp_path: Path) -> Iterator[House]:
    """An empty installation on each database."""
    settings: dict[str, str] = {}
    if request.param == "postgres":
        try:
            server = templates.postgres()
        except NoPostgres as reason:
            missing_tool(f"PostgreSQL ({reason})")
        number = next(_serial)
        for kind in ("database", "keys"):
            templates.execute(f"CREATE DATABASE main_{kind}_{number}")
            settings[f"CREDITSVC_{kind.upper()}_URL"] = server.url(f"main_{kind}_{number}")
    with house(tmp_path, by_command=True, **settings) as made:
        yield made


def _people(home: House) -> None:
    home.account_by_command("clerk", "clerk", "--court", "豫")
    home.account("judge", "judge", "--court", "豫")
    home.account("agency", "agency", "--unit", "演示单位", "--sector", "transport")
    home.account("operator", "operator")


def _listed(home: House, folder: Path) -> dict[str, str]:
    """Import and release a made-up list; a person on it with a listing without a term and an order, and their letter."""
    home.run(
        "demo", "--rows", str(ROWS), "--seed", "11", "--out", folder / "list.csv", "--expect", folder / "expect.ndjson"
    )
    said = home.run("import", folder / "list.csv", "--as", "clerk")
    batch = re.search(r"批次 (\d+)", said)
    assert batch
    expected = [json.loads(line) for line in (folder / "expect.ndjson").read_text().splitlines()]
    good = sum("record" in row for row in expected)
    assert re.search(rf"\s{good}\s+将列入", said), said
    assert "没有此项权限" in home.run("release", batch[1], "--as", "clerk", expect=1)
    assert "没有记录" not in home.run("release", batch[1], "--as", "judge", "--wait")
    again = home.run("import", folder / "list.csv", "--as", "clerk")
    assert "未作任何改变" in again
    home.run("jobs", "run", "feed-sequence")
    home.run("letters", "--first", str(good), "--out", folder / "letters.csv")
    with (folder / "letters.csv").open(encoding="utf-8-sig", newline="") as file:
        return next(row for row in csv.DictReader(file) if _is_untermed(home, row, folder))


def _is_untermed(home: House, letter: dict[str, str], folder: Path) -> bool:
    """By the list that was sent: ground one alone, a natural person, an order beside it."""
    with (folder / "list.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["被执行人姓名/名称"].strip() == letter["name"]]
    return (
        len(rows) == 1 and "有履行能力" in rows[0]["失信行为具体情形"] and bool(rows[0]["限制消费令文号"])
        and rows[0]["被执行人类型"] in {"自然人", "个人"} and rows[0]["证件号码"].strip("' ").upper() == letter["number"]
    )  # fmt: skip


def _check(home: House, letter: dict[str, str], key: str, act: str = "fly") -> dict[str, Any]:
    question = {
        "number": letter["number"],
        "name": letter["name"],
        "sector": "transport",
        "act": act,
        "purpose": "售票核验",
        "matter": "T-1",
    }
    answer = urllib3.request(
        "POST", home.base + "/v1/checks", json=question, headers={"Authorization": f"Bearer {key}"}, retries=False
    )
    assert answer.status == 200, answer.data
    return dict(answer.json())


def _mirror(home: House, folder: Path, *, expect: int = 0) -> str:
    files = folder / "keys"
    return home.run(
        "mirror", home.base, "--stream", "agency", "--dir", folder / "copy", "--key-file", files / "air.key",
        "--trust", files / "air.trust",
        "--token-key", files / "air.token", "--subscriber", "air", "--signing-key", files / "air.signing", "--once", expect=expect,
    )  # fmt: skip


def test_the_loop(home: House, tmp_path: Path) -> None:
    _people(home)
    letter = _listed(home, tmp_path)
    home.run("subscriber", "add", "air", "--title", "演示航空公司", "--number", "协议1", "--streams", "agency", "--purpose", "售票核验",
             "--out", tmp_path / "keys", "--receipt-key", "--as", "operator")  # fmt: skip
    made = home.run("account", "key-add", "--unit", "演示航空公司", "--sector", "transport", "--may", "check_ask")
    key = re.search(r"csk_\d+_[\w-]{43}", made)
    assert key
    home.serve()

    # a copy that proves itself
    said = _mirror(home, tmp_path)
    assert "回执已被接受" in said
    local = [
        "mirror",
        "check",
        "--dir",
        tmp_path / "copy",
        "--sector",
        "transport",
        "--act",
        "fly",
        "--token-key",
        tmp_path / "keys" / "air.token",
    ]
    assert "限制乘坐飞机" in home.run(*local, stdin=f"{letter['number']}\n{letter['name']}\n", expect=3)

    # an agency asks: by API, by command, at its page; the clause, the end and what ends it are there
    answer = _check(home, letter, key[0])
    assert answer["outcome"] == "restricted"
    verdict = answer["verdicts"][0]
    assert (verdict["measure"], verdict["reasons"][0]["clause"]["zh"][:1]) == ("travel-air", "《")
    assert letter["entry"] in {source["entry"] for source in verdict["sources"]}
    assert verdict["ends"]["zh"] and verdict["next_step"]["zh"]
    command = [
        "check",
        letter["name"],
        "--sector",
        "transport",
        "--act",
        "fly",
        "--purpose",
        "售票核验",
        "--matter",
        "T-1",
        "--as",
        "agency",
    ]
    assert "travel-air" in home.run(*command, "--json", stdin=letter["number"] + "\n", expect=3)
    page = Browser(home.base)
    page.sign_in("agency")
    question = {
        "number": letter["number"],
        "name": letter["name"],
        "sector": "transport",
        "act": "fly",
        "purpose": "售票核验",
        "matter": "T-1",
    }
    _, shown = page.post("/agency/", "/agency/", question, status=200)
    assert "受限制" in shown and "限制乘坐飞机" in shown and letter["number"] not in shown
    stranger = {**letter, "name": "查无此人"}
    assert _check(home, stranger, key[0])["outcome"] == "clear"

    # the debtor leaves
    debtor = Browser(home.base)
    wrong = {"number": letter["number"], "name": letter["name"], "code": "AAAA-BBBB-CCCC-DDDD"}
    debtor.post("/portal/sign-in", "/portal/sign-in", wrong, status=422)
    debtor.post("/portal/sign-in", "/portal/sign-in", {**wrong, "code": letter["code"]})
    assert letter["case_number"] in debtor.get("/portal/")
    assert "演示航空公司" in debtor.get(f"/portal/entries/{letter['entry']}")
    application = _applied(debtor, letter)
    _granted(home, application)

    # at once: neither the listing nor the order is named any more
    assert _check(home, letter, key[0])["outcome"] == "clear"

    # the copy has let go, its receipt shows, and the debtor sees both
    eventually(lambda: "移除 2 条" in _mirror(home, tmp_path), seconds=20)
    home.run(*local, stdin=f"{letter['number']}\n{letter['name']}\n", expect=0)
    entry = debtor.get(f"/portal/entries/{letter['entry']}")
    assert "已移出并回执" in entry
    assert letter["number"] not in entry
    assert "已准许" in debtor.get(f"/portal/applications/{application}")
    looked = debtor.get("/portal/who-looked")
    assert "售票核验" in looked


def _applied(debtor: Browser, letter: dict[str, str]) -> str:
    explain, _ = debtor.post("/portal/apply", "/portal/apply", {"choice": f"{letter['entry']}|removal/performed"})
    paper = ("papers", ("回单.pdf", pdf(), "application/pdf"))
    fields = {"statement": "已于上月付清全部案款。", "go": "check", paper[0]: paper[1]}
    check, _ = debtor.post(explain, explain, fields)
    status, _ = debtor.post(check, explain.replace("/explain", "/send"), {})
    assert "豫信修" in debtor.get(status)
    return explain.split("/")[3]


def _granted(home: House, application: str) -> None:
    page = f"/desk/applications/{application}"
    clerk, judge = Browser(home.base), Browser(home.base)
    clerk.sign_in("clerk")
    judge.sign_in("judge")
    assert "豫信修" in clerk.get("/desk/applications/")
    clerk.post(page, page + "/take", {})
    finding = {"document_number": "（2026）豫0105执1号之二", "reason": "申请执行人确认已付清", "lift_order": "1"}
    days = re.search(r'name="event_on"[^>]*max="([\d-]+)"', clerk.get(page))
    today = days[1] if days else _today(home)
    clerk.post(page, page + "/grant", {**finding, "event_on": today, "confirmed_on": today})
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', judge.get(page))
    assert digest
    judge.post(page, page + "/approve", {"digest": digest[1], "with_order": "1"})


def _today(home: House) -> str:
    answer = urllib3.request("GET", home.base + "/v1/deadlines?start=2026-01-01&count=1&unit=days", retries=False)
    assert answer.status == 200
    from creditsvc.kernel.days import legal_day
    from creditsvc.wallclock import SystemClock

    return legal_day(SystemClock().now()).isoformat()


def test_a_kill_during_a_release_is_resumed(home: House, tmp_path: Path) -> None:
    """``kill -9`` while a batch is applied leaves "released, completing"; the next start completes it, nothing twice."""
    _people(home)
    home.run(
        "demo", "--rows", "3000", "--seed", "5", "--out", tmp_path / "list.csv", "--expect", tmp_path / "expect.ndjson"
    )
    home.run("import", tmp_path / "list.csv", "--as", "clerk")
    good = sum("record" in json.loads(line) for line in (tmp_path / "expect.ndjson").read_text().splitlines())
    home.run("release", "1", "--as", "judge")
    home.serve()
    home.stop(signal.SIGKILL)
    between = home.run("import", tmp_path / "list.csv", "--as", "clerk")
    assert "已发布，正在生效" in between or "已全部生效" in between
    home.run("jobs", "run", "batches-apply")
    home.run("jobs", "run", "feed-sequence")
    home.run("jobs", "run", "feed-canaries")
    home.run("subscriber", "add", "air", "--title", "演示航空公司", "--number", "协议1", "--streams", "bureau", "--purpose", "核验",
             "--out", tmp_path / "keys", "--as", "operator")  # fmt: skip
    canary = 1
    assert re.search(rf"air\tbureau\t0/{good + canary}\t", home.run("subscriber", "list")), home.run(
        "subscriber", "list"
    )


@pytest.mark.parametrize(
    "kills", [4, pytest.param(30, marks=[pytest.mark.slow, pytest.mark.kill, pytest.mark.timeout(900)])]
)
def test_a_kill_during_a_removal_leaves_all_or_nothing(home: House, tmp_path: Path, kills: int) -> None:
    """``kill -9`` while the second person signs: decision, state, event and fact stand together or not at all."""
    _people(home)
    home.run("demo", "--rows", "120", "--seed", "9", "--out", tmp_path / "list.csv")
    home.run("import", tmp_path / "list.csv", "--as", "clerk")
    home.run("release", "1", "--as", "judge", "--wait")
    home.serve()
    clerk = Browser(home.base)
    clerk.sign_in("clerk")
    proposed = [_proposed(clerk, entry) for entry in _untermed(home)[:kills]]
    assert len(proposed) == kills
    for number, (entry, decision) in enumerate(proposed):
        judge = Browser(home.base)
        judge.sign_in("judge")
        digest = re.search(r'name="digest" value="([0-9a-f]{64})"', judge.get(decision))
        assert digest
        signing = threading.Thread(target=_signed, args=(judge, decision, digest[1]), daemon=True)
        signing.start()
        time.sleep(0.03 * number / kills)
        home.stop(signal.SIGKILL)
        signing.join(30)
        assert _standing(home, entry) in ALL_OR_NOTHING
        if number + 1 < kills:
            home.serve()


ALL_OR_NOTHING = (("active", "proposed", 0, 0), ("removed", "approved", 1, 1))
"""State of the listing, state of the decision, removal events, exit facts."""


def _databases(home: House) -> Database:
    address = home.environ.get("CREDITSVC_DATABASE_URL") or f"sqlite:///{home.home / 'var' / 'register.db'}"
    return Database(address)


def _untermed(home: House) -> list[str]:
    database = _databases(home)
    with database.reading() as session:
        found = list(session.scalars(select(Listing.entry).where(Listing.until.is_(None)).order_by(Listing.id)))
    database.dispose()
    return found


def _proposed(clerk: Browser, entry: str) -> tuple[str, str]:
    fields = {"what": "remove_listing/performed", "event_on": "2026-01-05", "known_on": "2026-01-06",
              "document_number": "（2026）豫01执1号之一", "reason": "案款已付清"}  # fmt: skip
    page = f"/desk/listings/{entry}"
    decision, _ = clerk.post(page, page + "/decisions", fields)
    return entry, decision


def _signed(judge: Browser, decision: str, digest: str) -> None:
    with suppress(urllib3.exceptions.HTTPError, AssertionError):
        judge.post(decision, decision, {"digest": digest, "go": "approve"})


def _standing(home: House, entry: str) -> tuple[str, str, int, int]:
    database = _databases(home)
    with database.reading() as session:
        state = session.scalar(select(Listing.state).where(Listing.entry == entry)) or ""
        decision = session.scalar(select(Decision.state).where(Decision.entry == entry)) or ""
        events = session.scalar(
            select(func.count())
            .select_from(RegisterEvent)
            .where(RegisterEvent.entry == entry, RegisterEvent.type == "remove")
        )
        facts = session.scalar(
            select(func.count()).select_from(Outbox).where(Outbox.entry == entry, Outbox.is_exit.is_(True))
        )
    database.dispose()
    return state, decision, events or 0, facts or 0
