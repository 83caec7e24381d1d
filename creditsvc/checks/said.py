"""An answer as machines and pages read it: one shape for the API, the command line and the agency's page."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from creditsvc.checks.answer import CheckAnswer
from creditsvc.checks.data_age import GOOD_FOR
from punishment_rules.evaluate import Answer
from punishment_rules.law import Reason, Text, TraceLine, Verdict
from punishment_rules.load import catalogue


def said(check: CheckAnswer) -> dict[str, Any]:
    """The whole answer. Times are UTC, days are Beijing days; the identity number is not repeated."""
    question, age = check.question, check.age
    return {
        "check": check.reference,
        "outcome": check.answer.outcome.value,
        "sector": question.sector,
        "act": question.act,
        "on": question.on.isoformat(),
        "known_on": _day(question.known_on),
        "answered_at": instant_said(check.answered_at),
        "good_until": instant_said(check.answered_at + GOOD_FOR),
        "as_of_event": age.event,
        "as_of": None if age.recorded_at is None else instant_said(age.recorded_at),
        "newest_list": None if age.batch_at is None else instant_said(age.batch_at),
        "age_seconds": age.seconds(check.answered_at),
        "catalogue": check.answer.catalogue_edition,
        "changes_on": _day(check.answer.changes_on),
        "cleared_by": list(check.match.cleared),
        "verdicts": verdicts_said(check.answer, check.match.entries),
    }


def instant_said(instant: datetime) -> str:
    """An instant in UTC, to the second."""
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def verdicts_said(answer: Answer, entries: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Each verdict with its measure, reasons, sources, end and way out. ``entries`` describes the sources."""
    return [
        {
            "measure": verdict.measure_id,
            "title": text_said(title_of(verdict)),
            "outcome": verdict.outcome.value,
            "reasons": [reason_said(reason) for reason in verdict.reasons],
            "sources": [entries.get(entry, {"entry": entry}) for entry in verdict.sources],
            "ends": text_said(verdict.ends),
            "changes_on": _day(verdict.changes_on),
            "next_step": text_said(verdict.next_step),
            "trace": [line_said(line) for line in verdict.trace],
        }
        for verdict in answer.verdicts
    ]


def text_said(text: Text) -> dict[str, str]:
    """A text in both languages."""
    return {"zh": text.zh, "en": text.en}


def line_said(line: TraceLine) -> dict[str, Any]:
    """A line of the working: which step, what it found, and the clause on which it stands."""
    clause = None if line.citation is None else text_said(line.citation.text)
    return {**text_said(line.text), "step": line.step, "held": line.held, "clause": clause}


def reason_said(reason: Reason) -> dict[str, Any]:
    """A reason with its clause."""
    return {"code": reason.code, "text": text_said(reason.text), "clause": text_said(reason.citation.text)}


def title_of(verdict: Verdict) -> Text:
    """What the measure is called; where no measure speaks, what was found."""
    measure = catalogue().measures.get(verdict.measure_id) if verdict.measure_id else None
    return measure.title if measure is not None else verdict.reasons[0].text


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
