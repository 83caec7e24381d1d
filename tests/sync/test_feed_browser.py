"""The subscribers' desk, its alarms, probes and timelines, and the subscriber's own page, in a real browser."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select, update

from creditsvc.services import Services, open_services
from creditsvc.settings import Settings
from sync.ladder import mark_overdue, note_confirmed, note_fetched
from sync.probes import plan_probes
from sync.tables_delivery import PushAttempt
from sync.tables_feed import Progress, StreamEvent
from tests.support.chromium import Visitor, chromium
from tests.support.feed_world import Register
from tests.support.house import PASSWORD, House, house

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
OWN = "豫信征信有限公司"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium."""
    with chromium() as made:
        yield made


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    """A running service with an operator, a supervisor and somebody of a bureau."""
    with house(tmp_path) as made:
        made.account("runner", "operator")
        made.account("watcher", "supervisor", "--unit", "省监督机关")
        made.account("engineer", "bureau_it", "--unit", OWN)
        yield made


def _history(home: House) -> tuple[str, str]:
    """Three subscribers: one in order, one overdue, one that never came; an entry that left, and one that stays."""
    environ = {name: value for name, value in home.environ.items() if name.startswith("CREDITSVC_")}
    services = open_services(Settings.from_environ(environ))
    try:
        return _written(services)
    finally:
        services.dispose()


def _written(services: Services) -> tuple[str, str]:
    register, now = Register(services), services.clock.now()
    good = register.subscriber("bureau-a", ("bureau", "public"), title=OWN)
    late = register.subscriber("agency-b", ("agency",), title="某市交通运输局")
    register.subscriber("bureau-c", ("bureau",), title="另一征信机构")
    gone, second, stays = register.listings(3)
    register.publish()
    with services.database.writing() as session:
        for account, stream in ((good, "bureau"), (good, "public"), (late, "agency")):
            note_fetched(session, account.row.id, stream, 3, now)
            session.get_one(Progress, (account.row.id, stream)).joined = 0
    for entry in (gone, second):
        register.remove(entry, due=(now - timedelta(days=1)).date().isoformat())
    register.publish()
    with services.database.writing() as session:
        session.execute(update(StreamEvent).values(at=now - timedelta(days=2)))
        note_fetched(session, good.row.id, "bureau", 5, now - timedelta(days=2))
        note_confirmed(session, good.row.id, "bureau", 5, now - timedelta(days=1, hours=20))
        for minute, outcome in ((0, "503"), (1, "timeout"), (5, "204")):
            session.add(PushAttempt(subscriber_id=good.row.id, stream="bureau", sequence=5, message="msg_1", outcome=outcome,
                                    at=now - timedelta(days=2, minutes=-minute), heard=outcome == "204"))  # fmt: skip
    mark_overdue(services, now)
    plan_probes(services, now)
    with services.database.reading() as session:
        assert session.scalar(select(Progress.subscriber_id).limit(1))
    return gone, stays


def _signed_in(browser: Browser, home: House, who: str, language: str = "zh") -> Visitor:
    made = Visitor.at(browser, home.base)
    made.go(f"/sign-in?lang={language}")
    made.page.locator("[name=username]").fill(who)
    made.page.locator("[name=password]").fill(PASSWORD)
    made.page.keyboard.press("Enter")
    made.page.wait_for_url(lambda address: "/sign-in" not in address)
    return made


def _crowd(home: House) -> None:
    """More subscribers than threads keep their connections open, and each is answered: a connection is not a request."""
    with ExitStack() as opened:
        for _ in range(150):
            line = opened.enter_context(socket.create_connection(("127.0.0.1", home.port), timeout=20))
            line.sendall(b"GET /v1/streams/public/head HTTP/1.1\r\nHost: feed\r\n\r\n")
            assert line.recv(16).startswith(b"HTTP/1.1 200")


def test_the_desk_of_subscribers(browser: Browser, home: House) -> None:
    gone, _ = _history(home)
    home.run("jobs", "run", "feed-witness")
    home.serve()
    _crowd(home)
    runner = _signed_in(browser, home, "runner")
    runner.go("/desk/subscribers/")
    assert "条未了结的警示" in runner.look("subscribers")
    runner.go("/desk/subscribers/bureau-a")
    assert OWN in runner.look("subscriber")
    runner.page.get_by_text("设置唤醒地址").click()
    runner.page.get_by_label("地址", exact=False).first.fill("https://127.0.0.1/")
    runner.main_button("保存")
    assert "唤醒地址不可用" in runner.look("subscriber-push-refused")
    for name in ("身份信函方式", "续签协议", "限定来源网段"):
        runner.page.locator("summary", has_text=name).click()
    runner.page.get_by_label("来源网段").fill("somewhere")
    runner.page.locator("#networks").get_by_role("button", name="保存").click()
    assert "不是网段" in runner.look("subscriber-networks-refused")
    runner.go("/desk/subscribers/agency-b")
    assert "只提供移除信息" in runner.look("subscriber-overdue")
    runner.go(f"/desk/feed/entry/{gone}")
    assert "内容已擦除" in runner.look("entry-timeline")
    runner.go("/desk/feed/")
    assert "已联署" in runner.look("feed-keys")
    runner.go("/desk/feed/probes")
    runner.look("probes")
    runner.page.get_by_label("仍能查到").first.check()
    runner.main_button("记录结果")
    runner.go("/desk/feed/alarms")
    assert "移除后仍被展示" in runner.look("alarms")
    runner.go("/desk/subscribers/bureau-a?lang=en")
    assert "Removals" in runner.look("subscriber-en")
    runner.go("/desk/feed/?lang=en")
    runner.look("feed-keys-en")
    watcher = _signed_in(browser, home, "watcher")
    watcher.go("/desk/feed/alarms")
    watcher.look("alarms-supervisor")
    assert watcher.page.get_by_role("button", name="关闭").count() == 0
    engineer = _signed_in(browser, home, "engineer")
    engineer.go("/subscriber/")
    assert OWN in engineer.look("own") and "另一征信机构" not in engineer.look("own")
    engineer.go("/subscriber/?lang=en")
    engineer.look("own-en")
    assert [*runner.faults, *watcher.faults, *engineer.faults] == []
