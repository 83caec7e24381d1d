"""One row against one subject on one day: the steps of the working, each leaving a line that a lawyer can follow."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from punishment_rules import wording
from punishment_rules.bind import Hit, hits, names_target, noted, own_debt_possible
from punishment_rules.catalogue_types import Amount, Applied, Catalogue, Effect, Measure, Trigger, Version
from punishment_rules.ceiling import Ceiling, ceiling, strongest
from punishment_rules.facts import CourtPaper, Facts, MarkFact, Note, ReliefFact, RoleFact, Trait, noted_entries
from punishment_rules.law import Citation, Level, Outcome, Reason, Text, TraceLine, Verdict
from punishment_rules.overlay import Overlay
from punishment_rules.reliefs import approving, last_day, suspending

_NEXT = timedelta(days=1)
_UNTOLD = Reason("quiet", Text("仅求结论", "the outcome only"), Citation("—", "", Level.PRACTICE))
_QUIET = {
    outcome: Verdict(outcome, None, (_UNTOLD,), (), None, wording.NOTHING_ENDS, wording.NOTHING_TO_DO, ())
    for outcome in Outcome
}
"""The verdicts of a working that nobody reads: the outcome and nothing else."""


class Question(NamedTuple):
    """What is asked of a row: about whom, for which act, on which day, by which law."""

    facts: Facts
    act: str
    on: date
    catalogue: Catalogue
    overlay: Overlay
    turns: tuple[date, ...] = ()
    """``fact_days`` of the facts, where they have been worked out already for other rows."""


@dataclass(slots=True)
class _Working:
    """Lines and reasons gathered while a row is judged; a quiet working asks for the outcome only."""

    measure: Measure
    question: Question
    quiet: bool = False
    trace: list[TraceLine] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)

    def note(self, step: str, text: Text, *, held: bool | None = None, citation: Citation | None = None) -> None:
        self.trace.append(TraceLine(step, text, held, citation))

    def because(self, code: str, text: Text, citation: Citation, *, held: bool | None = None) -> None:
        self.reasons.append(Reason(code, text, citation))
        if not self.quiet:
            self.trace.append(TraceLine(code, text, held, citation))

    def lead(self, code: str, text: Text, citation: Citation) -> None:
        """The reason that a reader sees first, known only once the others are."""
        self.reasons.insert(0, Reason(code, text, citation))
        self.note(code, text, held=True, citation=citation)

    def clear(self, code: str, text: Text, citation: Citation, sources: tuple[str, ...] = ()) -> Verdict:
        if self.quiet:
            return _QUIET[Outcome.CLEAR]
        self.because(code, text, citation, held=False)
        return self._verdict(Outcome.CLEAR, sources, wording.NOTHING_ENDS, wording.NOTHING_TO_DO)

    def bound(self, outcome: Outcome, found: tuple[Hit, ...]) -> Verdict:
        if self.quiet:
            return _QUIET[outcome]
        sources = tuple(dict.fromkeys(hit.entry for hit in found))
        step = wording.next_step(found, temporary=self.measure.temporary_lift)
        if outcome is Outcome.NEEDS_OFFICER:
            step = wording.PERSON_LOOKS + step
        return self._verdict(outcome, sources, wording.ends(found), step)

    def _verdict(self, outcome: Outcome, sources: tuple[str, ...], ends: Text, step: Text) -> Verdict:
        self.note("outcome", outcome.label)
        return Verdict(outcome, self.measure.id, tuple(self.reasons), sources, None, ends, step, tuple(self.trace))


def judge(measure: Measure, question: Question) -> Verdict:
    """The verdict of one row, with the first later day on which its outcome changes by date alone."""
    verdict = _judge_on(_Working(measure, question))
    for day in _turning_days(measure, question):
        then = question._replace(on=day)
        if _judge_on(_Working(measure, then, quiet=True)).outcome is not verdict.outcome:
            return _changing(verdict, day)
    return verdict


def _changing(verdict: Verdict, day: date) -> Verdict:
    return Verdict(
        verdict.outcome, verdict.measure_id, verdict.reasons, verdict.sources, day, verdict.ends, verdict.next_step,
        verdict.trace,
    )  # fmt: skip


def judged_on_the_day(measure: Measure, question: Question) -> Verdict:
    """The verdict of one row for its day alone, without looking for the day on which it changes."""
    return _judge_on(_Working(measure, question))


def _judge_on(working: _Working) -> Verdict:
    measure, question = working.measure, working.question
    facts, on = question.facts, question.on
    version = measure.version_on(on)
    if version is None:
        later = min((one.start for one in measure.versions if one.start is not None and one.start > on), default=None)
        return working.clear("not_in_force", wording.not_yet(later), measure.versions[0].clauses[0])
    level = ceiling(measure, version, on, question.overlay)
    if not working.quiet:
        working.trace.append(TraceLine("version", _version_line(version, on), True, level.basis))
    if version.separate_decision:
        return _by_paper(working, version, level)
    found = hits(measure, version, facts, act=question.act, on=on)
    if not found:
        return _QUIET[Outcome.CLEAR] if working.quiet else working.clear(*_why_not(facts, version, on), level.basis)
    if not working.quiet:
        working.trace.extend(TraceLine("source", wording.source_line(hit), hit.doubt is None) for hit in found)
    if version.amount is Amount.LARGE_OWN_DEBT and not own_debt_possible(found):
        return working.clear("not_own_debt", wording.NOT_OWN_DEBT, level.basis, tuple(hit.entry for hit in found))
    return _after_reliefs(working, version, level, found)


@lru_cache(maxsize=8192)
def _version_line(version: Version, on: date) -> Text:
    return wording.version_line(version, strongest(version, on), on)


def _why_not(facts: Facts, version: Version, on: date) -> tuple[str, Text]:
    listed = any(listing.in_force(on) for listing in facts.listings)
    ordered = any(order.in_force(on) for order in facts.orders)
    if ordered and not listed and version.trigger is Trigger.LISTED:
        return "order_only", wording.ORDER_ONLY
    if not listed and not ordered and not facts.marks and not facts.roles and not facts.discipline:
        return "entries_ended", wording.ENTRIES_ENDED
    return "not_reached", wording.NOT_REACHED


def _by_paper(working: _Working, version: Version, level: Ceiling) -> Verdict:
    """A row that needs a paper of the court: none, no act; one on record, a person acts as it says."""
    question = working.question
    paper = _paper(question.facts, working.measure.id, question.on)
    if paper is None:
        return working.clear("no_paper", wording.NO_PAPER, level.basis)
    working.because("measure", working.measure.title, level.basis)
    named = Text(f"{paper.court_name}{paper.number}。", f"{paper.court_name} {paper.number}.")
    working.because("paper", wording.PAPER_ON_RECORD + named, level.basis, held=True)
    found = hits(working.measure, version, question.facts, act=question.act, on=question.on)
    return working.bound(Outcome.NEEDS_OFFICER, found)


def _paper(facts: Facts, measure_id: str, on: date) -> CourtPaper | None:
    return next((one for one in facts.papers if one.measure_id == measure_id and one.in_force(on)), None)


def _after_reliefs(working: _Working, version: Version, level: Ceiling, found: tuple[Hit, ...]) -> Verdict:
    measure, facts, on = working.measure, working.question.facts, working.question.on
    lifts = [(hit, suspending(hit, measure, version, facts, on)) for hit in found] if facts.reliefs else []
    left = tuple(hit for hit, lift in lifts if lift is None) if lifts else found
    if not left:
        return working.clear(
            "temporary_lift",
            _first_lift(lifts),
            working.question.catalogue.cite("temporary_lift", on),
            tuple(hit.entry for hit in found),
        )
    if facts.reliefs and not working.quiet:
        working.note("no_relief", wording.NO_RELIEF, held=False)
    doubts = _doubts(working, version, level, left)
    certain = level.applied is Applied.AUTOMATIC and not doubts
    if not working.quiet:
        said = measure.staff if certain else wording.may_apply(measure.title)
        working.lead("measure", version.staff or said, level.basis)
    return working.bound(Outcome.RESTRICTED if certain else Outcome.NEEDS_OFFICER, left)


def _first_lift(lifts: list[tuple[Hit, ReliefFact | None]]) -> Text:
    return next(wording.suspended(lift) for _, lift in lifts if lift is not None)


def _doubts(working: _Working, version: Version, level: Ceiling, left: tuple[Hit, ...]) -> bool:
    """Write down every reason why a person has to look; True if there is one beyond the row's own ceiling."""
    if not working.quiet:
        _note_ceiling(working, level)
        _note_disputes(working, left)
    before = len(working.reasons)
    _doubt_of_joins(working, version, level, left)
    _doubt_of_standing(working, version, level)
    return len(working.reasons) > before


def _note_ceiling(working: _Working, level: Ceiling) -> None:
    rule = working.question.catalogue.cite("ceiling", working.question.on)
    for code, text in zip(level.why, level.texts, strict=True):
        working.because(f"ceiling_{code}", text, rule, held=False)
    if not level.why:
        working.note("ceiling", wording.CEILING_MET, held=True, citation=rule)
    if level.overlay is not None:
        said = Text(
            f"法制机构意见：{level.overlay.decided_by}，{level.overlay.document}，自{level.overlay.start}。",
            f"Legal department ({level.overlay.stance}): {level.overlay.decided_by}, {level.overlay.document}, "
            f"from {level.overlay.start}.",
        )
        working.because(f"overlay_{level.overlay.stance}", said, rule)


def _note_disputes(working: _Working, left: tuple[Hit, ...]) -> None:
    """A dispute is told and changes nothing."""
    on = working.question.on
    if any(noted(hit.source, Note.DISPUTED, on) for hit in left):
        working.because("disputed", wording.DISPUTED, working.question.catalogue.cite("dispute", on))


def _doubt_of_joins(working: _Working, version: Version, level: Ceiling, left: tuple[Hit, ...]) -> None:
    measure, facts, on = working.measure, working.question.facts, working.question.on
    if not facts.reliefs:
        if all(hit.doubt is not None for hit in left):
            _note_doubts(working, level, left)
        return
    approvals = [approving(hit, measure, version, facts, on) for hit in left]
    if all(approval is not None for approval in approvals):
        first = next(approval for approval in approvals if approval is not None)
        working.because("approved", wording.approved(first), working.question.catalogue.cite("approval", on))
    certain = [hit for hit, approval in zip(left, approvals, strict=True) if hit.doubt is None and approval is None]
    if not certain:
        _note_doubts(working, level, left)


def _note_doubts(working: _Working, level: Ceiling, left: tuple[Hit, ...]) -> None:
    for doubt in dict.fromkeys(hit.doubt for hit in left if hit.doubt is not None):
        working.because(doubt, wording.DOUBTS[doubt], level.basis)


def _doubt_of_standing(working: _Working, version: Version, level: Ceiling) -> None:
    facts, on = working.question.facts, working.question.on
    if version.traits and not facts.traits & version.traits:
        working.because("standing_unknown", wording.TRAIT_UNKNOWN, level.basis)
    named_for_it = bool(version.traits) or working.measure.effect is Effect.PUBLICITY
    if Trait.PUBLIC_BODY in facts.traits and not named_for_it:
        working.because("public_body", wording.PUBLIC_BODY, level.basis)
    if names_target(version) and not any(notice.in_force(on) for notice in facts.discipline):
        working.because("not_a_target", wording.NOT_A_TARGET, level.basis)


def _turning_days(measure: Measure, question: Question) -> list[date]:
    """Later days on which something about the row or the subject begins or ends, in order."""
    overlaid, on = question.overlay.of(measure.id), question.on
    days = {day for day in law_days(measure) if day > on}
    days.update(day for day in (question.turns or fact_days(question.facts)) if day > on)
    if overlaid:
        days.update(
            day for day in _first_days([row.start for row in overlaid], [row.end for row in overlaid]) if day > on
        )
    return sorted(days)


def fact_days(facts: Facts) -> tuple[date, ...]:
    """Days on which something about the subject begins, or has ended the day before."""
    starts: list[date | None] = []
    ends: list[date | None] = []
    for listing in (*facts.listings, *facts.consortium):
        starts += (listing.listed_on, listing.ended_on)
        ends.append(listing.until)
    for order in facts.orders:
        starts += (order.issued_on, order.ended_on)
    held: tuple[MarkFact | RoleFact | CourtPaper, ...] = (*facts.marks, *facts.roles, *facts.papers)
    for fact in held:
        starts.append(fact.from_day)
        ends.append(fact.to_day)
    for relief in facts.reliefs:
        starts.append(relief.from_day)
        ends.append(last_day(relief))
    for entry in noted_entries(facts):
        starts += [note.from_day for note in entry.notes]
        ends += [note.to_day for note in entry.notes]
    for notice in facts.discipline:
        starts.append(notice.notified_on)
        ends.append(notice.to_day)
    return tuple(_first_days(starts, ends))


@lru_cache(maxsize=1024)
def law_days(measure: Measure) -> tuple[date, ...]:
    """Days on which a version or a clause of the row begins, or has ended the day before, in order."""
    spans = [(one.start, one.end) for one in measure.versions]
    spans += [(clause.start, clause.end) for version in measure.versions for clause in version.clauses]
    return tuple(sorted(_first_days([start for start, _ in spans], [end for _, end in spans])))


def _first_days(starts: list[date | None], ends: list[date | None]) -> set[date]:
    days = {day for day in starts if day is not None}
    days |= {day + _NEXT for day in ends if day is not None and day < date.max}
    return days
