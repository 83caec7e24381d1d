"""What the policy says about one way off the list: open, not open, or a person decides; always with its clause.

Pure: no database, network or clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from creditsvc.kernel.text import Bilingual


class Way(StrEnum):
    """The three outcomes."""

    OPEN = "open"
    """The recorded facts fulfil it: the court must act."""
    NOT_OPEN = "not_open"
    """The law or a recorded fact excludes it now."""
    PERSON_DECIDES = "person_decides"
    """It may be asked for; whether it is so, or whether to grant it, a person finds."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One way, judged on the facts of one listing."""

    ground: str
    way: Way
    reason: Bilingual
    clause: Bilingual
    opens_on: date | None = None
    """The Beijing day from which it will be open, where a date alone decides."""
    lacking: Bilingual | None = None
    """The fact or paper that would settle it."""
    asks: str = ""
    """Code of the question (``questions.QUESTIONS``) whose answer would make this clearer."""
    blocked_by: str = ""
    """The case that stands in the way, where one does."""

    @property
    def may_apply(self) -> bool:
        """Whether an application on this ground makes sense now."""
        return self.way is not Way.NOT_OPEN


LISTING_RULES = Bilingual("《关于公布失信被执行人名单信息的若干规定》", "Listing Rules")


def listing_rules(zh: str, en: str) -> Bilingual:
    """A clause of 法释〔2017〕7号, for example ``listing_rules("第十条第二款", "art. 10 para. 2")``."""
    return Bilingual(f"法释〔2017〕7号{zh}", f"法释〔2017〕7号 {en}")


def consumption_rules(zh: str, en: str) -> Bilingual:
    """A clause of 法释〔2015〕17号, the rules on consumption orders."""
    return Bilingual(f"法释〔2015〕17号{zh}", f"法释〔2015〕17号 {en}")


def opinion(number: str, item: str) -> Bilingual:
    """A number of 法发〔2019〕35号, with its item, for example ``opinion("17", "第3项")``."""
    figure = item.removeprefix("第").removesuffix("项")
    return Bilingual(
        f"法发〔2019〕35号第{number}条{item}", f"法发〔2019〕35号 no. {number}{f'({figure})' if figure else ''}"
    )


def henan(zh: str, en: str) -> Bilingual:
    """An article of the provincial regulation on social credit."""
    return Bilingual(f"河南省社会信用条例{zh}", f"Henan Social Credit Regulation {en}")


def liability_clause() -> Bilingual:
    """The liability clause of a credit promise by the national form."""
    return Bilingual("信用承诺书“违诺责任”", "the promise's own liability clause")
