"""Rows held against the register: what stands already, what has ended, which entry a change is about.

Matching is by identity number alone (I21), then by case, and by the decision or order where a case has more than one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from creditsvc.kernel.case_numbers import parse_case_number
from creditsvc.kernel.errors import InvalidInput
from creditsvc.register.kinds import LISTING
from creditsvc.register.life import OrderState, State
from creditsvc.register.tables import ConsumptionOrder, Listing
from creditsvc.services import Services
from creditsvc.storage.bulk import by_values
from creditsvc.storage.subjects import subjects_by_token
from creditsvc.storage.vault import Vault
from sync.inbound.parse import fold_number
from sync.inbound.records import InboundChange, InboundOrder
from sync.tables_intake import ExitAhead

MANY = 500
IN_FORCE = frozenset({State.ACTIVE.value, "active_nonpublic", OrderState.ORDERED.value})


@dataclass(frozen=True, slots=True)
class Standing:
    """An entry as a row on its way in sees it."""

    entry: str
    court_code: str
    case_number: str
    made_by: str
    in_force: bool


@dataclass(slots=True)
class Standings:
    """Entries of some subjects, by kind and subject."""

    subjects: dict[bytes, str] = field(default_factory=dict)
    entries: dict[tuple[str, str], list[Standing]] = field(default_factory=dict)


LOCK = 7_301_991


def one_at_a_time(services: Services, session: Session) -> None:
    """Hold the one lock of those who apply rows, to the end of the transaction: an exit and its own late addition must
    not pass each other unseen. SQLite has one writer anyway."""
    if not services.database.is_sqlite:
        session.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))


def known_listings(session: Session, keys: Sequence[bytes]) -> dict[bytes, tuple[bytes, bool]]:
    """Content digests of entries that came by such a row before, and whether they are in force."""
    rows = by_values(session, "SELECT row_key, row_digest, state FROM listing WHERE row_key", keys)
    return {bytes(key): (bytes(digest), state in IN_FORCE) for key, digest, state in rows}


def keys_present(session: Session, keys: Sequence[bytes]) -> set[bytes]:
    """Which of these rows have made an entry."""
    return {bytes(key) for (key,) in by_values(session, "SELECT row_key FROM listing WHERE row_key", keys)}


def any_exit_ahead(session: Session) -> bool:
    """Whether any exit has come before its entry: there are few, and mostly none."""
    return session.scalar(select(ExitAhead.batch_id).limit(1)) is not None


def exits_ahead(session: Session, keys: Iterable[bytes]) -> set[bytes]:
    """Which of these keys an exit has named before its entry came."""
    wanted, found = list(keys), set[bytes]()
    for start in range(0, len(wanted), MANY):
        query = select(ExitAhead.row_key).where(ExitAhead.row_key.in_(wanted[start : start + MANY]))
        found.update(bytes(key) for key in session.scalars(query))
    return found


def standings_of(session: Session, vault: Vault, rows: Sequence[InboundChange | InboundOrder]) -> Standings:
    """All listings and orders of the debtors that these rows are about."""
    tokens = {vault.token(row.number.canonical) for row in rows}
    found = Standings(subjects_by_token(session, list(tokens)))
    ids = list(set(found.subjects.values()))
    for start in range(0, len(ids), MANY):
        some = ids[start : start + MANY]
        listings = select(
            Listing.subject_id, Listing.entry, Listing.court_code, Listing.case_number, Listing.decision_number, Listing.state
        ).where(Listing.subject_id.in_(some))  # fmt: skip
        orders = select(
            ConsumptionOrder.subject_id, ConsumptionOrder.entry, ConsumptionOrder.court_code, ConsumptionOrder.case_number,
            ConsumptionOrder.order_number, ConsumptionOrder.state,
        ).where(ConsumptionOrder.subject_id.in_(some))  # fmt: skip
        for kind, query in ((LISTING, listings), ("consumption_order", orders)):
            for subject, entry, court, case, made_by, state in session.execute(query):
                standing = Standing(entry, court, case, made_by, state in IN_FORCE)
                found.entries.setdefault((kind, subject), []).append(standing)
    return found


def meant_by(standings: Standings, vault: Vault, change: InboundChange) -> list[Standing]:
    """Entries that a change may mean; those in force alone, if there are any."""
    subject = standings.subjects.get(vault.token(change.number.canonical))
    candidates = standings.entries.get((change.about, subject), []) if subject else []
    found = [one for one in candidates if _same_case(one, change) and _same_document(change.made_by, one.made_by)]
    return [one for one in found if one.in_force] or found


def order_meant(standings: Standings, vault: Vault, order: InboundOrder) -> Standing | None:
    """The order of the same number against the same debtor, whatever became of it."""
    subject = standings.subjects.get(vault.token(order.number.canonical))
    candidates = standings.entries.get(("consumption_order", subject), []) if subject else []
    return next((one for one in candidates if _same_document(order.order_number, one.made_by)), None)


def _same_document(said: str | None, theirs: str) -> bool:
    return said is None or said == theirs or fold_number(said) == fold_number(theirs)


def _same_case(one: Standing, change: InboundChange) -> bool:
    """By the number's key; a number of the time before 2016 means one case only within one court."""
    try:
        theirs, ours = parse_case_number(one.case_number), parse_case_number(change.case_number)
    except InvalidInput:
        return one.case_number == change.case_number
    if theirs.key != ours.key:
        return False
    return not ours.is_old or one.court_code == change.court_code
