"""The frame in a real browser: no serious accessibility fault, nothing wider than a phone, no error in the console."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from creditsvc.access.permissions import StaffRole
from creditsvc.services import Services
from tests.support.chromium import SIZES, chromium, serious, too_wide
from tests.support.people import PASSWORD, make_staff

pytestmark = pytest.mark.browser
PAGES = ("/sign-in", "/components", "/help", "/accessibility", "/docs", "/account", "/account/password", "/nowhere")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium of this machine."""
    with chromium() as made:
        yield made


@pytest.fixture
def address(app: Flask, services: Services) -> Iterator[str]:
    """The small house behind a real socket, with one account."""
    make_staff(services, StaffRole.CLERK, "c1")
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def open_page(browser: Browser, size: str) -> tuple[Page, list[str]]:
    """A page of this size and what its console complains about, other than statuses that we answer on purpose."""
    width, height = SIZES[size]
    page = browser.new_context(viewport={"width": width, "height": height}).new_page()
    complaints: list[str] = []
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type == "error" and "status of 4" not in said.text else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page, complaints


def sign_in(page: Page, address: str, password: str = PASSWORD) -> None:
    """As a person does it."""
    page.goto(f"{address}/sign-in")
    page.get_by_label("用户名").fill("c1")
    page.get_by_label("密码").fill(password)
    page.get_by_role("main").get_by_role("button", name="登录").click()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_serious_fault_and_no_overflow(browser: Browser, address: str, lang: str) -> None:
    page, complaints = open_page(browser, "desk")
    sign_in(page, address)
    faults: list[str] = []
    for path in PAGES:
        page.goto(f"{address}{path}?lang={lang}")
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            faults += [f"{path} {size} {fault}" for fault in serious(page)]
            if wider := too_wide(page):
                faults.append(f"{path} is {wider} px wider than the screen of a {size}")
    page.context.close()
    assert faults == []
    assert complaints == []


def test_an_error_takes_the_reader_to_the_field(browser: Browser, address: str) -> None:
    page, complaints = open_page(browser, "desk")
    sign_in(page, address, password="")
    summary = page.locator(".govuk-error-summary")
    assert summary.evaluate("node => node === document.activeElement")
    summary.get_by_role("link", name="请输入密码").click()
    assert page.get_by_label("密码").evaluate("node => node === document.activeElement")
    assert page.title().startswith("错误：")
    page.context.close()
    assert complaints == []


def test_everything_works_by_keyboard_and_without_scripts(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/sign-in")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_label("用户名").focus()
    page.keyboard.type("c1")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/probe")
    assert page.get_by_role("button", name="退出").is_visible()
    context.close()
