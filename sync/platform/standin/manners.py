"""How the stand-in misbehaves: each habit with a share between 0 and 1, drawn from one seeded source."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from random import Random

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual


@dataclass(slots=True)
class Manners:
    """Shares of rows or rounds. All zero: a platform as it should be."""

    refuse: float = 0.0
    """Rows refused for no good reason."""
    delay: float = 0.0
    """Rounds in which it does nothing at all."""
    lose_rows: float = 0.0
    """Batches that it takes away and forgets."""
    lose_receipts: float = 0.0
    """Receipts that it never writes."""
    duplicate: float = 0.0
    """Receipts that it writes twice."""
    keep_nothing: float = 0.0
    """Batches that it confirms without keeping a row."""
    stray: float = 0.0
    """Rounds in which it writes a receipt for a row that nobody sent."""
    half_file: float = 0.0
    """Answer files of which only the first half is there."""
    seconds_ahead: int = 0
    """How far its clock is ahead."""
    seed: int = 1
    chance: Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.chance = Random(self.seed)  # noqa: S311 - repeatable misbehaviour, no secret

    def draws(self, habit: str) -> bool:
        """Whether it does so this time."""
        share: float = getattr(self, habit)
        return share > 0 and self.chance.random() < share


def manners_from(words: list[str], seed: int) -> Manners:
    """``refuse=0.1`` and so on; raises ``InvalidInput`` for a habit that is not known."""
    known = {each.name for each in fields(Manners)} - {"seed", "chance"}
    values: dict[str, float] = {}
    for word in words:
        name, _, value = word.replace("-", "_").partition("=")
        try:
            values[name] = float(value or "0.1")
        except ValueError:
            values[name] = -1
        if name not in known or values[name] < 0:
            raise InvalidInput(
                Bilingual(f"不认识的行为 {word}；可用：{'、'.join(sorted(known))}",
                          f"no habit {word}; there are: {', '.join(sorted(known))}"),
                code="habit-unknown",
            )  # fmt: skip
    ahead = int(values.pop("seconds_ahead", 0))
    return Manners(seed=seed, seconds_ahead=ahead, **values)
