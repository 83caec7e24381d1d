"""Which shape a row has: a listing, an order, a relief, an officer's mark, an extension, a correction, an exit. Pure.

A file's shape follows from its columns; a file with a column ``row_type`` says it row by row. A row of a listing's shape
that says of itself that the entry has left (shielded, withdrawn, deleted) is an exit and never an addition.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from creditsvc.kernel.text import Bilingual

if TYPE_CHECKING:
    from sync.inbound.cells import Row


class Shape(StrEnum):
    """Shapes of rows, in the order in which they are applied by ``RANK``."""

    EXIT = "exit"
    CORRECTION = "correction"
    EXTENSION = "extension"
    RELIEF = "relief"
    OFFICER = "officer"
    ORDER = "order"
    LISTING = "listing"

    @property
    def label(self) -> Bilingual:
        """What people call it."""
        return LABELS[self]

    @property
    def rank(self) -> int:
        """Exits go first, then what changes an entry, then what adds one."""
        return {Shape.EXIT: 0, Shape.ORDER: 3, Shape.LISTING: 3}.get(self, 2)


LABELS = {
    Shape.EXIT: Bilingual("移出（删除、撤销、解除）", "removals, revocations, lifted orders"),
    Shape.CORRECTION: Bilingual("更正", "corrections"),
    Shape.EXTENSION: Bilingual("延长期限", "extensions"),
    Shape.RELIEF: Bilingual("暂时解除、单项批准", "reliefs"),
    Shape.OFFICER: Bilingual("单位责任人员", "officers' marks"),
    Shape.ORDER: Bilingual("限制消费令", "consumption orders"),
    Shape.LISTING: Bilingual("纳入失信名单", "listings"),
}

_WHO = ("id_number", "case_code")
REQUIRED: Mapping[Shape | None, tuple[str, ...]] = {
    Shape.LISTING: ("subject_name", *_WHO, "disrupt_types"),
    Shape.ORDER: ("subject_name", *_WHO, "order_number"),
    Shape.EXIT: _WHO,
    Shape.CORRECTION: (*_WHO, "document_number"),
    Shape.EXTENSION: (*_WHO, "document_number", "new_end_date"),
    Shape.RELIEF: (*_WHO, "document_number", "relief_kind", "relief_from", "relief_to"),
    Shape.OFFICER: (*_WHO, "officer_name", "officer_id", "officer_role"),
    None: _WHO,
}
"""Columns without which no row of a file of this shape can be read; of none, where each row says its shape."""
ADDS = frozenset({Shape.LISTING, Shape.ORDER})
TELLING = frozenset({"status", "shield_time", "withdraw_time", "op_flag", "exit_ground"})
"""Columns by which a row of a listing's shape may say that the entry has left."""

_SIGNS = (
    ("disrupt_types", Shape.LISTING), ("relief_kind", Shape.RELIEF), ("officer_role", Shape.OFFICER),
    ("new_end_date", Shape.EXTENSION), ("exit_ground", Shape.EXIT), ("shield_time", Shape.EXIT),
    ("withdraw_time", Shape.EXIT),
)  # fmt: skip
CORRECTED = "new_"
"""Before the name of a column with a corrected value."""


def file_shape(columns: Collection[str]) -> Shape | None:
    """The shape that these columns make; none if each row says its own."""
    if "row_type" in columns:
        return None
    found = next((shape for column, shape in _SIGNS if column in columns), None)
    if found is None and any(column.startswith(CORRECTED) for column in columns):
        return Shape.CORRECTION
    if found is None:
        return Shape.ORDER if "order_number" in columns else Shape.LISTING
    return found


_WORDS = (
    ("删除", Shape.EXIT), ("屏蔽", Shape.EXIT), ("撤销", Shape.EXIT), ("移出", Shape.EXIT), ("退出", Shape.EXIT),
    ("更正", Shape.CORRECTION), ("延长", Shape.EXTENSION), ("暂时解除", Shape.RELIEF), ("单项批准", Shape.RELIEF),
    ("单次解禁", Shape.RELIEF), ("救济", Shape.RELIEF), ("责任人", Shape.OFFICER), ("解除", Shape.EXIT),
    ("限制消费", Shape.ORDER), ("限消", Shape.ORDER), ("纳入", Shape.LISTING), ("列入", Shape.LISTING),
    ("失信", Shape.LISTING), ("新增", Shape.LISTING),
)  # fmt: skip
"""Words of ``row_type``; the first that is in the cell counts."""


def shape_of_word(text: str) -> Shape | None:
    """The shape that a cell of ``row_type`` names, by our code or by a Chinese word."""
    if text.lower() in set(Shape):
        return Shape(text.lower())
    return next((shape for word, shape in _WORDS if word in text), None)


def shape_of_row(row: Row, base: Shape | None) -> Shape | None:
    """A row's shape; none, with a fault noted, if it can't be told."""
    if base is None:
        said = row.text("row_type")
        found = shape_of_word(said) if said else None
        if found is None:
            row.fault("row_type", "row-type-unknown", "没有写明本行的业务类型，或者写法无法识别",
                      "the kind of row is missing or can't be read")  # fmt: skip
        return found
    if base is not Shape.LISTING or not TELLING & row.plan.places.keys():
        return base
    return _of_listing(row)


_GONE, _THERE = (
    ("屏蔽", "删除", "撤", "失效", "移出", "退出", "过期", "无效"),
    ("发布", "公布", "在册", "有效", "正常", "生效"),
)


def _of_listing(row: Row) -> Shape | None:
    """A listing, unless it says that it has left. Doubt ends with a person: such a row waits."""
    if any(row.raw(column) is not None for column in ("shield_time", "withdraw_time", "exit_ground")):
        return Shape.EXIT if _is_day(row) else Shape.LISTING
    word = row.text("status") or ""
    if any(gone in word for gone in _GONE):
        return Shape.EXIT
    if word and not word.isdigit() and not any(there in word for there in _THERE):
        row.wants("status", "status-unclear", "信息状态的写法无法判断是否仍在册，须核实",
                  "the state can't be read: is the entry still on the list?")  # fmt: skip
    elif word == "1" and row.plan.header("status").strip().lower() in {"status", "removestatus"}:
        row.wants("status", "status-unclear", "信息状态为 1，各来源含义不同，须核实",
                  "state 1 means different things in different sources: is it still on the list?")  # fmt: skip
    return _by_flag(row)


def _is_day(row: Row) -> bool:
    """Whether a day or a ground of leaving is really there: null dates are written where there is none."""
    if row.raw("exit_ground") is not None:
        return True
    return any(row.day(column) is not None or row.is_faulty(column) for column in ("shield_time", "withdraw_time"))


_FLAGS = {"i": "add", "a": "add", "insert": "add", "add": "add", "新增": "add", "增加": "add", "0": "add", "u": "change",
          "update": "change", "2": "change", "修改": "change", "变更": "change", "更新": "change", "d": "leave", "delete": "leave",
          "3": "leave", "删除": "leave"}  # fmt: skip


def _by_flag(row: Row) -> Shape | None:
    said = (row.text("op_flag") or "").lower()
    if not said:
        return Shape.LISTING
    if said in {"1", "true"}:  # a new row by modify_flag, a deleted one by jhpt_delete
        found = "leave" if row.plan.header("op_flag").strip().lower() == "jhpt_delete" else "add"
    else:
        found = _FLAGS.get(said, "")
    if found == "leave":
        return Shape.EXIT
    if found != "add":
        row.wants("op_flag", "op-unclear", "操作标识不是新增：变更请用“更正”，移出请用“移出”的格式报送",
                  "the flag does not say that the row is new: send changes as corrections, exits as exits")  # fmt: skip
    return Shape.LISTING
