"""Names of staff, for pages that show who did something: journals know them by an opaque name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.tables import Account


def names_of(session: Session, actors: Iterable[str | None]) -> Mapping[str, str]:
    """Names by actor (``staff:7``); programs, jobs and people who are gone have none and are shown as they are."""
    wanted = {
        actor: int(actor.partition(":")[2]) for actor in actors if actor is not None and actor.startswith("staff:")
    }
    rows = session.execute(select(Account.id, Account.name).where(Account.id.in_(set(wanted.values()))))
    names: dict[int, str] = {number: name for number, name in rows}  # noqa: C416 - a row is no pair to the types
    return {actor: names[number] for actor, number in wanted.items() if number in names}
