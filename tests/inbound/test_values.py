"""Cells as they are really written, and what each means."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from creditsvc.kernel.courts import fold_court_name
from creditsvc.kernel.load import courts
from punishment_rules.law import Ground
from sync.inbound import values
from sync.inbound.records import InboundRecord
from tests.inbound.lists import codes, one
from tests.support.feed_world import unit_of

CELL = datetime(2016, 1, 18, 23)  # noqa: DTZ001 - a workbook's cells have no zone


@pytest.mark.parametrize(
    ("raw", "day"),
    [
        ("2011年11月23日", date(2011, 11, 23)), ("2023年4月24日", date(2023, 4, 24)), ("20160118", date(2016, 1, 18)),
        ("2015-03-28 00:00:00", date(2015, 3, 28)), ("2015-03-28T00:00:00", date(2015, 3, 28)), ("2015/3/8", date(2015, 3, 8)),
        ("2015.03.08", date(2015, 3, 8)), (" 2015-03-08 ", date(2015, 3, 8)), ("2023年4月24日 9时", date(2023, 4, 24)),
        ("2015年3月8", date(2015, 3, 8)), ("２０２３年４月２４日", date(2023, 4, 24)), ("二〇二三年四月二十四日", date(2023, 4, 24)),
        ("二零二三年十月十日", date(2023, 10, 10)), ("二〇二三年十二月三十一日", date(2023, 12, 31)),
        ("1453132800", date(2016, 1, 19)), ("1453132800000", date(2016, 1, 19)), (1453132800, date(2016, 1, 19)),
        (20160118, date(2016, 1, 18)), (20160118.0, date(2016, 1, 18)), (CELL, date(2016, 1, 18)),
        (date(2016, 1, 18), date(2016, 1, 18)),
        # midnight in Beijing as a program writes it is still the day before in Greenwich
        ("2016-01-17T16:00:00.000Z", date(2016, 1, 18)), ("2016-01-18T00:00:00+08:00", date(2016, 1, 18)),
        ("2016-01-18 00:00:00+0800", date(2016, 1, 18)),
        ("1900-01-01", None), ("1899-12-31 12:00:00", None), ("0001-01-01T00:00:00", None), ("", None), ("无", None),
        ("暂无", None), ("— —", None), (r"\N", None), ("NA", None), (None, None), (datetime(1899, 12, 31), None),  # noqa: DTZ001 - as a workbook gives it
    ],
)  # fmt: skip
def test_days(raw: Any, day: date | None) -> None:
    assert values.read_day(raw) == day


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("10170730", "date-implausible"), ("2023年13月45日", "date-unreadable"), ("2023-02-29", "date-unreadable"),
        ("1989-12-31", "date-implausible"), ("2100-01-01", "date-implausible"), ("昨天", "date-unreadable"),
        ("45292", "date-unreadable"), ("2023年4月", "date-unreadable"), ("-1", "date-unreadable"), (True, "date-unreadable"),
        ("2016-01-17T25:00:00Z", "date-unreadable"), (1e300, "date-unreadable"),
    ],
)  # fmt: skip
def test_days_that_are_none(raw: Any, code: str) -> None:
    with pytest.raises(values.Unreadable) as caught:
        values.read_day(raw)
    assert caught.value.code == code


REFUSES, OBSTRUCTS, EVADES = Ground.ABLE_BUT_REFUSES, Ground.OBSTRUCTS, Ground.EVADES
REPORT, BREACH, SETTLEMENT = Ground.PROPERTY_REPORT, Ground.ORDER_BREACH, Ground.SETTLEMENT_REFUSED


@pytest.mark.parametrize(
    ("text", "grounds"),
    [
        ("有履行能力而拒不履行生效法律文书确定义务", [REFUSES]),
        ("其他有履行能力而拒不履行生效法律文书确定义务的", [REFUSES]),
        ("以伪造证据、暴力、威胁等方法妨碍、抗拒执行的", [OBSTRUCTS]),
        ("其他妨碍、抗拒执行", [OBSTRUCTS]),
        ("以虚假诉讼、虚假仲裁或者以隐匿、转移财产等方法规避执行的", [EVADES]),
        ("其它规避执行", [EVADES]),
        ("违反财产报告制度", [REPORT]),
        ("违反限制高消费令的", [BREACH]),
        ("被执行人无正当理由拒不履行执行和解协议的", [SETTLEMENT]),
        ("违反财产报告制度,有履行能力而拒不履行生效法律文书确定义务", [REPORT, REFUSES]),
        ("违反财产报告制度，违反限制消费令；其他规避执行", [REPORT, BREACH, EVADES]),
        ("违反财产报告制度|违反财产报告制度的。", [REPORT]),
        ("违反财产报告制度。\n违反限制消费令。", [REPORT, BREACH]),
        (" , 违反财产报告制度 ,, ", [REPORT]),
    ],
)
def test_grounds(text: str, grounds: list[Ground]) -> None:
    assert values.read_grounds(text) == tuple(grounds)


def test_one_unknown_ground_among_known_ones_is_not_dropped() -> None:
    assert codes(one(disrupt_types="违反财产报告制度,不听话")) == ["ground-unknown"]


@pytest.mark.parametrize(
    "text", ["（2026）豫0105执1234号", "(2026)豫0105执1234号", "〔2026〕豫0105执1234号", "［2026］豫0105执1234号",
             "[2026]豫0105执1234号", "2026豫0105执1234号", "（2026）豫0105执01234号", " （2026） 豫0105执 1234 号 ",
             "（２０２６）豫0105执1234号", "【2026】豫0105执1234号", "（2026）豫0105执字第1234号"],
)  # fmt: skip
def test_brackets_and_zeros_make_no_difference(text: str) -> None:
    outcome = one(case_code=text)
    assert isinstance(outcome, InboundRecord)
    assert outcome.case_number == "（2026）豫0105执1234号"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("410105199********11", "number-masked"), ("4101051990****4872", "number-masked"), ("41010519900****4872", "number-masked"),
        (410105199001014872, "number-excel-damaged"), (4.10105199001015e17, "number-excel-damaged"),
        ("4.10105E+17", "number-excel-damaged"), ("410105199001014000", "number-excel-damaged"),
        ("41010519900101487", "number-length"), ("410105199001014873", "number-check-digit"),
        ("410105199002304873", "number-birth-date"), ("暂无", "number-empty"), ("", "number-empty"),
        ("某某号码", "number-shape"), ("12345", "number-length"), ([], "number-empty"),
    ],
)  # fmt: skip
def test_numbers_with_a_fault(raw: Any, code: str) -> None:
    assert codes(one(id_number=raw))[0] == code


@pytest.mark.parametrize(
    "raw", ["410105199001014872", " 410105199001014872 ", "'410105199001014872", "410105 19900101 4872",
             "４１０１０５１９９００１０１４８７２",
            "410105900101487"],
)  # fmt: skip
def test_numbers_in_whatever_writing(raw: str) -> None:
    outcome = one(id_number=raw)
    assert isinstance(outcome, InboundRecord), codes(outcome)
    assert outcome.number.number == "410105199001014872"


def test_persons_and_units_columns_beside_each_other() -> None:
    """A short number of no meaning in the other column is seen; the one that is a number counts, in either order."""
    both = {"id_number": None, "zzjgdm": "12345", "sfzhm": "410105199001014872"}
    assert isinstance(one(**both), InboundRecord)
    assert codes(one(**{**both, "zzjgdm": unit_of(12).number})) == ["number-two"]
    assert codes(one(**{**both, "sfzhm": "4101051990****4872"})) == ["number-length"]


def test_a_unit_written_with_its_short_code() -> None:
    outcome = one(subject_name="河南某某有限公司", subject_type="企业", id_number="60003734-1")
    assert isinstance(outcome, InboundRecord), codes(outcome)
    assert outcome.number.canonical == "org_code:600037341"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("归还张某（410105199001014872）借款", "归还张某（41**************72）借款"),
        ("汇入6222021234567890123账户", "汇入62***************23账户"),
        ("汇入6222 0212 3456 7890 123账户", "汇入62*******************23账户"),
        ("电话13812345678", "电话13*******78"),
        ("给付123456789.50元", "给付123456789.50元"),
        ("依<a href=\"javascript:SLC(12,0)\">合同法</a>给付", "依合同法给付"),
        ("依javascript:SLC(12,0)合同法给付", "依合同法给付"),
        ("第一项\n第二项", "第一项\n第二项"),
    ],
)  # fmt: skip
def test_free_text_keeps_nobodys_number(text: str, kept: str) -> None:
    outcome = one(duty=text)
    assert isinstance(outcome, InboundRecord), codes(outcome)
    assert outcome.obligation == kept


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"subject_name": "张*"}, ["name-masked"]), ({"subject_name": "张?"}, ["name-lost"]), ({"subject_name": "张\ufffd"}, ["name-lost"]),
        ({"subject_name": "张伟410105199001014872"}, ["name-has-number"]), ({"subject_name": "张\u0000伟"}, ["text-control"]),
        ({"subject_name": "张" * 300}, ["text-too-long"]), ({"service_mode": "直" * 33}, ["text-too-long"]),
        ({"performance": "全部已履行"}, ["performed-already"]), ({"decided_on": "2022-10-28", "end_date": "2024-10-28"}, ["term-over"]),
        ({"case_code": "（2026）豫0105民初1234号"}, ["case-kind"]), ({"national_entered_on": "2026-10-27"}, ["date-order"]),
        ({"served_on": "2026-11-25"}, ["date-future"]), ({"national_entry": 4.10105e17}, ["digits-lost"]),
        ({"legal_rep": "李四", "legal_rep_id": unit_of(12).number}, ["officer-not-person"]),
        ({"legal_rep": "李四", "legal_rep_id": "410105199001014873"}, ["number-check-digit"]),
        ({"legal_rep": "李四", "legal_rep_id": 410105199001014872}, ["number-excel-damaged"]),
        ({"legal_rep_id": "anything, without a name"}, []),
    ],
)  # fmt: skip
def test_what_a_row_can_have(changes: dict[str, Any], expected: list[str]) -> None:
    assert codes(one(**changes)) == expected


def test_names_keep_their_spelling() -> None:
    for name in ("张\u3000伟", "买买提·吐尔逊", "㛃䶮𬭎", "河南某某（集团）有限公司①"):
        outcome = one(subject_name=f" {name}\u200b ")
        assert isinstance(outcome, InboundRecord)
        assert outcome.subject_name == name


@pytest.mark.parametrize("court", courts().all(), ids=lambda court: court.code)
def test_a_courts_full_name_means_that_court_or_the_one_that_took_it_over(court: Any) -> None:
    found = courts().resolve(court.name)
    assert (
        found is None
        or found.code in {court.code, court.successor_code}
        or fold_court_name(court.name) == fold_court_name(found.name)
    )


def test_a_mismatch_of_court_and_case_is_shown() -> None:
    assert codes(one(court_name="洛阳市西工区人民法院")) == ["court-mismatch"]
    assert codes(one(court_name="孝南法院")) == ["court-unknown"]
    assert codes(one(court_name="金水区法院")) == []
    assert codes(one(court_name=None, court_code="豫0105")) == []
    assert codes(one(case_code="（2014）金执字第00163号", court_name="金水区法院")) == []
