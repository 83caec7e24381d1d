"""Letters for many decisions at once: what is owed is shown, issued one by one, printed together, and owed no more."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from creditsvc.access.permissions import StaffRole
from creditsvc.papers.tables import Paper
from creditsvc.register.desk_letters import LETTER_OF, MOST
from creditsvc.register.kinds import KINDS
from creditsvc.register.letters import LETTERS
from creditsvc.services import Services
from creditsvc.wallclock import FixedClock
from tests.papers.conftest import text_of
from tests.register import world
from tests.support.people import post_form, staff_browser

PAGE = "/desk/letters"


@pytest.fixture
def clerk(app: Flask, services: Services) -> FlaskClient:
    """A clerk of the court."""
    return staff_browser(app, services, StaffRole.CLERK)


def removed(services: Services, count: int) -> list[int]:
    """Decisions that have removed so many entries."""
    return [world.decided(services, world.draft(world.add_listing(services))) for _ in range(count)]


def shown(client: FlaskClient, query: str = "") -> list[int]:
    """Decisions that the page offers."""
    return [int(each) for each in re.findall(r'name="decision" value="(\d+)"', client.get(PAGE + query).text)]


def test_every_kind_of_letter_in_the_table_is_one_that_needs_nothing_typed_in() -> None:
    assert set(LETTER_OF) <= set(KINDS)
    assert [code for code in LETTER_OF.values() if LETTERS[code].asks] == []


def test_what_was_ticked_is_issued_and_no_longer_owed(clerk: FlaskClient, services: Services) -> None:
    first, second, third = removed(services, 3)
    assert shown(clerk) == [third, second, first], "newest first"
    done = post_form(clerk, PAGE, {"decision": [str(first), str(second)]}, page=PAGE)
    assert done.status_code == 200 and "出具了 2 份，0 份没有出具" in done.text
    assert shown(clerk) == [third]
    with services.database.reading() as session:
        assert list(session.scalars(select(Paper.kind))) == ["RN", "RN"]


def test_they_are_printed_from_one_file(
    clerk: FlaskClient, services: Services, tmp_path_factory: pytest.TempPathFactory
) -> None:
    chosen = [str(number) for number in removed(services, 2)]
    done = post_form(clerk, PAGE, {"decision": chosen}, page=PAGE).text
    address = re.search(r'href="(/desk/letters/print\.zip[^"]*)"', done)
    assert address is not None
    answer = clerk.get(address[1].replace("&amp;", "&"))
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        names = archive.namelist()
        printed = text_of(archive.read(names[0]), tmp_path_factory.mktemp("printed"))
    assert len(names) == 2 and all(name.startswith("RN-2026-") for name in names)
    assert "删除失信信息通知书" in printed


def test_two_people_with_the_same_page_issue_it_once(clerk: FlaskClient, services: Services) -> None:
    (number,) = removed(services, 1)
    post_form(clerk, PAGE, {"decision": str(number)}, page=PAGE)
    again = post_form(clerk, PAGE, {"decision": str(number)}, page=PAGE).text
    assert "出具了 0 份，1 份没有出具" in again and "已经出具过" in again


def test_what_has_changed_since_is_shown_and_can_t_be_ticked(clerk: FlaskClient, services: Services) -> None:
    """Grace was given, then it was published: there is no notice of grace any more."""
    entry = world.add_listing(services, state="decided")
    days = {"from_day": "2026-11-24", "to_day": "2026-12-24"}
    number = world.decided(services, world.draft(entry, "grant_grace", "", changes=days))
    assert shown(clerk) == [number]
    world.decided(services, world.draft(entry, "lapse_listing", "performed"))
    assert shown(clerk) == [] and "此后情况已变" in clerk.get(PAGE).text
    refused = post_form(clerk, PAGE, {"decision": str(number)}, page=PAGE).text
    assert "出具了 0 份，1 份没有出具" in refused


def test_of_two_corrections_the_earlier_is_left_to_a_person(clerk: FlaskClient, services: Services) -> None:
    """A notice says what was corrected last. The earlier one is not taken for told by it, and is not lost from sight."""
    entry = world.add_listing(services)
    first, second = (
        world.decided(services, world.draft(entry, "correct_listing", "", changes={"performed_part": part}))
        for part in ("1,000 元", "2,000 元")
    )
    assert shown(clerk) == [second] and "文书只写最新一次" in clerk.get(PAGE).text
    done = post_form(clerk, PAGE, {"decision": [str(first), str(second)]}, page=PAGE).text
    assert "出具了 1 份，1 份没有出具" in done and "文书只写最新一次" in done
    assert shown(clerk) == [] and "文书只写最新一次" in clerk.get(PAGE).text
    with services.database.reading() as session:
        assert list(session.scalars(select(Paper.decision_id))) == [second]


def test_by_letter_and_by_days(app: Flask, services: Services) -> None:
    (old,) = removed(services, 1)
    assert isinstance(services.clock, FixedClock)
    services.clock.set(services.clock.now() + timedelta(days=8))
    clerk = staff_browser(app, services, StaffRole.CLERK)
    who = world.resident(63)
    order = world.add_order(services, who)
    lifted = world.decided(services, world.draft(order, "lift_order", "order_lifted", changes={"why": "security"}))
    assert shown(clerk) == [lifted]
    assert shown(clerk, "?days=30") == [lifted, old]
    assert shown(clerk, "?days=30&letter=RN") == [old]
    assert shown(clerk, "?days=nonsense&letter=nonsense") == [lifted]


def test_another_court_sees_and_issues_nothing_of_it(app: Flask, clerk: FlaskClient, services: Services) -> None:
    (number,) = removed(services, 1)
    stranger = staff_browser(app, services, StaffRole.CLERK, "stranger", court_code="豫0302")
    assert shown(stranger) == []
    assert post_form(stranger, PAGE, {"decision": str(number)}, page=PAGE).status_code == 404
    post_form(clerk, PAGE, {"decision": str(number)}, page=PAGE)
    with services.database.reading() as session:
        paper = session.scalars(select(Paper.id)).one()
    assert stranger.get(f"{PAGE}/print.zip?paper={paper}").status_code == 404
    (more,) = removed(services, 1)
    forged = {"decision": [str(more), "999999", "x", "9" * 40]}
    assert post_form(clerk, PAGE, forged, page=PAGE).status_code == 404
    assert shown(clerk) == [more], "nothing was issued along with what is not there"


def test_no_more_at_once_than_a_page_holds(clerk: FlaskClient, services: Services) -> None:
    removed(services, MOST + 2)
    assert len(shown(clerk)) == MOST and f"一次最多 {MOST} 份" in clerk.get(PAGE).text
