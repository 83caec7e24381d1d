"""One state of the register, read whole, for what holds of every state."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.kernel.identity import IdentityNumber
from creditsvc.register.feed_fields import FeedFields, feed_fields
from creditsvc.register.tables import (
    ConsumptionOrder,
    Decision,
    EntryMark,
    Listing,
    RegisterEvent,
    Relief,
    ResponsibleMark,
)
from creditsvc.register.tables_matters import CandidateRecord, Circumstance, GracePeriod
from creditsvc.services import Services
from creditsvc.storage.outbox import Outbox
from creditsvc.storage.subjects import numbers_of
from punishment_rules.facts import Facts
from tests.register.world import known_facts


@dataclass
class Seen:
    """One state of the register, read whole."""

    services: Services
    session: Session
    today: date
    people: dict[IdentityNumber, str]
    """Everybody whom the walk knows, with the name."""
    before: dict[str, Any] = field(default_factory=dict)
    """What earlier looks kept, by name: it is compared and replaced."""

    def __post_init__(self) -> None:
        read = self.session.scalars
        self.listings: list[Listing] = list(read(select(Listing).order_by(Listing.id)))
        self.orders: list[ConsumptionOrder] = list(read(select(ConsumptionOrder).order_by(ConsumptionOrder.id)))
        self.candidates: list[CandidateRecord] = list(read(select(CandidateRecord)))
        self.decisions: list[Decision] = list(read(select(Decision).order_by(Decision.id)))
        self.events: list[RegisterEvent] = list(read(select(RegisterEvent).order_by(RegisterEvent.id)))
        self.outbox: list[Outbox] = list(read(select(Outbox).order_by(Outbox.id)))
        self.reliefs: list[Relief] = list(read(select(Relief)))
        self.marks: list[EntryMark] = list(read(select(EntryMark)))
        self.officers: list[ResponsibleMark] = list(read(select(ResponsibleMark)))
        self.graces: list[GracePeriod] = list(read(select(GracePeriod)))
        self.circumstances: list[Circumstance] = list(read(select(Circumstance)))
        self.numbers = numbers_of(self.session, self.services.vault, {row.subject_id for row in self.entries})
        self.facts: dict[IdentityNumber, Facts] = {
            number: known_facts(self.services, number, name, on=self.today) for number, name in self.people.items()
        }
        self.fields: dict[str, FeedFields] = feed_fields(
            self.session, self.services.vault, [row.entry for row in self.entries]
        )

    @property
    def entries(self) -> list[Any]:
        return [*self.listings, *self.orders]

    def told(self, entry: str) -> list[Outbox]:
        return [fact for fact in self.outbox if fact.entry == entry]

    def approved(self, *kinds: str) -> list[Decision]:
        return [one for one in self.decisions if one.state == "approved" and one.kind in kinds]

    def named(self) -> set[str]:
        """Entries of listings that a check of anybody names as in force today."""
        return {fact.entry for facts in self.facts.values() for fact in facts.listings if fact.in_force(self.today)}
