"""The rulebook as everybody reads it: pages, search, one measure whole, two days compared, the table."""

from __future__ import annotations

import csv
import io
import re

import pytest
from flask.testing import FlaskClient

from punishment_rules.load import catalogue


def test_a_stranger_reads_every_measure(client: FlaskClient) -> None:
    page = client.get("/rulebook").text
    missing = [
        measure
        for measure in catalogue().measures
        if f'id="{measure}"' not in page or client.get(f"/rulebook/measures/{measure}").status_code != 200
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("query", "there", "not_there"),
    [
        ("sector=transport", "travel-air", "proc-supplier-bar"),
        ("sector=transport", "all-key-supervision", "mr-director-bar"),
        ("sector=transport&act=fly", "travel-air", "travel-g-train-all-seats"),
        ("kind=organisation", "cus-aeo-bar", "mr-director-bar"),
        ("applied=automatic", "proc-supplier-bar", "tel-ringback-tone"),
        ("applied=shown", "tel-ringback-tone", "proc-supplier-bar"),
        ("document=COMP", "mr-director-bar", "travel-air"),
        ("clause=第一百七十八条", "mr-director-bar", "travel-air"),
        ("agency=海关", "cus-aeo-bar", "travel-air"),
        ("words=飞机", "travel-air", "proc-supplier-bar"),
        ("words=aircraft+TRAVEL", "travel-air", "travel-ship-second-class"),
        ("on=2023-08-31&words=私募", "fin-private-fund-registration-bar", "fin-private-fund-executive-bar"),
        ("on=2023-09-01&words=私募", "fin-private-fund-executive-bar", "travel-air"),
    ],
)
def test_a_search_narrows(client: FlaskClient, query: str, there: str, not_there: str) -> None:
    page = client.get(f"/rulebook?{query}").text
    assert f'id="{there}"' in page
    assert f'id="{not_there}"' not in page


@pytest.mark.parametrize(
    "query",
    [
        "sector=tranport",
        "act=levitate",
        "kind=dog",
        "applied=always",
        "document=X",
        "on=2012-01-01",
        "on=soon",
        "words=" + "长" * 101,
    ],
)
def test_a_word_that_nobody_knows_is_named(client: FlaskClient, query: str) -> None:
    page = client.get(f"/rulebook?{query}")
    assert page.status_code == 422
    assert f'href="#{query.partition("=")[0]}"' in page.text


def test_one_measure_shows_its_life_and_its_examples(client: FlaskClient) -> None:
    page = client.get("/rulebook/measures/mr-director-bar").text
    assert "2018-10-26" in page and "2024-07-01" in page
    assert "第一百四十六条" in page and "第一百七十八条" in page
    assert "数额较大" in page
    assert "案例 26" in page
    assert client.get("/rulebook/measures/no-such").status_code == 404


def test_a_measure_as_of_a_past_day(client: FlaskClient) -> None:
    assert "第一百四十六条" in client.get("/rulebook/measures/mr-director-bar?on=2024-06-30").text
    assert "无效" in client.get("/rulebook/measures/travel-air?on=2015-07-21").text


def test_two_days_compared(client: FlaskClient) -> None:
    page = client.get("/rulebook/changes?from=2024-06-30&to=2024-07-01").text
    assert re.search(r"<del>[^<]*第一百四十六条", page) and re.search(r"<ins>[^<]*第一百七十八条", page)
    assert "两日之间没有变化" in client.get("/rulebook/changes?from=2026-06-01&to=2026-06-02").text
    assert client.get("/rulebook/changes?from=2012-06-01").status_code == 422


def test_the_table_has_the_rows_of_the_search(client: FlaskClient) -> None:
    answer = client.get("/rulebook/export.csv?sector=taxation")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    wanted = {one.id for one in catalogue().measures.values() if one.sector in {"taxation", "all_regulators"}}
    assert {row[0] for row in rows[1:]} == wanted
    assert "attachment" in answer.headers["Content-Disposition"]
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


def test_incentives_tell_rules_from_examples(client: FlaskClient) -> None:
    answered, _, elsewhere = client.get("/rulebook/incentives").text.partition("外地做法，仅供参考</h2>")
    assert (answered.count('<section class="card"'), elsewhere.count('<section class="card')) == (21, 13)


def test_in_english_no_chinese_but_the_law_stays(client: FlaskClient) -> None:
    for path in ("/rulebook", "/rulebook/measures/travel-air", "/rulebook/incentives", "/rulebook/changes"):
        page = client.get(f"{path}?lang=en").text
        words = re.sub(r"<[^>]+>", " ", page.split("<main", 1)[1].split("</main>")[0])
        strange = set(re.findall(r"[\u4e00-\u9fff]{3,}", words))
        assert not strange & {"措施清单", "检索词", "沿革", "给工作人员", "正向激励"}, path
