"""The shapes of the rulebook's API, as the API document tells them; what is said is in ``rulebook_said``."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from marshmallow import fields, validate

from creditsvc.web.schemas import Schema
from punishment_rules.catalogue_types import (
    Amount,
    Applied,
    Association,
    Discretion,
    Effect,
    Grounding,
    Standing,
    Trigger,
    Verification,
)
from punishment_rules.compare import Change
from punishment_rules.incentive_types import Benefit, Merit, Scope
from punishment_rules.law import DebtorKind, Level, Names, Outcome, Role
from punishment_rules.overlay import Stance

LONGEST = 100


def short(description: str) -> fields.String:
    """A short text of a query."""
    return fields.String(load_default="", validate=validate.Length(0, LONGEST), metadata={"description": description})


def _text(*, none: bool = False) -> fields.Nested:
    return fields.Nested(TextShape, required=True, allow_none=none)


def _word(kind: type[StrEnum], *, none: bool = False) -> fields.String:
    return fields.String(required=True, allow_none=none, validate=validate.OneOf([one.value for one in kind]))


def _words(kind: type[StrEnum]) -> fields.List[Any]:
    return fields.List(_word(kind), required=True)


def _day(key: str = "", *, none: bool = False) -> fields.String:
    about = {"description": "北京日期 / legal day", "format": "date"}
    if not key:
        return fields.String(required=True, allow_none=none, metadata=about)
    return fields.String(required=True, allow_none=none, metadata=about, data_key=key, attribute=key)


class TextShape(Schema):
    """A text in both languages."""

    zh = fields.String(required=True)
    en = fields.String(required=True)


class ClauseShape(TextShape):
    """A clause with its level, its days and what it speaks of."""

    document = fields.String(required=True)
    level = _word(Level)
    level_label = fields.Nested(TextShape, required=True)
    sufficient = fields.Boolean(required=True)
    names = _words(Names)
    start = _day("from", none=True)
    end = _day("to", none=True)


class DecisionShape(Schema):
    """A decision of the legal department."""

    stance = _word(Stance)
    start = _day("from")
    end = _day("to", none=True)
    decided_by = fields.String(required=True)
    decided_on = _day(none=True)
    document = fields.String(required=True)


class RowShape(Schema):
    """A measure as it stands on a day."""

    measure = fields.String(required=True)
    sector = fields.String(required=True)
    title = _text()
    acts = fields.List(fields.String(), required=True)
    applied = _word(Applied)
    why = fields.List(fields.Nested(TextShape), required=True)
    basis = fields.Nested(ClauseShape, required=True)
    overlay = fields.Nested(DecisionShape, required=True, allow_none=True)
    effect = _word(Effect)
    kinds = _words(DebtorKind)
    roles = _words(Role)
    trigger = _word(Trigger)
    associations = _words(Association)
    reverse_roles = _words(Role)
    separate_decision = fields.Boolean(required=True)
    amount = _word(Amount, none=True)
    discretion = _word(Discretion)
    grounding = _word(Grounding)
    verification = _word(Verification)
    standing = _word(Standing)
    clauses = fields.List(fields.Nested(ClauseShape), required=True)
    staff = _text()
    person = _text()
    authority = _text()


class PeriodShape(Schema):
    """From which day to which a row stood how."""

    start = _day("from")
    end = _day("to", none=True)
    applied = _word(Applied, none=True)
    why = fields.List(fields.Nested(TextShape), required=True)
    overlay = fields.Nested(DecisionShape, required=True, allow_none=True)
    clauses = fields.List(fields.Nested(ClauseShape), required=True)


class VersionShape(Schema):
    """One dated version."""

    start = _day("from", none=True)
    end = _day("to", none=True)
    discretion = _word(Discretion)
    trigger = _word(Trigger)
    kinds = _words(DebtorKind)
    clauses = fields.List(fields.Nested(ClauseShape), required=True)


class MeasureShape(Schema):
    """One measure whole."""

    measure = fields.String(required=True)
    sector = fields.String(required=True)
    title = _text()
    on_day = fields.Nested(RowShape, required=True, allow_none=True)
    exempt = fields.List(fields.Nested(TextShape), required=True)
    temporary_lift = fields.Boolean(required=True)
    instance_of = fields.String(required=True, allow_none=True)
    list_type = fields.String(required=True)
    on_national_list = fields.String(required=True)
    item_64 = fields.String(required=True)
    memo_141 = fields.String(required=True)
    history = fields.List(fields.Nested(PeriodShape), required=True)
    versions = fields.List(fields.Nested(VersionShape), required=True)
    overlay = fields.List(fields.Nested(DecisionShape), required=True)


class LineShape(TextShape):
    """A line of the working."""

    step = fields.String(required=True)
    held = fields.Boolean(required=True, allow_none=True)
    clause = _text(none=True)


class ExampleShape(Schema):
    """A worked example, with what the law answers."""

    number = fields.String(required=True, allow_none=True)
    text = _text()
    facts = fields.List(fields.Nested(TextShape), required=True)
    sector = fields.String(required=True)
    act = fields.String(required=True)
    day = _day()
    outcome = _word(Outcome)
    holds = fields.Boolean(required=True)
    reason = _text()
    clause = _text()
    trace = fields.List(fields.Nested(LineShape), required=True)


class DifferenceShape(Schema):
    """A row that stands otherwise."""

    measure = fields.String(required=True)
    title = _text(none=True)
    change = _word(Change)
    before = _word(Applied, none=True)
    after = _word(Applied, none=True)
    clauses_before = fields.List(fields.Nested(TextShape), required=True)
    clauses_after = fields.List(fields.Nested(TextShape), required=True)


class ActShape(Schema):
    """What a check may name."""

    act = fields.String(required=True)
    label = _text()
    protected = _text(none=True)


class SectorShape(Schema):
    """A sector with its acts."""

    sector = fields.String(required=True)
    label = _text()
    named_by_decision = fields.Boolean(required=True)
    acts = fields.List(fields.Nested(ActShape), required=True)


class IncentiveShape(Schema):
    """What follows from performing."""

    incentive = fields.String(required=True)
    sector = fields.String(required=True)
    title = _text()
    scope = _word(Scope)
    example_only = fields.Boolean(required=True)
    benefit = _word(Benefit)
    merit = _word(Merit)
    kinds = _words(DebtorKind)
    roles = _words(Role)
    separate_decision = fields.Boolean(required=True)
    discretion = _word(Discretion)
    grounding = _word(Grounding)
    verification = _word(Verification)
    authority = _text()
    evidence = _text()
    person = _text()
    limits = _text(none=True)
    clauses = fields.List(fields.Nested(ClauseShape), required=True)
