"""First contentful paint of every portal page at a quarter of the processor's speed, beside a page of one bare line.

A real server process, a real Chromium with an empty cache, the processor slowed down four times by the browser's own tools
(CDP ``Emulation.setCPUThrottlingRate``). Weights are of everything that came over the wire for the page.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from creditsvc.access.accounts import start_debtor_session
from creditsvc.services import open_services
from creditsvc.settings import Settings
from repair.policy.kinds import ApplicationKind
from tests.repair.steps import order_of, send
from tests.repair.world import debtor_of, list_person
from tests.support.chromium import chromium
from tests.support.house import House, house

ROUNDS = int(os.environ.get("PAINT_ROUNDS", "5"))
SLOWER = 4
AIM_SECONDS, AIM_BYTES = 1.0, 100 * 1024
pytestmark = [pytest.mark.benchmark, pytest.mark.browser, pytest.mark.timeout(900)]
PAINT = """() => performance.getEntriesByType('paint').filter(e => e.name === 'first-contentful-paint').map(e => e.startTime)[0]"""
WEIGHT = """() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .reduce((sum, e) => sum + e.transferSize, 0)"""


def somebody(running: House) -> tuple[str, dict[str, str]]:
    """A person with two entries, an order and applications; the session's token, and every page of theirs."""
    named = {name: value for name, value in running.environ.items() if name.startswith("CREDITSVC_")}
    services = open_services(Settings.from_environ(named))
    try:
        entry = list_person(services, with_order=True)
        me, order = debtor_of(services, entry), order_of(services, entry)
        gone = send(services, me, entry, ApplicationKind.REVOCATION, "no_circumstance")
        sent = send(services, me, order, ApplicationKind.OBJECTION, "inaccurate")
        with services.database.writing() as session:
            token = start_debtor_session(
                session, subject_id=me.subject_id or "", name="张某某", at=services.clock.now()
            )
    finally:
        services.dispose()
    return token, {
        "home": "/portal/", "entry": f"/portal/entries/{entry}", "order": f"/portal/entries/{order}",
        "choose": f"/portal/apply?entry={entry}", "choose for an order": f"/portal/apply?entry={order}",
        "status": f"/portal/applications/{sent}", "receipt of a revocation": f"/portal/applications/{gone}",
        "who looked": "/portal/who-looked", "account": "/portal/account/", "letters": "/portal/papers/",
        "certificates": "/portal/performances/", "sign-in": "/portal/sign-in",
    }  # fmt: skip


def painted(browser: Browser, url: str, token: str, base: str) -> tuple[float, int]:
    """Seconds until something is painted, and bytes, of a first visit."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    if token:
        context.add_cookies([{"name": "session", "value": token, "url": base}])
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(url)
    page.wait_for_function(f"({PAINT})() !== undefined")
    found = float(page.evaluate(PAINT)) / 1000, int(page.evaluate(WEIGHT))
    context.close()
    return found


def test_first_paint_of_every_portal_page(tmp_path: Path) -> None:
    with house(tmp_path) as running, chromium() as browser:
        token, pages = somebody(running)
        running.serve()
        best = dict.fromkeys(pages, (9.0, 0))
        bare = 9.0
        for _ in range(ROUNDS):
            bare = min(bare, painted(browser, running.base + "/healthz", "", running.base)[0])
            for name, path in pages.items():
                signed = "" if name == "sign-in" else token
                best[name] = min(best[name], painted(browser, running.base + path, signed, running.base))
        for name, (seconds, weight) in best.items():
            sys.stdout.write(
                f"\nFIGURE first paint, {name}: {seconds * 1000:.0f} ms at {SLOWER}x slower, a bare line {bare * 1000:.0f} ms, ratio "
                f"{seconds / bare:.1f}, aim {AIM_SECONDS * 1000:.0f} ms; {weight:,} bytes with everything, aim {AIM_BYTES:,}\n"
            )
            assert weight
