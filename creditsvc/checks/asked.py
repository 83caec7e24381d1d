"""What the agency's forms have in common: sectors and acts to choose from, and a day as it is typed."""

from __future__ import annotations

from datetime import date

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from punishment_rules.load import catalogue


def sectors() -> dict[str, Bilingual]:
    """Every sector by its id."""
    return {sector.id: Bilingual(sector.label.zh, sector.label.en) for sector in catalogue().sectors.values()}


def acts_of(sector: str) -> dict[str, Bilingual]:
    """The acts of a sector that is known, by their ids."""
    return {act.id: Bilingual(act.label.zh, act.label.en) for act in catalogue().acts(sector)}


def day_of(text: str, *, field: str = "on") -> date | None:
    """The day; none for an empty field. Raises ``InvalidInput``."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            Bilingual("日期应写作 YYYY-MM-DD", "write the day as YYYY-MM-DD"), code="day-shape", field=field
        ) from None
