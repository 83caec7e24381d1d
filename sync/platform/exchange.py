"""The jobs' work: send on every link, fetch what came back, compare once a day. One link's trouble is no other's."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.callers import job_caller
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput
from creditsvc.services import Services
from sync.platform.alarms import ChannelTrouble, clear_alarms, raise_alarm
from sync.platform.channels.base import Channel
from sync.platform.channels.open import open_channel
from sync.platform.late import late_batches
from sync.platform.links import live_links, profile_of
from sync.platform.messages import follow_cases, send_answers, take_in
from sync.platform.receive import receive
from sync.platform.reconcile import due_now, reconcile
from sync.platform.send import Sender
from sync.platform.shape.profile import Profile
from sync.platform.tables import PlatformAlarm, PlatformLink

JOB = job_caller("platform")
PATIENCE = 2.0
"""Seconds that a round of what is urgent waits for its slowest link."""
BACK_OFF = (timedelta(0), timedelta(seconds=5), timedelta(seconds=15), timedelta(seconds=30))
"""How long a link in trouble rests, by how often it failed in a row: a removal must not wait long behind it."""


def links_of(services: Services) -> list[PlatformLink]:
    """Links that have not ended."""
    with services.database.reading() as session:
        return live_links(session)


def send_urgent(services: Services, now: datetime) -> int:
    """Send what is urgent (ends, then corrections) on every link at once; how many rows went out.

    A link that takes longer than ``PATIENCE`` goes on by itself: the others' next round waits for nobody.
    """
    links = [link for link in links_of(services) if not resting(services, link, now)]
    if len(links) < 2:
        return sum(_sent(services, link, urgent_only=True) for link in links)
    pool = ThreadPoolExecutor(len(links), "platform-urgent")
    try:
        ran = [pool.submit(_sent, services, link, urgent_only=True) for link in links]
        done, _ = wait(ran, timeout=PATIENCE)
        return sum(each.result() for each in done)
    finally:
        pool.shutdown(wait=False)


def send_additions(services: Services, now: datetime) -> int:
    """Send additions on every link; how many rows went out. What is urgent goes out beside it, by a job of its own."""
    return sum(_sent(services, link, urgent=False) for link in links_of(services) if not resting(services, link, now))


def _sent(services: Services, link: PlatformLink, *, urgent_only: bool = False, urgent: bool = True) -> int:
    try:
        sender = Sender(services, link.id, secrets.token_hex(8))
        return sender.run(urgent_only=urgent_only, urgent=urgent).rows
    except InvalidInput as wrong:
        # a profile that was changed on disk and can't be read any more
        with services.database.writing() as session:
            raise_alarm(session, link.id, "schema-changed", services.clock.now(), detail=wrong.text.en[:200])
        return 0


def resting(services: Services, link: PlatformLink, now: datetime) -> bool:
    """Whether a link that just failed is left alone for some seconds."""
    with services.database.reading() as session:
        newest = session.scalar(
            select(PlatformAlarm)
            .where(PlatformAlarm.link_id == link.id, PlatformAlarm.cleared_at.is_(None), PlatformAlarm.code.in_(_GONE))
            .order_by(PlatformAlarm.last_at.desc()).limit(1)
        )  # fmt: skip
    if newest is None:
        return False
    return timedelta(0) <= now - newest.last_at < BACK_OFF[min(newest.times, len(BACK_OFF) - 1)]


_GONE = ("database-gone", "folder-gone", "receiver-gone", "disk-full", "schema-changed", "receiver-refused")


def fetch(services: Services, now: datetime) -> int:
    """Receipts, messages and answers of every link; how many rows came."""
    return sum(_with_channel(services, link, _fetch) for link in links_of(services) if not resting(services, link, now))


def _fetch(services: Services, link: PlatformLink, profile: Profile, channel: Channel) -> int:
    got = receive(services, link, profile, channel)
    new = take_in(services, link, profile, channel)
    follow_cases(services, link)
    send_answers(services, link, profile, channel)
    return got.receipts + new


def compare_due(services: Services, now: datetime) -> int:
    """Compare on every link whose daily comparison is due; how many were made."""
    return sum(
        _with_channel(services, link, _compared) for link in links_of(services) if not resting(services, link, now)
    )


def _compared(services: Services, link: PlatformLink, profile: Profile, channel: Channel) -> int:
    now = services.clock.now()
    with services.database.reading() as session:
        if not due_now(session, link, profile, now):
            return 0
    return int(reconcile(services, link, profile, channel, caller=JOB) is not None)


def fetch_link(services: Services, link: PlatformLink) -> int:
    """What came on one link, for whoever asks by hand: raises the ``ChannelTrouble`` that the desk then shows too."""
    return _working(services, link, _fetch)


def _with_channel(
    services: Services, link: PlatformLink, work: Callable[[Services, PlatformLink, Profile, Channel], int]
) -> int:
    """Work with an open channel; trouble is named and ends here."""
    try:
        return _working(services, link, work)
    except ChannelTrouble:
        return 0


def _working(
    services: Services, link: PlatformLink, work: Callable[[Services, PlatformLink, Profile, Channel], int]
) -> int:
    try:
        profile = profile_of(services, link)
        channel = open_channel(services, link, profile)
        try:
            return work(services, link, profile, channel)
        finally:
            channel.close()
    except ChannelTrouble as trouble:
        with services.database.writing() as session:
            raise_alarm(session, link.id, trouble.code, services.clock.now(), detail=trouble.detail)
        raise


def watch(services: Services, now: datetime) -> int:
    """Raise, or end, the alarm about answers that are late; how many links are late."""
    late = 0
    for link in links_of(services):
        with services.database.writing() as session:
            late += _watched(session, link, now)
    return late


def _watched(session: Session, link: PlatformLink, now: datetime) -> int:
    found = late_batches(session, legal_day(now), link_id=link.id)
    if not found:
        clear_alarms(session, link.id, frozenset({"late"}), now)
        return 0
    raise_alarm(session, link.id, "late", now, detail=f"{sum(each.rows for each in found)}")
    return 1
