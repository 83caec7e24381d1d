"""What a court can record as having happened, and what the law makes of it for each kind of record. Pure.

Sources: 法释〔2017〕7号 arts 2 para. 2, 9, 10; 法释〔2015〕17号 art. 9; 法发〔2019〕35号 nos 15, 16, 19. A consequence is
prepared by the machine and decided by people; art. 10 para. 1 opens a review of a listing with a term and never removes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from creditsvc.kernel.text import Bilingual
from creditsvc.register.life import State
from creditsvc.register.policy import LIST_RULES, ExitGround


class CircumstanceKind(StrEnum):
    """What happened in a case."""

    PERFORMED = "performed"
    PARTIAL = "partial"
    SETTLEMENT_SIGNED = "settlement_signed"
    SETTLEMENT_PERFORMED = "settlement_performed"
    APPLICANT_AGREED = "applicant_agreed"
    ROUND_ENDED = "round_ended"
    CLEAN_QUERY = "clean_query"
    LEAD = "lead"
    LEAD_CLEARED = "lead_cleared"
    RETRIAL_STAY = "retrial_stay"
    BANKRUPTCY_STAY = "bankruptcy_stay"
    OTHER_STAY = "other_stay"
    RETRIAL_ORDERED = "retrial_ordered"
    RESUMED = "resumed"
    PAYMENT_DENIED = "payment_denied"
    MERGED = "merged"
    NOT_ENFORCED = "not_enforced"
    TERMINATED = "terminated"
    TITLE_REVOKED = "title_revoked"
    PLAN_APPROVED = "plan_approved"
    WRITTEN_OFF = "written_off"
    DEBTOR_DIED = "debtor_died"
    WRONGLY_LISTED = "wrongly_listed"
    WRONG_PERSON = "wrong_person"

    @property
    def label(self) -> Bilingual:
        """What people call it."""
        return RULES[self].label


class Effect(StrEnum):
    """What follows for one record."""

    STAYS = "stays"
    REMOVE = "remove"
    REVIEW = "review"
    REVOKE = "revoke"
    LAPSE = "lapse"
    LIFT = "lift"
    JUDGE = "judge"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: for a listing without a term, for one with a term, for the consumption order."""

    label: Bilingual
    untermed: Effect
    termed: Effect
    order: Effect
    ground: ExitGround | None = None
    """On which ground an untermed listing leaves."""


_S, _R, _V, _J, _L, _X = Effect.STAYS, Effect.REMOVE, Effect.REVIEW, Effect.JUDGE, Effect.LIFT, Effect.REVOKE
_K, _G = CircumstanceKind, ExitGround
RULES: dict[CircumstanceKind, Rule] = {
    _K.PERFORMED: Rule(Bilingual("履行完毕或者执行完毕", "performed, or enforced in full"), _R, _V, _L, _G.PERFORMED),
    _K.PARTIAL: Rule(Bilingual("部分履行", "performed in part"), _S, _S, _S),
    _K.SETTLEMENT_SIGNED: Rule(Bilingual("达成执行和解", "a settlement signed"), _S, _S, _S),
    _K.SETTLEMENT_PERFORMED: Rule(Bilingual("和解协议履行完毕", "a settlement performed"), _R, _V, _L, _G.SETTLED),
    _K.APPLICANT_AGREED: Rule(Bilingual("申请执行人书面申请删除，法院审查同意", "the applicant asked, the court agreed"), _R, _V, _S,
                              _G.APPLICANT_REQUEST),
    _K.ROUND_ENDED: Rule(Bilingual("终结本次执行程序", "this round of enforcement ended"), _S, _S, _S),
    _K.CLEAN_QUERY: Rule(Bilingual("网络查控未发现可供执行财产", "a search found nothing"), _R, _V, _S, _G.NO_PROPERTY),
    _K.LEAD: Rule(Bilingual("收到有效财产线索", "a valid lead to property"), _S, _S, _S),
    _K.LEAD_CLEARED: Rule(Bilingual("财产线索经核查无效", "a lead checked and found empty"), _R, _V, _S, _G.NO_PROPERTY),
    _K.RETRIAL_STAY: Rule(Bilingual("因审判监督裁定中止执行", "stayed for retrial"), _R, _V, _J, _G.SUSPENDED_ENFORCEMENT),
    _K.BANKRUPTCY_STAY: Rule(Bilingual("因破产程序裁定中止执行", "stayed for bankruptcy"), _R, _V, _J, _G.SUSPENDED_ENFORCEMENT),
    _K.OTHER_STAY: Rule(Bilingual("因其他事由中止执行", "stayed for another reason"), _S, _S, _S),
    _K.RETRIAL_ORDERED: Rule(Bilingual("决定再审，未中止执行", "a retrial ordered, enforcement not stayed"), _S, _S, _S),
    _K.RESUMED: Rule(Bilingual("恢复执行", "enforcement resumed"), _S, _S, _S),
    _K.PAYMENT_DENIED: Rule(Bilingual("被执行人称已付，申请执行人否认", "the debtor says he paid, the applicant denies it"), _S, _S, _S),
    _K.MERGED: Rule(Bilingual("单位合并、分立", "the unit merged or split"), _J, _J, _J),
    _K.NOT_ENFORCED: Rule(Bilingual("裁定不予执行", "ruled not to be enforced"), _R, _V, _L, _G.NOT_ENFORCED),
    _K.TERMINATED: Rule(Bilingual("裁定终结执行", "enforcement terminated"), _R, _V, _L, _G.TERMINATED),
    _K.TITLE_REVOKED: Rule(Bilingual("执行依据被撤销", "the judgment was set aside"), _R, _J, _L, _G.TERMINATED),
    _K.PLAN_APPROVED: Rule(Bilingual("裁定批准重整计划或者认可和解协议", "a reorganisation plan approved"), _J, _J, _J),
    _K.WRITTEN_OFF: Rule(Bilingual("委托执行，原案销案", "entrusted to another court, written off"), _J, _J, _J),
    _K.DEBTOR_DIED: Rule(Bilingual("被执行人死亡", "the debtor died"), _J, _J, _J),
    _K.WRONGLY_LISTED: Rule(Bilingual("发现不应纳入", "found wrongly listed"), _X, _X, _J, _G.ERROR),
    _K.WRONG_PERSON: Rule(Bilingual("发现身份认定错误", "found to be the wrong person"), _X, _X, _X, _G.IDENTITY_ERROR),
}  # fmt: skip
PERFORMANCE = frozenset({_K.PERFORMED, _K.SETTLEMENT_PERFORMED})
QUERIES_NEEDED = 2


@dataclass(frozen=True, slots=True)
class Record:
    """The record that something happened to: a listing (termed or not, in which state) or an order."""

    is_listing: bool
    termed: bool = False
    state: State | None = None


@dataclass(frozen=True, slots=True)
class Happened:
    """One circumstance on a Beijing day."""

    kind: CircumstanceKind
    on: date


@dataclass(frozen=True, slots=True)
class Consequence:
    """What is to be prepared, on which ground, and the clause."""

    effect: Effect
    ground: str
    clause: str


def consequence(record: Record, now: Happened, before: Sequence[Happened]) -> Consequence:
    """What follows for this record from what happened, knowing what had happened in the case before.

    ``before`` has every earlier circumstance of the record, this one left out.
    """
    rule = RULES[now.kind]
    if not record.is_listing:
        return Consequence(rule.order, ExitGround.ORDER_LIFTED.value, "法释〔2015〕17号第九条")
    ground = rule.ground.value if rule.ground else ""
    clause = rule.ground.clause if rule.ground else f"{LIST_RULES}第十条"
    effect = rule.termed if record.termed else rule.untermed
    if now.kind in {CircumstanceKind.CLEAN_QUERY, CircumstanceKind.LEAD_CLEARED} and not _item_four([*before, now]):
        return Consequence(Effect.STAYS, ground, clause)
    if record.state in {State.DECIDED, State.IN_GRACE} and effect not in {Effect.REVOKE, Effect.STAYS}:
        return _unpublished(now.kind)
    if effect is Effect.REVIEW:
        return Consequence(effect, ExitGround.EARLY.value, ExitGround.EARLY.clause)
    return Consequence(effect, ground, clause)


def _unpublished(kind: CircumstanceKind) -> Consequence:
    clause = "法发〔2019〕35号第十五条"
    if kind in PERFORMANCE:
        return Consequence(Effect.LAPSE, "performed", clause)
    return Consequence(Effect.JUDGE, "", clause)


def _item_four(happened: Sequence[Happened]) -> bool:
    """Art. 10 para. 1 item 4: two searches or more after the round ended, nothing found, and no valid lead open (I16)."""
    ended = [one.on for one in happened if one.kind is CircumstanceKind.ROUND_ENDED]
    if not ended:
        return False
    since = max(ended)
    leads = [one.on for one in happened if one.kind is CircumstanceKind.LEAD and one.on >= since]
    cleared = [one.on for one in happened if one.kind is CircumstanceKind.LEAD_CLEARED]
    if leads and (not cleared or max(cleared) < max(leads)):
        return False
    clean = [one for one in happened if one.kind is CircumstanceKind.CLEAN_QUERY and one.on >= since]
    return len(clean) >= QUERIES_NEEDED
