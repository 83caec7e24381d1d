"""Who may pull which stream, under which agreement, how fast, and whether removals only."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from flask import request
from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput, NotAllowed, NotSignedIn, TooMany
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from sync.farewells import parting_agreement
from sync.feed_reading import stream_row
from sync.ladder import open_overdue
from sync.pull_networks import refuse_elsewhere
from sync.subscribers import agreement_for, find_agreement, subscriber_named
from sync.tables_feed import Agreement, Overdue, Subscriber

OPEN_STREAM = "public"
BURST, PER_SECOND = 2000.0, 500.0
"""Requests of one subscriber to one process: a first sync or a healing stays far below it."""
MOST_CALLERS = 4096


@dataclass(frozen=True, slots=True)
class Admitted:
    """A subscriber under an agreement."""

    subscriber: Subscriber
    agreement: Agreement
    overdue: Overdue | None
    parting: bool = False
    """Its agreement has ended: what is left is one receipt, over an empty set."""

    def refuse_overdue(self) -> None:
        """Raise ``NotAllowed`` (``overdue``) where a subscriber that is overdue gets nothing."""
        if self.overdue is not None:
            raise NotAllowed(
                Bilingual(
                    "有到期的移除尚未确认：在回执到达之前只提供移除信息，请先拉取事件并发送回执",
                    "a removal that was due is not confirmed: until its receipt comes, only removals are served; "
                    "pull the events and send a receipt",
                ),
                code="overdue",
                removal=self.overdue.removal,
            )


def entitled(session: Session, stream: str) -> Admitted:
    """The subscriber whose key this is, and the agreement that covers the stream.

    Raises ``NotFound``, ``NotSignedIn`` (``key-missing``), ``NotAllowed`` (``scope-denied``), ``InvalidInput``
    (``purpose-missing``), ``TooMany``.
    """
    stream_row(session, stream)
    subscriber = subscriber_named(session, _name(caller()))
    _slow_down(subscriber.name)
    agreement = agreement_for(session, subscriber, stream, legal_day(services().clock.now()))
    if not agreement.purpose.strip():
        raise InvalidInput(
            Bilingual("协议未写明使用目的，不得提供数据", "the agreement names no purpose: nothing may be handed over"),
            code="purpose-missing",
        )
    refuse_elsewhere(agreement, request.remote_addr)
    return Admitted(subscriber, agreement, open_overdue(session, subscriber.id, stream))


def entitled_or_parting(session: Session, stream: str) -> Admitted:
    """As ``entitled``; also whoever still owes the last receipt of an agreement that has ended."""
    stream_row(session, stream)
    subscriber = subscriber_named(session, _name(caller()))
    today = legal_day(services().clock.now())
    if find_agreement(session, subscriber, stream, today) is None:
        owed = parting_agreement(session, subscriber, stream, today)
        if owed is not None:
            _slow_down(subscriber.name)
            refuse_elsewhere(owed, request.remote_addr)
            return Admitted(subscriber, owed, None, parting=True)
    return entitled(session, stream)


def _name(who: Caller) -> str:
    if who.subscriber is None:
        if not who.may(Permission.SIGNED_IN):
            raise NotSignedIn(Bilingual("请求须携带接口密钥", "the request needs an API key"), code="key-missing")
        raise NotAllowed(
            Bilingual("该密钥不属于订阅单位", "this key does not belong to a subscriber"), code="scope-denied"
        )
    if not who.may(Permission.STREAM_PULL):
        raise NotAllowed(Bilingual("该密钥不能拉取数据流", "this key may not pull streams"), code="scope-denied")
    return who.subscriber


def admit(session: Session, stream: str) -> Admitted | None:
    """As ``entitled``; ``public`` is open to anybody, and whoever has no agreement for it is nobody in particular."""
    if stream != OPEN_STREAM:
        return entitled(session, stream)
    name = caller().subscriber
    if name is None:
        return None
    subscriber = subscriber_named(session, name)
    _slow_down(name)
    agreement = find_agreement(session, subscriber, stream, legal_day(services().clock.now()))
    if agreement is None:
        return None
    refuse_elsewhere(agreement, request.remote_addr)
    return Admitted(subscriber, agreement, open_overdue(session, subscriber.id, stream))


class Pace:
    """Token buckets in memory, one a caller; monotonic seconds are handed in."""

    def __init__(self, burst: float, per_second: float) -> None:
        self._burst, self._per_second = burst, per_second
        self._levels: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, name: str, at: float) -> bool:
        """Take one; false if the bucket is empty."""
        with self._lock:
            if len(self._levels) > MOST_CALLERS:
                self._levels.clear()
            level, before = self._levels.get(name, (self._burst, at))
            level = min(self._burst, level + (at - before) * self._per_second)
            self._levels[name] = (level - 1 if level >= 1 else level, at)
            return level >= 1


_pace = Pace(BURST, PER_SECOND)


def _slow_down(name: str) -> None:
    if not _pace.take(name, time.monotonic()):
        raise TooMany(
            Bilingual("请求过于频繁，请稍后再试", "too many requests; try again shortly"),
            code="rate-limited",
            retry_after=1,
        )
