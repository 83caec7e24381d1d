"""A copy says of an officer what the register says: bound by the unit's order, freed by what was granted to them alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from creditsvc.kernel.identity import IdentityNumber
from creditsvc.register.readings import facts_of_subjects
from creditsvc.register.tables import ConsumptionOrder, Listing, Relief, ResponsibleMark
from creditsvc.services import Services
from creditsvc.storage.subjects import find_subject
from punishment_rules.evaluate import Answer, evaluate
from punishment_rules.law import Outcome
from punishment_rules.load import catalogue
from sync.heads import resign_heads
from sync.mirror.check import Question, answer_locally
from sync.mirror.client import Agreement, Mirror
from sync.mirror.identities import SlipKeys
from sync.mirror.store import Store
from sync.slip_answers import token_key
from tests.register.world import decided, draft
from tests.support.app_fetcher import AppFetcher
from tests.support.feed_world import Register

FLY, TODAY = ("transport", "fly"), date(2026, 11, 24)
GRANT = {
    "from_day": "2026-11-24", "to_day": "2026-11-26", "purpose": "以个人财产因私消费", "measures": ["travel-air"],
}  # fmt: skip


@dataclass
class Unit:
    """A listed unit with an order in the same case, two officers, and an agency's copy of it all."""

    register: Register
    entry: str
    order: str
    officer: IdentityNumber
    other: IdentityNumber
    mirror: Mirror
    store: Store
    keys: SlipKeys
    sources: set[str] = field(default_factory=set)
    """The entries on which the copy's newest answer rests."""

    def pull(self) -> None:
        """Everything that waits is published, and the copy follows."""
        services = self.register.services
        self.register.publish()
        resign_heads(services, services.clock.now())
        self.mirror.refresh(services.clock.now())

    def said(self, who: IdentityNumber) -> tuple[Outcome, Outcome]:
        """What the register says, and what the copy says."""
        services, now = self.register.services, self.register.services.clock.now()
        with services.database.reading() as session:
            subject = find_subject(session, services.vault, who)
            facts = facts_of_subjects(session, [subject or ""], on=TODAY)[subject or ""]
        own = evaluate(facts, sector=FLY[0], act=FLY[1], on=TODAY, catalogue=catalogue())
        local = answer_locally(self.store, Question(who, "某人", *FLY), keys=self.keys, catalogue=catalogue(), now=now)
        assert not local.doubts and _shape(local.answer) == _shape(own)
        self.sources = {source for verdict in local.answer.verdicts for source in verdict.sources}
        return own.outcome, local.outcome


def _shape(answer: Answer) -> list[object]:
    return [
        (one.measure_id, one.outcome, one.changes_on, one.ends, one.next_step, set(one.sources))
        for one in answer.verdicts
    ]


@pytest.fixture
def unit(register: Register, services: Services, client: FlaskClient, tmp_path: Path) -> Iterator[Unit]:
    account = register.subscriber("agency-a", ("agency",))
    (entry,) = register.listings(1, units=True)
    officer, other = register.officer(entry), register.officer(entry)
    order = register.order()
    with services.database.writing() as session:
        row = session.scalars(select(Listing).where(Listing.entry == entry)).one()
        same = {
            "subject_id": row.subject_id,
            "case_number": row.case_number,
            "debtor_kind": "organisation",
            "sex": None,
            "age": None,
            "items": [],
        }
        session.execute(update(ConsumptionOrder).where(ConsumptionOrder.entry == order).values(name=row.name, **same))
    keys, store = SlipKeys(token_key(services.keyring, "agency-a")), Store(tmp_path / "copy.sqlite")
    mirror = Mirror(store, AppFetcher(client, account.headers), Agreement("agency", slips=keys))
    yield Unit(register, entry, order, officer, other, mirror, store, keys)
    store.close()


def test_an_officers_own_relief_reaches_the_copy_and_frees_nobody_else(unit: Unit, services: Services) -> None:
    unit.pull()
    bound = (Outcome.RESTRICTED, Outcome.RESTRICTED)
    assert unit.said(unit.officer) == unit.said(unit.other) == bound and unit.order in unit.sources
    with services.database.reading() as session:
        subject = find_subject(session, services.vault, unit.officer)
        mark = session.scalars(select(ResponsibleMark.id).where(ResponsibleMark.subject_id == subject)).one()
    decided(services, draft(unit.order, "grant_single_approval", "", changes=GRANT | {"mark": mark}))
    unit.pull()
    freed = unit.said(unit.officer)
    assert freed[0] is freed[1] is not Outcome.RESTRICTED and unit.said(unit.other) == bound
    told = unit.register.data("agency", unit.entry)["marks"]
    assert [(one["mark"], one["measures"]) for one in told] == [("single_approval", ["travel-air"])]
    assert unit.officer.number not in str(told), "by the pseudonym of the role"
    with services.database.reading() as session:
        relief = session.scalars(select(Relief.id)).one()
    decided(services, draft(unit.order, "end_relief", "", changes={"relief": relief}))
    unit.pull()
    assert unit.said(unit.officer) == unit.said(unit.other) == bound


def test_no_other_stream_tells_of_an_officers_relief(unit: Unit, register: Register, services: Services) -> None:
    unit.pull()
    before = {stream: len(register.events(stream)) for stream in ("public", "bureau", "platform")}
    with services.database.reading() as session:
        mark = session.scalars(select(ResponsibleMark.id).order_by(ResponsibleMark.id)).first()
    decided(services, draft(unit.order, "grant_single_approval", "", changes=GRANT | {"mark": mark}))
    unit.pull()
    assert before == {stream: len(register.events(stream)) for stream in before}


def test_an_order_of_another_case_binds_no_officer(unit: Unit, services: Services) -> None:
    with services.database.writing() as session:
        other = {"case_number": "（2026）豫0105执99999号"}
        session.execute(update(ConsumptionOrder).where(ConsumptionOrder.entry == unit.order).values(**other))
    unit.pull()
    assert unit.said(unit.officer) == (Outcome.RESTRICTED, Outcome.RESTRICTED), "by the listing of the unit"
    assert unit.sources == {unit.entry}
