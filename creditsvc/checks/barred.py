"""Programs of a unit whose copy is overdue with a removal get no answers until the removal is confirmed."""

from __future__ import annotations

from creditsvc.access.callers import CallerKind
from creditsvc.kernel.errors import NotAllowed
from creditsvc.kernel.text import Bilingual
from creditsvc.storage.direct import Driven
from creditsvc.web.context import caller, ports, services


def refuse_barred() -> None:
    """Before every call of a program: raises ``NotAllowed`` (``overdue``). People at a screen are not held to it."""
    who = caller()
    if who.kind is not CallerKind.API_KEY:
        return
    database = services().database
    with database.direct() as driver:
        reading = Driven(driver, database.is_sqlite)
        removal = ports().owed_removal(reading, subscriber=who.subscriber, unit=who.unit)
    if removal is not None:
        raise NotAllowed(
            Bilingual(
                "贵单位的副本有到期未确认的移除：确认之前接口不提供核查，请先拉取事件并发送回执",
                "your unit's copy owes a removal that was due: no answers until it is confirmed; pull the events and send a receipt",
            ),
            code="overdue",
            removal=removal,
        )
