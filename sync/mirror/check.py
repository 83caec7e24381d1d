"""What the local copy says about one person or organisation, through the same rules as the register's own answer.

Doubt ends with "a person decides". An expired head never says "restricted".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from creditsvc.kernel.identity import IdentityNumber
from creditsvc.kernel.names import same_name
from creditsvc.kernel.text import Bilingual
from punishment_rules import load
from punishment_rules.catalogue_types import Catalogue
from punishment_rules.evaluate import Answer, evaluate
from punishment_rules.facts import EntryNote, Facts, ListingFact, MarkFact, Note, OrderFact, ReliefFact, ReliefKind
from punishment_rules.law import DebtorKind, Ground, Outcome, Role, Text, Verdict
from sync.mirror.client import stored_head
from sync.mirror.identities import SlipKeys
from sync.mirror.store import Store
from sync.mirror.trouble import CannotMatch, NotSynced
from sync.wire.canonical import parse_json
from sync.wire.encoding import instant
from sync.wire.fields import RELIEFS
from sync.wire.head import Head
from sync.wire.subject import token

_BEIJING = ZoneInfo("Asia/Shanghai")
EXPIRED = Bilingual(
    "本地数据已过期，不得据此认定受限制：请由工作人员核实",
    "this copy has expired and can't say restricted: a person decides",
)
OTHER_NAME = Bilingual(
    "证件号码相符而名称不符：请由工作人员核实", "the number matches and the name does not: a person decides"
)
INCOMPLETE = Bilingual(
    "部分记录的身份信函或内容尚未到达，不能确认无记录：请由工作人员核实",
    "identity slips or bodies of some entries have not come, so nothing found proves nothing: a person decides",
)


@dataclass(frozen=True, slots=True)
class LocalAnswer:
    """The rules' answer, what this copy adds to it, and how old the copy is."""

    outcome: Outcome
    answer: Answer
    doubts: tuple[Bilingual, ...]
    head: Head


@dataclass(frozen=True, slots=True)
class Question:
    """Who is asked about, and for what. Its repr shows no number."""

    number: IdentityNumber
    name: str
    sector: str
    act: str

    def __repr__(self) -> str:
        return f"Question({self.number.masked}, {self.sector}, {self.act})"


def answer_locally(
    store: Store, question: Question, *, keys: SlipKeys | None, catalogue: Catalogue, now: datetime
) -> LocalAnswer:
    """The answer of the copy at ``now``; entries whose term has passed are not used, whether their removal has come
    or not. Raises NotSynced, CannotMatch, and what ``evaluate`` raises for unknown sectors and acts."""
    head = stored_head(store)
    if head is None:
        raise NotSynced
    if head.origin.stream == "public" or (question.number.is_personal and keys is None):
        raise CannotMatch
    found = _Found(store, question.number, keys)
    on = now.astimezone(_BEIJING).date()
    answer = evaluate(
        found.facts(question.number, on), sector=question.sector, act=question.act, on=on, catalogue=catalogue
    )
    doubts = _doubts(store, found, question, expired=head.expires <= now, restricted=answer.outcome)
    outcome = Outcome.NEEDS_OFFICER if doubts else answer.outcome
    return LocalAnswer(outcome, answer, doubts, head)


def _doubts(
    store: Store, found: _Found, question: Question, *, expired: bool, restricted: Outcome
) -> tuple[Bilingual, ...]:
    doubts = []
    if expired:
        doubts.append(EXPIRED)
    if any(not same_name(str(data.get("name", "")), question.name) for data in found.own):
        doubts.append(OTHER_NAME)
    incomplete = store.counts()["without_body"] or (question.number.is_personal and _slips_lack(store))
    if restricted is not Outcome.RESTRICTED and incomplete:
        doubts.append(INCOMPLETE)
    return tuple(doubts)


def _slips_lack(store: Store) -> bool:
    """Whether some slip has not come: of an entry since the last that was asked for, an officer's too, or of a person's."""
    return store.number("slip_cursor") < store.number("cursor") or bool(store.persons_without_slip())


def said_of(verdict: Verdict, local: LocalAnswer) -> Outcome:
    """What may be said of one measure: in doubt about the whole, no single measure is said to restrict."""
    in_doubt = bool(local.doubts) and verdict.outcome is Outcome.RESTRICTED
    return Outcome.NEEDS_OFFICER if in_doubt else verdict.outcome


def title_of(verdict: Verdict, catalogue: Catalogue | None = None) -> Text:
    """What the measure is called; where no measure speaks, what was found."""
    measure = (catalogue or load.catalogue()).measures.get(verdict.measure_id) if verdict.measure_id else None
    return measure.title if measure is not None else verdict.reasons[0].text


def as_json(local: LocalAnswer) -> dict[str, Any]:
    """The answer for a program: no name and no number in it."""
    return {
        "outcome": local.outcome.value,
        "doubts": [{"zh": doubt.zh, "en": doubt.en} for doubt in local.doubts],
        "measures": [_measure(verdict, local) for verdict in local.answer.verdicts],
        "as_of": {
            "origin": local.head.origin.text,
            "sequence": local.head.size,
            "published": instant(local.head.published),
            "expires": instant(local.head.expires),
        },
    }


def _measure(verdict: Verdict, local: LocalAnswer) -> dict[str, Any]:
    title = title_of(verdict)
    return {
        "measure": verdict.measure_id,
        "title": {"zh": title.zh, "en": title.en},
        "outcome": said_of(verdict, local).value,
        "reasons": [
            {"code": reason.code, "zh": reason.text.zh, "en": reason.text.en, "clause": reason.citation.text.zh}
            for reason in verdict.reasons
        ],
        "entries": list(verdict.sources),
        "changes_on": None if verdict.changes_on is None else verdict.changes_on.isoformat(),
        "ends": {"zh": verdict.ends.zh, "en": verdict.ends.en},
        "next_step": {"zh": verdict.next_step.zh, "en": verdict.next_step.en},
    }


class _Found:
    """The copy's entries of one number: its own, and those of units in which it has a role."""

    def __init__(self, store: Store, number: IdentityNumber, keys: SlipKeys | None) -> None:
        self._store = store
        self.own: list[Mapping[str, Any]] = []
        self.roles: list[tuple[str, Mapping[str, Any]]] = []
        if not number.is_personal:
            self.own = [_data(line) for line in store.lines_of_unit(number.number)]
        elif keys is not None:
            mine = token(keys.token_key, number.canonical)
            self.own = [_data(line) for line in store.lines_of_token(mine)]
            self.roles = [(subject, _data(line)) for subject, line in store.roles_of_token(mine)]

    def facts(self, number: IdentityNumber, on: date) -> Facts:
        """As the rules want them."""
        own = [data for data in self.own if not _over(data, on)]
        listings = tuple(_listing(data) for data in own if data["kind"] == "listing")
        orders = tuple(_order(data) for data in own if data["kind"] == "consumption_order")
        roles = [(subject, data) for subject, data in self.roles if not _over(data, on)]
        bound = tuple(
            _order(order, role)
            for subject, data in roles
            for order in self._orders_beside(data)
            if not _over(order, on)
            for role in _of(data, subject)
        )
        marks = tuple(
            _mark(data, role) for subject, data in roles if data["kind"] == "listing" for role in _of(data, subject)
        )
        theirs = tuple(relief for subject, data in roles for relief in _reliefs(data, of=subject))
        return Facts(
            kind=DebtorKind.PERSON if number.is_personal else DebtorKind.ORGANISATION,
            listings=listings,
            orders=orders + bound,
            marks=marks,
            reliefs=theirs + tuple(relief for data in own for relief in _reliefs(data)),
        )

    def _orders_beside(self, listing: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The unit's consumption orders in the case of its listing: they bind its marked officers too."""
        if "unit_code" not in listing:
            return []
        of_unit = map(_data, self._store.lines_of_unit(listing["unit_code"]))
        return [data for data in of_unit if data["kind"] == "consumption_order" and _case(data) == _case(listing)]


def _data(line: bytes) -> Mapping[str, Any]:
    data: Mapping[str, Any] = parse_json(line, "copy")["data"]
    return data


def _day(data: Mapping[str, Any], name: str) -> date | None:
    return date.fromisoformat(data[name]) if name in data else None


def _over(data: Mapping[str, Any], on: date) -> bool:
    until = _day(data, "until")
    return until is not None and until < on


def _since(data: Mapping[str, Any]) -> date:
    return _day(data, "published_on") or date.min


def _listing(data: Mapping[str, Any]) -> ListingFact:
    return ListingFact(
        entry=data["entry"],
        grounds=tuple(Ground(ground) for ground in data.get("grounds", [])),
        court_name=data.get("court_name", ""),
        case_number=data.get("case_number", ""),
        listed_on=_since(data),
        until=_day(data, "until"),
        debtor_kind=DebtorKind(data.get("debtor_kind", "person")),
        notes=_notes(data),
    )


def _notes(data: Mapping[str, Any]) -> tuple[EntryNote, ...]:
    return tuple(
        EntryNote(Note(mark["mark"]), date.fromisoformat(mark["from"]), _day(mark, "to"))
        for mark in data.get("marks", [])
        if mark["mark"] not in RELIEFS
    )


def _order(data: Mapping[str, Any], role: Mapping[str, Any] | None = None) -> OrderFact:
    until = _day(data, "until")
    return OrderFact(
        entry=data["entry"],
        court_name=data.get("court_name", ""),
        case_number=data.get("case_number", ""),
        issued_on=_since(data),
        ended_on=until + timedelta(days=1) if until else None,
        items=tuple(data.get("items", [])),
        bound_role=Role(role["role"]) if role else None,
        unit_name=data.get("name") if role else None,
        notes=_notes(data),
    )


def _mark(data: Mapping[str, Any], role: Mapping[str, Any]) -> MarkFact:
    ends = [day for day in (_day(role, "to"), _day(data, "until")) if day is not None]
    return MarkFact(
        entry=data["entry"],
        unit_name=data.get("name", ""),
        role=Role(role["role"]),
        court_name=data.get("court_name", ""),
        case_number=data.get("case_number", ""),
        from_day=date.fromisoformat(role["from"]),
        to_day=min(ends, default=None),
        notes=_notes(data),
    )


def _of(data: Mapping[str, Any], subject: str) -> list[Mapping[str, Any]]:
    return [role for role in data.get("roles", []) if role["subject"] == subject]


def _case(data: Mapping[str, Any]) -> tuple[Any, Any]:
    return data.get("court_code"), data.get("case_number")


def _reliefs(data: Mapping[str, Any], *, of: str | None = None) -> list[ReliefFact]:
    """Reliefs of the entry itself, or those of one officer's role."""
    return [
        ReliefFact(
            kind=ReliefKind(mark["mark"]),
            entry=data["entry"],
            from_day=date.fromisoformat(mark["from"]),
            to_day=date.fromisoformat(mark["to"]),
            measures=tuple(mark.get("measures", [])),
            court_name=data.get("court_name", ""),
            case_number=data.get("case_number", ""),
        )
        for mark in data.get("marks", [])
        if mark["mark"] in RELIEFS and "to" in mark and mark.get("subject") == of
    ]
