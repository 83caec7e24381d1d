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

ENFORCEMENT = frozenset({"执", "执恢"})
"""Kinds that a listing belongs to as a rule; others are worth a warning."""

_PROVINCES = "京津冀晋内辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新军兵"
_KINDS = (
    "执恢|执保|执异|执复|执监|执协|执他|执|财保|行保复|行保|证保|司惩复|司惩|行审|破申|破"
    "|民初|民终|民再|民申|民特|刑初|刑终|行初|行终"  # of judgments, which enforcement rests on
)
_SUFFIX = "(之[一二三四五六七八九十]+)?"
_NEW = re.compile(
    rf"\(?(20(?:1[6-9]|[2-9][0-9]))\)?(最高法|[{_PROVINCES}](?:[0-9]{{2}}(?:[0-9]{{2}})?)?)(知)?({_KINDS})"
    rf"字?第?0*([1-9][0-9]{{0,7}})号{_SUFFIX}"
)
_OLD = re.compile(
    rf"\(?((?:19[4-9][0-9]|200[0-9]|201[0-5]))\)?([\u4e00-\u9fff]{{1,12}}?)字?第?0*([1-9][0-9]{{0,7}})(-[0-9]{{1,3}})?号{_SUFFIX}"
)
_BRACKETS = str.maketrans("〔〕【】[]{}", "()()()()")
_INVISIBLE = re.compile("[\\s\u200b-\u200d\u2060\ufeff]")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class CaseNumber:
    """A case number by the grammar of 2016."""

    raw: str
    year: int
    court_code: str
    kind: str
    number: int
    suffix: str = ""

    @property
    def is_old(self) -> bool:
        """Whether it is of the time before 2016: never."""
        return False

    @property
    def text(self) -> str:
        """As the courts print it: （2026）豫0105执1234号."""
        return f"（{self.year}）{self.court_code}{self.kind}{self.number}号{self.suffix}"

    @property
    def key(self) -> str:
        """For comparing: the same case in whatever brackets, zeros and rulings it was written."""
        return f"{self.year}:{self.court_code}:{self.kind}:{self.number}"

    @property
    def is_enforcement(self) -> bool:
        """Whether its kind is one that a listing belongs to as a rule."""
        return self.kind in ENFORCEMENT


@dataclass(frozen=True, slots=True)
class OldCaseNumber:
    """A number before 2016. Kept as it was written; it means one case only together with the court's name.

    ``court_code`` is empty and ``kind`` unknown, so that both sorts of number can be asked the same.
    """

    raw: str
    normalised: str
    year: int
    body: str
    number: int
    court_code: str = ""
    kind: str = ""

    @property
    def is_old(self) -> bool:
        """Whether it is of the time before 2016: always."""
        return True

    @property
    def text(self) -> str:
        """In one kind of bracket and without leading zeros: （2014）金执字第163号."""
        return self.normalised

    @property
    def key(self) -> str:
        """For comparing within one court: rulings and zeros left out. Not unique among courts."""
        return f"{self.year}:{self.body}:{self.number}"

    @property
    def is_enforcement(self) -> bool:
        """Whether 执 is in its type word."""
        return "执" in self.body


def parse_case_number(raw: str) -> CaseNumber | OldCaseNumber:
    """The number; raises ``InvalidInput`` with code ``case-number-shape``.

    Brackets of every kind or none, spaces, full-width figures, leading zeros, 字第 and a ruling's 之一 are taken.
    """
    text = _INVISIBLE.sub("", normalize("NFKC", raw).translate(_BRACKETS)) if len(raw) <= _LONGEST else ""
    if match := _NEW.fullmatch(text):
        year, court, special, kind, number, suffix = match.groups()
        return CaseNumber(raw, int(year), court, (special or "") + kind, int(number), suffix or "")
    if match := _OLD.fullmatch(text):
        year, body, number, ruling, suffix = match.groups()
        normalised = f"（{year}）{body}字第{number}{ruling or ''}号{suffix or ''}"
        return OldCaseNumber(raw, normalised, int(year), body, int(number))
    raise InvalidInput(
        Bilingual(
            "案号写法不对，应如（2026）豫0105执1234号；请对照裁判文书改正",
            "not a case number; it should read like （2026）豫0105执1234号: correct it by the document",
        ),
        code="case-number-shape",
        field="case_number",
    )
