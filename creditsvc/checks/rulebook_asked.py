"""What somebody asks of the rulebook, read from words: unknown words and days are named, with what there is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import TypeVar

from creditsvc.checks.rulebook import Search
from creditsvc.kernel.errors import InvalidInput, NotFound
from creditsvc.kernel.text import Bilingual
from punishment_rules.catalogue_types import Applied, Catalogue, Measure
from punishment_rules.law import DebtorKind

E = TypeVar("E", bound=StrEnum)
LONGEST = 100
SAID = 8
"""So many known words stand in the sentence; the details have all."""
FIELDS = ("sector", "act", "kind", "applied", "document", "clause", "agency", "words", "on")


def search_of(form: Mapping[str, str], rules: Catalogue, today: date) -> Search:
    """The search that these words mean; raises ``InvalidInput`` naming the field."""
    given = {name: form.get(name, "").strip() for name in FIELDS}
    for name, value in given.items():
        if len(value) > LONGEST:
            raise InvalidInput(
                Bilingual(f"至多 {LONGEST} 个字", f"at most {LONGEST} characters"), code="too-long", field=name
            )
    _known("sector", given["sector"], tuple(rules.sectors))
    _known("document", given["document"], tuple(rules.documents))
    acts = rules.acts(given["sector"]) if given["sector"] else tuple(a for s in rules.sectors.values() for a in s.acts)
    _known("act", given["act"], tuple(dict.fromkeys(act.id for act in acts)))
    return Search(
        on=day_of(given["on"], "on", rules) or today,
        sector=given["sector"],
        act=given["act"],
        kind=_word("kind", given["kind"], DebtorKind),
        applied=_word("applied", given["applied"], Applied),
        document=given["document"],
        clause=given["clause"],
        agency=given["agency"],
        words=given["words"],
    )


def day_of(text: str, field: str, rules: Catalogue) -> date | None:
    """A legal day that the catalogue speaks for, or None where none is given."""
    return needed_day(text, field, rules) if text else None


def needed_day(text: str, field: str, rules: Catalogue) -> date:
    """A legal day that the catalogue speaks for; raises ``InvalidInput`` naming the field."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            Bilingual("日期应写作 YYYY-MM-DD", "write the day as YYYY-MM-DD"), code="day-shape", field=field
        ) from None
    if day < rules.begins:
        raise InvalidInput(
            Bilingual(f"清单从 {rules.begins} 开始", f"the catalogue begins on {rules.begins}"),
            code="day-too-early",
            field=field,
        )
    return day


def measure_of(measure_id: str, rules: Catalogue) -> Measure:
    """The measure, or ``NotFound``."""
    found = rules.measures.get(measure_id)
    if found is None:
        raise NotFound(Bilingual("清单中没有这项措施", "no such measure in the catalogue"), code="measure-unknown")
    return found


def _word(field: str, text: str, kind: type[E]) -> E | None:
    _known(field, text, tuple(kind))
    return kind(text) if text else None


def _known(field: str, text: str, known: tuple[str, ...]) -> None:
    if text and text not in known:
        some, more = known[:SAID], len(known) > SAID
        raise InvalidInput(
            Bilingual(
                f"没有“{text}”；可用：{'、'.join(some)}{'等' if more else ''}",
                f"no {field} {text!r}; there are: {', '.join(some)}{' and more' if more else ''}",
            ),
            code=f"{field}-unknown",
            field=field,
            known=list(known),
        )
