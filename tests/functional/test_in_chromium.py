"""The main job by hand: five people at five windows of a real browser, from a court's file to a copy that has let go."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.repair.papers import pdf
from tests.support.chromium import Visitor, chromium
from tests.support.house import PASSWORD, House, house

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
ROWS = 120


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for all windows."""
    with chromium() as made:
        yield made


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    """A running service with staff and a synthetic list beside it."""
    with house(tmp_path) as made:
        for role, more in {"clerk": ("--court", "豫"), "judge": ("--court", "豫"), "operator": (),
                           "agency": ("--unit", "演示单位", "--sector", "transport")}.items():  # fmt: skip
            made.account(role, role, *more)
        made.run("demo", "--rows", str(ROWS), "--seed", "11", "--out", tmp_path / "list.csv")
        made.serve()
        yield made


def signed_in(browser: Browser, home: House, name: str) -> Visitor:
    """A window in which a member of staff has signed in by keyboard."""
    made = Visitor.at(browser, home.base)
    made.go("/sign-in")
    made.page.get_by_label("用户名").focus()
    made.page.keyboard.type(name)
    made.page.keyboard.press("Tab")
    made.page.keyboard.type(PASSWORD)
    made.page.keyboard.press("Enter")
    made.page.wait_for_url(lambda address: "/sign-in" not in address)
    return made


def test_five_people_at_five_windows(browser: Browser, home: House, tmp_path: Path) -> None:
    clerk, judge = signed_in(browser, home, "clerk"), signed_in(browser, home, "judge")
    _released(clerk, judge, tmp_path / "list.csv")
    home.run("jobs", "run", "batches-apply")
    operator = signed_in(browser, home, "operator")
    _subscriber(operator)
    home.run("letters", "--first", str(ROWS), "--out", tmp_path / "letters.csv")
    person = _person(tmp_path)

    agency = signed_in(browser, home, "agency")
    assert "限制乘坐飞机" in _asked(agency, person, "restricted")
    debtor = Visitor.at(browser, home.base)
    _enters(debtor, person)
    number = _applies(debtor, person)
    _granted(clerk, judge, number)
    assert "不受限制" in _asked(agency, person, "clear")
    debtor.go("/portal/")
    assert "已移出" in debtor.look("portal-left")
    public = Visitor.at(browser, home.base)
    for name, path in {
        "front": "/",
        "rulebook": "/rulebook",
        "deadlines": "/deadlines",
        "portal-sign-in": "/portal/sign-in",
    }.items():
        public.go(path + "?lang=zh")
        public.look(name)
        public.go(path + "?lang=en")
        public.look(name + "-en")
    everybody = (clerk, judge, operator, agency, debtor, public)
    assert [fault for each in everybody for fault in each.faults] == []


def _released(clerk: Visitor, judge: Visitor, file: Path) -> None:
    clerk.go("/desk/batches/")
    clerk.look("batches-empty")
    clerk.page.get_by_label("名单文件").set_input_files(file)
    clerk.main_button("上传并读取")
    assert "须由另一人核对后发布" in clerk.look("batch-own")
    judge.page.goto(clerk.page.url)
    assert "发布本批次" in judge.look("batch-to-release")
    judge.main_button("发布本批次")
    assert re.search("已发布|已全部生效|已生效", judge.look("batch-released"))
    judge.go("/desk/")
    judge.look("desk")
    judge.go("/desk/listings")
    judge.look("listings")


def _subscriber(operator: Visitor) -> None:
    operator.go("/desk/subscribers/")
    operator.look("subscribers-empty")
    page = operator.page
    page.get_by_label("英文短名").fill("air")
    page.get_by_label("单位全称").fill("演示航空公司")
    page.get_by_label("协议编号").fill("协议1")
    page.get_by_label("agency", exact=True).check()
    page.get_by_label("使用目的").fill("售票核验")
    operator.main_button("登记并签发密钥")
    assert "只显示这一次" in operator.look("subscriber-made")
    operator.go("/desk/subscribers/")
    assert "演示航空公司" in operator.look("subscribers")


def _person(folder: Path) -> dict[str, str]:
    """A natural person with one listing without a term and an order beside it, and the code on their letter."""
    with (folder / "list.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    with (folder / "letters.csv").open(encoding="utf-8-sig", newline="") as file:
        letters = list(csv.DictReader(file))
    for letter in letters:
        own = [row for row in rows if row["被执行人姓名/名称"].strip() == letter["name"]]
        if (
            len(own) == 1 and "有履行能力" in own[0]["失信行为具体情形"] and own[0]["限制消费令文号"]
            and own[0]["被执行人类型"] in {"自然人", "个人"} and own[0]["证件号码"].strip("' ").upper() == letter["number"]
        ):  # fmt: skip
            return letter
    raise AssertionError("the synthetic list holds no such person")


def _asked(agency: Visitor, person: dict[str, str], name: str) -> str:
    agency.go("/agency/")
    agency.look("agency")
    page = agency.page
    page.get_by_label("证件号码").fill(person["number"])
    page.get_by_label("姓名或者单位名称").fill(person["name"])
    page.get_by_label("拟办事项").select_option("fly")
    page.get_by_label("核查目的").fill("售票核验")
    page.get_by_label("办件编号").fill("T-1")
    agency.main_button("核查")
    said = agency.look(f"agency-{name}")
    assert person["number"] not in page.content()
    return said


def _enters(debtor: Visitor, person: dict[str, str]) -> None:
    page = debtor.page
    debtor.go("/portal/sign-in")
    for label, text in {
        "证件号码": person["number"],
        "姓名或者单位名称": person["name"],
        "查询码": "AAAA-BBBB-CCCC-DDDD",
    }.items():
        page.get_by_label(label).fill(text)
    debtor.main_button("登录")
    assert person["name"] not in debtor.look("portal-wrong-code").split("姓名或者单位名称")[0]
    page.get_by_label("证件号码").fill(person["number"])
    page.get_by_label("查询码").fill(person["code"])
    debtor.main_button("登录")
    assert person["case_number"] in debtor.look("portal")
    page.get_by_role("link", name="受到哪些限制、谁有副本").first.click()
    assert "演示航空公司" in debtor.look("portal-entry")


def _applies(debtor: Visitor, person: dict[str, str]) -> str:
    page = debtor.page
    debtor.go("/portal/")
    page.get_by_role("link", name="申请移出名单").first.click()
    debtor.look("apply-1")
    page.get_by_role("radio", name=re.compile("履行完毕|全部履行|已履行")).first.check()
    debtor.main_button("下一步")
    debtor.look("apply-2")
    page.get_by_label("情况说明").fill("已于上月付清全部案款。")
    page.get_by_label("证明材料").set_input_files({"name": "回单.pdf", "mimeType": "application/pdf", "buffer": pdf()})
    debtor.main_button("下一步")
    assert "回单.pdf" in debtor.look("apply-3")
    debtor.main_button("提交申请")
    said = debtor.look("apply-sent")
    assert "法院已经收到您的申请" in said
    found = re.search(r"豫信修〔\d{4}〕\S*\d+号?", said)
    assert found, said
    return page.url.rstrip("/").split("/")[-1].split("?")[0]


def _granted(clerk: Visitor, judge: Visitor, application: str) -> None:
    clerk.go("/desk/applications/")
    clerk.look("applications")
    clerk.go(f"/desk/applications/{application}")
    clerk.main_button("开始审查")
    clerk.look("application-review")
    page = clerk.page
    today = page.get_by_label("法院确认的日期").input_value()
    page.locator("#document_number").fill("（2026）豫0105执1号之二")
    page.get_by_label("履行完毕（或者情形出现）的日期").fill(today)
    page.locator("#reason").fill("申请执行人确认已付清")
    page.get_by_label("同时提出第二项决定").check()
    clerk.main_button("提出准许，交第二人复核")
    assert "请另一人复核签批" in clerk.look("application-proposed")
    judge.go(f"/desk/applications/{application}")
    judge.look("application-to-approve")
    judge.main_button("复核同意并签批")
    assert "已准许" in judge.look("application-granted") or "准许" in judge.page.content()
