"""Named alarms: what can go wrong between us and a platform, what it means, what to do. One table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from creditsvc.kernel.errors import Unavailable
from creditsvc.kernel.text import Bilingual
from sync.platform.tables import PlatformAlarm, PlatformLink

OF_THE_CHANNEL = frozenset(
    {
        "database-gone",
        "folder-gone",
        "disk-full",
        "schema-changed",
        "receiver-refused",
        "receiver-gone",
        "secret-missing",
    }
)
"""Alarms of the way there: they are over when something has gone through it."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """What it is called and what to do about it."""

    name: Bilingual
    advice: Bilingual


def _alarm(zh: str, en: str, do_zh: str, do_en: str) -> Alarm:
    return Alarm(Bilingual(zh, en), Bilingual(do_zh, do_en))


ALARMS: Mapping[str, Alarm] = {
    "database-gone": _alarm("前置库连不上", "the front-end database can't be reached",
                            "请对方恢复前置库；恢复后自动续传", "have it started again; sending goes on by itself"),
    "folder-gone": _alarm("交换目录不可用", "the exchange folder can't be used",
                          "检查目录、挂载和权限", "check the folder, its mount and its rights"),
    "disk-full": _alarm("对方磁盘已满", "the disk at the other end is full",
                        "请对方清理空间；恢复后自动续传", "have space made; sending goes on by itself"),
    "schema-changed": _alarm("对方表结构已变", "the tables have changed",
                             "核对变动并改好交换方案；相符后自动续传", "mend the profile; sending then goes on by itself"),
    "receiver-refused": _alarm("接收端拒绝", "the receiver refuses",
                               "看状态码；核对账户、签名和地址", "check account, signature, address"),
    "receiver-gone": _alarm("接收端连不上", "the receiver can't be reached",
                            "请对方恢复服务；恢复后自动续传", "have it started again; sending goes on by itself"),
    "secret-missing": _alarm("密钥文件缺失或权限过宽", "the secret's file is missing or open to others",
                             "放好文件并设为只有本服务可读（0600）", "put the file there, mode 0600"),
    "half-file": _alarm("收到不完整的文件", "a file that came is not whole",
                        "请对方重新生成；原文件保留未动", "have it written again; the file was left as it is"),
    "answer-unreadable": _alarm("对方返回的行无法理解", "a row that came back makes no sense",
                                "核对反馈栏目和代码表", "compare the columns and codes of the feedback"),
    "stray-receipt": _alarm("收到未知行的回执", "a receipt for a row that we never sent",
                            "请对方核实是否发错单位", "ask whether it was meant for somebody else"),
    "keeps-nothing": _alarm("对方已确认却没有记录", "they confirmed rows and don't hold them",
                            "通知对方；对账后已自动补发", "tell them; the comparison has sent the rows again"),
    "clock-apart": _alarm("双方时钟不一致", "the clocks are apart",
                          "校准时钟；期限一律按本方收到的时间计算", "set the clocks; deadlines run by our own"),
    "agreement-over": _alarm("协议已到期或者终止", "the agreement is over",
                             "续签协议；在此之前只发撤回", "renew it; until then only removals are sent"),
    "row-impossible": _alarm("有记录无法按方案生成", "entries that the profile can't carry",
                             "在退回处理台逐条处理", "work them off in the desk of refusals"),
    "batch-impossible": _alarm("对方的表不接受这批数据", "their table takes a row of this batch not at all",
                               "在退回处理台处理被挑出的行", "work off the rows that were picked out"),
    "differs": _alarm("对账不一致", "the two sides differ",
                      "看对账单；可一键补发", "read the comparison; repair is one button"),
    "late": _alarm("对方逾期未核验", "they are late with their answers",
                   "催办；监督清单中已列明", "remind them; the supervisor's list names them"),
}  # fmt: skip


class ChannelTrouble(Unavailable):
    """The channel can't be used now; ``code`` is the alarm's name. Nothing is lost: the batch stays planned."""

    def __init__(self, code: str, detail: str = "") -> None:
        alarm = ALARMS[code]
        said = f" ({detail})" if detail else ""
        super().__init__(Bilingual(alarm.name.zh + said, alarm.name.en + said), code=code)
        self.detail = detail


class RowsImpossible(ChannelTrouble):
    """The receiver's own table takes some row of this batch not at all."""

    def __init__(self, detail: str) -> None:
        super().__init__("batch-impossible", detail)


def raise_alarm(session: Session, link_id: int, code: str, now: datetime, *, detail: str = "") -> None:
    """Open the alarm, or count it once more. ``detail`` never has personal data."""
    if code not in ALARMS:
        raise LookupError(code)
    # two lanes may be in the same trouble at once: one alarm
    session.scalar(select(PlatformLink.id).where(PlatformLink.id == link_id).with_for_update(key_share=True))
    found = session.scalar(
        select(PlatformAlarm).where(
            PlatformAlarm.link_id == link_id, PlatformAlarm.code == code, PlatformAlarm.cleared_at.is_(None)
        )
    )
    if found is None:
        session.add(PlatformAlarm(link_id=link_id, code=code, detail=detail[:400], times=1, first_at=now, last_at=now))
        session.flush()
        return
    found.times, found.last_at, found.detail = found.times + 1, now, detail[:400]


def clear_alarms(session: Session, link_id: int, codes: frozenset[str], now: datetime) -> None:
    """What these alarms were about is over."""
    session.execute(
        update(PlatformAlarm)
        .where(PlatformAlarm.link_id == link_id, PlatformAlarm.code.in_(codes), PlatformAlarm.cleared_at.is_(None))
        .values(cleared_at=now)
        .execution_options(synchronize_session=False)
    )


def open_alarms(session: Session, link_id: int | None = None) -> list[PlatformAlarm]:
    """Alarms that are not over, oldest first."""
    query = select(PlatformAlarm).where(PlatformAlarm.cleared_at.is_(None)).order_by(PlatformAlarm.first_at)
    if link_id is not None:
        query = query.where(PlatformAlarm.link_id == link_id)
    return list(session.scalars(query))
