"""Made-up people and units with valid check digits. No name or number here is anybody's, by construction at random."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from creditsvc.kernel.identity import org_code_check_digit, resident_check_digit, uscc_check_digit

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红建文辉力博浩宇轩子涵梓欣怡思远志鹏晓晨"
PLACES = (
    "豫中",
    "汴梁",
    "洛川",
    "鹰城",
    "安邑",
    "淇滨",
    "牧野",
    "怀川",
    "龙都",
    "莲城",
    "沙澧",
    "崤函",
    "宛城",
    "商都",
    "申城",
    "周口店",
    "天中",
)
TRADES = (
    "建筑工程",
    "商贸",
    "农业科技",
    "机械制造",
    "食品",
    "物流",
    "房地产开发",
    "新材料",
    "电子科技",
    "园林绿化",
    "医药",
    "教育咨询",
)
KINDS = ("有限公司", "有限责任公司", "股份有限公司", "（集团）有限公司")
AREAS = ("410102", "410105", "410202", "410302", "410402", "410502", "410602", "410702", "410802", "410902", "411002", "411102", "411202",
         "411302", "411402", "411502", "411602", "411702", "419001", "810000", "830000")  # fmt: skip


def person_name(random: Random) -> str:
    """Two or three characters; now and then a minority name with its dot."""
    if random.random() < 0.01:
        return (
            random.choice("艾买古努")
            + random.choice("提克丽尔")
            + "·"
            + random.choice("阿吐热库")
            + random.choice("布尔木江")
        )
    return random.choice(SURNAMES) + "".join(random.choice(GIVEN) for _ in range(random.choice((1, 2, 2))))


def resident_number(random: Random, *, born_from: date, born_to: date) -> str:
    """A resident number of somebody born between two days."""
    born = born_from + timedelta(days=random.randrange((born_to - born_from).days))
    first = random.choice(AREAS) + born.strftime("%Y%m%d") + f"{random.randrange(1000):03d}"
    return first + resident_check_digit(first)


def unit_name(random: Random) -> str:
    """A company's name."""
    words = "".join(random.choice("鑫源盛达宏泰瑞丰恒通中原天成金豫华裕") for _ in range(2))
    return f"河南{random.choice(PLACES)}{words}{random.choice(TRADES)}{random.choice(KINDS)}"


def unit_code(random: Random) -> str:
    """A unified social credit code whose inner organisation code agrees too."""
    inner = "".join(random.choice("0123456789ABCDEFGHJKLMNPQRTUWXY") for _ in range(8))
    check = org_code_check_digit(inner)
    if check == "X" or not check.isascii():
        check = "X"
    first = "91" + random.choice(AREAS[:19]) + inner + check
    return first + uscc_check_digit(first)
