"""Watch lists: who comes and goes is told at once, to the unit alone; a decision holds for one revision."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import select, update

from creditsvc.access.permissions import Permission, StaffRole
from creditsvc.access.tables import AccessEntry
from creditsvc.checks import watch, watch_people
from creditsvc.checks.watch import NewList, Settled
from creditsvc.checks.watch_people import Watched
from creditsvc.kernel.errors import Conflict, Gone, InvalidInput, NotFound
from creditsvc.register.decisions import approve, propose
from creditsvc.register.tables import Listing
from creditsvc.services import Services
from tests.checks.screening_world import AGENCY, OTHERS, csv_of, screened
from tests.register.world import CLERK, JUDGE, add_listing, add_order, draft, resident
from tests.support.apps import Templates, world
from tests.support.people import debtor_browser, key_header, post_form, staff_browser

NEW = NewList("相对方", "transport", "fly", "合同管理", "H-1")


def _list(services: Services, *numbers: int, name: str = "王甲") -> int:
    made = watch.create(services, NEW, caller=AGENCY, now=services.clock.now())
    people = [Watched(resident(number), name, f"K{number}") for number in numbers]
    watch.add(services, made.id, people, caller=AGENCY, now=services.clock.now())
    return made.id


def _told(services: Services, list_id: int, after: int = 0) -> list[tuple[str, str]]:
    """Read as the API does: news first told, then read."""
    with services.database.reading() as session:
        found = watch.find(session, list_id, caller=AGENCY)
    watch.refresh(services, found, now=services.clock.now())
    with services.database.reading() as session:
        return [(row.kind, row.entry) for row in watch.events_of(session, list_id, after=after)]


def _remove(services: Services, entry: str) -> None:
    with services.database.writing() as session:
        made = propose(session, draft(entry), caller=CLERK, now=services.clock.now())
    with services.database.writing() as session:
        approve(session, made.id, shown_digest=made.digest, caller=JUDGE, now=services.clock.now())


def test_entering_and_leaving_are_told_by_the_next_reading(services: Services) -> None:
    list_id = _list(services, 1, 2)
    assert _told(services, list_id) == []
    entry = add_listing(services, resident(1))
    assert _told(services, list_id) == [("entered", entry)]
    assert _told(services, list_id) == [("entered", entry)], "told once"
    _remove(services, entry)
    assert _told(services, list_id) == [("entered", entry), ("left", entry)]


def test_a_term_ends_by_date_alone(services: Services) -> None:
    list_id = _list(services, 1)
    entry = add_listing(services, resident(1), grounds=["evades"], until=date(2026, 11, 25))
    assert _told(services, list_id) == [("entered", entry)]
    services.clock.set(services.clock.now() + timedelta(days=2))  # type: ignore[attr-defined]
    assert _told(services, list_id) == [("entered", entry), ("left", entry)]


def test_a_wrong_name_tells_nothing(services: Services) -> None:
    list_id = _list(services, 1, name="查无此人")
    add_listing(services, resident(1))
    add_order(services, resident(1))
    assert _told(services, list_id) == []
    with services.database.reading() as session:
        assert {row.subject_id for row in session.scalars(select(AccessEntry))} == {None}


def test_nonpublic_entries_tell_nothing(services: Services) -> None:
    list_id = _list(services, 1)
    add_listing(services, resident(1), nonpublic=True)
    assert _told(services, list_id) == []


def test_everybody_watched_and_everything_told_is_in_the_ledger(services: Services) -> None:
    add_order(services, resident(2))
    list_id = _list(services, 1, 2)
    _told(services, list_id)
    with services.database.reading() as session:
        rows = session.scalars(select(AccessEntry).order_by(AccessEntry.id)).all()
    assert [(row.action, row.outcome, row.purpose, row.matter) for row in rows] == [
        ("watch", "watched", "合同管理", "H-1"),
        ("watch", "watched", "合同管理", "H-1"),
        ("watch", "restricted", "合同管理", "H-1"),
    ]
    assert {row.subject_token for row in rows} == {services.vault.token(resident(n).canonical) for n in (1, 2)}


def test_whoever_is_watched_can_see_by_whom(services: Services, app: Flask) -> None:
    """Also by whom they were watched and screened before there was any entry."""
    _list(services, 1)
    screened(services, csv_of([("", "王甲", resident(1).number, "")]))
    entry = add_listing(services, resident(1))
    with services.database.reading() as session:
        subject = session.scalar(select(Listing.subject_id).where(Listing.entry == entry)) or ""
    page = debtor_browser(app, services, subject).get("/portal/who-looked").get_data(as_text=True)
    assert page.count("演示航空") == 2
    assert "合同管理" in page
    assert "售票核验" in page


def test_a_decision_holds_for_one_revision(services: Services) -> None:
    entry = add_listing(services, resident(1))
    list_id = _list(services, 1)
    _told(services, list_id)
    with services.database.reading() as session:
        member = watch_people.members_of(session, list_id)[0].id
    made = Settled(member, entry, 1, "acted")
    watch.settle(services, list_id, made, caller=AGENCY, now=services.clock.now())
    assert _open(services, list_id) == []
    with services.database.writing() as session:
        session.execute(update(Listing).where(Listing.entry == entry).values(revision=2))
    assert _open(services, list_id) == [(member, entry, 2)], "a new revision opens it again"
    assert _told(services, list_id)[-1] == ("changed", entry)
    with pytest.raises(Conflict):
        watch.settle(services, list_id, made, caller=AGENCY, now=services.clock.now())
    with pytest.raises(InvalidInput):
        watch.settle(
            services, list_id, replace(made, revision=2, choice="not_applied"), caller=AGENCY, now=services.clock.now()
        )
    made = replace(made, revision=2, choice="not_applied", note=f"同名，{resident(1).number} 不是他")
    kept = watch.settle(services, list_id, made, caller=AGENCY, now=services.clock.now())
    assert resident(1).number not in kept.note
    assert _open(services, list_id) == []
    _remove(services, entry)
    with pytest.raises(Conflict):
        watch.settle(services, list_id, made, caller=AGENCY, now=services.clock.now())


def _open(services: Services, list_id: int) -> list[tuple[int, str, int]]:
    from creditsvc.checks.watch_said import open_only, standing_said

    with services.database.reading() as session:
        found = watch.in_force(
            session, services.vault, watch.find(session, list_id, caller=AGENCY), on=date(2026, 11, 24)
        )
        said = open_only(standing_said(found, watch.decisions_of(session, list_id)))
    return [(one["member"], one["entry"], one["revision"]) for one in said]


def test_lists_are_their_units_own(services: Services) -> None:
    list_id, now = _list(services, 1), services.clock.now()
    with services.database.reading() as session:
        assert watch.lists_of(session, caller=OTHERS) == []
        with pytest.raises(NotFound):
            watch.find(session, list_id, caller=OTHERS)
    for act in (
        lambda: watch.add(services, list_id, [], caller=OTHERS, now=now),
        lambda: watch.remove(services, list_id, 1, caller=OTHERS, now=now),
        lambda: watch.close(services, list_id, caller=OTHERS, now=now),
        lambda: watch.settle(services, list_id, Settled(1, "x", 1, "acted"), caller=OTHERS, now=now),
    ):
        with pytest.raises(NotFound):
            act()


def test_closing_destroys_its_people(services: Services) -> None:
    list_id = _list(services, 1, 2)
    watch.close(services, list_id, caller=AGENCY, now=services.clock.now())
    with pytest.raises(Gone):
        watch_people.key_of(services.vault, list_id)
    with services.database.reading() as session:
        assert watch_people.count_of(session, list_id) == 0
        with pytest.raises(NotFound):
            watch.find(session, list_id, caller=AGENCY)
    assert watch.refresh_all(services, services.clock.now()) == ""


def test_no_number_lies_in_clear(sqlite_services: Services) -> None:
    services = sqlite_services
    _list(services, 1, 2)
    services.database.dispose()
    kept = b"".join(path.read_bytes() for path in services.settings.home.rglob("*") if path.is_file())
    assert resident(1).number.encode() not in kept
    assert "王甲".encode() not in kept


def test_by_the_page(services: Services, app: Flask) -> None:
    browser = staff_browser(app, services, StaffRole.AGENCY, "agent", sector="transport")
    at, form = (
        "/agency/watch-lists/",
        {"name": "相对方", "sector": "transport", "act": "fly", "purpose": "合同管理", "matter": "H-1"},
    )
    assert post_form(browser, at, {**form, "name": ""}, page=at).status_code == 422
    assert post_form(browser, at, {**form, "act": ""}, page=at).status_code == 422
    one = post_form(browser, at, form, page=at).headers["Location"]

    def send(content: bytes) -> str:
        data = {"file": (io.BytesIO(content), "相对方.csv")}
        answer = post_form(browser, f"{one}/members", data, page=one, content_type="multipart/form-data")
        return answer.get_data(as_text=True)

    add_order(services, resident(1))
    said = send(
        csv_of([("", "王甲", resident(1).number, ""), ("", "王甲", resident(2).number, ""), ("", "王甲", "12", "")])
    )
    assert "新加入 2 人" in said
    assert "第 4 行" in said
    assert "受限制" in said
    assert "第一行应为栏目名称" in send(b"a,b\n1,2\n")
    wrong = post_form(browser, f"{one}/members", {"number": "12", "person": "王甲"}, page=one)
    assert wrong.status_code == 422
    assert "位数不对" in wrong.get_data(as_text=True)
    with services.database.reading() as session:
        member = watch_people.members_of(session, 1)[0].id
        (event,) = watch.events_of(session, 1)
    made = {"member": str(member), "entry": event.entry, "revision": "1", "choice": "not_applied", "note": ""}
    assert post_form(browser, f"{one}/decisions", made, page=one).status_code == 422
    assert (
        post_form(browser, f"{one}/decisions", {**made, "revision": "9", "note": "同名"}, page=one).status_code == 409
    )
    assert post_form(browser, f"{one}/decisions", {**made, "note": "同名"}, page=one).status_code == 303
    assert "没有待处理的记录" in browser.get(one).get_data(as_text=True)
    assert post_form(browser, f"{one}/members/{member}/remove", page=one).status_code == 303
    assert "已移出关注" in browser.get(one).get_data(as_text=True)
    assert post_form(browser, f"{one}/close", page=one).status_code == 303
    assert browser.get(one).status_code == 404


def test_by_api_with_a_cursor(services: Services, client: FlaskClient) -> None:
    header = key_header(services, Permission.SCREEN_RUN)
    body = {"name": "供应商", "sector": "transport", "act": "fly", "purpose": "合同管理", "matter": "H-1"}
    list_id = client.post("/v1/watch-lists", json=body, headers=header).get_json()["watch_list"]
    at = f"/v1/watch-lists/{list_id}"
    number = resident(3).number
    people = [{"number": number, "name": "王甲", "reference": "K3"}, {"number": "1", "name": "坏"}]
    added = client.post(f"{at}/members", json={"people": people}, headers=header).get_json()
    assert (added["added"], added["known"], [fault["place"] for fault in added["faults"]]) == (1, 0, [1])
    assert client.get(f"{at}/events", headers=header).get_json() == {"events": [], "more": False}
    first, second = add_order(services, resident(3)), add_listing(services, resident(3))
    page = client.get(f"{at}/events?limit=1", headers=header).get_json()
    rest = client.get(f"{at}/events?after={page['events'][0]['event']}", headers=header).get_json()
    assert page["more"] is True
    assert {event["entry"] for event in page["events"] + rest["events"]} == {first, second}
    assert number not in str(page) + str(rest)
    standing = client.get(f"{at}/standing", headers=header).get_json()["standing"]
    assert {one["outcome"] for one in standing} == {"restricted"}
    for one in standing:
        made = {"member": one["member"], "entry": one["entry"], "revision": one["revision"], "choice": "acted"}
        assert client.post(f"{at}/decisions", json=made, headers=header).status_code == 204
    after = client.get(f"{at}/standing", headers=header).get_json()["standing"]
    assert [one["decision"]["choice"] for one in after] == ["acted", "acted"]
    others = key_header(services, Permission.SCREEN_RUN, unit="别的单位")
    assert client.get(f"{at}/events", headers=others).status_code == 404
    member = standing[0]["member"]
    assert client.delete(f"{at}/members/{member}", headers=header).status_code == 204
    assert client.get(f"{at}/standing", headers=header).get_json() == {"standing": []}
    assert client.delete(at, headers=header).status_code == 204
    assert client.get(at, headers=header).status_code == 404


class Walk(RuleBasedStateMachine):
    """Listings come, go and change in any order; what was told, added up, is always what is in force."""

    services: Services
    list_id: int

    def __init__(self) -> None:
        super().__init__()
        self.active: dict[str, int] = {}
        self.told: dict[str, int] = {}
        self.list_id = _list(self.services, *range(1, 6))

    @rule(who=st.integers(1, 7))
    def lists(self, who: int) -> None:
        self.active[add_listing(self.services, resident(who))] = 1

    @precondition(lambda self: self.active)
    @rule(data=st.data(), step=st.sampled_from(["removed", "changed"]))
    def changes(self, data: st.DataObject, step: str) -> None:
        entry = data.draw(st.sampled_from(sorted(self.active)))
        values: dict[str, object] = {"revision": self.active[entry] + 1}
        if step == "removed":
            values |= {"state": "removed", "ended_on": date(2026, 11, 24)}
            del self.active[entry]
        else:
            self.active[entry] += 1
        with self.services.database.writing() as session:
            session.execute(update(Listing).where(Listing.entry == entry).values(**values))

    @invariant()
    def adds_up(self) -> None:
        _told(self.services, self.list_id)
        with self.services.database.reading() as session:
            events = watch.events_of(session, self.list_id, limit=10_000)
        sums: dict[str, int] = {}
        for event in events:
            if event.kind == "left":
                assert sums.pop(event.entry) is not None
            else:
                assert (event.kind == "entered") == (event.entry not in sums)
                sums[event.entry] = event.revision
        watched = {entry: revision for entry, revision in self.active.items() if self._is_watched(entry)}
        assert sums == watched

    def _is_watched(self, entry: str) -> bool:
        with self.services.database.reading() as session:
            subject = session.scalar(select(Listing.subject_id).where(Listing.entry == entry))
            token = {self.services.vault.token(resident(n).canonical) for n in range(1, 6)}
            from creditsvc.storage.subjects import subjects_by_token

            return subject in subjects_by_token(session, sorted(token)).values()


@pytest.fixture
def walked(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> type[Walk]:
    """A fresh world for each walk."""

    class Fresh(Walk):
        def __init__(self) -> None:
            self.world = world("sqlite", templates, tmp_path_factory.mktemp("walk"))
            self.services = self.world.__enter__()
            super().__init__()

        def teardown(self) -> None:
            self.world.__exit__(None, None, None)

    return Fresh


def test_what_was_told_adds_up(walked: type[Walk]) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(walked, settings=settings(max_examples=15, stateful_step_count=12, deadline=None))
