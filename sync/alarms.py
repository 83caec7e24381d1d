"""What the supervisor is told: overdue, diverged, still shown after a removal, signing stopped. Open until seen to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.errors import NotFound
from creditsvc.kernel.text import Bilingual
from sync.tables_delivery import FeedAlarm
from sync.tables_feed import Subscriber

KINDS = {
    "overdue": Bilingual("移除逾期未确认", "a removal was not confirmed in time"),
    "diverged": Bilingual("副本与已发布的不一致", "the copy differs from what was published"),
    "still-shown": Bilingual("移除后仍被展示", "still shown after its removal"),
    "farewell": Bilingual("协议终止后未证明已清空", "the agreement ended without proof that the copy is gone"),
    "tampered": Bilingual("存储与已签署的不符", "what is stored is not what was signed"),
    "halted": Bilingual("已停止签署：疑似恢复了旧备份", "signing stopped: an old backup may have been restored"),
}


def raise_alarm(
    session: Session, kind: str, *, subscriber_id: int | None, stream: str, sequence: int, at: datetime
) -> bool:
    """Open an alarm unless the same one is open; whether it is new."""
    if _open(session, kind, subscriber_id, stream):
        return False
    session.add(FeedAlarm(kind=kind, subscriber_id=subscriber_id, stream=stream, sequence=sequence, at=at))
    session.flush()
    return True


def settle(session: Session, kind: str, *, subscriber_id: int | None, stream: str, at: datetime) -> None:
    """Close the alarm because what it was about is over."""
    for alarm in _open(session, kind, subscriber_id, stream):
        alarm.closed_at, alarm.closed_by = at, "settled"


def _open(session: Session, kind: str, subscriber_id: int | None, stream: str) -> Sequence[FeedAlarm]:
    query = select(FeedAlarm).where(FeedAlarm.kind == kind, FeedAlarm.stream == stream, FeedAlarm.closed_at.is_(None))
    whose = FeedAlarm.subscriber_id.is_(None) if subscriber_id is None else FeedAlarm.subscriber_id == subscriber_id
    return session.scalars(query.where(whose)).all()


def alarms(session: Session, *, most: int = 200) -> Sequence[tuple[FeedAlarm, Subscriber | None]]:
    """Open ones first, then the newest that are closed."""
    query = select(FeedAlarm, Subscriber).outerjoin(Subscriber, Subscriber.id == FeedAlarm.subscriber_id)
    rows = session.execute(query.order_by(FeedAlarm.closed_at.is_not(None), FeedAlarm.id.desc()).limit(most))
    return [(alarm, subscriber) for alarm, subscriber in rows]


def close(session: Session, alarm_id: int, *, caller: Caller, now: datetime) -> None:
    """Somebody has seen to it; raises ``NotFound``, ``NotAllowed``."""
    caller.require(Permission.SUBSCRIBER_MANAGE)
    alarm = session.get(FeedAlarm, alarm_id)
    if alarm is None:
        raise NotFound(Bilingual("没有这条警示", "no such alarm"), code="alarm-unknown")
    if alarm.closed_at is None:
        alarm.closed_at, alarm.closed_by = now, caller.actor
        audit.record(session, action="alarm.closed", caller=caller, object=f"alarm:{alarm.id}", at=now,
                     details={"kind": alarm.kind, "stream": alarm.stream})  # fmt: skip
