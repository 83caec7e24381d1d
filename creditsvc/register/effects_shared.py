"""What the effects of decisions share: what is asked, what is made, and a refusal with its clause."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict
from creditsvc.kernel.text import Bilingual
from creditsvc.register.answers import PolicyAnswer, Way
from creditsvc.register.tables import Decision


@dataclass(frozen=True, slots=True)
class Asked:
    """A decision that is held against the law: of which kind, on what ground, with which values, on which day.

    ``final`` is the approval: what a proposal may still count on must be true by then.
    """

    kind: str
    ground: str
    changes: Mapping[str, Any]
    on: date
    final: bool

    def day(self, name: str) -> date:
        """A day among the values; raises ``KeyError`` where it is absent."""
        return date.fromisoformat(self.changes[name])


@dataclass(frozen=True, slots=True)
class Made:
    """A decision that is being carried out."""

    decision: Decision
    changes: Mapping[str, Any]
    actor: str
    now: datetime

    @property
    def today(self) -> date:
        """The Beijing day."""
        return legal_day(self.now)

    def day(self, name: str) -> date | None:
        """A day among the values, or none."""
        found = self.changes.get(name)
        return date.fromisoformat(found) if found else None


def granted(answer: PolicyAnswer) -> PolicyAnswer:
    """The answer, unless it is a refusal; raises ``Conflict`` with its reason and its clause."""
    if answer.way is Way.NOT_OPEN:
        raise Conflict(
            Bilingual(f"{answer.text.zh}（{answer.clause}）", f"{answer.text.en} ({answer.clause})"), code=answer.code
        )
    return answer


Checker = Callable[[Session, Any, Asked], PolicyAnswer | None]
"""Whether a kind of decision is possible; raises ``Conflict`` or ``InvalidInput`` where it is not."""
Changer = Callable[[Session, Any, Made], None]
"""What a kind of decision does besides moving the state. Both are handed a ``Target`` or a ``CandidateTarget``, as their
kind's ``about`` says."""
