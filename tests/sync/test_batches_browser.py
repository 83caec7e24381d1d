"""A court's file in a real browser, by two people: preview, guards, release, rows that wait, faulty rows as they were sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.functional.test_in_chromium import signed_in
from tests.support.chromium import Visitor, chromium
from tests.support.house import House, house
from tests.support.intake import ended, listing

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    """An empty installation with three people of the high court."""
    with house(tmp_path) as made:
        for name in ("clerk", "judge", "president"):
            made.account(name, name, "--court", "豫")
        made.serve()
        yield made


def sent(visitor: Visitor, file: Path, rows: list[dict[str, object]], declared: str = "") -> str:
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    visitor.go("/desk/batches/")
    visitor.page.get_by_label("名单文件").set_input_files(file)
    visitor.page.get_by_label("名单的行数").fill(declared)
    visitor.main_button("上传并读取")
    return visitor.page.url


def test_a_file_its_guards_and_its_waiting_rows(browser: Browser, home: House, tmp_path: Path) -> None:
    clerk, judge = signed_in(browser, home, "clerk"), signed_in(browser, home, "judge")
    clerk.go("/desk/waiting/")
    assert "没有符合条件的行" in clerk.look("waiting-empty")
    first = sent(clerk, tmp_path / "one.ndjson", [listing(number) for number in range(1, 31)])
    judge.page.goto(first)
    judge.main_button("发布本批次")
    home.run("jobs", "run", "batches-apply")

    lacking = [listing(40, national_entry=None), listing(41, id_number="4101051990****4872")]
    rows = [listing(50), *lacking, listing(42, case_code="乱写"), *(ended(number) for number in range(1, 25))]
    second = sent(clerk, tmp_path / "two.ndjson", rows, declared="30")
    shown = clerk.look("batch-held")
    assert "报送说明有 30 行，实际读到 28 行" in shown and "须由另一人" in shown and "移出" in shown
    judge.page.goto(second)
    judge.main_button("发布本批次")
    assert (
        "请写明仍予发布的理由" in judge.page.locator("body").inner_text()
        or judge.page.get_by_label("仍予发布的理由").is_visible()
    )
    judge.page.get_by_label("仍予发布的理由").fill("已逐件核对")
    judge.look("batch-reason")
    judge.main_button("发布本批次")
    home.run("jobs", "run", "batches-apply")
    judge.page.goto(second)
    assert "已全部生效" in judge.look("batch-applied")
    with judge.page.expect_download() as download:
        judge.page.get_by_role("link", name="下载有误的行（NDJSON，原格式）").click()
    assert "本行问题" in Path(download.value.path()).read_text("utf-8")
    judge.page.goto(second + "?lang=en")
    judge.look("batch-applied-en")
    judge.page.goto(second + "?lang=zh")

    clerk.go("/desk/waiting/")
    assert "录入日期" in clerk.look("waiting")
    clerk.page.get_by_role("link", name="3", exact=True).click()
    clerk.look("waiting-row")
    clerk.main_button("提交补正")
    assert "请写明补正所依据" in clerk.look("waiting-row-error")
    clerk.page.get_by_label("全国库编号").fill("QG2026000040")
    clerk.page.get_by_label("依据的文书或者证件").fill("全国库查询页，卷宗第 9 页")
    clerk.main_button("提交补正")
    assert "须由另一人复核" in clerk.look("waiting-row-own")
    judge.page.goto(clerk.page.url)
    assert "QG2026000040" in judge.look("waiting-row-agree")
    judge.main_button("复核无误，生效")
    assert "已生效" in judge.look("waiting-row-done")
    clerk.page.goto(clerk.page.url + "?lang=en")
    clerk.go("/desk/waiting/?lang=en")
    clerk.look("waiting-en")
    assert [fault for each in (clerk, judge) for fault in each.faults] == []
