"""What the catalogue is made of: documents, sectors, acts, measures with dated versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from punishment_rules.facts import Trait
from punishment_rules.law import Citation, DebtorKind, Level, Role, Text, value_on

ALL_REGULATORS = "all_regulators"


class CatalogueError(ValueError):
    """The catalogue can't be loaded. `path` and `line` say where."""

    def __init__(self, problem: str, *, path: str, line: int) -> None:
        self.problem, self.path, self.line = problem, path, line
        super().__init__(f"{path}:{line}: {problem}")


class UnknownSector(ValueError):
    """No such sector; `known` lists those there are."""

    def __init__(self, sector: str, known: tuple[str, ...]) -> None:
        self.sector, self.known = sector, known
        super().__init__(f"unknown sector {sector!r}; known: {', '.join(known)}")


class UnknownAct(ValueError):
    """No such act in this sector; `known` lists those there are."""

    def __init__(self, sector: str, act: str, known: tuple[str, ...]) -> None:
        self.sector, self.act, self.known = sector, act, known
        super().__init__(f"unknown act {act!r} in sector {sector!r}; known: {', '.join(known)}")


class BeforeCatalogue(ValueError):
    """The day lies before the first day that the catalogue speaks for."""

    def __init__(self, on: date, begins: date) -> None:
        self.on, self.begins = on, begins
        super().__init__(f"{on} lies before {begins}, the first day of the catalogue")


class Effect(StrEnum):
    """What a measure does."""

    PROHIBIT = "prohibit"
    RESTRICT = "restrict"
    CONSIDER = "consider_in_decision"
    SCRUTINY = "heightened_scrutiny"
    PUBLICITY = "publicity"
    NOTIFY = "notify"


class Trigger(StrEnum):
    """What starts a measure: the listing, or the listing or a consumption order, either one."""

    LISTED = "listed"
    BOTH = "both"


class Discretion(StrEnum):
    """How the words of the basis bind the agency."""

    MANDATORY = "mandatory"
    DISCRETIONARY = "discretionary"
    ADVISORY = "advisory"


class Grounding(StrEnum):
    """Strength of the ground."""

    STRONG = "strong"
    MODERATE = "moderate"
    WEAK = "weak"


class Verification(StrEnum):
    """How the words were checked: read, read in a restatement, or general knowledge."""

    TEXT = "text"
    SECONDARY = "secondary"
    RECALLED = "recalled"


class Standing(StrEnum):
    """Whether the row still lives in law."""

    IN_FORCE = "in_force"
    COMPETENCE_MOVED = "in_force_competence_moved"
    PARTLY_OBSOLETE = "partly_obsolete"
    PRACTICE_ONLY = "practice_only"


class Association(StrEnum):
    """Whom a measure reaches besides the one who is listed."""

    UNIT_TO_ROLES = "unit_to_roles"
    PERSON_TO_UNIT = "person_to_unit"
    CONSORTIUM = "consortium"


class Amount(StrEnum):
    """A condition without a figure in law, so a person decides: a large due debt of one's own, or an unfixed sum."""

    LARGE_OWN_DEBT = "large_own_debt"
    UNFIXED_SUM = "unfixed_sum"


class Applied(StrEnum):
    """How far the machine goes, derived by the ceiling rule and never stored."""

    AUTOMATIC = "automatic"
    OFFICER = "officer"
    SHOWN = "shown"


@dataclass(frozen=True, slots=True)
class Document:
    """One law or document, with its days."""

    id: str
    title: Text
    number: str
    level: Level
    start: date | None
    end: date | None


@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """What a measure says from one day to another. Versions of a measure never overlap and the past is never edited.

    Compared by identity: the loader makes each once, and what is derived from one is kept by it.
    """

    start: date | None
    end: date | None
    kinds: frozenset[DebtorKind]
    roles: frozenset[Role]
    trigger: Trigger
    associations: frozenset[Association]
    reverse_roles: frozenset[Role]
    discretion: Discretion
    grounding: Grounding
    verification: Verification
    standing: Standing
    separate_decision: bool
    amount: Amount | None
    debt_acts: frozenset[str]
    traits: frozenset[Trait]
    clauses: tuple[Citation, ...]
    staff: Text | None


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """One row: what it is, the acts it binds, its texts, its versions."""

    id: str
    sector: str
    title: Text
    effect: Effect
    authority: Text
    acts: tuple[str, ...]
    staff: Text
    person: Text
    exempt: Text | None
    exemptions: tuple[str, ...]
    temporary_lift: bool
    instance_of: str | None
    list_type: str
    on_national_list: str
    item_64: str
    memo_141: str
    versions: tuple[Version, ...]

    def version_on(self, on: date) -> Version | None:
        """The version that holds on a day, or None."""
        return value_on(self.versions, on)


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that somebody wants to do. `protected` says why no measure ever binds it."""

    id: str
    label: Text
    protected: Text | None = None
    protected_by: Citation | None = None


@dataclass(frozen=True, slots=True)
class Sector:
    """One sector with its own acts; the acts of all regulators join at lookup."""

    id: str
    label: Text
    named_by_decision: bool
    acts: tuple[Act, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All measures, strictly loaded. `edition` is the SHA-256 of the canonical content."""

    edition: str
    begins: date
    documents: Mapping[str, Document]
    clauses: Mapping[str, tuple[Citation, ...]]
    exemptions: Mapping[str, Text]
    sectors: Mapping[str, Sector]
    measures: Mapping[str, Measure]
    by_act: Mapping[tuple[str, str], tuple[Measure, ...]] = field(repr=False)

    def cite(self, clause: str, on: date) -> Citation:
        """A general clause as it stood on a day; the newest before the first."""
        series = self.clauses[clause]
        return value_on(series, on) or series[-1]

    def sector(self, sector: str) -> Sector:
        """The sector, or UnknownSector naming those there are."""
        found = self.sectors.get(sector)
        if found is None:
            raise UnknownSector(sector, tuple(self.sectors))
        return found

    def acts(self, sector: str) -> tuple[Act, ...]:
        """Acts that a check in this sector may name: its own, then those of all regulators."""
        own = self.sector(sector).acts
        return own if sector == ALL_REGULATORS else own + self.sectors[ALL_REGULATORS].acts

    def act(self, sector: str, act: str) -> Act:
        """The act of a sector, or UnknownAct naming those there are."""
        acts = self.acts(sector)
        for candidate in acts:
            if candidate.id == act:
                return candidate
        raise UnknownAct(sector, act, tuple(one.id for one in acts))

    def measures_for(self, sector: str, act: str) -> tuple[Measure, ...]:
        """Rows that bind this act in this sector, in catalogue order."""
        return self.by_act.get((sector, act), ())
