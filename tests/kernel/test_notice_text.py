"""The yearly notice in its own words: read as the package's data say, and refused where it contradicts itself."""

from __future__ import annotations

import pytest

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.load import packaged_calendar
from creditsvc.kernel.notice_text import read_notice
from creditsvc.kernel.notices import parse_notice

NOTICE = """演示办公厅关于2026年
部分节假日安排的通知
国办发明电〔2025〕7号
一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。
二、春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。
三、清明节：4月4日（周六）至6日（周一）放假，共3天。
四、劳动节：5月1日（周五）至5日（周二）放假调休，共5天。5月9日（周六）上班。
五、端午节：6月19日（周五）至21日（周日）放假，共3天。
六、中秋节：9月25日（周五）至27日（周日）放假，共3天。
七、国庆节：10月1日（周四）至7日（周三）放假调休，共7天。9月20日（周日）、10月10日（周六）上班。
2025年11月4日
"""


def test_the_wording_gives_the_packaged_days() -> None:
    read = parse_notice({**read_notice(NOTICE), "source": "演示"})
    known = packaged_calendar().notice(2026)
    assert known is not None
    assert (set(read.off_days), read.work_days, read.issued_on) == (
        set(known.off_days),
        known.work_days,
        known.issued_on,
    )
    assert (read.year, read.document_number) == (2026, known.document_number)


SPELLINGS = (("\n", ""), ("：", ": "), ("）、", ")、"), ("周", "星期"))


@pytest.mark.parametrize("change", SPELLINGS)
def test_other_spellings_mean_the_same(change: tuple[str, str]) -> None:
    assert read_notice(NOTICE.replace(*change)) == read_notice(NOTICE)


def test_two_holidays_in_one_and_a_day_of_the_year_before() -> None:
    text = NOTICE.replace("六、中秋节：9月25日（周五）至27日（周日）放假，共3天。\n七、国庆节：10月1日（周四）至7日（周三）",
                          "六、国庆节、中秋节：10月1日（周四）至7日（周三）").replace("一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。",
                          "一、元旦：2025年12月31日（周三）至2026年1月3日（周六）放假调休，共4天。")  # fmt: skip
    read = read_notice(text)
    assert read["off_days"]["2026-10-01"] == "国庆节、中秋节"
    assert "2025-12-31" in read["off_days"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("共9天", "共8天"),
        ("（周四）至3日", "（周五）至3日"),
        ("6月19日", "6月31日"),
        ("国办发明电〔2025〕7号", ""),
        ("2026年\n部分节假日", "明年节假日"),
        ("4月4日（周六）至6日（周一）放假", "按有关规定安排"),
        ("2025年11月4日", ""),
        ("6月19日（周五）至21日", "6月19日（周五）至1日"),
    ],
)
def test_what_contradicts_itself_is_refused_with_the_passage(old: str, new: str) -> None:
    assert old in NOTICE
    with pytest.raises(InvalidInput) as wrong:
        read_notice(NOTICE.replace(old, new))
    assert wrong.value.code == "notice-text"


@pytest.mark.parametrize("text", ["", "一、", "2026年部分节假日 国办发明电〔2025〕7号", "x" * 5000])
def test_anything_else_is_refused_and_never_fails(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_notice(text)
