"""Where features need each other without knowing each other.

A feature fills a port by its name in ``Feature.ports``; whoever needs it asks here. An empty port answers as if the
feature had nothing to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from sqlalchemy.orm import Session

from creditsvc.settings import Settings
from creditsvc.storage.direct import Driven

if TYPE_CHECKING:
    from creditsvc.access.callers import Caller
    from creditsvc.kernel.calendars import Calendar
    from creditsvc.register.feed_fields import FeedFields
    from creditsvc.services import Services
    from creditsvc.storage.vault import Vault


@dataclass(frozen=True, slots=True)
class Holder:
    """One subscriber that holds a copy of an entry, and how far it is with the entry's newest event."""

    subscriber: str
    name: str
    stream: str
    stage: str
    """``published``, ``notified``, ``fetched``, ``applied``, ``diverged`` or ``overdue``."""
    sequence: int
    reached_at: datetime | None
    """When the stage was reached."""
    removed: bool
    """Whether that newest event is a removal: ``applied`` then means that the subscriber has let go."""


class Holders(Protocol):
    """Filled by ``sync``: who holds a copy of an entry."""

    def __call__(self, session: Session, entry: str) -> Sequence[Holder]:
        """Every subscriber entitled to the entry, in order of name."""
        ...


class Publishable(Protocol):
    """Filled under a name that begins with ``publishable/`` and ends with the kind of entry, ``publishable/incentive``.

    Whoever fills it writes the outbox facts of that kind itself, in the transaction that made them true. A fact whose
    kind nobody fills waits: it is never settled unseen.
    """

    def __call__(self, session: Session, vault: Vault, entries: Sequence[str]) -> Mapping[str, FeedFields]:
        """Fields by entry, as they are now, in the feed's own names; unknown entries are absent.

        ``in_force`` says whether the entry may be shared (the person has agreed, the law allows it, nothing ended it).
        """
        ...


@dataclass(frozen=True, slots=True)
class RemovalProof:
    """The part of a removal certificate that its reader can verify offline: ``creditsvc verify`` takes ``bundle``."""

    entry: str
    bundle: bytes
    """One file: the event, its place in the log under the signed head, each holder's receipt. No personal data."""
    digest: str
    """Hex SHA-256 of the bundle, to print on the paper."""
    filename: str
    complete: bool
    """Whether every holder has confirmed by its own receipt."""
    witnesses: Sequence[str]
    """Who cosigned the heads."""
    holders: Sequence[Holder]


class ProvesRemoval(Protocol):
    """Filled by ``sync`` under ``removal_proof``."""

    def __call__(self, services: Services, session: Session, entry: str, now: datetime) -> RemovalProof | None:
        """The proof as of ``now``; none while the removal is on no stream under a signed head."""
        ...


class Owing(NamedTuple):
    """A unit whose copy still owes a removal although it is overdue."""

    removal: int
    """Its sequence."""
    subscriber: str
    unit: str


class Barred(Protocol):
    """Filled by ``sync``: who gets no answers for now."""

    def __call__(self, reading: Driven) -> Sequence[Owing]:
        """All of them, the longest overdue first: they are few. By the driver: it is asked before every check."""
        ...


@dataclass(frozen=True, slots=True)
class Freshness:
    """Something whose age ``/freshz`` watches."""

    name: str
    newest: datetime | None
    """When it last came in or went out; nothing yet counts as not fresh."""
    limit: timedelta


class Fresh(Protocol):
    """Filled under a name that begins with ``fresh/``, for example ``fresh/batch``."""

    def __call__(self, session: Session, settings: Settings) -> Freshness:
        """How old the newest one is allowed to be, and when it was."""
        ...


class OnServed(Protocol):
    """Filled under a name that begins with ``served/``: whose clocks run from the day on which something was served."""

    def __call__(self, session: Session, served: Any, *, now: datetime) -> None:
        """``served`` is a ``creditsvc.papers.delivery.Served``; what it is not about is left alone."""
        ...


@dataclass(frozen=True, slots=True)
class Left:
    """An entry that has just left: removed, lifted or revoked."""

    entry: str
    revoked: bool
    """It was wrong from the start: those who relied on it look again."""
    by: Caller
    """Who signed it."""


class OnLeft(Protocol):
    """Filled under a name that begins with ``left/``: what follows in the transaction in which an entry leaves."""

    def __call__(self, session: Session, services: Services, left: Left, *, now: datetime) -> None:
        """Word of it, what it closes, who must look again."""
        ...


@dataclass(frozen=True, slots=True)
class CaseAsked:
    """Something that a platform passes on for the court to check. No identity number: the entry names whom it is about."""

    entry: str
    kind: str
    """``objection``."""
    ground: str
    """``inaccurate``, ``not_mine``, ``should_be_gone`` or ``privacy``."""
    reference: str
    """The platform's own number, with its name: the same reference again is the same case."""
    words: str
    """What the person said; it is sealed."""
    received_on: date
    """The Beijing day on which the platform received it."""
    at: datetime


@dataclass(frozen=True, slots=True)
class CaseStanding:
    """Where a case stands that was opened for a platform."""

    case: str
    number: str
    due_on: date | None
    """The last day of the court's three working days (河南省社会信用条例 art. 41)."""
    due_provisional: bool
    closed: bool
    outcome: str
    """Empty while open; then ``corrected``, ``revoked``, ``removed``, ``upheld`` (to be put right at the platform),
    ``refused``, ``withdrawn`` or ``overtaken`` (the entry has left)."""
    reason: str
    clause: str
    decided_at: datetime | None


class OpenCase(Protocol):
    """Filled by ``repair`` under ``open_case``: a platform's objection becomes an application at the court."""

    def __call__(self, session: Session, services: Services, asked: CaseAsked, *, calendar: Calendar) -> CaseStanding:
        """Open it, or find the one of this reference; the caller commits.

        Raises ``NotFound`` for an unknown entry, ``InvalidInput``, and ``Conflict`` while another is open.
        """
        ...


class ReadCase(Protocol):
    """Filled by ``repair`` under ``case_standing``: how far the court is with it."""

    def __call__(self, session: Session, reference: str) -> CaseStanding | None:
        """By the platform's reference; none if there is no such case."""
        ...


class Ports:
    """The filled ports of one application."""

    def __init__(self, filled: Mapping[str, Any]) -> None:
        self._filled = dict(filled)

    def holders(self, session: Session, entry: str) -> Sequence[Holder]:
        """Who holds a copy of this entry; nobody if nothing publishes."""
        port: Holders | None = self._filled.get("holders")
        return port(session, entry) if port else ()

    def open_case(
        self, session: Session, services: Services, asked: CaseAsked, *, calendar: Calendar
    ) -> CaseStanding | None:
        """Pass something on to the court; none if nobody takes cases in."""
        port: OpenCase | None = self._filled.get("open_case")
        return port(session, services, asked, calendar=calendar) if port else None

    def case_standing(self, session: Session, reference: str) -> CaseStanding | None:
        """Where the case of this reference stands; none if there is no such case."""
        port: ReadCase | None = self._filled.get("case_standing")
        return port(session, reference) if port else None

    def owing(self, reading: Driven) -> Sequence[Owing]:
        """Units that get no answers for now, the longest overdue first; nobody if nobody watches copies."""
        port: Barred | None = self._filled.get("barred")
        return port(reading) if port else ()

    def publishable(self) -> Mapping[str, Publishable]:
        """Where the fields of entries that are not the register's come from, by kind of entry."""
        prefix = "publishable/"
        return {name.removeprefix(prefix): self._filled[name] for name in self._filled if name.startswith(prefix)}

    def removal_proof(self, services: Services, session: Session, entry: str, now: datetime) -> RemovalProof | None:
        """The proof that an entry has left and who has let go; none if nothing publishes or it hasn't been published."""
        port: ProvesRemoval | None = self._filled.get("removal_proof")
        return port(services, session, entry, now) if port else None

    def freshness(self, session: Session, settings: Settings) -> Sequence[Freshness]:
        """Everything that is watched, by name."""
        watched: list[Fresh] = [self._filled[name] for name in sorted(self._filled) if name.startswith("fresh/")]
        return [port(session, settings) for port in watched]

    def left(self, session: Session, services: Services, left: Left, *, now: datetime) -> None:
        """Tell every room that an entry has left, in the transaction in which it leaves."""
        for name in sorted(self._filled):
            if name.startswith("left/"):
                port: OnLeft = self._filled[name]
                port(session, services, left, now=now)

    def served(self, session: Session, served: Any, *, now: datetime) -> None:
        """Tell every room that something was served, in the transaction that notes it."""
        for name in sorted(self._filled):
            if name.startswith("served/"):
                port: OnServed = self._filled[name]
                port(session, served, now=now)


NO_PORTS = Ports({})
"""Of a process that knows no features."""
