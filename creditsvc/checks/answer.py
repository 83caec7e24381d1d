"""The answer to a check: facts from the register, verdicts from the law, and the ledger before anything leaves.

An unknown number and a wrong name are the same answer. Doubt is a person's to decide; a failure is "unknown, try
again". Neither is ever a restriction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlalchemy.exc import SQLAlchemyError

from creditsvc.access.callers import Caller
from creditsvc.checks.data_age import DataAge, age_of, unanswered
from creditsvc.checks.entered import Asked, enter_checks
from creditsvc.checks.owing import refuse_owing
from creditsvc.checks.questions import Question
from creditsvc.kernel.errors import InvalidInput, TooMany
from creditsvc.kernel.text import Bilingual
from creditsvc.ports import Owing
from creditsvc.register.one_subject import Held, held_about_each
from creditsvc.register.readings import Match, facts_about
from creditsvc.services import Services
from creditsvc.storage.cells import CellDamaged
from creditsvc.storage.direct import Driven, Writing
from punishment_rules.evaluate import Answer, BeforeCatalogue, UnknownAct, UnknownSector, evaluate
from punishment_rules.facts import Facts, as_known
from punishment_rules.load import catalogue
from punishment_rules.overlay import NONE, Overlay


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """What is said, as of which event of the register, and under which number it stands in the ledger."""

    ledger_id: int
    question: Question
    answer: Answer
    match: Match
    answered_at: datetime
    age: DataAge
    unit: str = ""
    """Whose question it is."""

    @property
    def reference(self) -> str:
        """The number that a file can quote."""
        return reference_of(self.ledger_id)


def reference_of(ledger_id: int) -> str:
    """The number of the check that stands in this row of the ledger."""
    return f"chk-{ledger_id:010d}"


def judge(held: Held, question: Question, *, overlay: Overlay = NONE) -> tuple[Match, Answer]:
    """Facts and verdicts on what is held; raises ``InvalidInput`` for an unknown sector or act."""
    match = facts_about(held, question.number, question.name, on=question.on)
    if question.known_on is not None:
        match = replace(match, facts=as_known(match.facts, question.known_on))
        overlay = overlay.as_known(question.known_on)
    answer = decide(match.facts, sector=question.sector, act=question.act, on=question.on, overlay=overlay)
    return match, answer


def decide(facts: Facts, *, sector: str, act: str, on: date, overlay: Overlay = NONE) -> Answer:
    """Verdicts on facts, for one check and for a list alike; raises ``InvalidInput`` for what nobody can ask."""
    try:
        return evaluate(facts, sector=sector, act=act, on=on, catalogue=catalogue(), overlay=overlay)
    except (UnknownSector, UnknownAct) as unknown:
        raise _unknown(unknown) from None
    except BeforeCatalogue as early:
        raise InvalidInput(
            Bilingual(f"核查日不能早于 {early.begins}", f"the day can't be before {early.begins}"),
            code="day-too-early",
            field="on",
        ) from None


def ask(
    services: Services, question: Question, *, caller: Caller, now: datetime, overlay: Overlay = NONE
) -> CheckAnswer:
    """Answer one question. The ledger row is committed before this returns, so no answer leaves without one.

    Raises ``InvalidInput`` (unknown sector or act), ``TooMany``, ``NotAllowed`` for a unit whose copy is overdue, and
    ``Unavailable`` for data that are too old or can't be read: "unknown, try again", never a restriction.
    """
    asking = _Asking(services, question, caller, now, overlay, services.vault.token(question.number.canonical))
    try:
        ledger_id = services.database.together.run_alike(_entered, asking, before=_found)
    except (SQLAlchemyError, CellDamaged) as failure:
        raise unanswered() from failure
    match, answer, age = asking.found
    return CheckAnswer(ledger_id, question, answer, match, now, age, caller.unit or caller.court_code or "")


@dataclass(slots=True)
class _Asking:
    """A question on its way to an answer."""

    services: Services
    question: Question
    caller: Caller
    now: datetime
    overlay: Overlay
    token: bytes
    found: tuple[Match, Answer, DataAge] = field(init=False)

    def find(self, held: Held, owing: Sequence[Owing]) -> None:
        """Facts and verdicts. Raises what ``ask`` does."""
        refuse_owing(owing, self.caller)
        age = age_of(held, self.services, self.now)
        self.found = (*judge(held, self.question, overlay=self.overlay), age)

    @property
    def asked(self) -> Asked:
        """As it is entered."""
        question, (match, answer, _) = self.question, self.found
        return Asked(
            self.services, self.caller, question.number, self.token, self.now,
            match.subject_id if match.name_agrees else None, question.purpose, question.matter, question.sector,
            question.act, answer.outcome.value,
        )  # fmt: skip


def _found(asking: Sequence[_Asking]) -> list[Exception | None]:
    """For all who wait for the ledger: one reading of the register, then the verdicts of each. What is wrong with one is its own."""
    services = asking[0].services
    database = services.database
    with database.direct() as driver:
        owing = services.ports.owing(Driven(driver, database.is_sqlite))
        held = held_about_each(driver, [one.token for one in asking], is_sqlite=database.is_sqlite)
    return [_wrong(one, about, owing) for one, about in zip(asking, held, strict=True)]


def _wrong(one: _Asking, held: Held, owing: Sequence[Owing]) -> Exception | None:
    try:
        one.find(held, owing)
    except Exception as wrong:  # noqa: BLE001 - whatever it is, it is this one's alone
        return wrong
    return None


def _entered(session: Writing, asking: Sequence[_Asking]) -> list[int | TooMany]:
    return enter_checks(session, [one.asked for one in asking])


def _unknown(error: UnknownSector | UnknownAct) -> InvalidInput:
    field = "sector" if isinstance(error, UnknownSector) else "act"
    known = list(error.known)
    word = "行业" if field == "sector" else "事项"
    return InvalidInput(
        Bilingual(f"没有这个{word}；可用：{'、'.join(known)}", f"no such {field}; there are: {', '.join(known)}"),
        code=f"{field}-unknown",
        field=field,
        known=known,
    )
