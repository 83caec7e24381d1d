"""In a real browser: a person removes one listing, is refused another, objects, wins on reconsideration, flies to a funeral."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from playwright.sync_api import Browser
from sqlalchemy import select, update
from werkzeug.serving import make_server

from creditsvc.access.accounts import NewAccount, create_account, start_session
from creditsvc.access.callers import job_caller
from creditsvc.access.permissions import StaffRole
from creditsvc.app import create_app
from creditsvc.register.tables import ConsumptionOrder, Listing
from creditsvc.services import Services
from creditsvc.storage.outbox import FactType, put
from creditsvc.storage.subjects import numbers_of
from repair.letters import issue_codes
from repair.policy.alphabet import printed
from tests.repair.papers import pdf
from tests.repair.world import COURT, clerk, list_person
from tests.support.chromium import Visitor, chromium
from tests.support.feed_world import Register
from wsgi import features

LARGEST = 100 * 1024
"""No page of the portal is larger than this, in bytes."""


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The application on a port of its own."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


class Town:
    """A person with three entries, a court and the court above it, each with a window of their own."""

    def __init__(self, services: Services, browser: Browser, base: str) -> None:
        self.services, self.browser, self.base = services, browser, base
        self.paid, self.wrong = list_person(services), list_person(services, with_order=True)
        with services.database.writing() as session:
            one = session.scalar(select(Listing).where(Listing.entry == self.paid))
            assert one
            self.name, mine = one.name, {"subject_id": one.subject_id, "name": one.name}
            other = session.scalar(select(Listing).where(Listing.entry == self.wrong))
            assert other
            for table in (Listing, ConsumptionOrder):
                session.execute(update(table).where(table.case_number == other.case_number).values(**mine))
            self.number = numbers_of(session, services.vault, [one.subject_id])[one.subject_id].number
            codes = issue_codes(session, services, [self.paid], caller=clerk(), now=services.clock.now())
        self.code, self.everybody = printed(codes[self.paid]), list[Visitor]()
        self.register = Register(services)
        self.register.subscriber("bureau-a")
        with services.database.writing() as session:
            put(session, entry=self.paid, kind="listing", revision=1, fact=FactType.PUBLISHED, at=services.clock.now())
        self.register.publish()

    def staff(self, username: str, role: StaffRole, court: str) -> Visitor:
        """Somebody of a court, signed in."""
        with self.services.database.writing() as session:
            new = NewAccount(username, username, role, court_code=court)
            now = self.services.clock.now()
            account = create_account(
                session, new, "长城-砖块-三十七-橘子", cost="cheap", caller=job_caller("test"), now=now
            )
            token = start_session(session, account, now=now)
        made = self.visitor()
        made.page.context.add_cookies([{"name": "session", "value": token, "url": self.base}])
        return made

    def visitor(self) -> Visitor:
        made = Visitor.at(self.browser, self.base)
        made.page.on("response", lambda answer: self.weigh(made, answer))
        self.everybody.append(made)
        return made

    def weigh(self, who: Visitor, answer: object) -> None:
        size = int(answer.headers.get("content-length", 0))  # type: ignore[attr-defined]
        url = str(answer.url)  # type: ignore[attr-defined]
        if "/portal/" in url and size > LARGEST:
            who.faults.append(f"{url}: {size} bytes")


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_person_finds_every_way_off(sqlite_services: Services) -> None:
    app = create_app(sqlite_services, features())
    with served(app) as base, chromium() as browser:
        town = Town(sqlite_services, browser, base)
        me, clerk_, judge = (
            town.visitor(),
            town.staff("clerk", StaffRole.CLERK, COURT),
            town.staff("judge", StaffRole.JUDGE, COURT),
        )
        enter(me, town)
        first = applies(me, town.paid, "removal/performed", "apply-removal")
        decide(clerk_, judge, first, grant=True, name="removal")
        me.go(f"/portal/applications/{first}")
        assert "已移出" in me.look("removal-granted")
        certified(me, town)
        second = applies(me, town.wrong, "revocation/no_circumstance", "apply-revocation", e_service=True)
        decide(clerk_, judge, second, grant=False, name="revocation")
        me.go(f"/portal/applications/{second}")
        assert "向上一级人民法院申请复议" in me.look("revocation-refused")
        third = applies(me, town.wrong, "objection/inaccurate", "apply-objection", check="向省信用平台提出")
        me.go(f"/portal/applications/{second}/again")
        assert "2026年12月4日" in me.look("again")
        me.main_button("下一步")
        fourth = completes(me, "apply-again")
        found_out(clerk_, town.wrong, third)
        decide(
            town.staff("clerk2", StaffRole.CLERK, "豫01"),
            town.staff("judge2", StaffRole.JUDGE, "豫01"),
            fourth,
            grant=True,
            name="again",
        )
        funeral = flies(me, town, clerk_)
        me.go("/portal/")
        me.look("home-at-last")
        protects(me)
        in_english(me, clerk_, town, [first, second, third, fourth, funeral])
        without_scripts(town)
        assert [fault for each in town.everybody for fault in each.faults] == []


def certified(me: Visitor, town: Town) -> None:
    """Two certificates: of the removal, once it stands in the log, and of the repair."""
    town.register.publish()
    me.go(f"/portal/entries/{town.paid}")
    me.look("entry-gone")
    me.page.get_by_role("main").get_by_role("link", name="出具证明").click()
    me.main_button("出具删除证明")
    assert "证明已出具" in me.look("certificate-removal")
    me.main_button("出具信用修复证明书")
    said = me.look("certificate-repair")
    assert said.count("（PDF）") == 2 and "信用修复证明书" in said
    link = me.page.get_by_role("link", name="下载 PDF").get_attribute("href")
    assert link and me.page.request.get(town.base + link).body().startswith(b"%PDF-")


def found_out(clerk_: Visitor, entry: str, application: str) -> None:
    """The court puts on record what it has found, and the self-check changes with it."""
    clerk_.go(f"/desk/findings/{entry}?application={application}")
    assert "还没有记录" in clerk_.look("desk-findings-empty")
    clerk_.page.get_by_label("查明了什么").select_option("suspension/bankruptcy")
    clerk_.page.get_by_label("发生日期").fill("2026-11-20")
    clerk_.page.get_by_label("依据的文书").fill("（2026）豫01破3号")
    clerk_.main_button("记录这一项")
    said = clerk_.look("desk-findings")
    assert "因破产程序" in said and "现在可以" in said


def protects(me: Visitor) -> None:
    """The account's own page."""
    me.go("/portal/account/")
    me.look("account")
    me.main_button("开启两步验证")
    me.look("account-factor")
    for path, name in (("/portal/papers/", "letters"), ("/portal/who-looked", "who-looked")):
        me.go(path)
        me.look(name)


def in_english(me: Visitor, clerk_: Visitor, town: Town, applications: list[str]) -> None:
    """Every kind of page once in English."""
    me.go("/portal/?lang=en")
    me.look("en-home")
    pages = {
        "entry": f"/portal/entries/{town.wrong}", "gone": f"/portal/entries/{town.paid}", "choose": "/portal/apply",
        "account": "/portal/account/", "certificates": f"/portal/entries/{town.paid}/certificates", "letters": "/portal/papers/",
    }  # fmt: skip
    for name, path in pages.items():
        me.go(path)
        me.look(f"en-{name}")
    for number, application in enumerate(applications):
        me.go(f"/portal/applications/{application}")
        me.look(f"en-status-{number}")
    for name, path in {
        "queue": "/desk/applications/?lang=en", "case": f"/desk/applications/{applications[1]}", "promises": "/desk/promises/",
        "findings": f"/desk/findings/{town.wrong}", "figures": "/desk/applications/figures", "window": "/desk/window/",
    }.items():  # fmt: skip
        clerk_.go(path)
        clerk_.look(f"en-desk-{name}")
    town.visitor().go("/portal/sign-in?lang=en")
    town.everybody[-1].look("en-sign-in")


def without_scripts(town: Town) -> None:
    """Signing in and asking by forms alone."""
    page = town.browser.new_context(java_script_enabled=False).new_page()
    page.goto(town.base + "/portal/sign-in")
    for label, text in {"证件号码": town.number, "姓名或者单位名称": town.name, "查询码": town.code}.items():
        page.get_by_label(label).fill(text)
    page.get_by_role("main").get_by_role("button", name="登录").click()
    page.get_by_role("link", name="提出申请").first.click()
    assert page.get_by_role("main").get_by_role("heading", name="提出申请").is_visible()


def enter(me: Visitor, town: Town) -> None:
    me.go("/portal/sign-in")
    for label, text in {"证件号码": town.number, "姓名或者单位名称": town.name, "查询码": town.code}.items():
        me.page.get_by_label(label).fill(text)
    me.main_button("登录")
    assert "12368" in me.look("home")


def applies(me: Visitor, entry: str, choice: str, name: str, *, e_service: bool = False, check: str = "") -> str:
    me.go(f"/portal/apply?entry={entry}&kind={choice.split('/', maxsplit=1)[0]}")
    me.look(f"{name}-1")
    me.page.locator(f"input[value='{entry}|{choice}']").check()
    me.main_button("下一步")
    if check:
        me.page.get_by_label(check).check()
    return completes(me, name, e_service=e_service)


def completes(me: Visitor, name: str, *, e_service: bool = False) -> str:
    me.page.get_by_label("情况说明").fill("款项已经付清，请法院核实。")
    me.page.get_by_label("证明材料").set_input_files(
        {"name": "材料.pdf", "mimeType": "application/pdf", "buffer": pdf()}
    )
    if e_service:
        me.page.get_by_label("同意在本服务里接收决定").check()
    me.look(f"{name}-2")
    me.main_button("下一步")
    me.look(f"{name}-3")
    me.main_button("提交申请")
    assert "法院已经收到您的申请" in me.look(f"{name}-sent")
    found = re.search(r"/applications/(app_[0-9a-f]+)", me.page.url)
    assert found
    return found[1]


def decide(first: Visitor, second: Visitor, application: str, *, grant: bool, name: str) -> None:
    first.go("/desk/applications/")
    first.look(f"desk-queue-{name}")
    first.go(f"/desk/applications/{application}")
    first.main_button("开始审查")
    first.look(f"desk-{name}")
    page = first.page
    if grant:
        page.locator("#document_number").fill("（2026）豫0105执1号之二")
        page.locator("#event_on").fill("2026-11-20")
        page.locator("#reason").fill("经审查属实")
        first.main_button("提出准许，交第二人复核")
    else:
        page.get_by_text("拟驳回", exact=True).click()
        page.locator("#refusal_number").fill("（2026）豫0105执1号之三")
        page.locator("#refusal_reason").fill("现有材料不足以证明")
        first.main_button("提出驳回，交第二人复核")
    second.go(f"/desk/applications/{application}")
    second.look(f"desk-{name}-to-sign")
    second.main_button("复核同意并签批")
    second.look(f"desk-{name}-signed")


def flies(me: Visitor, town: Town, clerk_: Visitor) -> str:
    president = town.staff("president", StaffRole.PRESIDENT, COURT)
    with town.services.database.reading() as session:
        order = session.scalar(select(ConsumptionOrder.entry).where(ConsumptionOrder.name == town.name))
    assert order
    me.go(f"/portal/apply?entry={order}&kind=temporary_lift")
    me.page.locator(f"input[value='{order}|temporary_lift/funeral']").check()
    me.main_button("下一步")
    me.page.get_by_label("从哪一天").fill("2026-11-25")
    me.page.get_by_label("到哪一天").fill("2026-11-28")
    me.page.get_by_label("我保证所述属实").check()
    application = completes(me, "apply-funeral")
    decide(clerk_, president, application, grant=True, name="funeral")
    me.go(f"/portal/applications/{application}")
    assert "到期自动恢复" in me.look("funeral-granted")
    return application
