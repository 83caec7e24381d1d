"""Answers from the copy: what binds, what doubt does, and what an expired copy never says."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

import pytest

from creditsvc.kernel.identity import parse_identity, uscc_check_digit
from punishment_rules.catalogue_types import Catalogue
from punishment_rules.law import Outcome
from punishment_rules.load import catalogue as load_catalogue
from sync.mirror.check import EXPIRED, INCOMPLETE, OTHER_NAME, LocalAnswer, Question, answer_locally, as_json
from sync.mirror.client import Agreement, Mirror
from sync.mirror.identities import SlipKeys
from sync.mirror.store import Store
from sync.mirror.trouble import CannotMatch, NotSynced
from sync.wire.slips import Identity
from tests.support.feed_simulator import NOW, TOKEN_KEY, Publisher, person

KEYS = SlipKeys(TOKEN_KEY)
WHO = person(123)
CODE = "91410100MA44KKKK0" + uscc_check_digit("91410100MA44KKKK0")


@cache
def catalogue() -> Catalogue:
    return load_catalogue()


@cache
def binding_act() -> tuple[str, str]:
    """A sector and an act that restrict whoever is listed, found by asking."""
    feed = Publisher()
    store = Store(":memory:")  # type: ignore[arg-type]
    entry = publish(feed)
    assert entry
    Mirror(store, feed, Agreement("agency", slips=KEYS)).refresh(NOW)
    for sector in catalogue().sectors:
        for act in catalogue().acts(sector):
            if ask(store, sector=sector, act=act.id).outcome is Outcome.RESTRICTED:
                return sector, act.id
    raise AssertionError("no act restricts anybody")


def publish(feed: Publisher, *, kind: str = "listing", canary: bool = False, **fields: object) -> str:
    """An entry of WHO."""
    identity = Identity(f"resident_id:{WHO.number}", b"w" * 32)
    (entry,) = feed.publish(kind=kind, canary=canary, subject=identity.subject, name=WHO.name, **fields)
    feed.people[entry] = identity
    return entry


def ask(store: Store, *, name: str = WHO.name, now: object = NOW, sector: str = "", act: str = "") -> LocalAnswer:
    if not sector:
        sector, act = binding_act()
    question = Question(parse_identity(WHO.number), name, sector, act)
    return answer_locally(store, question, keys=KEYS, catalogue=catalogue(), now=now)  # type: ignore[arg-type]


def test_a_listing_restricts_until_it_is_removed(feed: Publisher, mirror: Mirror, store: Store) -> None:
    feed.publish(3)
    entry = publish(feed)
    mirror.refresh(NOW)
    local = ask(store)
    assert local.outcome is Outcome.RESTRICTED and local.doubts == () and local.head.size == feed.size
    feed.remove(entry)
    mirror.refresh(NOW)
    assert ask(store).outcome is Outcome.CLEAR


def test_an_expired_copy_never_says_restricted(feed: Publisher, mirror: Mirror, store: Store) -> None:
    publish(feed)
    mirror.refresh(NOW)
    local = ask(store, now=NOW + timedelta(hours=2))
    assert local.outcome is Outcome.NEEDS_OFFICER and EXPIRED in local.doubts


def test_in_doubt_no_measure_is_said_to_restrict(feed: Publisher, mirror: Mirror, store: Store) -> None:
    publish(feed)
    mirror.refresh(NOW)
    fresh, old = as_json(ask(store)), as_json(ask(store, now=NOW + timedelta(hours=2)))
    assert {measure["outcome"] for measure in fresh["measures"]} & {"restricted"}
    assert "restricted" not in {measure["outcome"] for measure in old["measures"]} | {old["outcome"]}
    assert all(reason["clause"] for measure in fresh["measures"] for reason in measure["reasons"])
    assert WHO.number not in str(fresh) and WHO.name not in str(fresh)


def test_a_term_ends_by_itself_with_the_feed_down(feed: Publisher, mirror: Mirror, store: Store) -> None:
    """The state still counts the entry; nobody is restricted by it, whatever the age of the copy."""
    publish(feed, until="2026-03-02")
    mirror.refresh(NOW)
    assert ask(store).outcome is Outcome.RESTRICTED
    feed.fault = "down"
    local = ask(store, now=NOW + timedelta(days=1))
    assert local.answer.outcome is Outcome.CLEAR and store.count() == 1


def test_the_last_day_of_a_term_is_a_day_in_beijing(feed: Publisher, mirror: Mirror, store: Store) -> None:
    publish(feed, until="2026-03-02")
    mirror.refresh(NOW)
    assert ask(store, now=NOW.replace(hour=15, minute=59)).answer.outcome is Outcome.RESTRICTED
    assert ask(store, now=NOW.replace(hour=16, minute=0)).answer.outcome is Outcome.CLEAR


def test_another_name_is_a_doubt(feed: Publisher, mirror: Mirror, store: Store) -> None:
    publish(feed)
    mirror.refresh(NOW)
    local = ask(store, name="他人")
    assert local.outcome is Outcome.NEEDS_OFFICER and local.doubts == (OTHER_NAME,)


def test_without_all_slips_nothing_found_proves_nothing(feed: Publisher, store: Store) -> None:
    publish(feed)
    Mirror(store, feed, Agreement("agency")).refresh(NOW)
    local = ask(store)
    assert local.outcome is Outcome.NEEDS_OFFICER and local.doubts == (INCOMPLETE,)


def test_a_units_officers_whose_slips_have_not_come_are_a_doubt(feed: Publisher, mirror: Mirror, store: Store) -> None:
    mirror.refresh(NOW)
    assert ask(store).doubts == ()
    feed.publish(debtor_kind="organisation", unit_code=CODE, name="测试有限公司")
    Mirror(store, feed, Agreement("agency")).refresh(NOW)
    assert ask(store).doubts == (INCOMPLETE,), "who answers for the unit is not known yet"
    mirror.refresh(NOW)
    assert ask(store).doubts == ()


def test_canaries_restrict_nobody(feed: Publisher, mirror: Mirror, store: Store) -> None:
    publish(feed, canary=True)
    mirror.refresh(NOW)
    assert store.count() == 1 and ask(store).outcome is Outcome.CLEAR


def test_organisations_are_found_by_their_code(feed: Publisher, mirror: Mirror, store: Store) -> None:
    feed.publish(debtor_kind="organisation", unit_code=CODE, name="测试有限公司")
    mirror.refresh(NOW)
    question = Question(parse_identity(CODE), "测试有限公司", *binding_act())
    local = answer_locally(store, question, keys=None, catalogue=catalogue(), now=NOW)
    assert local.answer.outcome is not Outcome.CLEAR


def test_roles_and_orders_reach_their_person(feed: Publisher, mirror: Mirror, store: Store) -> None:
    from sync.mirror.check import _Found

    publish(feed, kind="consumption_order", items=["TR-1"])
    mirror.refresh(NOW)
    facts = _Found(store, parse_identity(WHO.number), KEYS).facts(parse_identity(WHO.number), NOW.date())
    assert [order.items for order in facts.orders] == [("TR-1",)] and facts.listings == ()


def test_copies_that_can_not_answer(feed: Publisher, store: Store, tmp_path: object) -> None:
    question = Question(parse_identity(WHO.number), WHO.name, "transport", "x")
    with pytest.raises(NotSynced):
        answer_locally(store, question, keys=KEYS, catalogue=catalogue(), now=NOW)
    public = Publisher("public")
    public.publish()
    Mirror(store, public, Agreement("public")).refresh(NOW)
    with pytest.raises(CannotMatch):
        answer_locally(store, question, keys=KEYS, catalogue=catalogue(), now=NOW)
    assert WHO.number not in repr(question)
