"""How an entry begins: a candidate refused or listed, an order issued, grace, publication, ending unpublished."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from creditsvc.kernel.days import add_months, legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.register.answers import PolicyAnswer, Way
from creditsvc.register.bars import Candidate, may_be_listed
from creditsvc.register.circumstance_kinds import CircumstanceKind
from creditsvc.register.court_rules import rule_for
from creditsvc.register.effects_shared import Asked, Changer, Checker, Made, granted
from creditsvc.register.entries import CandidateTarget, Target, target
from creditsvc.register.entry_ids import new_entry
from creditsvc.register.kinds import LISTING, ORDER
from creditsvc.register.life import OrderState, State, Step
from creditsvc.register.policy import ADULT, ExitGround
from creditsvc.register.rules_loaded import court_rules
from creditsvc.register.starting import (
    NEEDED,
    Cause,
    Decided,
    LapseGround,
    cause_answer,
    decision_answers,
    grace_answer,
    lapse_answer,
    publication_answer,
)
from creditsvc.register.tables import ConsumptionOrder, Listing, RegisterEvent
from creditsvc.register.tables_matters import CandidateRecord, Circumstance, GracePeriod
from creditsvc.storage.calendars import calendar
from creditsvc.storage.outbox import FactType, put
from punishment_rules.law import DebtorKind, Ground

SAME = (
    "subject_id", "debtor_kind", "name", "sex", "court_code", "court_name", "case_number", "filed_on",
)  # fmt: skip
OF_A_LISTING = (
    "legal_representative", "basis_number", "basis_issuer", "obligation", "performance", "performed_part", "unperformed_part",
    "applicants", "relisting_of",
)  # fmt: skip


def listing_doubts(session: Session, row: CandidateRecord, asked: Asked) -> tuple[PolicyAnswer, ...]:
    """Everything that speaks against listing this candidate so, or asks for a person's word; empty if nothing does."""
    grounds, decided = frozenset(map(Ground, asked.changes["grounds"])), asked.day("decided_on")
    removed = _removed_at_request(session, row)
    findings = set(asked.changes.get("findings", ()))
    who = Candidate(
        grounds, row.debtor_kind == DebtorKind.PERSON.value, decided, birth_date=_birth(row),
        full_capacity="lacks_capacity" not in findings,
        removed_at_request_on=removed.ended_on if removed else None,
        on_same_applicants_wish=removed is not None and row.applicant in removed.applicants,
        **{name: name in findings for name in findings - {"lacks_capacity"}},
    )  # fmt: skip
    listable = may_be_listed(who, calendar(session))
    cause = asked.changes.get("cause")
    made = Decided(
        grounds, decided, _day(asked.changes, "until"), Cause(cause) if cause else None, tuple(asked.changes.get("acts", ())),
        asked.changes.get("severity"), is_person=who.is_person,
    )  # fmt: skip
    rule = rule_for(court_rules(session), row.court_code, decided)
    return (*(one for one in listable.reasons if one.way is not Way.OPEN), *decision_answers(made, rule))


def _birth(row: CandidateRecord) -> date | None:
    """A birth date by which the law answers as by the true one, which is not kept: see ``CandidateRecord.minor_until``."""
    if not row.birth_known:
        return None
    return add_months(row.minor_until, -ADULT * 12) if row.minor_until else date(1900, 1, 1)


def _day(changes: Mapping[str, Any], name: str) -> date | None:
    return date.fromisoformat(changes[name]) if changes.get(name) else None


def _removed_at_request(session: Session, row: CandidateRecord) -> Listing | None:
    """The debtor's latest listing that was removed because its applicant asked: his own again, before anybody's."""
    gone = session.scalars(
        select(Listing)
        .where(Listing.subject_id == row.subject_id, Listing.state == State.REMOVED.value)
        .order_by(Listing.ended_on.desc(), Listing.id.desc())
    )
    asked = [one for one in gone if (one.exit or {}).get("ground") == ExitGround.APPLICANT_REQUEST.value]
    return next((one for one in asked if row.applicant in one.applicants), asked[0] if asked else None)


def _decidable(session: Session, about: CandidateTarget, asked: Asked) -> PolicyAnswer | None:
    row, decided = about.row, asked.day("decided_on")
    _complete(row)
    first = max(filter(None, (row.perform_by, row.notice_served_on, row.filed_on)), default=decided)
    if not first <= decided <= asked.on:
        raise InvalidInput(
            Bilingual(f"决定日应在 {first} 与今天之间", f"the decision lies between {first} and today"),
            code="decided-on", field="changes",
        )  # fmt: skip
    _acts_count(session, asked.changes.get("acts", ()))
    written = asked.changes.get("doubts", {})
    open_points = []
    for answer in listing_doubts(session, row, asked):
        granted(answer)
        if answer.code not in written:
            open_points.append(answer)
    if open_points:
        raise Conflict(
            Bilingual(
                "须由承办人逐项写明意见：" + "；".join(f"{one.text.zh}（{one.clause}）" for one in open_points),
                "a person has to write a word on each: "
                + "; ".join(f"{one.text.en} ({one.clause})" for one in open_points),
            ),
            code="doubt-open",
            points=[one.code for one in open_points],
        )
    return None


def _complete(row: CandidateRecord) -> None:
    """Art. 6: what a listing must say. The number is there by the table's own key."""
    wanted = [*NEEDED, *(["legal_representative"] if row.debtor_kind == DebtorKind.ORGANISATION.value else [])]
    if missing := [name for name in wanted if not getattr(row, name)]:
        raise InvalidInput(
            Bilingual(f"缺少第六条规定的内容：{'、'.join(missing)}", f"art. 6 wants more: {', '.join(missing)}"),
            code="article-6-missing", field="changes", missing=missing,
        )  # fmt: skip


def _acts_count(session: Session, acts: Any) -> None:
    """What was revoked is no history against the person (I18): it can't be cited as one of several acts."""
    cited = [act for act in acts if act.startswith("lst_")]
    revoked = session.scalar(
        select(Listing.entry).where(Listing.entry.in_(cited), Listing.state == State.REVOKED.value).limit(1)
    )
    if revoked:
        raise Conflict(
            Bilingual(
                "已撤销的记录不得作为失信行为引用（法释〔2017〕7号第九条）",
                "what was revoked can't be held against anybody",
            ),
            code="act-revoked",
        )


def extension_cause(session: Session, about: Target, asked: Asked) -> None:
    """Whether an extension has its cause; raises ``Conflict``."""
    row = about.row
    if isinstance(row, Listing):
        acts = tuple(asked.changes.get("acts", ()))
        _acts_count(session, acts)
        granted(
            cause_answer(
                about.grounds, decided_on=row.decided_on, until=asked.day("until"), cause=Cause(asked.changes["cause"]),
                acts=acts,
            )
        )  # fmt: skip


def _list(session: Session, about: CandidateTarget, made: Made) -> None:
    row, changes = about.row, made.changes
    entry = new_entry("lst")
    session.add(
        Listing(
            **_alike(row, SAME + OF_A_LISTING), entry=entry, grounds=changes["grounds"], until=made.day("until"),
            decision_number=made.decision.draft["document_number"], decided_on=made.day("decided_on"),
            decision_signed_by=made.actor, candidate=row.entry, severity=changes.get("severity"), nonpublic=False,
            state=State.DECIDED.value, revision=1, row_key=bytes.fromhex(changes["row_key"]),
            row_digest=secrets.token_bytes(16), created_at=made.now,
        )
    )  # fmt: skip
    row.listing = entry
    session.add(_first_event(made, entry, LISTING, Step.DECIDE))


def _alike(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _first_event(made: Made, entry: str, kind: str, step: Step) -> RegisterEvent:
    draft = made.decision.draft
    return RegisterEvent(
        entry=entry, kind=kind, revision=1, type=step.value, event_on=date.fromisoformat(draft["event_on"]),
        known_on=date.fromisoformat(draft["known_on"]), decided_on=made.today, recorded_at=made.now, actor=made.actor,
        clause=draft["clause"], document_number=draft["document_number"], reason=draft["reason"], decision_id=made.decision.id,
    )  # fmt: skip


def _issuable(session: Session, about: Target | CandidateTarget, asked: Asked) -> None:
    row = about.row
    if isinstance(row, CandidateRecord):
        if row.debtor_kind == DebtorKind.PERSON.value and (
            row.minor_until is not None and asked.day("issued_on") <= row.minor_until
        ):
            raise Conflict(Bilingual("不得对未成年人限制消费", "no consumption order against a minor"), code="minor")
    elif row.state == State.IN_GRACE.value:
        raise Conflict(
            Bilingual("宽限期内不采取措施（法发〔2019〕35号第十五条）", "no measure begins within grace"),
            code="in-grace",
        )
    if asked.day("issued_on") > asked.on:
        raise InvalidInput(Bilingual("签发日不得晚于今天", "issued after today"), code="issued-on", field="changes")
    standing = select(ConsumptionOrder.id).where(
        ConsumptionOrder.subject_id == row.subject_id, ConsumptionOrder.case_number == row.case_number,
        ConsumptionOrder.state == OrderState.ORDERED.value,
    )  # fmt: skip
    if session.scalar(standing.limit(1)):
        raise Conflict(Bilingual("同案已有限制消费令", "this case has an order already"), code="order-stands")


def _issue(session: Session, about: Target | CandidateTarget, made: Made) -> None:
    entry, changes = new_entry("ord"), made.changes
    session.add(
        ConsumptionOrder(
            **_alike(about.row, SAME), entry=entry, order_number=made.decision.draft["document_number"],
            issued_on=made.day("issued_on"), items=changes.get("items", []), bound_role=changes.get("bound_role"),
            unit_name=changes.get("unit_name"), signed_by=made.actor, state=OrderState.ORDERED.value, revision=1,
            row_key=secrets.token_bytes(16), created_at=made.now,
        )
    )  # fmt: skip
    session.add(_first_event(made, entry, ORDER, Step.PUBLISH))
    put(session, entry=entry, kind=ORDER, revision=1, fact=FactType.PUBLISHED, at=made.now)


def grace_of(session: Session, entry: str) -> GracePeriod | None:
    """The latest grace period of an entry, or none."""
    query = select(GracePeriod).where(GracePeriod.entry == entry).order_by(GracePeriod.id.desc())
    return session.scalar(query.limit(1))


def _grace_first(session: Session, row: Listing) -> int:
    """Months of grace that this court's grade of the listing asks for before publication; 0 if none."""
    grade = rule_for(court_rules(session), row.court_code, row.decided_on).severity(row.severity)
    return grade.grace_months if grade is not None else 0


def earlier_graces(session: Session, about: Target) -> int:
    """How many grace periods this debtor was granted in this case, under whatever listing."""
    row = about.row
    same = select(Listing.entry).where(Listing.subject_id == row.subject_id)
    counted = select(func.count()).select_from(GracePeriod)
    return session.scalar(
        counted.where(GracePeriod.case_number == row.case_number, or_(GracePeriod.entry == row.entry, GracePeriod.entry.in_(same)))
    ) or 0  # fmt: skip


def _grace_open(session: Session, about: Target, asked: Asked) -> PolicyAnswer | None:
    row = about.row
    if not isinstance(row, Listing):
        return None
    return granted(
        grace_answer(
            from_day=asked.day("from_day"), to_day=asked.day("to_day"), decided_on=row.decided_on,
            earlier=earlier_graces(session, about), rule=rule_for(court_rules(session), row.court_code, asked.on),
            at_least=_grace_first(session, row),
        )
    )  # fmt: skip


def second_grace(session: Session, about: Target, asked: Asked) -> bool:
    """Whether this is a further grace in the same case, which the president alone may grant."""
    return earlier_graces(session, about) > 0


def _grant_grace(session: Session, about: Target, made: Made) -> None:
    session.add(
        GracePeriod(
            entry=about.entry, case_number=about.row.case_number, from_day=made.day("from_day"), to_day=made.day("to_day"),
            document_number=made.decision.draft["document_number"], decision_id=made.decision.id,
        )
    )  # fmt: skip


def performed_before(session: Session, entry: str) -> bool:
    """Whether the court has recorded that the debt of this entry was performed."""
    kinds = [CircumstanceKind.PERFORMED.value, CircumstanceKind.SETTLEMENT_PERFORMED.value]
    query = select(Circumstance.id).where(Circumstance.entry == entry, Circumstance.kind.in_(kinds))
    return session.scalar(query.limit(1)) is not None


def _publishable(session: Session, about: Target, asked: Asked) -> PolicyAnswer | None:
    row, grace = about.row, grace_of(session, about.entry)
    if not isinstance(row, Listing):
        return None
    return granted(
        publication_answer(
            on=asked.on, grace_until=grace.to_day if grace else None, performed=performed_before(session, about.entry),
            until=row.until, decided_on=row.decided_on,
            entered_on=asked.day("national_entered_on") if "national_entered_on" in asked.changes else row.decided_on,
            grace_first=0 if grace else _grace_first(session, row),
        )
    )  # fmt: skip


def _publish(session: Session, about: Target, made: Made) -> None:
    row = about.row
    if isinstance(row, Listing):
        row.national_entry, row.national_entered_on = made.changes["national_entry"], made.day("national_entered_on")
        row.published_on = legal_day(made.now)


def _enter_nonpublic(session: Session, about: Target, made: Made) -> None:
    if isinstance(about.row, Listing):
        about.row.nonpublic = True


def _lapses(session: Session, about: Target, asked: Asked) -> PolicyAnswer:
    return granted(lapse_answer(about.grounds, LapseGround(asked.ground)))


def _ended(session: Session, about: Target, made: Made) -> None:
    if isinstance(about.row, Listing):
        about.row.ended_on = made.today


def earlier_listing(session: Session, entry: str) -> Listing:
    """The listing that a new one follows; raises ``NotFound``, ``Conflict`` unless it has ended (art. 10 para. 3)."""
    row = target(session, entry).row
    if not isinstance(row, Listing) or row.state not in {State.REMOVED.value, State.LAPSED.value}:
        raise Conflict(
            Bilingual(
                "原记录尚未结束，或者已被撤销，不能据以重新纳入", "the earlier listing has not ended, or was revoked"
            ),
            code="relisting",
        )
    return row


CHECKS: Mapping[str, Checker] = {
    "decide_listing": _decidable,
    "issue_order": _issuable,
    "grant_grace": _grace_open,
    "publish_listing": _publishable,
    "enter_nonpublic": _publishable,
    "lapse_listing": _lapses,
}
CHANGES: Mapping[str, Changer] = {
    "decide_listing": _list,
    "issue_order": _issue,
    "grant_grace": _grant_grace,
    "publish_listing": _publish,
    "enter_nonpublic": _enter_nonpublic,
    "withhold_listing": _enter_nonpublic,
    "lapse_listing": _ended,
}
