"""Facts of a worked example in words: one sentence a fact, for whoever reads the rule beside it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from punishment_rules.facts import (
    Facts,
    HeldBy,
    ListingFact,
    MarkFact,
    Note,
    Obligation,
    OrderFact,
    ReliefKind,
    RoleFact,
    Trait,
    noted_entries,
)
from punishment_rules.law import Text

_KINDS_OF_RELIEF = {
    ReliefKind.TEMPORARY_LIFT: Text("暂时解除", "temporary lift"),
    ReliefKind.SINGLE_APPROVAL: Text("批准单次事项", "approval of one act"),
    ReliefKind.SINGLE_LIFT: Text("单次解禁", "single-use lift"),
}
_HELD_BY = {
    HeldBy.HEAD_OFFICE: Text("（公司的记录，办事的是其分公司）", " (the company's; its branch acts)"),
    HeldBy.BRANCH: Text("（分公司的记录，办事的是公司）", " (a branch's; the company acts)"),
}
_OWED = {Obligation.PAYMENT: Text("，金钱债务", ", a debt"), Obligation.ACT: Text("，行为义务", ", an act owed")}
_NOTES = {
    Note.DISPUTED: Text("异议", "noted as disputed"),
    Note.SUSPENDED: Text("中止执行", "noted as suspended"),
    Note.SHIELDED: Text("暂时屏蔽", "shielded for a time"),
}
_TRAITS = {
    Trait.MINOR: Text("未成年人。", "A minor."),
    Trait.PUBLIC_BODY: Text("国家机关。", "A state organ."),
    Trait.STATE_UNIT: Text("机关、事业单位、国有企业等单位。", "A state unit."),
    Trait.OFFICIAL: Text("公职人员。", "An official."),
}


def told(facts: Facts) -> tuple[Text, ...]:
    """Each fact in one sentence, in both languages; who has none has one sentence that says so."""
    return tuple(_sentences(facts)) or (Text("没有任何记录。", "No entry at all."),)


def _sentences(facts: Facts) -> Iterator[Text]:
    yield from (_listing(one) for one in facts.listings)
    for member in facts.consortium:
        listing = _listing(member)
        yield Text(f"联合体另一成员：{listing.zh}", f"Another member of the consortium: {listing.en}")
    yield from (_order(one) for one in facts.orders)
    yield from (_mark(one) for one in facts.marks)
    for entry in noted_entries(facts):
        for note in entry.notes:
            word, span = _NOTES[note.note], _span(note.from_day, note.to_day)
            yield Text(
                f"记录{entry.entry}标注“{word.zh}”，{span.zh}。", f"Entry {entry.entry} is {word.en}, {span.en}."
            )
    yield from (_role(one) for one in facts.roles)
    for relief in facts.reliefs:
        kind = _KINDS_OF_RELIEF[relief.kind]
        span = _span(relief.from_day, relief.to_day)
        yield Text(
            f"人民法院{kind.zh}（{relief.entry}），{span.zh}。", f"Court: {kind.en} ({relief.entry}), {span.en}."
        )
    for paper in facts.papers:
        span = _span(paper.from_day, paper.to_day)
        yield Text(f"法院文书{paper.number}，{span.zh}。", f"Paper of the court {paper.number}, {span.en}.")
    for notice in facts.discipline:
        span = _span(notice.notified_on, notice.to_day)
        yield Text(
            f"失信联合惩戒对象认定通知{notice.notice_number}，{span.zh}。",
            f"Notice {notice.notice_number} makes the subject a joint-discipline target, {span.en}.",
        )
    yield from (_TRAITS[trait] for trait in sorted(facts.traits))


def _span(start: date, end: date | None) -> Text:
    if end is None:
        return Text(f"自{start}起", f"from {start}")
    return Text(f"{start}至{end}", f"{start} to {end}")


def _listing(fact: ListingFact) -> Text:
    span, kind = _span(fact.listed_on, fact.until), fact.debtor_kind.label
    grounds = Text("、".join(g.zh for g in fact.grounds), ", ".join(g.en for g in fact.grounds))
    more = _OWED.get(fact.obligation)
    held = _HELD_BY.get(fact.held_by)
    end = None if fact.ended_on is None else Text(f"，{fact.ended_on}删除", f", removed on {fact.ended_on}")
    zh = "".join(part.zh for part in (more, end, held) if part)
    en = "".join(part.en for part in (more, end, held) if part)
    return Text(
        f"名单记录{fact.entry}（{kind.zh}，{grounds.zh}），{span.zh}{zh}。",
        f"Listing {fact.entry} ({kind.en}; {grounds.en}), {span.en}{en}.",
    )


def _order(fact: OrderFact) -> Text:
    end = _lifted(fact.ended_on)
    through = None if fact.bound_role is None else fact.bound_role.label
    zh = f"，对单位作出，本人为{through.zh}" if through else ""
    en = f", against a unit whose {through.en} this is" if through else ""
    items = "、".join(fact.items)
    zh += f"，只写明{items}" if items else ""
    en += f", naming only {', '.join(fact.items)}" if items else ""
    return Text(
        f"限制消费令{fact.entry}，自{fact.issued_on}起{end[0]}{zh}。",
        f"Consumption order {fact.entry} from {fact.issued_on}{end[1]}{en}.",
    )


def _lifted(day: date | None) -> tuple[str, str]:
    return ("", "") if day is None else (f"，{day}解除", f", lifted on {day}")


def _mark(fact: MarkFact) -> Text:
    span, role = _span(fact.from_day, fact.to_day), fact.role.label
    by = ("法院已确认", "named by the court") if fact.named_by_court else ("只见于登记", "known from the register only")
    return Text(
        f"被列入单位的{role.zh}（{by[0]}），{span.zh}。",
        f"{role.en.capitalize()} of a listed unit ({by[1]}), {span.en}.",
    )


def _role(fact: RoleFact) -> Text:
    span, role = _span(fact.from_day, fact.to_day), fact.role.label
    sure = ("", "") if fact.confirmed else ("，未经核实", ", not confirmed")
    return Text(
        f"被列入的人任本单位{role.zh}，{span.zh}{sure[0]}。",
        f"A listed person is the unit's {role.en}, {span.en}{sure[1]}.",
    )
