"""A unit whose copy is overdue with a removal gets no answers until the removal is confirmed, at a screen or by program."""

from __future__ import annotations

from collections.abc import Sequence

from creditsvc.access.callers import Caller
from creditsvc.kernel.errors import NotAllowed
from creditsvc.kernel.text import Bilingual
from creditsvc.ports import Owing


def refuse_owing(owing: Sequence[Owing], who: Caller) -> None:
    """Raises ``NotAllowed`` (``overdue``) for whoever asks for a unit that owes."""
    removal = next((one.removal for one in owing if _is_of(one, who)), None)
    if removal is not None:
        raise NotAllowed(
            Bilingual(
                "贵单位的副本有到期未确认的移除：确认之前不提供核查，请先由本单位的副本程序拉取事件并发送回执",
                "your unit's copy owes a removal that was due: no answers until it is confirmed; pull the events and send a receipt",
            ),
            code="overdue",
            removal=removal,
        )


def _is_of(one: Owing, who: Caller) -> bool:
    return bool((who.subscriber and one.subscriber == who.subscriber) or (who.unit and one.unit == who.unit))
