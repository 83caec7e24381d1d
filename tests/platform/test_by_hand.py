"""The exchange as its users meet it: commands, the stand-in, the desk in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.chromium import Visitor, chromium
from tests.support.house import PASSWORD, House, house

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
PROVIDER = ("--provider", "河南省高级人民法院", "--provider-code", "11410000005184603L")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for all windows."""
    with chromium() as made:
        yield made


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    """A service with a list in force and a subscriber that gets numbers by agreement."""
    with house(tmp_path) as made:
        for role, more in {
            "clerk": ("--court", "豫"),
            "judge": ("--court", "豫"),
            "operator": (),
            "supervisor": (),
        }.items():
            made.account(role, role, *more)
        made.run("demo", "--rows", "60", "--seed", "11", "--out", tmp_path / "list.csv")
        said = made.run("import", tmp_path / "list.csv", "--as", "clerk", expect=None)
        batch = re.search(r"批次 (\d+)", said)
        assert batch, said
        made.run("release", batch[1], "--as", "judge", "--wait", expect=None)
        made.run("jobs", "run", "feed-sequence")
        made.run("subscriber", "add", "henan-platform", "--title", "省平台", "--number", "协议1", "--streams", "platform",
                 "--purpose", "归集", "--out", tmp_path / "keys", "--as", "operator")  # fmt: skip
        yield made


def _in(browser: Browser, home: House, name: str, language: str = "zh") -> Visitor:
    made = Visitor.at(browser, home.base)
    made.go("/sign-in?lang=" + language)
    made.page.locator("input[name=username]").fill(name)
    made.page.locator("input[name=password]").fill(PASSWORD)
    made.page.locator("main button[type=submit]").first.click()
    made.page.wait_for_url(lambda address: "/sign-in" not in address)
    return made


def test_the_loop_by_hand(browser: Browser, home: House, tmp_path: Path) -> None:
    assert "xml_envelope" in home.run("platform", "profiles")
    tried = home.run("platform", "try", "xml_envelope")
    assert "← case_number" in tried and "0 条不可" in tried
    assert not re.search(r"(?<![0-9a-f])\d{17}[\dX](?![0-9a-f])", tried), "no whole number on a screen, but digests"
    root = tmp_path / "exchange"
    root.mkdir()
    base = ("--profile", "xml_envelope", "--channel", "folder", "--address", root, "--subscriber", "henan-platform", *PROVIDER,
            "--as", "operator")  # fmt: skip
    home.run("platform", "add", "henan", "--title", "省公共信用信息平台", *base)
    home.run("platform", "send", "henan")
    assert "agreement-over" in home.run("platform", "list"), "the agreement gives tokens, the profile wants numbers"
    home.run("platform", "simulate", "henan", "--dir", tmp_path / "standin", "--rounds", "1")
    assert "差异 0" in home.run("platform", "compare", "henan")
    home.run("platform", "late", expect=None)
    home.serve()
    operator = _in(browser, home, "operator")
    operator.go("/desk/platform/")
    assert "协议已到期或者终止" in operator.look("platform-links")
    operator.page.locator("input[name=name]").fill("X")
    operator.main_button("登记对接")
    assert "名称为小写字母" in operator.look("platform-add-wrong")
    operator.go("/desk/platform/henan")
    assert "本方签名公钥" in operator.look("platform-link")
    operator.main_button("立即对账")
    assert "差异" in operator.look("platform-compared")
    operator.main_button("暂停新增与更正")
    assert "撤回照常发送" in operator.look("platform-paused")
    clerk = _in(browser, home, "clerk")
    clerk.go("/desk/platform/messages")
    assert "没有这一状态的来件" in clerk.look("platform-messages-empty")
    clerk.go("/desk/platform/refusals")
    assert "没有这一状态的退回" in clerk.look("platform-refusals-empty")
    supervisor = _in(browser, home, "supervisor")
    supervisor.go("/oversight/platform/")
    assert "没有单位逾期" in supervisor.look("platform-late")
    supervisor.go("/oversight/platform/?lang=en")
    assert "Nobody is late" in supervisor.look("platform-late-en")
    assert [fault for each in (operator, clerk, supervisor) for fault in each.faults] == []
