"""Messages: what may be in them, how their states follow each other, when something counts as served."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from creditsvc.access.tables import AuditEntry
from creditsvc.kernel.errors import Conflict, Gone, InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.papers import delivery
from creditsvc.papers.delivery_states import FINAL, MOVES, Channel, DeliveryState, DeliveryStep, Service, moved
from creditsvc.papers.tables import Delivery
from creditsvc.ports import Ports
from creditsvc.services import Services
from sync.demo.people import resident_number
from tests.support.apps import NOON
from tests.support.people import TESTER

TODAY = date(2026, 11, 24)
NUMBER = resident_number(Random(3), born_from=date(1970, 1, 1), born_to=date(1999, 1, 1))


def message(channel: Channel = Channel.PAGE, **changes: Any) -> delivery.Message:
    values: dict[str, Any] = {
        "purpose": "listing_decision", "court_code": "豫0105", "title": Bilingual("您有一份新的文书", "You have a new paper"),
        "body": Bilingual("请登录查看。", "Sign in to read it."), "entry": "lst_" + "a" * 24,
    }  # fmt: skip
    return delivery.Message(channel, **{**values, **changes})


def queued(services: Services, channel: Channel = Channel.PAGE, **changes: Any) -> int:
    with services.database.writing() as session:
        return delivery.queue(session, services, message(channel, **changes), now=NOON).id


def row(services: Services, number: int) -> Delivery:
    with services.database.reading() as session:
        return delivery.delivery_of(session, number)


def test_on_the_page_it_stands_at_once_and_on_paper_it_waits_for_a_person(services: Services) -> None:
    page, paper, mail = (
        row(services, queued(services, channel, address="a@b.example" if channel is Channel.MAIL else ""))
        for channel in (Channel.PAGE, Channel.PRINT, Channel.MAIL)
    )
    assert (page.state, page.next_at) == ("handed_over", None)
    assert (paper.state, paper.next_at) == ("queued", None)
    assert (mail.state, mail.next_at) == ("queued", NOON)


def test_reading_is_service_only_where_the_addressee_agreed(services: Services) -> None:
    plain, agreed = queued(services), queued(services, consented=True)
    with services.database.writing() as session:
        assert delivery.note_read(session, plain, caller=TESTER, now=NOON) is None
        served = delivery.note_read(session, agreed, caller=TESTER, now=NOON)
        assert served is not None and (served.served_on, served.how) == (TODAY, Service.ELECTRONIC)
        assert delivery.note_read(session, agreed, caller=TESTER, now=NOON) is None
    assert row(services, plain).state == "read" and row(services, agreed).state == "served"


def test_reading_after_sixteen_hours_utc_is_the_next_legal_day(sqlite_services: Services) -> None:
    number = queued(sqlite_services, consented=True)
    with sqlite_services.database.writing() as session:
        served = delivery.note_read(session, number, caller=TESTER, now=NOON + timedelta(hours=14))
    assert served is not None and served.served_on == date(2026, 11, 25)


def test_a_person_notes_the_day_and_the_way_of_service(services: Services) -> None:
    number = queued(services, Channel.PRINT)
    with services.database.writing() as session:
        later = NOON + timedelta(days=3)
        served = delivery.note_served(
            session, number, on=date(2026, 11, 26), how=Service.POST, caller=TESTER, now=later
        )
        assert served.entry == "lst_" + "a" * 24 and served.purpose == "listing_decision"
        with pytest.raises(Conflict):
            delivery.note_served(session, number, on=TODAY, how=Service.DIRECT, caller=TESTER, now=later)
    with services.database.reading() as session:
        act = session.scalars(select(AuditEntry).where(AuditEntry.action == "delivery.served")).one()
        assert act.details == {"on": "2026-11-26", "how": "post", "purpose": "listing_decision"}


@pytest.mark.parametrize("on", [TODAY - timedelta(days=1), TODAY + timedelta(days=1)])
def test_service_is_neither_before_the_paper_nor_tomorrow(sqlite_services: Services, on: date) -> None:
    number = queued(sqlite_services, Channel.PRINT)
    with sqlite_services.database.writing() as session, pytest.raises(InvalidInput):
        delivery.note_served(session, number, on=on, how=Service.DIRECT, caller=TESTER, now=NOON)


def test_what_came_back_can_be_sent_again(sqlite_services: Services) -> None:
    number = queued(sqlite_services, Channel.MAIL, address="a@b.example")
    with sqlite_services.database.writing() as session:
        delivery.note_failed(session, number, trouble="bounced", caller=TESTER, now=NOON)
        assert delivery.send_again(session, number, caller=TESTER, now=NOON).next_at == NOON
        with pytest.raises(Conflict):
            delivery.send_again(session, number, caller=TESTER, now=NOON)


@pytest.mark.parametrize("place", ["title", "body"])
def test_no_message_holds_an_identity_number(sqlite_services: Services, place: str) -> None:
    text = Bilingual(f"您的号码 {NUMBER}。", "x")
    for channel in (Channel.PAGE, Channel.MAIL, Channel.SMS):
        with sqlite_services.database.writing() as session, pytest.raises(InvalidInput) as refused:
            delivery.queue(session, sqlite_services, message(channel, **{place: text}, address="a@b.example"), now=NOON)
        assert refused.value.code == "number-in-message"


@pytest.mark.parametrize("number", ["91410100MA9FAKE12X", "410105900101123"])
def test_nor_one_of_a_unit_or_an_old_one(sqlite_services: Services, number: str) -> None:
    with sqlite_services.database.writing() as session, pytest.raises(InvalidInput):
        delivery.queue(session, sqlite_services, message(body=Bilingual(number, "x")), now=NOON)


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        (Channel.MAIL, ""),
        (Channel.MAIL, "a@b"),
        (Channel.MAIL, "a@b.example\r\nBcc: c@d.example"),
        (Channel.MAIL, "a b@c.example"),
        (Channel.SMS, "12"),
        (Channel.SMS, "a@b.example"),
    ],
)
def test_an_address_that_can_not_be_one_is_refused(sqlite_services: Services, channel: Channel, address: str) -> None:
    with sqlite_services.database.writing() as session, pytest.raises(InvalidInput):
        delivery.queue(session, sqlite_services, message(channel, address=address), now=NOON)


def test_an_address_is_sealed_and_goes_with_the_person(sqlite_services: Services) -> None:
    sqlite_services.vault.new_keys(["a" * 32], at=NOON)
    number = queued(sqlite_services, Channel.MAIL, address="wang@post.example", subject_id="a" * 32)
    assert b"wang@post" not in (sqlite_services.settings.home / "register.db").read_bytes()
    assert delivery.address_of(sqlite_services, row(sqlite_services, number)) == "wang@post.example"
    sqlite_services.vault.destroy("a" * 32, at=NOON)
    with pytest.raises(Gone):
        delivery.address_of(sqlite_services, row(sqlite_services, number))


def test_every_room_that_keeps_clocks_is_told(sqlite_services: Services) -> None:
    told: list[Any] = []
    ports = Ports({
        "served/a": lambda session, served, now: told.append(("a", served.served_on)),
        "served/b": lambda session, served, now: told.append(("b", served.purpose)),
        "holders": lambda session, entry: (),
    })  # fmt: skip
    number = queued(sqlite_services, Channel.PRINT)
    with sqlite_services.database.writing() as session:
        served = delivery.note_served(session, number, on=TODAY, how=Service.DIRECT, caller=TESTER, now=NOON)
        ports.served(session, served, now=NOON)
    assert told == [("a", TODAY), ("b", "listing_decision")]


@given(st.lists(st.sampled_from(DeliveryStep), max_size=12))
def test_what_was_served_stays_served(steps: list[DeliveryStep]) -> None:
    state = DeliveryState.QUEUED
    for step in steps:
        if (state, step) in MOVES:
            state = moved(state, step)
        else:
            with pytest.raises(Conflict):
                moved(state, step)
    assert {DeliveryState.SERVED} == FINAL


def test_every_way_of_service_has_its_article() -> None:
    assert {way.clause for way in Service} >= {"民事诉讼法第八十八条", "民事诉讼法第九十五条"}
    assert all(way.label.en and Channel.PAGE.label.en for way in Service)
