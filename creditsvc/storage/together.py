"""Small works of many threads done at once and made durable by one commit (group commit): whoever comes first works for all who wait.

Each work runs inside one transaction of the group. A work refuses by raising one of our own errors *before* it writes what
must not stay; the others go on. If the database itself fails, every member is tried again alone, so that nobody pays for
somebody else's row. What a work only reads and reckons is done for all as well, before the transaction begins.
"""

from __future__ import annotations

import sqlite3
import time
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
Before = Callable[[Sequence[Any]], Sequence[Exception | None]]
"""Does for all what comes before the transaction, on the items themselves: for each what is wrong with it, or none."""
STEP = 0.001
"""Seconds for which the group waits for one more: as many as came last time are likely to come again at once."""
LONGEST = 0.005
"""Seconds that it waits at most."""


class _Member:
    """One thread's wish and what became of it."""

    __slots__ = ("before", "done", "error", "item", "kind", "result", "turn")

    def __init__(self, kind: Kind, item: Any, before: Before | None) -> None:
        self.kind, self.item, self.before = kind, item, before
        self.result, self.error, self.done = cast(Any, None), _NOTHING_WRONG, False
        self.turn = Lock()
        """Held until there is something to do for the thread: to go on with its result, or to work for the next group."""
        self.turn.acquire()


_NOTHING_WRONG = cast(BaseException | None, None)


class Together:
    """The group of one process and one database. ``writing`` opens a write transaction that commits at its end."""

    def __init__(self, writing: Callable[[], AbstractContextManager[Any]]) -> None:
        self._writing = writing
        self._waiting: list[_Member] = []
        self._guard = Lock()
        self._working, self._expected = False, 1

    def run(self, work: Callable[[Any], T]) -> T:
        """What the work returns, once the transaction in which it ran is committed; or what it raises."""
        return self.run_alike(_each, work)

    def run_alike(
        self,
        kind: Callable[[Any, Sequence[Item]], Sequence[T | CreditServiceError]],
        item: Item,
        *,
        before: Callable[[Sequence[Item]], Sequence[Exception | None]] | None = None,
    ) -> T:
        """As ``run``, of work that is cheaper for several at once: ``kind`` is handed the items of all who wait with it.

        It returns a result for each item, in their order; one of our own errors is raised for that one alone. ``before`` is
        done with them first, outside the transaction; whose item it finds wrong goes no further.
        """
        mine = _Member(kind, item, before)
        with self._guard:
            self._waiting.append(mine)
            mine_to_do, self._working = not self._working, True
        if not mine_to_do:
            mine.turn.acquire()
        if not mine.done:
            self._work(mine)
        if mine.error is not None:
            raise mine.error
        return cast(T, mine.result)

    def _work(self, mine: _Member) -> None:
        members: list[_Member] = []
        try:
            self._gather()
            with self._guard:
                members, self._waiting = self._waiting, []
            self._commit(members)
        finally:
            for member in members:
                member.done = True
            with self._guard:
                # only where this thread was broken off before it had begun
                self._waiting = [member for member in self._waiting if member is not mine]
                self._expected = len(members) + len(self._waiting)
                self._working = bool(self._waiting)
                following = self._waiting[:1]
            # the next group begins while the answers of this one go out
            for member in (*following, *members):
                member.turn.release()

    def _gather(self) -> None:
        until, here = time.monotonic() + LONGEST, len(self._waiting)
        while here < self._expected and time.monotonic() < until:
            time.sleep(STEP)
            before, here = here, len(self._waiting)
            if here == before:
                return

    def _commit(self, members: list[_Member]) -> None:
        for before in dict.fromkeys(member.before for member in members if member.before is not None):
            _prepare(before, [member for member in members if member.before is before])
        ready = [member for member in members if member.error is None]
        if not ready:
            return
        try:
            self._in_one(ready)
        except ERRORS:
            for member in ready:
                self._alone(member)

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


def _prepare(before: Before, members: Sequence[_Member]) -> None:
    try:
        wrong = before([member.item for member in members])
    except Exception as failure:  # noqa: BLE001 - whatever it is, it reaches the thread whose item it is
        if len(members) == 1:
            members[0].error = failure
            return
        for member in members:
            _prepare(before, [member])
        return
    for member, error in zip(members, wrong, strict=True):
        member.error = error


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
