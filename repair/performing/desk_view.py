"""What the court's pages of the positive path show, worked out from policy and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.issuing import PaperState, papers_about
from creditsvc.services import Services
from repair.performing import incentive_list as places
from repair.performing.records import Opened, events_of, opened
from repair.performing.tables import PerformanceRecord
from repair.performing.work import shown_digest
from repair.policy.performing import Source, listable, proposable
from repair.policy.performing_states import MOVES, TO_SIGN, Act, Stage

TABS: dict[str, tuple[Bilingual, tuple[Stage, ...]]] = {
    "todo": (
        Bilingual("待办", "To do"),
        (Stage.CLAIMED, Stage.CERTIFICATE_PROPOSED, Stage.REFUSAL_PROPOSED, Stage.OBJECTED),
    ),
    "running": (Bilingual("履行期内", "Period running"), (Stage.ADVISED, Stage.FOREWARNED)),
    "lapsed": (Bilingual("期限已过", "Period over"), (Stage.LAPSED,)),
    "certified": (Bilingual("已出具证明", "Certified"), (Stage.CERTIFIED,)),
    "publicised": (Bilingual("公示中", "Publicised"), (Stage.PUBLICISED, Stage.OBJECTED)),
    "list": (Bilingual("激励名单", "Incentive list"), (Stage.ON_LIST,)),
    "ended": (Bilingual("已结束", "Ended"), (Stage.EXPIRED, Stage.WITHDRAWN, Stage.REFUSED)),
}
TONES = {
    Stage.ADVISED: "info", Stage.FOREWARNED: "warning", Stage.CLAIMED: "info", Stage.CERTIFICATE_PROPOSED: "info",
    Stage.REFUSAL_PROPOSED: "info", Stage.CERTIFIED: "good", Stage.PUBLICISED: "info", Stage.OBJECTED: "warning",
    Stage.ON_LIST: "good", Stage.EXPIRED: "neutral", Stage.WITHDRAWN: "neutral", Stage.REFUSED: "bad",
    Stage.LAPSED: "neutral",
}  # fmt: skip
ACT_NAMES = {
    "advise": Bilingual("出具告知书", "notice issued"),
    "agrees": Bilingual("本人同意公示、列入或者共享", "the person agreed to publicity, listing or sharing"),
    "disagrees": Bilingual("本人撤回同意", "the person took the agreement back"),
    Act.FOREWARN.value: Bilingual("出具预告书", "forewarning issued"),
    Act.CLAIM.value: Bilingual("报告已履行", "performance reported"),
    Act.PROPOSE_CERTIFICATE.value: Bilingual("提出出具证明书", "certificate proposed"),
    Act.PROPOSE_REFUSAL.value: Bilingual("提出不予出具", "refusal proposed"),
    Act.APPROVE.value: Bilingual("第二人签批", "signed by a second person"),
    Act.SEND_BACK.value: Bilingual("退回重新审查", "sent back"),
    Act.PUBLICISE.value: Bilingual("开始公示", "publicity begun"),
    Act.OBJECT.value: Bilingual("收到异议", "objection received"),
    Act.DISMISS_OBJECTION.value: Bilingual("异议不成立", "objection dismissed"),
    Act.UPHOLD_OBJECTION.value: Bilingual("异议成立，退出", "objection upheld, ended"),
    Act.PUT_ON_LIST.value: Bilingual("列入激励名单", "put on the incentive list"),
    Act.EXPIRE.value: Bilingual("到期", "expired"),
    Act.WITHDRAW.value: Bilingual("退出", "withdrawn"),
    Act.LAPSE.value: Bilingual("期限届满未见履行", "period over, nothing reported"),
}


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One record in a list."""

    found: Opened
    stage: Bilingual
    tone: str
    days_left: int | None
    """Days of the person's own period; none where it doesn't run."""


def queue_rows(found: Sequence[Opened], on: date) -> list[QueueRow]:
    """Records in the order given."""
    rows = []
    for each in found:
        stage = Stage(each.row.stage)
        left = (each.row.due_on - on).days if stage in {Stage.ADVISED, Stage.FOREWARNED} else None
        rows.append(QueueRow(each, stage.label, TONES[stage], left))
    return rows


def record_page(
    session: Session, services: Services, row: PerformanceRecord, *, caller: Caller, on: date
) -> dict[str, Any]:
    """Everything that the record's page shows."""
    stage = Stage(row.stage)
    facts = places.facts_of(session, row, on=on)
    key = services.vault.keys_of([row.subject_id]).get(row.subject_id)
    objections = [
        (each, services.vault.open(key, places.objection_place(each, row), each.statement_cell) if key else "")
        for each in places.open_objections(session, row)
    ]
    return {
        "found": opened(services, [row])[0],
        "row": row,
        "stage": stage.value,
        "stage_name": stage.label,
        "tone": TONES[stage],
        "acts": frozenset(act.value for at, act in MOVES if at is stage),
        "days_left": (row.due_on - on).days,
        "papers": [(each, PaperState(each.state).label) for each in papers_about(session, application=row.id)],
        "events": [(each, ACT_NAMES.get(each.act, Bilingual(each.act, each.act))) for each in events_of(session, row)],
        "sources": [(source.value, source.label) for source in Source],
        "source": Source(row.finding["source"]).label if row.finding and "source" in row.finding else None,
        "digest": shown_digest(row) if stage in TO_SIGN else "",
        "own_proposal": row.proposed_person == caller.person,
        "may_sign": caller.may(Permission.DECISION_APPROVE),
        "proposable": proposable(facts),
        "listable": listable(facts, on=on),
        "objections": objections,
        "publicity_days": services.settings.incentive_publicity_days,
        "incentive_months": services.settings.incentive_months,
    }
