"""The rulebook in a real browser: no serious fault, nothing wider than the screen, a changed catalogue handed in by hand."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from creditsvc.access.permissions import StaffRole
from creditsvc.app import create_app
from creditsvc.services import Services
from punishment_rules import law
from tests.repair.world import list_person
from tests.support.chromium import chromium, serious, too_wide
from tests.support.people import PASSWORD, make_staff
from wsgi import features

pytestmark = pytest.mark.browser
SHIPPED = Path(law.__file__).parent / "catalogue"
PAGES = (
    "/rulebook", "/rulebook?sector=transport&act=levitate", "/rulebook/measures/travel-air", "/rulebook/measures/mr-director-bar",
    "/rulebook/incentives", "/rulebook/changes?from=2024-06-30&to=2024-07-01", "/desk/rulebook/what-if",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium of this machine."""
    with chromium() as made:
        yield made


@pytest.fixture
def address(sqlite_services: Services) -> Iterator[str]:
    """The whole house behind a real socket, with an operator and a few people on the list."""
    app: Flask = create_app(sqlite_services, features())
    make_staff(sqlite_services, StaffRole.OPERATOR, "op")
    for _ in range(3):
        list_person(sqlite_services, with_order=True)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A ZIP of the catalogue in which flights are free from 2027 on."""
    path = tmp_path / "changed.zip"
    first = "[[measure.version]]\nfrom = 2015-07-22"
    with zipfile.ZipFile(path, "w") as archive:
        for source in SHIPPED.glob("*.toml"):
            text = source.read_text(encoding="utf-8")
            if source.name == "transport.toml":
                text = text.replace(first, f"{first}\nto = 2026-12-31", 1)
            archive.writestr(source.name, text)
    return path


def faults_of(page: Page, name: str) -> list[str]:
    wide = [f"{name}: {wider} px too wide"] if (wider := too_wide(page)) else []
    return [f"{name}: {fault}" for fault in serious(page)] + wide


@pytest.mark.parametrize(("width", "lang"), [(1280, "zh"), (390, "zh"), (390, "en")])
def test_read_search_and_try_a_change(browser: Browser, address: str, changed: Path, width: int, lang: str) -> None:
    page = browser.new_context(viewport={"width": width, "height": 844}).new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{address}/sign-in")
    page.get_by_label("用户名").fill("op")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="登录").click()
    faults: list[str] = []
    for path in PAGES:
        page.goto(f"{address}{path}{'&' if '?' in path else '?'}lang={lang}")
        faults += faults_of(page, path)
    page.set_input_files("#file", changed)
    page.locator("main form button[type=submit]").click()
    page.locator("main table").first.wait_for()
    faults += faults_of(page, "result")
    assert page.locator("main tbody tr").first.inner_text().split()[-2:] == ["6", "3"]
    page.context.close()
    assert faults == []
    assert complaints == []


def test_on_a_phone_the_sectors_are_folded(browser: Browser, address: str) -> None:
    """Two screens of sectors instead of ninety of measures; a sector opens with a key, a search shows what it found."""
    page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    page.goto(f"{address}/rulebook")
    assert page.evaluate("document.documentElement.scrollHeight") < 6_000
    assert page.locator("main details.group").count() >= 11 and page.locator("main details.group[open]").count() == 0
    air = page.locator("#travel-air h3 a")
    first = page.locator("main details.group", has=air)
    assert not air.is_visible()
    first.locator("summary").focus()
    page.keyboard.press("Enter")
    air.wait_for()
    page.goto(f"{address}/rulebook?sector=transport")
    assert page.locator("main details.group[open]").count() == page.locator("main details.group").count() > 0
    page.goto(f"{address}/rulebook")
    page.get_by_role("link", name="全部展开").click()
    page.locator("#travel-air h3 a").wait_for()
    page.context.close()
