"""Rows of every shape: what each becomes, and that a row which says that it has left is never an addition."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from creditsvc.kernel.errors import InvalidInput
from creditsvc.register.policy import ExitGround
from sync.inbound.changes import read_ground
from sync.inbound.records import InboundChange, InboundOrder, InboundRecord
from sync.inbound.shapes import Shape, shape_of_word
from tests.inbound.lists import GOOD, Outcome, codes, ndjson_of, one, read

WHO = {name: GOOD[name] for name in ("subject_name", "id_number", "court_name", "case_code")}
EXIT = {**WHO, "exit_ground": "履行完毕", "event_on": "2026-11-20", "known_on": "2026-11-23",
 "document_number": "（2026）豫0105执1234号之二",
        "decision_number": GOOD["decision_number"]}  # fmt: skip
ORDER = {**WHO, "order_number": "（2026）豫0105执1234号限消", "order_issued_on": "2026-10-28"}
OFFICER = {"id_number": "91410100MA0000019P", "court_name": GOOD["court_name"], "case_code": GOOD["case_code"],
 "document_number": "（2026）豫0105执1234号之三",
           "event_on": "2026-11-20", "officer_name": "李四", "officer_id": "410105199001014872",
           "officer_role": "法定代表人"}  # fmt: skip


def of(row: dict[str, Any], **changes: Any) -> Outcome:
    """What a row becomes with these changes; a value of none takes the name away."""
    (found,) = read(ndjson_of({name: value for name, value in {**row, **changes}.items() if value is not None}))
    return found


def change(row: dict[str, Any], **changes: Any) -> InboundChange:
    found = of(row, **changes)
    assert isinstance(found, InboundChange), codes(found)
    return found


def test_a_removal() -> None:
    found = change(EXIT)
    assert (found.shape, found.kind, found.about, found.ground) == ("exit", "remove_listing", "listing", "performed")
    assert (found.event_on, found.known_on) == (date(2026, 11, 20), date(2026, 11, 23))
    assert (found.made_by, found.document_number) == (GOOD["decision_number"], EXIT["document_number"])
    assert found.reason == "履行完毕"


@pytest.mark.parametrize(
    ("ground", "kind", "about"),
    [("期限届满", "remove_listing", "listing"), ("错误纳入", "revoke_listing", "listing"), ("身份认定错误", "revoke_listing", "listing"),
     ("解除限制消费", "lift_order", "consumption_order")],
)  # fmt: skip
def test_three_exits_are_kept_apart(ground: str, kind: str, about: str) -> None:
    found = change(EXIT, exit_ground=ground, order_number=ORDER["order_number"])
    assert (found.kind, found.about) == (kind, about)
    assert found.made_by == (ORDER["order_number"] if about == "consumption_order" else GOOD["decision_number"])


def test_an_order_alone_is_revoked_by_its_number() -> None:
    found = change(EXIT, exit_ground="不应纳入", decision_number=None, order_number=ORDER["order_number"])
    assert (found.kind, found.made_by) == ("revoke_order", ORDER["order_number"])


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("全部履行完毕", ExitGround.PERFORMED), ("执行完毕", ExitGround.PERFORMED), ("和解协议履行完毕", ExitGround.SETTLED),
        ("申请执行人书面申请删除，法院同意", ExitGround.APPLICANT_REQUEST), ("终本后两次以上查询无可供执行财产", ExitGround.NO_PROPERTY),
        ("因破产程序中止执行", ExitGround.SUSPENDED_ENFORCEMENT), ("裁定不予执行", ExitGround.NOT_ENFORCED),
        ("裁定终结执行", ExitGround.TERMINATED), ("early", ExitGround.EARLY), ("积极履行，提前删除", ExitGround.EARLY),
        ("终结本次执行程序", None), ("其他", None),
    ],
)  # fmt: skip
def test_reasons_as_courts_write_them(text: str, ground: ExitGround | None) -> None:
    assert read_ground(text) is ground
    assert ground is None or read_ground(ground.label.zh) is ground


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"exit_ground": "终结本次执行程序"}, "exit-ground-unclear"), ({"exit_ground": None, "status": "屏蔽",
        "disrupt_types": "违反财产报告制度"}, "exit-ground-unclear"),
        ({"document_number": None}, "document-missing"), ({"event_on": None, "known_on": None}, "event-day-missing"),
        ({"event_on": "2026-12-01"}, "date-future"), ({"known_on": "2026-11-19"}, "date-order"),
        ({"id_number": "4101051990****4872"}, "number-masked"),
        ({"case_code": "无"}, "case-number-shape"), ({"case_code": "（2014）金执字第163号", "court_name": None}, "court-unknown"),
        ({"withdraw_time": "2026-11-20"}, "exit-kind-unclear"),
    ],
)  # fmt: skip
def test_an_exit_that_lacks_something(changes: dict[str, Any], code: str) -> None:
    assert code in codes(of(EXIT, **changes))


@pytest.mark.parametrize(
    ("told", "kind"),
    [({"PBSJ": "2026-11-20 10:00:00", "PBYYMC": "履行完毕"}, "remove_listing"), ({"CXSJ": "2026-11-20",
     "CXYYMC": "错误纳入"}, "revoke_listing"),
     ({"ZTMC": "屏蔽", "exit_ground": "期满", "event_on": "2026-11-01"}, "remove_listing"), ({"ZTMC": "已删除",
     "PBSJ": "2026-11-20", "PBYYMC": "终结执行"}, "remove_listing"),
     ({"op": "D", "exit_ground": "performed", "event_on": "2026-11-01"}, "remove_listing"),
     ({"jhpt_delete": "1", "exit_ground": "performed", "event_on": "2026-11-01"}, "remove_listing")],
)  # fmt: skip
def test_a_listing_that_says_it_has_left_is_an_exit(told: dict[str, str], kind: str) -> None:
    found = one(document_number="（2026）豫0105执1234号之二", **told)
    assert isinstance(found, InboundChange), codes(found)
    assert (found.kind, found.made_by) == (kind, GOOD["decision_number"])


@pytest.mark.parametrize("told", [{"ZTMC": "屏蔽"}, {"op": "3"}, {"PBSJ": "2026-11-20"}, {"jhpt_delete": 1}])
def test_it_is_no_addition_even_where_it_lacks_everything_else(told: dict[str, Any]) -> None:
    assert {"exit-ground-unclear", "document-missing"} <= set(codes(one(**told)))


@pytest.mark.parametrize(
    "told",
    [{"ZTMC": "发布", "PBSJ": "", "CXSJ": "1900-01-01", "op": "I"}, {"modify_flag": 1}, {"jhpt_delete": 0},
     {"PBSJ": "0001-01-01T00:00:00"},
     {"status": 0}],
)  # fmt: skip
def test_what_says_that_it_stands_is_a_listing(told: dict[str, Any]) -> None:
    assert isinstance(one(**told), InboundRecord)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"ZTMC": "处理中"}, "status-unclear"),
        ({"status": "1"}, "status-unclear"),
        ({"op": "U"}, "op-unclear"),
        ({"op": "?"}, "op-unclear"),
    ],
)
def test_what_is_unclear_waits(told: dict[str, Any], code: str) -> None:
    assert codes(one(**told)) == [code]


def test_an_order() -> None:
    found = of(ORDER)
    assert isinstance(found, InboundOrder)
    assert (found.order_number, found.issued_on, found.bound_role) == (ORDER["order_number"], date(2026, 10, 28), None)
    bound = of(ORDER, bound_role="法定代表人", unit_name="测试有限公司")
    assert isinstance(bound, InboundOrder)
    assert (bound.bound_role, bound.unit_name) == ("legal_representative", "测试有限公司")


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"order_number": ""}, "order-number-missing"), ({"order_issued_on": None}, "order-day-missing"),
     ({"order_issued_on": "2027-01-01"}, "date-future"),
     ({"bound_role": "会计", "unit_name": "某厂"}, "role-unknown"), ({"bound_role": "实际控制人"}, "unit-missing")],
)  # fmt: skip
def test_an_order_that_lacks_something(changes: dict[str, Any], code: str) -> None:
    assert codes(of(ORDER, **changes)) == [code]


def test_an_extension_and_a_correction() -> None:
    base = {**WHO, "document_number": "（2026）豫0105执1234号之三", "event_on": "2026-11-20"}
    why = {
        "reason": "两次虚假报告",
        "extension_cause": "多项失信行为",
        "extension_acts": "虚假报告财产；违反限制消费令",
    }
    longer = change(base, new_end_date="2029年10月28日", **why)
    assert (longer.kind, longer.changes) == (
        "extend_listing",
        {"until": "2029-10-28", "cause": "several_acts", "acts": ["虚假报告财产", "违反限制消费令"]},
    )
    assert codes(of(base, new_end_date="2029-10-28", **why | {"reason": None})) == ["reason-missing"]
    assert codes(of(base, new_end_date="2029-10-28", **why | {"extension_cause": "拖延"})) == ["cause-missing"]
    corrected = change(
        base, new_name="张 伟", new_sex="男", new_age="36", new_filed_on="2026年3月2日", new_performance="部分履行"
    )
    assert corrected.kind == "correct_listing"
    assert corrected.changes == {
        "name": "张 伟",
        "sex": "male",
        "age": 36,
        "filed_on": "2026-03-02",
        "performance": "partial",
    }
    assert codes(of(base, new_name="")) == ["correction-empty"]
    assert codes(of(base, new_case_number="案子")) in (["value-wrong"], ["case-number-shape"])
    assert codes(of(base, new_sex="不明")) == ["value-wrong"]


def test_a_relief() -> None:
    base = {**WHO, "document_number": "（2026）豫0105执1234号之四", "event_on": "2026-11-20", "order_number": ORDER["order_number"],
            "relief_kind": "暂时解除", "relief_from": "2026-11-25", "relief_to": "2026-12-10", "relief_purpose": "本人赴京就医",
            "relief_undertaking": "是"}  # fmt: skip
    found = change(base)
    assert (found.kind, found.about) == ("grant_temporary_lift", "consumption_order")
    assert found.changes == {
        "from_day": "2026-11-25",
        "to_day": "2026-12-10",
        "purpose": "illness",
        "undertaking": True,
    }
    once = change(base, relief_kind="单项批准", relief_items="travel-air、travel-rail")
    assert (once.kind, once.changes["measures"]) == ("grant_single_approval", ["travel-air", "travel-rail"])
    assert codes(of(base, relief_kind="放行")) == ["relief-unknown"]
    assert codes(of(base, relief_to="")) == ["relief-day-missing"]
    assert codes(of(base, relief_purpose="")) == ["relief-purpose-missing"]
    assert codes(of(base, relief_purpose="旅游")) == ["relief-purpose-unknown"]


def test_an_officers_mark() -> None:
    found = change(OFFICER)
    assert (found.kind, found.changes["role"], found.officer is not None) == (
        "name_officer",
        "legal_representative",
        True,
    )
    assert change(OFFICER, officer_to="2026-11-01").kind == "release_officer"
    assert codes(of(OFFICER, officer_role="门卫")) == ["role-unknown"]
    assert codes(of(OFFICER, officer_id="")) == ["number-empty"]
    assert codes(of(OFFICER, officer_id="91410100MA0000019P")) == ["officer-not-person"]


def test_a_mixed_file_says_its_shapes_row_by_row() -> None:
    rows: list[dict[str, Any]] = [
        {**GOOD, "row_type": "纳入"}, {**ORDER, "row_type": "限制消费令"}, {**EXIT, "row_type": "删除"}, {**EXIT, "row_type": "exit"},
        {**GOOD, "row_type": "什么"}, {**GOOD},
    ]  # fmt: skip
    found = read(ndjson_of(*rows))
    assert [type(item) for item in found[:3]] == [InboundRecord, InboundOrder, InboundChange]
    assert [codes(item) for item in found[3:]] == [["row-duplicate"], ["row-type-unknown"], ["row-type-unknown"]]
    assert all(shape_of_word(shape.value) is shape for shape in Shape)
    assert {
        shape_of_word(word) for word in ("纳入", "限制消费令", "撤销", "更正", "延长期限", "暂时解除", "责任人员")
    } == set(Shape)


def test_each_shape_asks_for_its_own_columns() -> None:
    for columns, missing in (
        ({"id_number": "1", "exit_ground": "x"}, ["case_code"]), ({"case_code": "1", "id_number": "1", "relief_kind": "x"},
        ["document_number", "relief_from", "relief_to"]),
        ({"id_number": "1", "case_code": "1", "order_number": "1"}, ["subject_name", "court_name"]),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as caught:
            read(ndjson_of(columns))
        assert caught.value.details["columns"] == missing
