"""What the exchange with platforms hands to the roof: its desk, its API, its jobs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint

from creditsvc.access.permissions import Permission
from creditsvc.feature import Feature, Job, NavigationItem
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from sync.platform import api, desk, desk_work
from sync.platform.exchange import compare_due, fetch, send_additions, send_urgent, watch


def _pages() -> Sequence[Blueprint]:
    return desk.blueprint, desk_work.blueprint, desk.oversight


def _api() -> Sequence[Any]:
    return (api.blueprint,)


def _counting(work: Callable[[Services, datetime], int], word: str) -> Callable[[Services, datetime], str]:
    """A job that says how much it did, and nothing when there was nothing to do."""

    def run(services: Services, now: datetime) -> str:
        done = work(services, now)
        return f"{word} {done}" if done else ""

    return run


FEATURE = Feature(
    name="platform",
    blueprints=_pages,
    api_blueprints=_api,
    jobs=(
        Job("platform-urgent", _counting(send_urgent, "sent"), 1,
            Bilingual("向信用平台发送撤回和更正，不等待新增", "send ends and corrections to platforms; they wait for no addition")),
        Job("platform-additions", _counting(send_additions, "sent"), 1,
            Bilingual("向信用平台分批发送新增", "send additions to platforms, in batches")),
        Job("platform-fetch", _counting(fetch, "received"), 15,
            Bilingual("取回执、退回和来件，送出答复", "fetch receipts, refusals and messages, hand answers over")),
        Job("platform-compare", _counting(compare_due, "compared"), 300,
            Bilingual("每日对账", "compare once a day")),
        Job("platform-late", _counting(watch, "late"), 600,
            Bilingual("找出逾期未核验的平台", "find platforms that are late with their answers")),
    ),
    navigation=(
        NavigationItem("subscriber", "platform_desk.index", Bilingual("平台交换", "Platforms"), Permission.SUBSCRIBER_READ, 55),
        NavigationItem("desk", "platform_work.came", Bilingual("平台来件", "From platforms"), Permission.APPLICATION_WORK, 56),
        NavigationItem("desk", "platform_work.refused", Bilingual("平台退回", "Refused rows"), Permission.APPLICATION_WORK, 57),
        NavigationItem("oversight", "platform_oversight.late", Bilingual("逾期清单", "Who is late"), Permission.OVERSIGHT_READ, 58),
    ),
)  # fmt: skip
