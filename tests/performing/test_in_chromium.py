"""A performer in time gets a certificate and a place on the incentive list: three people in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from creditsvc.kernel.days import legal_day
from creditsvc.wallclock import SystemClock
from tests.performing.world import NAME
from tests.repair.world import person_number
from tests.support.chromium import Visitor, chromium
from tests.support.house import PASSWORD, House, house

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    """A running service with a clerk, a judge and somebody of an agency."""
    with house(tmp_path) as made:
        made.account("clerk", "clerk", "--court", "豫0105")
        made.account("judge", "judge", "--court", "豫0105")
        made.account("agent", "agency", "--unit", "演示银行", "--sector", "financial_regulation")
        made.serve()
        yield made


@pytest.fixture
def browser() -> Iterator[Browser]:
    """One Chromium."""
    with chromium() as made:
        yield made


def _signed_in(browser: Browser, home: House, username: str) -> Visitor:
    made = Visitor.at(browser, home.base)
    made.go("/sign-in")
    made.page.get_by_label("用户名").fill(username)
    made.page.get_by_label("密码").fill(PASSWORD)
    made.page.keyboard.press("Enter")
    made.page.wait_for_url(lambda address: "/sign-in" not in address)
    return made


def test_from_the_notice_to_publicity(browser: Browser, home: House) -> None:
    today = legal_day(SystemClock().now())
    clerk = _signed_in(browser, home, "clerk")
    path, code = _advised(clerk, (today + timedelta(days=20)).isoformat())
    me = _performer(browser, home, code)
    me.look("performing-portal-countdown")
    me.page.get_by_label("全部履行完毕的日期").fill(today.isoformat())
    me.main_button("报告已经履行")
    assert "待核实" in me.look("performing-portal-claimed")
    _proposed(clerk, path)
    judge = _signed_in(browser, home, "judge")
    judge.go(path)
    judge.look("performing-desk-to-sign")
    judge.main_button("同意，签批")
    assert "已出具证明书" in judge.look("performing-desk-certified")
    me.go("/portal/performances/")
    me.page.get_by_label("公示并列入激励名单").check()
    me.main_button("保存")
    me.look("performing-portal-certified")
    clerk.go(path)
    clerk.main_button("提出并开始公示")
    clerk.look("performing-desk-publicised")
    stranger = Visitor.at(browser, home.base)
    stranger.go("/incentives/publicity/?lang=en")
    assert "守＊＊" in stranger.look("performing-publicity-en")
    me.go("/portal/performances/?lang=en")
    assert "publicised" in me.look("performing-portal-en")
    agent = _signed_in(browser, home, "agent")
    agent.go("/agency/incentives/")
    _asked(agent)
    assert "没有可以告知的激励记录" in agent.look("performing-agency")
    assert [visitor.faults for visitor in (clerk, me, judge, stranger, agent)] == [[]] * 5


def _advised(clerk: Visitor, due: str) -> tuple[str, str]:
    clerk.go("/desk/performances/")
    clerk.look("performing-desk-empty")
    clerk.page.get_by_role("link", name="出具告知书").click()
    clerk.main_button("出具告知书")
    clerk.look("performing-desk-advice-errors")
    for label, value in (
        ("证件号码", person_number(803).number), ("姓名或者单位名称", NAME), ("案号", "（2026）豫0105民初803号"),
        ("权利人", "债权人甲"), ("应履行的义务", "支付货款 86,000 元及利息"), ("履行期限届满日", due),
    ):  # fmt: skip
        clerk.page.get_by_label(label, exact=True).fill(value)
    clerk.page.get_by_label("法院").select_option("豫0105")
    clerk.main_button("出具告知书")
    clerk.page.wait_for_url("**/prf_*")
    path = re.sub(r"\?.*", "", clerk.page.url.removeprefix(clerk.base))
    clerk.main_button("生成门户查询码")
    clerk.look("performing-desk-code")
    return path, clerk.page.locator("p.code strong").inner_text()


def _performer(browser: Browser, home: House, code: str) -> Visitor:
    me = Visitor.at(browser, home.base)
    me.go("/portal/sign-in")
    for label, value in (("证件号码", person_number(803).number), ("姓名", NAME), ("查询码", code)):
        me.page.get_by_label(re.compile(label)).first.fill(value)
    me.page.keyboard.press("Enter")
    me.page.wait_for_url("**/portal/")
    me.page.get_by_role("link", name="履行证明").click()
    return me


def _proposed(clerk: Visitor, path: str) -> None:
    clerk.go(path)
    clerk.page.get_by_label("否，自动履行").check()
    clerk.page.get_by_label("确认方式").select_option("creditor")
    clerk.page.get_by_label("确认材料的名称或者编号").fill("权利人收条")
    clerk.page.get_by_role("button", name="提出，交第二人复核").first.click()
    clerk.look("performing-desk-proposed")


def _asked(agent: Visitor) -> None:
    for label, value in (("证件号码", person_number(803).number), ("姓名或者单位名称", NAME), ("核查目的", "贷款审查")):
        agent.page.get_by_label(label, exact=True).fill(value)
    agent.page.get_by_role("main").get_by_role("button", name="查询", exact=True).click()
    agent.page.wait_for_load_state()
