"""The court's desk in a real browser by three accounts: a debtor put forward, then a raw file's row, each to its removal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from creditsvc.kernel.days import add_months, legal_day
from creditsvc.wallclock import SystemClock
from tests.functional.test_in_chromium import signed_in
from tests.register.world import resident
from tests.support.chromium import Visitor, chromium
from tests.support.house import House, house
from tests.support.intake import TERMED, listing
from tests.sync.test_batches_browser import sent

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
TODAY = legal_day(SystemClock().now())
CASE = "（2026）豫0105执1234号"
PROPOSE, SIGN = "提出，交另一人签批", "签批，立即生效"


@pytest.fixture
def browser() -> Iterator[Browser]:
    """One Chromium for all windows."""
    with chromium() as made:
        yield made


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    """A running service with a court's three people."""
    with house(tmp_path) as made:
        for role in ("clerk", "judge", "president"):
            made.account(role, role, "--court", "豫0105")
        made.serve()
        yield made


def test_a_listings_whole_life_at_the_desk(browser: Browser, home: House, tmp_path: Path) -> None:
    clerk, judge, president = (signed_in(browser, home, name) for name in ("clerk", "judge", "president"))
    _put_forward(clerk)
    entry = _listed(clerk, judge, president)
    _served(clerk, entry)
    _decide(clerk, judge, entry, "公布失信信息", {"national_entry": "QG2026001"})
    _decide(clerk, judge, entry, "更正失信信息", {"obligation": "支付货款 68,000 元"})
    later = {"until": str(add_months(TODAY, 48)), "acts": "转移车辆\n虚假报告财产"}
    _decide(clerk, president, entry, "延长期限", later, {"cause": "several_acts"})
    assert "68,000" in clerk.look("desk-case")
    clerk.go("/desk/?lang=en")
    assert "What is due" in clerk.look("desk-home-en")
    clerk.go("/desk/due?lang=zh")
    assert "第八条" in clerk.look("desk-due")
    clerk.go("/desk/calendar?lang=zh")
    clerk.look("desk-calendar")
    _removed(clerk, judge, entry)
    clerk.go(f"/desk/listings/{entry}/papers")
    assert "所载事项已经终结" in clerk.page.locator("main").inner_text()
    _from_a_raw_file(clerk, judge, president, home, tmp_path)
    assert [fault for each in (clerk, judge, president) for fault in each.faults] == []


def _from_a_raw_file(clerk: Visitor, judge: Visitor, president: Visitor, home: House, folder: Path) -> None:
    """The same life for a row of a court's file: sent, released by another, found by number, extended, corrected, removed."""
    row = listing(1, **TERMED)
    batch = sent(clerk, folder / "list.ndjson", [row])
    judge.page.goto(batch)
    judge.main_button("发布本批次")
    home.run("jobs", "run", "batches-apply")
    judge.page.goto(batch)
    assert "已全部生效" in judge.look("desk-file-applied")
    clerk.go("/desk/due")
    assert "核对有无须通报所在单位" in clerk.look("desk-file-article-8")
    clerk.go("/desk/listings")
    clerk.page.locator("#number").fill(row["id_number"])
    clerk.main_button("按号码查找")
    clerk.page.get_by_role("link", name=row["subject_name"]).first.click()
    entry = clerk.page.url.rsplit("/", 1)[-1].partition("#")[0].partition("?")[0]
    later = {"until": str(add_months(date.fromisoformat(row["decided_on"]), 48)), "acts": "转移车辆\n虚假报告财产"}
    _decide(clerk, president, entry, "延长期限", later, {"cause": "several_acts"})
    _decide(clerk, judge, entry, "更正失信信息", {"obligation": "支付货款 99,000 元"})
    shown = clerk.look("desk-file-case")
    assert "99,000" in shown and "2030" in shown
    _removed(clerk, judge, entry)


def _put_forward(clerk: Visitor) -> None:
    clerk.go("/desk/candidates/new")
    clerk.main_button("提请")
    assert "请修改以下内容" in clerk.look("desk-candidate-errors")
    fields = {
        "number": resident(7).number, "name": "王小明", "case_number": CASE, "filed_on": "2026-01-05", "obligation": "支付货款 86,000 元",
        "basis_number": "（2025）豫0105民初77号", "basis_issuer": "郑州市金水区人民法院", "applicants": "李四贸易有限公司",
        "notice_served_on": "2026-02-02", "perform_by": "2026-03-02",
    }  # fmt: skip
    for name, text in fields.items():
        clerk.page.locator(f"#{name}").fill(text)
    clerk.main_button("提请")
    clerk.page.locator("#review-applicant").fill("李四贸易有限公司")
    clerk.page.locator("#review-applied_on").fill(str(TODAY - timedelta(days=3)))
    clerk.main_button("开始审查")
    assert "对纳入申请作出决定" in clerk.page.locator("main").inner_text()


def _listed(clerk: Visitor, judge: Visitor, president: Visitor) -> str:
    page = clerk.page
    page.get_by_role("link", name="纳入失信被执行人名单", exact=True).click()
    page.locator("#grounds-evades").check()
    page.locator("#until").fill(str(add_months(TODAY, 24)))
    page.locator("#findings-campus_loan_student").check()
    _reasons(clerk)
    clerk.main_button(PROPOSE)
    assert "须由承办人逐项写明意见" in clerk.look("desk-doubts")
    page.locator("textarea[name^=answer_]").first.fill("已核实，并非在校生。")
    clerk.main_button(PROPOSE)
    judge.page.goto(page.url)
    assert "须由院长签发" in judge.look("desk-decision")
    president.page.goto(page.url)
    president.main_button(SIGN)
    page.reload()
    page.get_by_role("link", name="← 王小明").click()
    page.get_by_role("link", name="打开已决定的记录").click()
    return page.url.rsplit("/", 1)[-1].partition("#")[0]


def _reasons(clerk: Visitor) -> None:
    clerk.page.locator("#event_on").fill(str(TODAY))
    clerk.page.locator("#document_number").fill(f"{CASE}之一")
    clerk.page.locator("#reason").fill("经查属实。")


def _served(clerk: Visitor, entry: str) -> None:
    page = clerk.page
    clerk.go(f"/desk/listings/{entry}/papers")
    page.locator("summary", has_text="纳入失信被执行人名单决定书").click()
    page.get_by_role("button", name="出具并签章").first.click()
    page.locator("summary", has_text="送达这份文书").click()
    clerk.main_button("送达")
    page.locator("summary", has_text="登记结果").click()
    page.locator("input[id^=served_on-]").fill(str(TODAY))
    clerk.main_button("登记已送达")
    assert "民事诉讼法第八十八条" in clerk.look("desk-papers")


def _decide(
    clerk: Visitor, second: Visitor, entry: str, kind: str, fields: dict[str, str], chosen: dict[str, str] | None = None
) -> None:
    clerk.go(f"/desk/listings/{entry}")
    clerk.page.get_by_role("link", name=kind, exact=True).click()
    for name, text in fields.items():
        clerk.page.locator(f"#{name}").fill(text)
    for name, value in (chosen or {}).items():
        clerk.page.locator(f"#{name}").select_option(value)
    _reasons(clerk)
    clerk.main_button(PROPOSE)
    second.page.goto(clerk.page.url)
    second.main_button(SIGN)
    assert "已签批" in second.page.locator("main").inner_text()
    clerk.go(f"/desk/listings/{entry}")


def _removed(clerk: Visitor, judge: Visitor, entry: str) -> None:
    clerk.go(f"/desk/listings/{entry}")
    clerk.page.get_by_role("link", name="删除失信信息", exact=True).click()
    clerk.page.get_by_role("radio", name=re.compile("提前删除")).check()
    _reasons(clerk)
    clerk.main_button(PROPOSE)
    judge.go("/desk/")
    judge.page.locator("input[name=decision]").first.check()
    judge.main_button("逐件核对选中的决定")
    judge.page.locator("input[name=decision]").first.check()
    judge.look("desk-many")
    judge.main_button("签批勾选的决定，立即生效")
    clerk.go(f"/desk/listings/{entry}")
    assert "已删除" in clerk.look("desk-removed")
    clerk.go("/desk/")
    clerk.page.get_by_role("link", name="批量出具文书").click()
    assert "删除失信信息通知书" in clerk.look("desk-letters")
    clerk.main_button("出具选中的文书")
    assert "份没有出具" in clerk.look("desk-letters-issued")
    with clerk.page.expect_download() as loading:
        clerk.page.get_by_role("link", name="下载全部文书（ZIP）").click()
    assert loading.value.suggested_filename == "letters.zip"
