"""The answer to a check: facts from the register, verdicts from the law, and the ledger before anything leaves.

An unknown number and a wrong name are the same answer. Doubt is a person's to decide; a failure is "unknown, try
again". Neither is ever a restriction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy.exc import SQLAlchemyError

from creditsvc.access.callers import Caller
from creditsvc.checks.data_age import DataAge, age_of, unanswered
from creditsvc.checks.entered import Asked, enter_checks
from creditsvc.checks.questions import Question
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.register.one_subject import Held, held_about
from creditsvc.register.readings import Match, facts_about
from creditsvc.services import Services
from creditsvc.storage.cells import CellDamaged
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

    Raises ``InvalidInput`` (unknown sector or act), ``TooMany``, and ``Unavailable`` for data that are too old or can't
    be read: "unknown, try again", never a restriction.
    """
    try:
        token = services.vault.token(question.number.canonical)
        with services.database.direct() as driver:
            held = held_about(driver, token, is_sqlite=services.database.is_sqlite)
        age = age_of(held, services, now)
        match, answer = judge(held, question, overlay=overlay)
        asked = Asked(
            services, caller, question.number, token, now, match.subject_id if match.name_agrees else None, question.purpose,
            question.matter, question.sector, question.act, answer.outcome.value,
        )  # fmt: skip
        ledger_id = services.database.together.run_alike(enter_checks, asked)
    except (SQLAlchemyError, CellDamaged) as failure:
        raise unanswered() from failure
    return CheckAnswer(ledger_id, question, answer, match, now, age, caller.unit or caller.court_code or "")


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
