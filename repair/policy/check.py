"""The self-check: for one entry, every kind and ground with its answer, by the same rules that the court's desk uses.

Pure: no database, network or clock; days are Beijing days.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from creditsvc.kernel.text import Bilingual
from repair.policy.answers import Answer, Way, consumption_rules
from repair.policy.grounds import GROUNDS, RemovalGround, ground_of
from repair.policy.kinds import KINDS, About, ApplicationKind
from repair.policy.orders import OrderFacts, judge_order
from repair.policy.promises import judge_repair
from repair.policy.questions import as_claimed, with_claims
from repair.policy.reconsideration import RefusalFacts, judge_again
from repair.policy.removal import ListingFacts, judge
from repair.policy.wrongly import WrongFacts, judge_wrong


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """What is recorded about one entry and about the refusal that somebody wants looked at again."""

    about: About
    """``LISTING`` or ``ORDER``."""
    listing: ListingFacts = field(default_factory=lambda: ListingFacts(frozenset(), in_force=False))
    order: OrderFacts = field(default_factory=lambda: OrderFacts(in_force=False))
    wrong: WrongFacts = field(default_factory=WrongFacts)
    refusal: RefusalFacts | None = None
    promise_breached: bool = False
    through_unit: bool = False
    """The order is a unit's, and binds the person through a mark: only what is theirs can be asked for."""


@dataclass(frozen=True, slots=True)
class WayOff:
    """One kind and ground with its answer."""

    kind: ApplicationKind
    ground: str
    answer: Answer


ON_ITS_OWN = frozenset(
    {
        ApplicationKind.OWN_DATA,
        ApplicationKind.CERTIFICATE,
        ApplicationKind.RECONSIDERATION,
        ApplicationKind.PROMISE_BREACH,
    }
)
"""Kinds that are not begun from an entry: they have their own door."""
THROUGH_UNIT = frozenset(
    {
        ApplicationKind.PRIVATE_SPENDING,
        ApplicationKind.FORMER_OFFICER,
        ApplicationKind.OBJECTION,
        ApplicationKind.RECONSIDERATION,
    }
)
"""What somebody can ask for who is bound through a unit's order: all else would be about the unit."""
OF_OFFICE = frozenset({ApplicationKind.PROMISE_BREACH})
"""Kinds that the court opens, and nobody can ask for."""


def kinds_for(about: About) -> Sequence[ApplicationKind]:
    """The kinds that are begun from such an entry."""
    fits = {about, About.EITHER}
    return [kind for kind, rule in KINDS.items() if rule.about in fits and kind not in ON_ITS_OWN]


def judge_way(
    facts: EntryFacts, kind: ApplicationKind, ground: str, *, on: date, claims: Mapping[str, str] | None = None
) -> Answer:
    """One ground of one kind on this Beijing day; raises ``InvalidInput`` for a ground that the kind does not have.

    ``claims`` are the person's answers to ``questions.QUESTIONS``.
    """
    rule = ground_of(kind.value, ground)
    if not _fits(facts, kind):
        text = Bilingual("这类申请不适用于该记录", "this kind of application is not for such an entry")
        return Answer(ground, Way.NOT_OPEN, text, KINDS[kind].clause)
    if facts.through_unit and kind not in THROUGH_UNIT:
        text = Bilingual(
            "这份限制消费令是对单位作出的，您以责任人员身份受限：可以申请以个人财产因私消费，或者离任后的解除",
            "this order is the unit's and binds you as its officer: ask for private spending, or for release after leaving office",
        )
        return Answer(ground, Way.NOT_OPEN, text, consumption_rules("第三条第二款", "art. 3 para. 2"))
    if kind is ApplicationKind.REMOVAL:
        recorded = judge(facts.listing, RemovalGround(ground), on=on)
        if not claims:
            return recorded
        return as_claimed(recorded, judge(with_claims(facts.listing, claims), RemovalGround(ground), on=on))
    if kind in _WRONG:
        return judge_wrong(facts.wrong, kind, ground)
    if kind is ApplicationKind.CREDIT_REPAIR:
        return judge_repair(facts.listing, ground, breached=facts.promise_breached)
    if kind is ApplicationKind.RECONSIDERATION:
        return judge_again(facts.refusal or RefusalFacts(kind, refused=False), ground, on=on)
    if kind in {ApplicationKind.OWN_DATA, ApplicationKind.CERTIFICATE}:
        return Answer(
            ground, Way.OPEN if kind is ApplicationKind.OWN_DATA else Way.PERSON_DECIDES, rule.name, rule.clause
        )
    if kind is ApplicationKind.PROMISE_BREACH:
        heard = Bilingual(
            "先听取本人陈述，再由法院认定；认定违诺不恢复任何记录",
            "the person is heard first; nothing is restored by it",
        )
        return Answer(ground, Way.PERSON_DECIDES, heard, rule.clause)
    return judge_order(facts.order, kind, ground, on=on)


_WRONG = frozenset({ApplicationKind.REVOCATION, ApplicationKind.CORRECTION, ApplicationKind.OBJECTION})


def _fits(facts: EntryFacts, kind: ApplicationKind) -> bool:
    wanted = KINDS[kind].about
    return wanted in {About.EITHER, About.REFUSAL, About.NOTHING} or wanted is facts.about


def every_way(facts: EntryFacts, *, on: date, claims: Mapping[str, str] | None = None) -> Sequence[WayOff]:
    """Every kind and ground for this entry, in the order of the tables."""
    return [
        WayOff(kind, ground, judge_way(facts, kind, ground, on=on, claims=claims))
        for kind in kinds_for(facts.about)
        for ground in GROUNDS[kind]
    ]


def opens_next(found: Iterable[WayOff]) -> WayOff | None:
    """The way that a date alone will open, the soonest; none if there is none."""
    dated = [way for way in found if way.answer.opens_on is not None]
    return min(dated, key=lambda way: way.answer.opens_on or date.max, default=None)


def questions_in(found: Iterable[WayOff]) -> Sequence[str]:
    """Codes of the questions that would make it clearer, each once, in order."""
    return list(dict.fromkeys(way.answer.asks for way in found if way.answer.asks))
