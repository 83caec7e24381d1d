"""A performer in time gets a certificate and a place on the incentive list: three people in a real browser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import Browser

from creditsvc.access.accounts import NewAccount, create_account, start_session
from creditsvc.access.callers import job_caller
from creditsvc.access.permissions import StaffRole
from creditsvc.app import create_app
from creditsvc.kernel.days import legal_day
from creditsvc.services import Services
from tests.performing.world import NAME
from tests.repair.test_in_browser import served
from tests.repair.world import COURT, person_number
from tests.support.chromium import Visitor, chromium
from tests.support.house import PASSWORD
from wsgi import features

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def test_from_the_notice_to_an_incentive(sqlite_services: Services) -> None:
    """In this process, so that no house has to be built, and so that the days of publicity can pass."""
    app = create_app(sqlite_services, features())
    with served(app) as base, chromium() as browser:
        court = Court(sqlite_services, browser, base)
        clerk, judge = court.staff("clerk", StaffRole.CLERK), court.staff("judge", StaffRole.JUDGE)
        agent = court.staff("agent", StaffRole.AGENCY, **AGENCY)
        today = legal_day(sqlite_services.clock.now())
        path, code = _advised(clerk, (today + timedelta(days=20)).isoformat())
        me = _performer(browser, base, code)
        me.look("performing-portal-countdown")
        me.page.get_by_label("全部履行完毕的日期").fill(today.isoformat())
        me.main_button("报告已经履行")
        assert "待核实" in me.look("performing-portal-claimed")
        _proposed(clerk, path)
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
        stranger = Visitor.at(browser, base)
        stranger.go("/incentives/publicity/?lang=en")
        assert "守＊＊" in stranger.look("performing-publicity-en")
        assert "没有可以告知的激励记录" in _asked(agent), "while it is publicised nobody is told"
        _days_pass(sqlite_services, 14)
        judge, agent = court.staff("judge2", StaffRole.JUDGE), court.staff("agent2", StaffRole.AGENCY, **AGENCY)
        judge.go(path)
        judge.main_button("列入")
        judge.look("performing-desk-listed")
        assert "没有可以告知的激励记录" not in _asked(agent)
        agent.look("performing-agency")
        again = _performer(browser, base, code)
        again.go("/portal/performances/?lang=en")
        again.look("performing-portal-en")
        people = (clerk, judge, agent, me, stranger, again)
        assert [visitor.faults for visitor in people] == [[]] * len(people)


AGENCY = {"unit": "演示银行", "sector": "financial_regulation"}


@dataclass
class Court:
    """People who sign in by their cookie."""

    services: Services
    browser: Browser
    base: str

    def staff(self, username: str, role: StaffRole, **more: str) -> Visitor:
        """Somebody of the court, or of an agency."""
        now, court = self.services.clock.now(), None if more else COURT
        new = NewAccount(username, username, role, court_code=court, **more)  # type: ignore[arg-type]
        with self.services.database.writing() as session:
            account = create_account(session, new, PASSWORD, cost="cheap", caller=job_caller("test"), now=now)
            token = start_session(session, account, now=now)
        made = Visitor.at(self.browser, self.base)
        made.page.context.add_cookies([{"name": "session", "value": token, "url": self.base}])
        return made


def _days_pass(services: Services, days: int) -> None:
    services.clock.set(services.clock.now() + timedelta(days=days))  # type: ignore[attr-defined]


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


def _performer(browser: Browser, base: str, code: str) -> Visitor:
    me = Visitor.at(browser, base)
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


def _asked(agent: Visitor) -> str:
    agent.go("/agency/incentives/")
    for label, value in (("证件号码", person_number(803).number), ("姓名或者单位名称", NAME), ("核查目的", "贷款审查")):
        agent.page.get_by_label(label, exact=True).fill(value)
    agent.page.get_by_role("main").get_by_role("button", name="查询", exact=True).click()
    agent.page.wait_for_load_state()
    return agent.page.locator("body").inner_text()
