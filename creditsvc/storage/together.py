"""Small writes of many threads made durable by one commit (group commit): whoever comes first commits for all who wait.

Each work runs inside one transaction of the group. A work refuses by raising one of our own errors *before* it writes what
must not stay; the others go on. If the database itself fails, every member is tried again alone, so that nobody pays for
somebody else's row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from threading import Lock
from typing import Any, TypeVar, cast

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from creditsvc.kernel.errors import CreditServiceError

T = TypeVar("T")
DRIVERS: tuple[type[Exception], ...] = (sqlite3.Error,)
with suppress(ModuleNotFoundError):
    import psycopg

    DRIVERS = (*DRIVERS, psycopg.Error)
ERRORS: tuple[type[Exception], ...] = (SQLAlchemyError, *DRIVERS)
Work = Callable[[Any], Any]
"""What is done in the transaction that it is handed."""


class _Member:
    """One thread's work and what became of it."""

    __slots__ = ("done", "error", "result", "work")

    def __init__(self, work: Work) -> None:
        self.work, self.result, self.error, self.done = work, cast(Any, None), cast(BaseException | None, None), False

    def run(self, transaction: Any) -> None:
        self.result, self.error = None, None
        try:
            self.result = self.work(transaction)
        except CreditServiceError as refusal:
            self.error = refusal


class Together:
    """The group of one process and one database. ``writing`` opens a write transaction that commits at its end."""

    def __init__(self, writing: Callable[[], AbstractContextManager[Any]]) -> None:
        self._writing = writing
        self._waiting: list[_Member] = []
        self._guard, self._turn = Lock(), Lock()

    def run(self, work: Callable[[Any], T]) -> T:
        """What the work returns, once the transaction in which it ran is committed; or what it raises."""
        mine = _Member(work)
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
                for member in members:
                    member.run(transaction)
        except BaseException as failure:
            for member in members:
                member.error = failure
            raise

    def _alone(self, member: _Member) -> None:
        try:
            with self._writing() as transaction:
                member.run(transaction)
        except SQLAlchemyError as failure:
            member.error = failure
        except DRIVERS as failure:
            member.error = OperationalError("together", None, failure)
