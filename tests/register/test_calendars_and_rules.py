"""Calendars and courts' own rules, loaded by whoever runs the house; the public calculator that counts by them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from creditsvc.kernel.errors import InvalidInput, SettingError
from creditsvc.kernel.load import packaged_calendar, timers
from creditsvc.kernel.timers import due
from creditsvc.register.calendar_commands import checked, listed, load_notice, read_file
from creditsvc.register.court_rule_commands import read_rules, told
from creditsvc.register.court_rules import LAW_ALONE, parse_rule, rule_for
from creditsvc.register.strip import strip
from creditsvc.services import Services
from creditsvc.storage.calendars import PACKAGED, calendar, calendar_version, refuse_without_calendar
from tests.kernel.test_notice_text import NOTICE
from tests.support.apps import NOON

NEXT = NOTICE.replace("2026", "2027").replace("2025", "2026")
for weekday in "一二三四五六日":
    NEXT = NEXT.replace(f"（周{weekday}）", "").replace(f"、周{weekday}）", "）")


@pytest.fixture
def notice(tmp_path: Path) -> Path:
    """A file with next year's notice in its own words: made-up days."""
    path = tmp_path / "2027.txt"
    text = NEXT.replace("1月4日上班", "1月9日上班").replace("2月14日、2月28日上班", "2月14日、2月27日上班")
    text = text.replace("5月9日上班", "5月8日上班").replace("9月20日、10月10日上班", "9月19日、10月9日上班")
    path.write_text(text, "utf-8")
    return path


def test_a_year_is_loaded_once_over_the_packaged_ones(services: Services, notice: Path) -> None:
    text, own_year_missing = checked(services, NOON)
    assert "2027" in text and not own_year_missing, "warned of 60 days ahead; today's own year is there"
    assert checked(services, NOON + timedelta(days=60))[1]
    refuse_without_calendar(services.database, NOON)
    with pytest.raises(SettingError):
        refuse_without_calendar(services.database, NOON + timedelta(days=60))
    read = read_file(notice, "演示")
    assert "未载入" in load_notice(services, read, NOON, dry=True)
    with services.database.reading() as session:
        assert calendar_version(session) == PACKAGED
    said = load_notice(services, read, NOON, dry=False)
    assert "2027-01-01  元旦" in said and "2027-02-14  上班" in said
    assert "相同" in load_notice(services, read, NOON, dry=False)
    assert "2026  国办发明电〔2025〕7号  2025-11-04  随程序" in listed(services) and "已载入" in listed(services)
    assert "齐全" in checked(services, NOON)[0]
    with services.database.reading() as session:
        assert calendar(session).years == (2024, 2025, 2026, 2027)
        assert calendar_version(session) != PACKAGED


def test_a_file_that_is_no_notice_is_refused(tmp_path: Path) -> None:
    for content in (b"\xff\xfe", b"{", b"{}", b"[]", "随便".encode()):
        path = tmp_path / "x"
        path.write_bytes(content)
        with pytest.raises(InvalidInput):
            read_file(path, "演示")
    with pytest.raises(InvalidInput):
        read_file(tmp_path / "absent", "演示")


def test_rules_of_courts_are_dated_and_stay_inside_the_law(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(
        '[[rule]]\ncourt = "豫01"\nfrom = 2026-01-01\nsource = "郑中法〔2026〕1号"\ngrace_months = [1, 2]\n'
        '[[rule]]\ncourt = "豫0105"\nfrom = 2026-06-01\nsource = "金法〔2026〕2号"\nlongest_term = 24\nsingle_lift = "金法〔2026〕3号"\n'
        'severities = [{name = "minor", zh = "轻微", en = "minor", listed = false}]\n',
        "utf-8",
    )
    rules = [parse_rule(raw) for raw in read_rules(path)]
    assert rule_for(rules, "豫0105", date(2026, 7, 1)).source == "金法〔2026〕2号", "the nearest court's"
    assert rule_for(rules, "豫0105", date(2026, 3, 1)).source == "郑中法〔2026〕1号", "from its own day"
    assert rule_for(rules, "豫0702", date(2026, 7, 1)) is LAW_ALONE
    assert "轻微" in told(rules[1]) and "金法〔2026〕3号" in told(rules[1])
    path.write_text("x = 1", "utf-8")
    with pytest.raises(InvalidInput):
        read_rules(path)


@pytest.mark.parametrize(
    "change",
    [
        {"grace_months": [1, 4]}, {"grace_months": [0, 3]}, {"grace_months": [3, 1]}, {"grace_months": "3"},
        {"longest_term": 61}, {"longest_term": 30}, {"longest_term": True}, {"from": "soon"}, {"source": ""}, {"court": 5},
        {"unit_needs_higher_approval": "yes"}, {"removal_days": 5}, {"severities": {}}, {"severities": [{"name": "x"}]},
        {"severities": [{"name": "x", "zh": "甲", "en": "x", "longest_term": 72}]},
        {"severities": [{"name": "x", "zh": "甲", "en": "x", "grace_months": 6}]},
    ],
)  # fmt: skip
def test_a_rule_outside_the_law_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(InvalidInput) as wrong:
        parse_rule({"court": "豫01", "from": "2026-01-01", "source": "郑中法〔2026〕1号", **change})
    assert wrong.value.code == "court-rule-invalid"


def test_the_calculator_counts_by_any_limit_of_the_law(client: FlaskClient) -> None:
    asked = {"timer": "T05", "start": "2026-02-13"}
    found = client.get("/v1/deadlines", query_string=asked).get_json()
    assert (found["day"], found["provisional"]) == ("2026-02-25", False), "D1"
    limits = client.get("/v1/deadlines/timers").get_json()["timers"]
    assert len(limits) == 43 and all(one["basis"] for one in limits)
    for timer in (one["timer"] for one in limits if one["unit"]):
        assert client.get("/deadlines", query_string={"timer": timer, "start": "2026-03-02"}).status_code == 200, timer
    for wrong in ({"timer": "T24"}, {"timer": "T99"}, {"timer": "T02", "count": 4}, {}):
        assert client.get("/v1/deadlines", query_string={"start": "2026-03-02", **wrong}).status_code == 422, wrong
    assert client.get("/deadlines", query_string={"timer": "T24", "start": "2026-03-02"}).status_code == 422
    page = client.get("/deadlines", query_string={**asked, "lang": "en"}).get_data(as_text=True)
    assert "Spring Festival" in page and 'class="strip"' in page


def test_the_strip_shows_whole_weeks_with_every_count() -> None:
    known, start = packaged_calendar(), date(2026, 2, 13)
    found = due(timers()["T05"], start, known)
    weeks = strip(start, found, known)
    days = [day for week in weeks for day in week]
    assert days[0].day.weekday() == 0 and len(days) % 7 == 0
    assert [day.day for day in days if day.counted] == [date(2026, 2, 14), date(2026, 2, 24), date(2026, 2, 25)]
    assert [day.day for day in days if day.starts] == [start] and [day.day for day in days if day.ends] == [found.day]
    assert strip(start, due(timers()["T03"], start, known), known) == (), "two years are no page of weeks"
