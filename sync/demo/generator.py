"""A synthetic court-internal list, as messy as real ones, and what each of its rows should become.

Deterministic for a seed. What is expected follows from how a row was made; the parser is never asked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from creditsvc.kernel.courts import Court
from creditsvc.kernel.days import add_months
from creditsvc.kernel.load import courts
from sync.demo import people
from sync.demo.faults import FAULTS, Fault

FAULT_SHARE = 0.03
AGAIN = 0.12
"""Share of rows about somebody who already has one: several cases for one debtor."""
POOL = 400

GROUNDS = {
    1: (
        "有履行能力而拒不履行生效法律文书确定义务",
        "有履行能力而拒不履行生效法律文书确定义务的",
        "其他有履行能力而拒不履行生效法律文书确定义务的",
    ),
    2: ("以伪造证据、暴力、威胁等方法妨碍、抗拒执行的", "其他妨碍、抗拒执行"),
    3: ("以虚假诉讼、虚假仲裁或者以隐匿、转移财产等方法规避执行的", "其他规避执行", "其它规避执行"),
    4: ("违反财产报告制度", "违反财产报告制度的"),
    5: ("违反限制消费令", "违反限制高消费令的"),
    6: ("无正当理由拒不履行执行和解协议的", "被执行人无正当理由拒不履行执行和解协议"),
}
DUTIES = (
    "偿还借款本金{n}元及利息", "支付货款{n}元", "支付工程款{n}元及逾期利息", "赔偿损失{n}元", "支付劳动报酬{n}元",
)  # fmt: skip
COLUMNS = (
    "subject_name", "subject_type", "sex", "age", "id_number", "legal_rep", "legal_rep_id", "court_name", "case_code", "gist_id",
    "gist_unit", "duty", "performance", "performed_part", "unperformed_part", "disrupt_types", "reg_date", "end_date",
    "decision_number", "decided_on", "decision_signed_by", "served_on", "service_mode", "national_entry", "national_entered_on",
    "applicants", "order_number", "order_issued_on",
)  # fmt: skip


@dataclass(slots=True)
class Debtor:
    """Somebody on the list."""

    is_person: bool
    name: str
    number: str
    officer: str = ""
    officer_number: str = ""


@dataclass(slots=True)
class Made:
    """A row, what it should become (``record``, or the codes of its faults), and its facts."""

    row: int
    cells: dict[str, str]
    codes: tuple[str, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)


def generate(rows: int, seed: int, as_of: date) -> Iterator[Made]:
    """``rows`` rows; days lie before ``as_of``, a Beijing day."""
    maker = _Maker(Random(seed), as_of)  # noqa: S311 - a demonstration must repeat, and hides nothing
    for number in range(2, rows + 2):
        yield maker.row(number)


class _Maker:
    """Makes rows one after another."""

    def __init__(self, random: Random, as_of: date) -> None:
        self.random, self.as_of = random, as_of
        every = [
            court for court in courts().all() if court.status == "current" and court.level in {"basic", "intermediate"}
        ]
        self._courts = [court for court in every if courts().resolve(court.name) is court]
        self._weights = [3 if court.level == "basic" else 1 for court in self._courts]
        self._pool: deque[Debtor] = deque(maxlen=POOL)
        self._serial = 0
        self._last: dict[str, str] | None = None

    def row(self, number: int) -> Made:
        """One row, faulty now and then."""
        self._serial += 1
        court = self.random.choices(self._courts, self._weights)[0]
        made = Made(number, self._cells(court, self._debtor()))
        if self.random.random() < FAULT_SHARE:
            self._spoil(made, self.random.choice(FAULTS))
        if not made.codes:
            self._last = dict(made.cells)
        return made

    def _spoil(self, made: Made, fault: Fault) -> None:
        if fault.code == "row-duplicate":
            if self._last is None:
                return
            made.cells = dict(self._last)
        elif not fault.fits(made.cells):
            return
        else:
            fault.spoil(made.cells, self.random, self.as_of)
        made.codes = (fault.code,)

    def _debtor(self) -> Debtor:
        random = self.random
        if self._pool and random.random() < AGAIN:
            return random.choice(self._pool)
        adults = {"born_from": date(1945, 1, 1), "born_to": date(2002, 1, 1)}
        if random.random() < 0.7:
            made = Debtor(True, people.person_name(random), people.resident_number(random, **adults))
        else:
            made = Debtor(False, people.unit_name(random), people.unit_code(random), people.person_name(random),
                          people.resident_number(random, **adults) if random.random() < 0.6 else "")  # fmt: skip
        self._pool.append(made)
        return made

    def _cells(self, court: Court, debtor: Debtor) -> dict[str, str]:
        random = self.random
        items = [1] if random.random() < 0.7 else sorted(random.sample(range(2, 7), random.choice((1, 1, 2))))
        termed = items != [1]
        decided = self.as_of - timedelta(days=random.randrange(20, 700 if termed else 1500))
        filed = decided - timedelta(days=random.randrange(30, 400))
        entered = min(self.as_of, decided + timedelta(days=random.randrange(1, 6)))
        months = random.choice((24, 24, 24, 36, 48, 60))
        year = filed.year
        case = f"{year}豫{court.code[1:]}执{'恢' if random.random() < 0.06 else ''}"
        partial = random.random() < 0.25
        amount = random.randrange(5, 900) * 1000
        cells = {
            "subject_name": self._spaced(debtor.name),
            "subject_type": random.choice(("自然人", "个人") if debtor.is_person else ("法人或其他组织", "企业")),
            "sex": (random.choice(("男", "男性")) if int(debtor.number[16]) % 2 else "女") if debtor.is_person else "",
            "age": str(decided.year - int(debtor.number[6:10])) if debtor.is_person else random.choice(("0", "")),
            "id_number": self._written(debtor.number),
            "legal_rep": debtor.officer,
            "legal_rep_id": debtor.officer_number,
            "court_name": random.choice((court.name, court.name, court.name.removeprefix("河南省"))),
            "case_code": self._case(year, court.code, "恢" in case),
            "gist_id": f"（{year - 1}）豫{court.code[1:]}民初{random.randrange(1, 9000)}号",
            "gist_unit": court.name if random.random() < 0.8 else "郑州仲裁委员会",
            "duty": random.choice(DUTIES).format(n=amount),
            "performance": random.choice(("部分未履行", "部分履行"))
            if partial
            else random.choice(("全部未履行", "全部未履行", "未履行")),
            "performed_part": f"{amount // 4}元" if partial else random.choice(("", "暂无", "无")),
            "unperformed_part": f"{amount - amount // 4}元" if partial else random.choice(("", "暂无")),
            "disrupt_types": random.choice((",", "，", ";")).join(random.choice(GROUNDS[item]) for item in items),
            "reg_date": self._day(filed),
            "end_date": self._day(add_months(decided, months))
            if termed
            else random.choice(("", "", "无", "1900-01-01")),
            "decision_number": f"（{decided.year}）豫{court.code[1:]}执{self._serial}号之{random.choice('一二三')}",
            "decided_on": self._day(decided),
            "decision_signed_by": people.person_name(random),
            "served_on": self._day(decided + timedelta(days=1)),
            "service_mode": random.choice(("直接送达", "邮寄送达", "电子送达", "公告送达")),
            "national_entry": f"QG{decided.year}{self._serial:08d}",
            "national_entered_on": self._day(entered),
            "applicants": people.person_name(random) + random.choice(("", "、" + people.unit_name(random))),
        }
        ordered = random.random() < 0.85
        cells["order_number"] = f"（{decided.year}）豫{court.code[1:]}执{self._serial}号限消" if ordered else ""
        cells["order_issued_on"] = self._day(decided) if ordered else ""
        return cells

    def _spaced(self, name: str) -> str:
        return random_space(self.random, name)

    def _written(self, number: str) -> str:
        chance = self.random.random()
        if chance < 0.02:
            return number.lower()
        if chance < 0.03:
            return f" {number} "
        return "'" + number if chance < 0.04 else number

    def _case(self, year: int, code: str, resumed: bool) -> str:
        left, right = self.random.choice((("（", "）"), ("(", ")"), ("〔", "〕"), ("[", "]"), ("（", "）")))
        zeros = "0" * self.random.choice((0, 0, 0, 2))
        return f"{left}{year}{right}{code}执{'恢' if resumed else ''}{zeros}{self._serial}号"

    def _day(self, day: date) -> str:
        style = self.random.randrange(6)
        return (
            day.isoformat(), day.strftime("%Y%m%d"), f"{day.year}年{day.month}月{day.day}日", f"{day.isoformat()} 00:00:00",
            day.strftime("%Y/%m/%d"), day.isoformat(),
        )[style]  # fmt: skip


def random_space(random: Random, name: str) -> str:
    """A stray space behind a name, now and then."""
    return name + " " if random.random() < 0.02 else name
