"""Certificates about an entry: that it has left the list and who has let go, and that a person's credit is repaired.

A certificate says what the register and the holders' receipts say at that moment, and no more. A newer one supersedes the
older, since receipts keep coming in. Sources: 法释〔2017〕7号 arts 9, 10; 法发〔2019〕35号 no. 21; 河南省社会信用条例 arts 37, 43.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, Unavailable
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.issuing import IssuedPaper, PaperKind, PaperOrder, issue
from creditsvc.papers.typesetting import Template, said
from creditsvc.ports import Holder, RemovalProof
from creditsvc.register.policy import ExitGround
from creditsvc.register.tables import ConsumptionOrder, Listing
from creditsvc.services import Services
from repair.entries import LISTING, EntryView, standing_order
from repair.policy.performing import OPINION_21

REMOVAL = PaperKind(
    "REMOVAL",
    Bilingual("失信信息删除证明", "Certificate of removal"),
    Template("repair", "removal_certificate"),
    "a-3b",
)
REPAIR = PaperKind(
    "REPAIR", Bilingual("信用修复证明书", "Certificate of credit repair"), Template("repair", "repair_certificate")
)
LIMIT = Bilingual(
    "回执证明该单位申报的数据集合中已无此条记录，不能证明不存在未申报的副本；发现仍被使用的，可凭本证明向该单位或者执行法院提出。",
    "A receipt proves that the set which a holder declares no longer has the entry; it can't prove that no hidden copy exists. "
    "If somebody still uses it, show this certificate to them or to the court.",
)
HOLDERS_SHOWN = 40
_STAGES = {
    "published": Bilingual("已发布移出通知", "removal published"),
    "notified": Bilingual("已通知", "told"),
    "fetched": Bilingual("已领取移出通知", "removal fetched"),
    "applied": Bilingual("已移出，回执已验证", "has let go, receipt verified"),
    "probed": Bilingual("已移出，并经抽查", "has let go, and was probed"),
    "diverged": Bilingual("副本不一致，核对中", "its copy differs, being put right"),
    "overdue": Bilingual("逾期未回执，已督促", "overdue, told to act"),
}


def issue_removal(
    session: Session, services: Services, view: EntryView, *, caller: Caller, now: datetime
) -> IssuedPaper:
    """The certificate that an entry has left. The caller commits.

    Raises ``Conflict`` (``still-listed``) while it is in force, ``Unavailable`` (``proof-not-ready``) until the removal stands
    under a signed head: a second, as a rule.
    """
    _gone(view)
    proof = services.ports.removal_proof(services, session, view.entry, now)
    if proof is None:
        raise Unavailable(
            Bilingual("移出通知正在发布，请一分钟后再试", "the removal is being published; try again in a minute"),
            code="proof-not-ready",
        )
    data = _entry_data(session, view) | {
        "holders": [_holder(each) for each in proof.holders[:HOLDERS_SHOWN]],
        "more": max(0, len(proof.holders) - HOLDERS_SHOWN),
        "complete": proof.complete,
        "digest": proof.digest,
        # the very proof that the paper speaks of: one made later has another time and another head
        "bundle": proof.bundle.decode("utf-8"),
        "filename": proof.filename,
        "witnesses": len(proof.witnesses),
        "limit": said(LIMIT),
    }
    return _issue(session, services, REMOVAL, view, data, application=None, caller=caller, now=now)


def issue_repair(
    session: Session, services: Services, view: EntryView, *, application: str | None, caller: Caller, now: datetime
) -> IssuedPaper:
    """The certificate of credit repair: the entry of this case has left lawfully. It names this case only.

    Raises ``Conflict`` while the entry is in force, and for one that was revoked: what was never right needs no repair.
    """
    _gone(view)
    if _exit_of(session, view).get("exit") == "revoked":
        raise Conflict(
            Bilingual(
                "该记录系错误列入并已撤销，不需要信用修复；请出具删除证明",
                "the entry was wrong and is revoked: nothing to repair; ask for the certificate of removal",
            ),
            code="repair-not-needed",
        )
    data = _entry_data(session, view) | {
        "order_stands": standing_order(session, view, on=legal_day(now)) is not None,
        "basis": said(OPINION_21),
    }
    return _issue(session, services, REPAIR, view, data, application=application, caller=caller, now=now)


def proof_bundle(session: Session, services: Services, view: EntryView, *, now: datetime) -> RemovalProof:
    """The file that ``creditsvc verify`` takes; raises as ``issue_removal``."""
    _gone(view)
    proof = services.ports.removal_proof(services, session, view.entry, now)
    if proof is None:
        raise Unavailable(
            Bilingual("移出通知正在发布，请一分钟后再试", "the removal is being published; try again in a minute"),
            code="proof-not-ready",
        )
    return proof


def holders_in_words(holders: Sequence[Holder]) -> list[tuple[str, Bilingual]]:
    """Holders by name, how far each is."""
    return [(each.name, _STAGES.get(each.stage, _STAGES["published"])) for each in holders]


def _issue(
    session: Session, services: Services, kind: PaperKind, view: EntryView, data: dict[str, Any], *, application: str | None,
    caller: Caller, now: datetime,
) -> IssuedPaper:  # fmt: skip
    order = PaperOrder(
        kind, view.court_code, view.name, data, entry=view.entry, application=application, subject_id=view.subject_id,
        supersedes=True,
    )  # fmt: skip
    return issue(session, services, order, caller=caller, now=now)


def _gone(view: EntryView) -> None:
    if view.in_force or view.left_on is None:
        raise Conflict(
            Bilingual("该记录尚未移出，不能出具证明", "the entry has not left; there is nothing to certify"),
            code="still-listed",
        )


def _entry_data(session: Session, view: EntryView) -> dict[str, Any]:
    left = _exit_of(session, view)
    ground = left.get("ground", ExitGround.TERM_ENDED.value)
    label = ExitGround(ground).label if ground in set(ExitGround) else Bilingual(ground, ground)
    what = (
        Bilingual("失信被执行人名单", "the list")
        if view.kind == LISTING
        else Bilingual("限制消费令", "the consumption order")
    )
    return {
        "name": view.name,
        "case_number": view.case_number,
        "what": said(what),
        "published": _day(view.published_on),
        "left": _day(view.left_on),
        "revoked": left.get("exit") == "revoked",
        "ground": said(label),
        "clause": left.get("basis") or ExitGround.TERM_ENDED.clause,
        "decision": left.get("decision") or view.decision_number,
    }


def _exit_of(session: Session, view: EntryView) -> dict[str, Any]:
    table = Listing if view.kind == LISTING else ConsumptionOrder
    found = session.scalar(select(table.exit).where(table.entry == view.entry))
    return dict(found) if isinstance(found, dict) else {}


def _holder(holder: Holder) -> dict[str, Any]:
    at = legal_day(holder.reached_at) if holder.reached_at else None
    stage = _STAGES.get(holder.stage, _STAGES["published"])
    return {"name": holder.name, "stage": said(stage), "on": at.isoformat() if at else "—"}


def _day(day: date | None) -> dict[str, str]:
    if day is None:
        return {"zh": "—", "en": "—"}
    return {"zh": f"{day.year}年{day.month}月{day.day}日", "en": f"{day.day} {day:%B} {day.year}"}
