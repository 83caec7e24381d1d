"""A real browser for tests: pages are looked at for accessibility, width and complaints, and can be kept as pictures."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Error, Page, sync_playwright

from tests.conftest import missing_tool

SIZES = {"desk": (1280, 900), "phone": (390, 844)}
PICTURES = "PICTURES_DIR"
"""Environment variable: a folder in which every page that is looked at is kept as a picture."""


_SERIOUS = """() => axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations
    .filter(each => ["serious", "critical"].includes(each.impact))
    .map(each => `${each.id} ${each.nodes[0].html.slice(0, 120)}`))"""


def serious(page: Page) -> list[str]:
    """What axe calls serious or critical on the page: rule and place. All its rules run; what passed isn't sent over."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    return list(page.evaluate(_SERIOUS))


def too_wide(page: Page) -> int:
    """How many pixels the page is wider than its window."""
    return max(0, int(page.evaluate("document.documentElement.scrollWidth - innerWidth")))


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium of this machine."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        missing_tool("Chromium")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield made
        made.close()


@dataclass
class Visitor:
    """One person's window: every page that they look at is held to the same rules, on a desk and on a phone."""

    page: Page
    base: str
    faults: list[str] = field(default_factory=list)

    @classmethod
    def at(cls, browser: Browser, base: str) -> Visitor:
        """A new window without a session."""
        width, height = SIZES["desk"]
        made = cls(browser.new_context(viewport={"width": width, "height": height}).new_page(), base)
        made.page.on(
            "console",
            lambda said: (
                made.faults.append(said.text) if said.type == "error" and "status of 4" not in said.text else None
            ),
        )
        made.page.on("pageerror", lambda error: made.faults.append(str(error)))
        return made

    def go(self, path: str) -> None:
        """Open an address of the service."""
        self.page.goto(self.base + path)

    def main_button(self, name: str) -> None:
        """Press a button of the page's own part."""
        self.page.get_by_role("main").get_by_role("button", name=name, exact=True).first.click()

    def _asked(self, what: Callable[[Page], Any]) -> Any:
        """An answer of the page; asked again where it was just being replaced by the next, as pages of progress are."""
        for _ in range(5):
            self.page.wait_for_load_state("load")
            try:
                return what(self.page)
            except Error:
                self.page.wait_for_load_state("networkidle")
        return what(self.page)

    def look(self, name: str) -> str:
        """Hold the page against the rules at both sizes; what it says."""
        for size, (width, height) in SIZES.items():
            self.page.set_viewport_size({"width": width, "height": height})
            self.faults += [f"{name} {size}: {fault}" for fault in self._asked(serious)]
            if wider := self._asked(too_wide):
                self.faults.append(f"{name} {size}: {wider} px wider than the screen")
            if folder := os.environ.get(PICTURES):
                self.page.screenshot(path=Path(folder) / f"{name}-{size}.png", full_page=True)
        width, height = SIZES["desk"]
        self.page.set_viewport_size({"width": width, "height": height})
        return self.page.locator("body").inner_text()
