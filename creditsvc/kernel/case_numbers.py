"""Enforcement case numbers: the grammar of 法〔2015〕137号 since 2016, and older ones that are kept as they are.

Pure. Numbers before 2016 are not unique without the court's name, and parsing them by the new grammar would read
（2010）宁执字第00099号 as a number of Ningxia: so the year and the type word are part of the grammar.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from unicodedata import normalize

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual

_PROVINCES = "京津冀晋内辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新军兵"
_KINDS = "执恢|执保|执异|执复|执监|执协|执他|执|财保|行保复|行保|证保|司惩复|司惩|行审|破申|破|民初|民终|民再|刑初|刑终|行初|行终"
_NEW = re.compile(
    rf"\(?(20(?:1[6-9]|[2-9][0-9]))\)?(最高法|[{_PROVINCES}](?:[0-9]{{2}}(?:[0-9]{{2}})?)?)(知)?({_KINDS})"
    r"0*([0-9]{1,8})号(之[一二三四五六七八九十]+)?"
)
_OLD = re.compile(r"\(?((?:19|20)[0-9]{2})\)?([\u4e00-\u9fff]{1,12}?)(?:字)?(?:第)?0*([0-9]{1,8})(?:-[0-9]+)?号")
_BRACKETS = str.maketrans("〔〕【】[]", "()()()")
_INVISIBLE = re.compile("[\\s\u200b\u200c\u200d\ufeff]")
ENFORCEMENT = frozenset({"执", "执恢"})
"""Kinds that a listing belongs to as a rule; others are worth a warning."""


@dataclass(frozen=True, slots=True)
class CaseNumber:
    """A case number. ``court_code`` is empty for numbers before 2016, which need the court's name beside them."""

    raw: str
    year: int
    court_code: str
    kind: str
    number: int
    suffix: str = ""
    old_body: str = ""

    @property
    def is_old(self) -> bool:
        """Whether it is of the time before 2016."""
        return not self.court_code

    @property
    def text(self) -> str:
        """As the courts print it: （2026）豫0105执1234号."""
        if self.is_old:
            return f"（{self.year}）{self.old_body}第{self.number}号"
        return f"（{self.year}）{self.court_code}{self.kind}{self.number}号{self.suffix}"

    @property
    def key(self) -> str:
        """For comparing: the same case in whatever brackets, zeros and rulings it was written."""
        return f"{self.year}:{self.court_code or self.old_body}:{self.kind}:{self.number}"


def parse_case_number(raw: str) -> CaseNumber:
    """The number; raises ``InvalidInput`` with code ``case-number-shape``."""
    text = _INVISIBLE.sub("", normalize("NFKC", raw[:200]).translate(_BRACKETS))
    if match := _NEW.fullmatch(text):
        year, court, special, kind, number, suffix = match.groups()
        return CaseNumber(raw, int(year), court, (special or "") + kind, int(number), suffix or "")
    if match := _OLD.fullmatch(text):
        year, body, number = match.groups()
        if int(year) < 2016:
            return CaseNumber(raw, int(year), "", "", int(number), old_body=body + "字")
    raise InvalidInput(
        Bilingual(
            "执行案号写法不对，应如（2026）豫0105执1234号",
            "not a case number; it should read like （2026）豫0105执1234号",
        ),
        code="case-number-shape",
        field="case_number",
    )
