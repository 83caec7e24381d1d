"""Small writes of many threads made durable by one commit (group commit): whoever comes first commits for all who wait.

Each work runs inside one transaction of the group. A work refuses by raising one of our own errors *before* it writes what
must not stay; the others go on. If the database itself fails, every member is tried again alone, so that nobody pays for
somebody else's row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from threading import Lock
from typing import Any, TypeVar, cast

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from creditsvc.kernel.errors import CreditServiceError

T = TypeVar("T")
Item = TypeVar("Item")
DRIVERS: tuple[type[Exception], ...] = (sqlite3.Error,)
with suppress(ModuleNotFoundError):
    import psycopg

    DRIVERS = (*DRIVERS, psycopg.Error)
ERRORS: tuple[type[Exception], ...] = (SQLAlchemyError, *DRIVERS)
Kind = Callable[[Any, Sequence[Any]], Sequence[Any]]
"""Does one kind of work for all who want it, in the transaction that it is handed: a result, or a refusal, for each."""


class _Member:
    """One thread's wish and what became of it."""

    __slots__ = ("done", "error", "item", "kind", "result")

    def __init__(self, kind: Kind, item: Any) -> None:
        self.kind, self.item, self.result, self.error, self.done = kind, item, cast(Any, None), _NOTHING_WRONG, False


_NOTHING_WRONG = cast(BaseException | None, None)


class Together:
    """The group of one process and one database. ``writing`` opens a write transaction that commits at its end."""

    def __init__(self, writing: Callable[[], AbstractContextManager[Any]]) -> None:
        self._writing = writing
        self._waiting: list[_Member] = []
        self._guard, self._turn = Lock(), Lock()

    def run(self, work: Callable[[Any], T]) -> T:
        """What the work returns, once the transaction in which it ran is committed; or what it raises."""
        return self.run_alike(_each, work)

    def run_alike(self, kind: Callable[[Any, Sequence[Item]], Sequence[T | CreditServiceError]], item: Item) -> T:
        """As ``run``, of work that is cheaper for several at once: ``kind`` is handed the items of all who wait with it.

        It returns a result for each item, in their order; one of our own errors is raised for that one alone.
        """
        mine = _Member(kind, item)
        with self._guard:
            self._waiting.append(mine)
        with self._turn:
            if not mine.done:
                with self._guard:
                    members, self._waiting = self._waiting, []
                self._commit(members)
        if mine.error is not None:
            raise mine.error
        return cast(T, mine.result)

    def _commit(self, members: list[_Member]) -> None:
        try:
            self._in_one(members)
        except ERRORS:
            for member in members:
                self._alone(member)
        finally:
            for member in members:
                member.done = True

    def _in_one(self, members: list[_Member]) -> None:
        try:
            with self._writing() as transaction:
                # always in one order of kinds: two processes then take their locks in one order
                for kind in sorted({member.kind for member in members}, key=_name):
                    _done(transaction, [member for member in members if member.kind is kind])
        except BaseException as failure:
            for member in members:
                member.error = failure
            raise

    def _alone(self, member: _Member) -> None:
        try:
            with self._writing() as transaction:
                _done(transaction, [member])
        except SQLAlchemyError as failure:
            member.error = failure
        except DRIVERS as failure:
            member.error = OperationalError("together", None, failure)


def _name(kind: Kind) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _done(transaction: Any, alike: Sequence[_Member]) -> None:
    for member, said in zip(alike, alike[0].kind(transaction, [member.item for member in alike]), strict=True):
        refused = isinstance(said, CreditServiceError)
        member.result, member.error = (None, said) if refused else (said, None)


def _each(transaction: Any, works: Sequence[Callable[[Any], T]]) -> list[T | CreditServiceError]:
    return [_tried(transaction, work) for work in works]


def _tried(transaction: Any, work: Callable[[Any], T]) -> T | CreditServiceError:
    try:
        return work(transaction)
    except CreditServiceError as refusal:
        return refusal
