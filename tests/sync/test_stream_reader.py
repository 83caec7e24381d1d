"""The platform's stream: incentive records by their port, the consumer inside the house, its agreement and its ladder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from creditsvc.kernel.errors import Conflict, NotAllowed
from creditsvc.ports import Ports
from creditsvc.register.feed_fields import FeedFields
from creditsvc.services import Services
from creditsvc.storage.outbox import FactType, Outbox, put
from sync.holders import holders_of
from sync.ladder import mark_overdue
from sync.publish import backlog, sequence_all
from sync.slip_answers import slips_after
from sync.stream_reader import StreamReader
from sync.wire.slips import parse_token_block
from tests.support.feed_world import Register, number_of

INCENTIVE = "inc_" + "0" * 24


def _incentive(*, in_force: bool = True) -> FeedFields:
    number = number_of(9_000)
    data: dict[str, Any] = {
        "entry": INCENTIVE, "kind": "incentive", "revision": 1, "debtor_kind": "person", "name": "守约人", "court_code": "豫0105",
        "court_name": "郑州市金水区人民法院", "case_number": "（2026）豫0105执9000号", "published_on": "2026-11-20", "until": "2027-11-20",
        "decision": "（2026）豫0105证1号", "number_masked": number.masked,
    }  # fmt: skip
    return FeedFields(entry=INCENTIVE, kind="incentive", revision=1, in_force=in_force, nonpublic=False,
                      subject_number=number.canonical, data=data)  # fmt: skip


def _housed(services: Services, fields: FeedFields) -> Services:
    def port(session: Any, vault: Any, entries: Sequence[str]) -> dict[str, FeedFields]:
        return {fields.entry: fields} if fields.entry in entries else {}

    return replace(services, ports=Ports({"publishable/incentive": port}))


def _fact(services: Services, fact: FactType, revision: int = 1, **exit_: str) -> None:
    with services.database.writing() as session:
        put(
            session,
            entry=INCENTIVE,
            kind="incentive",
            revision=revision,
            fact=fact,
            at=services.clock.now(),
            exit=exit_ or None,
        )


def test_an_incentive_record_travels_to_the_platform_alone(register: Register, services: Services) -> None:
    listing = register.listings(1)[0]
    _fact(services, FactType.PUBLISHED)
    housed = _housed(services, _incentive())
    coded = replace(
        housed, settings=replace(services.settings, catalogue_code_incentive="SX-02", catalogue_code_listing="SX-01")
    )
    assert sequence_all(coded, services.clock.now()) == 2
    assert register.told("platform", INCENTIVE) == [("entry.published", 1)]
    assert [register.told(stream, INCENTIVE) for stream in ("public", "agency", "bureau")] == [[], [], []]
    data = register.data("platform", INCENTIVE)
    assert data["catalogue_code"] == "SX-02" and len(data["subject"]) == 43 and "number_masked" not in data
    assert register.data("platform", listing)["catalogue_code"] == "SX-01"
    assert "catalogue_code" not in register.data("bureau", listing)
    _fact(
        services,
        FactType.REMOVED,
        2,
        exit="removed",
        ground="incentive_ended",
        effect="stop_use",
        effective="2026-11-24",
    )
    sequence_all(coded, services.clock.now())
    assert register.told("platform", INCENTIVE)[-1] == ("entry.removed", 2)


def test_a_record_that_may_not_be_shared_stays_at_home(register: Register, services: Services) -> None:
    _fact(services, FactType.PUBLISHED)
    sequence_all(_housed(services, _incentive(in_force=False)), services.clock.now())
    assert register.told("platform", INCENTIVE) == []


def test_a_fact_waits_for_a_process_that_knows_its_kind(register: Register, services: Services) -> None:
    _fact(services, FactType.PUBLISHED)
    register.listings(1)
    assert register.publish() == 1
    with services.database.reading() as session:
        assert backlog(session) == 1
        assert session.scalar(select(Outbox.outcome).where(Outbox.entry == INCENTIVE)) is None
    assert sequence_all(_housed(services, _incentive()), services.clock.now()) == 1


def test_slips_of_incentives_come_by_the_same_port(register: Register, services: Services) -> None:
    account = register.subscriber("platform-a", ("platform",))
    _fact(services, FactType.PUBLISHED)
    housed = _housed(services, _incentive())
    sequence_all(housed, services.clock.now())
    with services.database.reading() as session:
        agreement = StreamReader(
            session, housed, subscriber="platform-a", stream="platform", now=services.clock.now()
        ).agreement
        raw, _ = slips_after(session, housed, account.row, agreement, stream="platform", after=0)
    assert [slip.entry for slip in parse_token_block(raw)] == [INCENTIVE]


def test_the_consumer_inside_reads_events_numbers_and_what_stands(register: Register, services: Services) -> None:
    register.subscriber("platform-a", ("platform",))
    first, second, third = register.listings(3)
    register.publish()
    register.remove(second)
    register.correct(third)
    register.publish()
    now = services.clock.now()
    with services.database.reading() as session:
        reader = StreamReader(session, services, subscriber="platform-a", stream="platform", now=now)
        changes = reader.changes(0, limit=4) + reader.changes(4)
        assert [change.sequence for change in changes] == [1, 2, 3, 4, 5]
        assert [(change.entry, str(change.type)) for change in changes[3:]] == [
            (second, "entry.removed"),
            (third, "entry.corrected"),
        ]
        assert not changes[1].data and changes[4].data["name"] == "更正后"
        assert [change.entry for change in reader.removals(0)] == [second]
        assert {standing.entry for standing in reader.everything(block=1)} == {first, third}
        assert reader.standing([first, second])[first].number == register.numbers[0].canonical
        with pytest.raises(Conflict):
            reader.changes(6)


def test_the_consumer_needs_an_agreement_for_the_stream(register: Register, services: Services) -> None:
    register.subscriber("bureau-a", ("bureau",))
    with services.database.reading() as session, pytest.raises(NotAllowed):
        StreamReader(session, services, subscriber="bureau-a", stream="platform", now=services.clock.now())


def test_the_consumer_stands_on_the_ladder_like_everybody(register: Register, services: Services) -> None:
    register.subscriber("platform-a", ("platform",))
    entry, now = register.listings(1)[0], services.clock.now()
    register.publish()

    def stage() -> str:
        with services.database.reading() as session:
            return holders_of(session, entry)[0].stage

    def note(**steps: int) -> None:
        with services.database.writing() as session:
            reader = StreamReader(session, services, subscriber="platform-a", stream="platform", now=now)
            for step, sequence in steps.items():
                getattr(reader, step)(sequence)

    note(fetched=1)
    register.remove(entry)
    register.publish()
    assert stage() == "published"
    note(fetched=2)
    assert stage() == "fetched"
    assert mark_overdue(services, now + timedelta(days=3)) == 1
    assert stage() == "overdue"
    now += timedelta(days=3)
    note(confirmed=2)
    assert stage() == "applied"
