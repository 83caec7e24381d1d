"""What the register puts into the queue of due matters, and what each is called. Pure."""

from __future__ import annotations

from enum import StrEnum

from creditsvc.kernel.text import Bilingual


class TaskKind(StrEnum):
    """Matters of the register."""

    DECIDE = "decide"
    ENTER = "enter"
    GRACE_ENDED = "grace_ended"
    REMOVE = "remove"
    REMOVE_AFTER_TERM = "remove_after_term"
    REVIEW_EARLY = "review_early"
    REVOKE = "revoke"
    LAPSE = "lapse"
    LIFT = "lift"
    JUDGE = "judge"
    WRONG_LISTING = "wrong_listing"
    NOTIFY_UNIT = "notify_unit"
    NOTIFY_UNIT_EXIT = "notify_unit_exit"
    ARTICLE8 = "article8"
    ARTICLE8_EXIT = "article8_exit"
    ARTICLE8_BATCH = "article8_batch"
    LOAD_CALENDAR = "load_calendar"

    @property
    def label(self) -> Bilingual:
        """What people call it."""
        return _LABELS[self]


_K = TaskKind
_LABELS = {
    _K.DECIDE: Bilingual("对纳入申请作出决定", "decide on the request to list"),
    _K.ENTER: Bilingual("录入国家库并公布，或者给予宽限期", "enter in the national database, or grant grace"),
    _K.GRACE_ENDED: Bilingual("宽限期届满：公布或者终结", "grace is over: publish or end it"),
    _K.REMOVE: Bilingual("情形已出现：删除", "a circumstance arose: remove"),
    _K.REMOVE_AFTER_TERM: Bilingual("期限届满：删除", "the term is over: remove"),
    _K.REVIEW_EARLY: Bilingual("审查是否提前删除", "review whether to remove early"),
    _K.REVOKE: Bilingual("撤销不应纳入的记录", "revoke what should not have been listed"),
    _K.LAPSE: Bilingual("公布前已履行：终结", "performed before publication: end it"),
    _K.LIFT: Bilingual("解除限制消费令", "lift the consumption order"),
    _K.JUDGE: Bilingual("案件有变动，由法官当日处理", "something happened: a judge decides the same day"),
    _K.WRONG_LISTING: Bilingual("撤销后的义务：原渠道公告、告知本人、恢复名誉", "after a revocation: exit notice, tell, restore"),
    _K.NOTIFY_UNIT: Bilingual("不公开的，通知所在单位", "not public: notify the unit"),
    _K.NOTIFY_UNIT_EXIT: Bilingual("通知所在单位已退出名单", "notify the unit of the exit"),
    _K.ARTICLE8: Bilingual("核对是否须通报所在单位或者上级单位（第八条）", "see whether a unit or a superior body is to be told (art. 8)"),
    _K.ARTICLE8_EXIT: Bilingual("向此前通报过的单位发出退出通报（第八条）", "tell whoever was told under art. 8 that it has left"),
    _K.ARTICLE8_BATCH: Bilingual("核对整批新纳入的人员有无须通报的（第八条）", "see who of a whole list is to be told of (art. 8)"),
    _K.LOAD_CALENDAR: Bilingual("载入下一年度放假安排", "load the next year's calendar"),
}  # fmt: skip
BY_WORD = frozenset(
    {
        _K.REVIEW_EARLY,
        _K.JUDGE,
        _K.WRONG_LISTING,
        _K.NOTIFY_UNIT,
        _K.NOTIFY_UNIT_EXIT,
        _K.ARTICLE8,
        _K.ARTICLE8_EXIT,
        _K.ARTICLE8_BATCH,
    }
)
"""Matters that a judge may settle by saying what was found or done; all others end by a decision alone."""
LETTERS_OF: dict[_K, tuple[str, ...]] = {_K.ARTICLE8: ("UN", "SN"), _K.ARTICLE8_EXIT: ("AX",)}
"""Letters that settle a matter when they are issued, by the code of their kind."""
