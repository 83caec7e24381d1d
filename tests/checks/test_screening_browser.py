"""Ten thousand people screened and a counterparty watched, by mouse and keyboard in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from creditsvc.services import open_services
from creditsvc.settings import Settings
from tests.checks.screening_world import csv_of, listed, rows_of
from tests.repair.world import person_number
from tests.support.chromium import Visitor, chromium
from tests.support.house import PASSWORD, House, house

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
ROWS = 10_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium."""
    with chromium() as made:
        yield made


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    """A running service with somebody of an agency."""
    with house(tmp_path) as made:
        made.account("agent", "agency", "--unit", "演示航空", "--sector", "transport")
        made.serve()
        yield made


def _listed(home: House) -> tuple[str, str, str]:
    environ = {name: value for name, value in home.environ.items() if name.startswith("CREDITSVC_")}
    services = open_services(Settings.from_environ(environ))
    try:
        return listed(services, with_order=True)
    finally:
        services.dispose()


def _signed_in(browser: Browser, home: House) -> Visitor:
    made = Visitor.at(browser, home.base)
    made.go("/sign-in")
    made.page.get_by_label("用户名").fill("agent")
    made.page.get_by_label("密码").fill(PASSWORD)
    made.page.keyboard.press("Enter")
    made.page.wait_for_url(lambda address: "/sign-in" not in address)
    return made


def test_a_batch_and_a_watch_list(browser: Browser, home: House, tmp_path: Path) -> None:
    number, name, _ = _listed(home)
    agent = _signed_in(browser, home)
    _refused(agent, tmp_path)
    people = [(f"C{i}", "周某某", person_number(i % 900).number, "=1+1") for i in range(ROWS)]
    people[77] = ("C77", name, number, "")
    people[78] = ("C78", name, number[:17], "")
    (tmp_path / "list.csv").write_bytes(csv_of(people))
    _screened(agent, tmp_path)
    _watched(agent, number, name)
    assert agent.faults == []


def _fill(agent: Visitor) -> None:
    agent.page.get_by_label("核查目的").fill("售票核验")
    agent.page.get_by_label("办件编号").fill("T-1")
    agent.page.get_by_label("拟办事项").select_option("fly")


def _refused(agent: Visitor, folder: Path) -> None:
    agent.go("/agency/screenings/")
    assert "还没有批量核查" in agent.look("screenings-empty")
    (folder / "wrong.csv").write_text("甲,乙\n1,2\n", encoding="utf-8")
    agent.page.get_by_label("名单文件").set_input_files(folder / "wrong.csv")
    _fill(agent)
    agent.page.get_by_role("button", name="上传并核查").press("Enter")
    agent.page.wait_for_selector(".govuk-error-summary")
    assert "第一行应为栏目名称" in agent.look("screenings-refused")


def _screened(agent: Visitor, folder: Path) -> None:
    agent.page.get_by_label("名单文件").set_input_files(folder / "list.csv")
    _fill(agent)
    agent.page.get_by_role("button", name="上传并核查").click()
    agent.page.wait_for_url(re.compile(r"/agency/screenings/\d+"))
    agent.look("screening-progress")
    agent.page.wait_for_selector("text=下载结果", timeout=60_000)
    assert "number-length" in agent.look("screening-done")
    with agent.page.expect_download() as waiting:
        agent.page.get_by_role("link", name=re.compile("下载结果")).click()
    waiting.value.save_as(folder / "results.csv")
    rows = rows_of((folder / "results.csv").read_bytes())
    assert len(rows) == ROWS
    assert [rows[77]["核查结果"], rows[78]["核查结果"]] == ["受限制", "未核查"]
    assert rows[0]["备注"] == "'=1+1"
    agent.page.get_by_role("button", name="立即销毁名单和结果").click()
    agent.page.wait_for_selector("text=名单和结果已销毁")
    agent.look("screening-destroyed")
    agent.go("/agency/screenings/?lang=en")
    agent.look("screenings-english")
    agent.go("/agency/screenings/?lang=zh")


def _watched(agent: Visitor, number: str, name: str) -> None:
    agent.go("/agency/watch-lists/")
    assert "还没有关注名单" in agent.look("watch-lists-empty")
    agent.page.get_by_label("名单名称").fill("合同相对方")
    agent.page.get_by_label("核查目的").fill("合同管理")
    agent.page.get_by_label("办件编号").fill("H-1")
    agent.page.get_by_label("拟办事项").select_option("fly")
    agent.page.get_by_role("button", name="建立名单").click()
    agent.page.wait_for_url(re.compile(r"/agency/watch-lists/\d+"))
    agent.look("watch-list-empty")
    agent.page.get_by_label("证件号码").fill(number)
    agent.page.get_by_label("姓名或者单位名称").fill(name)
    agent.page.get_by_role("button", name="加入", exact=True).press("Enter")
    agent.page.wait_for_selector("text=新加入 1 人")
    shown = agent.look("watch-list-entered")
    assert "列入" in shown
    assert number not in shown
    for _ in range(2):
        agent.page.get_by_role("button", name="记录处理").first.click()
        agent.page.wait_for_load_state()
    assert "没有待处理的记录" in agent.look("watch-list-settled")
