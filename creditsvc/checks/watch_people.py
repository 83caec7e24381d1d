"""People on a watch list: sealed under the list's own key, found by the blind token."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from creditsvc.checks.questions import MAX_NAME
from creditsvc.checks.tables_screening import WatchList, WatchMember
from creditsvc.kernel.errors import Gone, TooLarge
from creditsvc.kernel.identity import IdentityNumber, NumberType
from creditsvc.kernel.text import Bilingual
from creditsvc.storage.bulk import insert_rows
from creditsvc.storage.cells import Place, seal, unseal
from creditsvc.storage.vault import Vault

MOST_MEMBERS = 50_000
LONGEST_REFERENCE = 64
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Watched:
    """Somebody to watch: ``reference`` is the unit's own name for the counterparty."""

    number: IdentityNumber
    name: str
    reference: str = ""


def key_name(list_id: int) -> str:
    """Under which name the key database holds a list's key."""
    return f"watch:{list_id}"


def key_of(vault: Vault, list_id: int) -> bytes:
    """The list's key; raises ``Gone`` once it is destroyed."""
    key = vault.keys_of([key_name(list_id)]).get(key_name(list_id))
    if key is None:
        raise Gone(
            Bilingual("关注名单已关闭，名单已销毁", "the watch list is closed and destroyed"), code="watch-closed"
        )
    return key


def add(
    session: Session, vault: Vault, watch_list: WatchList, people: Iterable[Watched], *, now: datetime
) -> tuple[list[tuple[bytes, Watched]], int]:
    """Add who is not on the list yet; who is new, with their tokens, and how many were on it. Raises ``TooLarge``."""
    by_token = {vault.token(person.number.canonical): person for person in people}
    known = {
        bytes(row[0]) for row in session.execute(select(WatchMember.token).where(WatchMember.list_id == watch_list.id))
    }
    fresh = [(token, person) for token, person in by_token.items() if token not in known]
    if len(known) + len(fresh) > MOST_MEMBERS:
        raise TooLarge(
            Bilingual(f"一份关注名单最多 {MOST_MEMBERS:,} 人", f"a watch list has {MOST_MEMBERS:,} people at most"),
            code="watch-too-long",
            most=MOST_MEMBERS,
        )
    key, kid = key_of(vault, watch_list.id), vault.keyring.kid
    rows = [
        {
            "list_id": watch_list.id,
            "token": token,
            "added_at": now,
            "person": seal(key, kid, _place(watch_list.id, token), _packed(person)),
        }
        for token, person in fresh
    ]
    insert_rows(session, WatchMember, rows)
    return fresh, len(by_token) - len(fresh)


def opened(key: bytes, member: WatchMember) -> Watched:
    """Number, name and reference of a member."""
    kind, number, name, reference = msgspec.json.decode(
        unseal(key, _place(member.list_id, member.token), member.person)
    )
    return Watched(IdentityNumber(NumberType(kind), number), name, reference)


def some(session: Session, vault: Vault, list_id: int, member_ids: Iterable[int]) -> dict[int, Watched]:
    """These members by number; those who were taken off the list are absent."""
    key, wanted, found = key_of(vault, list_id), sorted(set(member_ids)), dict[int, Watched]()
    for start in range(0, len(wanted), _CHUNK):
        of_list = WatchMember.list_id == list_id
        query = select(WatchMember).where(of_list, WatchMember.id.in_(wanted[start : start + _CHUNK]))
        found.update((member.id, opened(key, member)) for member in session.scalars(query))
    return found


def tokens_of(session: Session, list_id: int) -> dict[int, bytes]:
    """Under which token each member is looked up: all that is needed of those who are not in the register."""
    query = select(WatchMember.id, WatchMember.token).where(WatchMember.list_id == list_id)
    return {row[0]: bytes(row[1]) for row in session.execute(query)}


def members_of(session: Session, list_id: int, *, after: int = 0, limit: int | None = None) -> Sequence[WatchMember]:
    """Members in the order in which they were added."""
    query = select(WatchMember).where(WatchMember.list_id == list_id, WatchMember.id > after).order_by(WatchMember.id)
    return session.scalars(query if limit is None else query.limit(limit)).all()


def count_of(session: Session, list_id: int) -> int:
    """How many are on the list."""
    return session.scalar(select(func.count()).select_from(WatchMember).where(WatchMember.list_id == list_id)) or 0


def _packed(person: Watched) -> bytes:
    number = person.number
    return msgspec.json.encode(
        [number.type.value, number.number, person.name[:MAX_NAME], person.reference[:LONGEST_REFERENCE]]
    )


def _place(list_id: int, token: bytes) -> Place:
    return Place("watch_member", "person", f"{list_id}:{token.hex()}")
