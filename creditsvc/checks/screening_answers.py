"""Many people answered at once, as each would be alone: the same facts, the same law, the same words.

Tokens are joined with the register in SQL; verdicts are worked out only for those who are found there. Everybody else has
the answer of somebody without an entry, which is worked out once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from creditsvc.checks.answer import decide
from creditsvc.checks.said import title_of
from creditsvc.checks.screening_output import EMPTY, Both, Line, Said
from creditsvc.checks.screening_people import Person
from creditsvc.kernel.text import Bilingual
from creditsvc.register.readings import Asked, Match, matches_about
from creditsvc.storage.subjects import subjects_by_token
from creditsvc.storage.vault import Vault
from punishment_rules.evaluate import Answer
from punishment_rules.facts import NO_FACTS
from punishment_rules.law import Outcome, Text, Verdict
from punishment_rules.overlay import NONE, Overlay

NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked about everybody in a list."""

    sector: str
    act: str
    on: date
    overlay: Overlay = NONE


class Answered(msgspec.Struct, frozen=True, gc=False):
    """One person's answer: under which token it is looked up, whose it is if the name agrees, what it says."""

    token: bytes
    match: Match
    answer: Answer
    outcome: str


class Answers:
    """Answers people for one list; holds what stays the same."""

    def __init__(self, vault: Vault, terms: Terms) -> None:
        self._vault, self._terms = vault, terms
        self.nobody = decide(NO_FACTS, sector=terms.sector, act=terms.act, on=terms.on, overlay=terms.overlay)
        self._unknown = Match(None, name_agrees=False)
        self._nobodys = self.nobody.outcome.value
        self._clear = _told(self.nobody, {})

    def to(self, session: Session, people: Sequence[Person]) -> list[Answered | None]:
        """An answer each, in order; none for a row without a number."""
        tokens = [None if one.number is None else self._vault.token(one.number.canonical) for one in people]
        subjects = subjects_by_token(session, [token for token in tokens if token is not None])
        asked = [
            (place, Asked(subjects[token], one.number, one.name))
            for place, (one, token) in enumerate(zip(people, tokens, strict=True))
            if token in subjects and token is not None and one.number is not None
        ]
        matches = matches_about(session, [one for _, one in asked], on=self._terms.on)
        found = {place: match for (place, _), match in zip(asked, matches, strict=True)}
        return [
            None if token is None else self._answered(token, found.get(place)) for place, token in enumerate(tokens)
        ]

    def _answered(self, token: bytes, match: Match | None) -> Answered:
        if match is None or not match.name_agrees:
            return Answered(token, match or self._unknown, self.nobody, self._nobodys)
        terms = self._terms
        answer = decide(match.facts, sector=terms.sector, act=terms.act, on=terms.on, overlay=terms.overlay)
        return Answered(token, match, answer, answer.outcome.value)

    def _look(self, person: Person, answered: Answered | None) -> tuple[Bilingual, ...]:
        """What a person should compare; and why entries of somebody else are left out."""
        cleared = answered.match.cleared if answered is not None else ()
        return (
            *person.look,
            *(
                Bilingual(f"持有非名单本人证明 {number}", f"cleared as not the listed person: {number}")
                for number in cleared
            ),
        )

    def line(self, person: Person, answered: Answered | None) -> Line:
        """The row as it stands in the results."""
        look = _joined(self._look(person, answered)) if person.look or (answered and answered.match.cleared) else EMPTY
        if answered is None:
            text = person.problem.text if person.problem else None
            problem = Both(text.zh, text.en) if text else EMPTY
            return Line(person.row, person.cells, _NOBODY, look, problem)
        said = self._clear if answered.answer is self.nobody else _told(answered.answer, answered.match.entries)
        return Line(person.row, person.cells, said, look)


_NOBODY = Said(NOT_ASKED)


def _told(answer: Answer, entries: dict[str, dict[str, Any]]) -> Said:
    """What binds or is doubtful; if nothing is, why not, in a word: a list is mostly of people who are clear."""
    heavy = [verdict for verdict in answer.verdicts if verdict.outcome is not Outcome.CLEAR]
    shown = heavy or list(answer.verdicts[:1])
    sources = list(dict.fromkeys(source for verdict in shown for source in verdict.sources))
    return Said(
        answer.outcome.value,
        _each(shown, lambda verdict: [title_of(verdict)]),
        _each(shown, lambda verdict: [reason.citation.text for reason in verdict.reasons]),
        _pair([_source(entries.get(entry, {}), entry) for entry in sources]),
        _each(heavy, lambda verdict: [verdict.ends]),
        answer.changes_on,
        _each(heavy, lambda verdict: [verdict.next_step]),
    )


def _each(verdicts: Iterable[Verdict], of: Callable[[Verdict], Iterable[Text]]) -> Both:
    return _pair((text.zh, text.en) for verdict in verdicts for text in of(verdict))


def _pair(texts: Iterable[tuple[str, str]]) -> Both:
    """Texts in order, each once."""
    kept = list(dict.fromkeys(texts))
    return Both("；".join(zh for zh, _ in kept), "; ".join(en for _, en in kept))


def _joined(texts: Sequence[Bilingual]) -> Both:
    return _pair((text.zh, text.en) for text in texts)


def _source(entry: dict[str, Any], name: str) -> tuple[str, str]:
    said = " ".join(part for part in (entry.get("court"), entry.get("case_number"), name) if part)
    return said, said
