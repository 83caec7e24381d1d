"""What the desk calls states, events and matters."""

from __future__ import annotations

from creditsvc.kernel.text import Bilingual
from creditsvc.register.life import OrderState, State
from creditsvc.register.task_kinds import TaskKind

EVENTS: dict[str, Bilingual] = {
    "review": Bilingual("开始审查", "taken under review"),
    "refuse": Bilingual("不予纳入", "not listed"),
    "decide": Bilingual("决定纳入", "decided to list"),
    "grant_grace": Bilingual("给予宽限期", "grace granted"),
    "lapse": Bilingual("未公布即终结", "ended unpublished"),
    "publish": Bilingual("公布", "published"),
    "enter_nonpublic": Bilingual("不公开，通知单位", "not public, unit notified"),
    "withhold": Bilingual("改为不公开", "withheld from publication"),
    "correct": Bilingual("更正", "corrected"),
    "extend": Bilingual("延长", "extended"),
    "annotate": Bilingual("标注", "noted"),
    "remove": Bilingual("移出", "removed"),
    "revoke": Bilingual("撤销", "revoked"),
}


def states() -> dict[str, Bilingual]:
    """What a state is called, of listings and of orders."""
    orders = {
        OrderState.ORDERED.value: Bilingual("生效中", "in force"),
        OrderState.LIFTED.value: Bilingual("已解除", "lifted"),
    }
    return {state.value: state.label for state in State} | orders


def task_label(kind: str) -> Bilingual:
    """What a matter of the queue is called; its own name for one of another room."""
    return TaskKind(kind).label if kind in {each.value for each in TaskKind} else Bilingual(kind, kind)
