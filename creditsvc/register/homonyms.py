"""Clearing somebody who is taken for a listed person: same name, or a number that was typed wrongly into the list.

Two people of the court clear, and two take it back. From the second signature on every check, screening and watch list leaves the
entry out for this person, at once; the entry itself stays what it is. A clearance that is doubted is honoured until the
doubt is signed: doubt ends with a person, never with a restriction.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from creditsvc.kernel.identity import IdentityNumber
from creditsvc.kernel.text import Bilingual
from creditsvc.register.entries import in_reach, reaches, target
from creditsvc.register.tables_homonyms import HomonymClearance
from creditsvc.storage.subjects import keep_subjects
from creditsvc.storage.vault import Vault

MAX_REASON = 500
MAX_NAME = 200
_SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class ClearanceState(StrEnum):
    """How a clearance stands."""

    PROPOSED = "proposed"
    VALID = "valid"
    DOUBTED = "doubted"
    REVOKED = "revoked"
    REJECTED = "rejected"

    @property
    def label(self) -> Bilingual:
        """What it is called."""
        return _LABELS[self]


_S = ClearanceState
_LABELS = {
    _S.PROPOSED: Bilingual("待第二人签批", "waits for a second person"),
    _S.VALID: Bilingual("有效", "valid"),
    _S.DOUBTED: Bilingual("提出撤销，待第二人签批", "to be taken back: waits for a second person"),
    _S.REVOKED: Bilingual("已撤销", "taken back"),
    _S.REJECTED: Bilingual("未予确认", "not confirmed"),
}
HONOURED = (_S.VALID.value, _S.DOUBTED.value)
MOVES = {
    (_S.PROPOSED, "approve"): _S.VALID,
    (_S.PROPOSED, "reject"): _S.REJECTED,
    (_S.VALID, "doubt"): _S.DOUBTED,
    (_S.DOUBTED, "approve"): _S.REVOKED,
    (_S.DOUBTED, "reject"): _S.VALID,
}


@dataclass(frozen=True, slots=True)
class NewClearance:
    """Who is to be cleared of which entry, and why: what the court looked at."""

    number: IdentityNumber
    name: str
    entry: str
    reason: str


def propose(session: Session, vault: Vault, new: NewClearance, *, caller: Caller, now: datetime) -> HomonymClearance:
    """Propose; the caller commits. Raises ``InvalidInput``, ``NotFound`` (no such entry, or another court's), ``Conflict``."""
    caller.require(Permission.DECISION_PROPOSE)
    _demand(new)
    about = in_reach(target(session, new.entry), caller).row
    subject = keep_subjects(session, vault, [new.number], at=now)[new.number]
    same = select(HomonymClearance.id).where(
        HomonymClearance.subject_id == subject, HomonymClearance.entry == new.entry,
        HomonymClearance.state.in_((_S.PROPOSED.value, *HONOURED)),
    )  # fmt: skip
    if session.scalar(same) is not None:
        raise Conflict(
            Bilingual("此人与该记录已有一份未结的证明", "there is a clearance of this person from this entry already"),
            code="clearance-open",
        )
    made = HomonymClearance(
        number=_number(now), subject_id=subject, name=new.name.strip(), entry=new.entry, court_code=about.court_code,
        court_name=about.court_name, case_number=about.case_number, state=_S.PROPOSED.value, reason=new.reason.strip(),
        digest="", proposer=caller.actor, proposer_person=caller.person, proposed_at=now,
    )  # fmt: skip
    made.digest = _digest(made)
    session.add(made)
    session.flush()
    _journal(session, "homonym.proposed", made, caller, now)
    return made


def doubt(session: Session, clearance_id: int, *, reason: str, caller: Caller, now: datetime) -> HomonymClearance:
    """Propose that it be taken back; it is honoured until a second person signs. The caller commits."""
    caller.require(Permission.DECISION_PROPOSE)
    row = find(session, clearance_id, caller=caller, to_change=True)
    if not reason.strip() or len(reason) > MAX_REASON:
        raise _no_reason()
    row.state = _moved(row, "doubt").value
    row.doubter, row.doubter_person, row.doubt = caller.actor, caller.person, reason.strip()
    row.digest = _digest(row)
    _journal(session, "homonym.doubted", row, caller, now)
    return row


def settle(
    session: Session, clearance_id: int, *, agrees: bool, shown_digest: str, caller: Caller, now: datetime
) -> HomonymClearance:
    """The second person's word on a proposal, or on its being taken back; applied at once. The caller commits.

    Raises ``NotAllowed`` for the first person, ``Conflict`` if what was shown has changed or is settled.
    """
    caller.require(Permission.DECISION_APPROVE)
    row = find(session, clearance_id, caller=caller, to_change=True)
    taken_back = row.state == _S.DOUBTED.value
    if caller.person == (row.doubter_person if taken_back else row.proposer_person):
        raise NotAllowed(Bilingual("须由另一人签批", "a second person must sign"), code="same-person")
    state = _moved(row, "approve" if agrees else "reject")
    if shown_digest != row.digest:
        raise Conflict(
            Bilingual(
                "内容已变动，请重新核对后再签批", "it has changed since it was shown; look again before you sign"
            ),
            code="decision-changed",
        )
    row.state = state.value
    if taken_back and agrees:
        row.revoker, row.revoker_person, row.revoked_at = caller.actor, caller.person, now
    elif not taken_back:
        row.approver, row.approver_person, row.approved_at = caller.actor, caller.person, now
    _journal(session, f"homonym.{state.value}", row, caller, now)
    return row


def find(session: Session, clearance_id: int, *, caller: Caller, to_change: bool = False) -> HomonymClearance:
    """One of the caller's court or of one below it; raises ``NotFound`` for any other."""
    query = select(HomonymClearance).where(HomonymClearance.id == clearance_id)
    row = session.scalar(query.with_for_update() if to_change else query)
    if row is None or not reaches(caller, row.court_code):
        raise NotFound(Bilingual("没有这份证明", "no such clearance"), code="clearance-unknown")
    return row


def newest(session: Session, *, caller: Caller, limit: int = 100) -> Sequence[HomonymClearance]:
    """Those of the caller's court and of courts below it: what waits for a signature first, then the newest."""
    query = select(HomonymClearance).where(HomonymClearance.court_code.startswith(caller.court_code or "-"))
    waits = HomonymClearance.state.in_((_S.PROPOSED.value, _S.DOUBTED.value))
    return session.scalars(query.order_by(waits.desc(), HomonymClearance.id.desc()).limit(limit)).all()


def state_of(session: Session, number: str) -> HomonymClearance | None:
    """The clearance with this printed number, if it was ever signed."""
    row = session.scalar(select(HomonymClearance).where(HomonymClearance.number == number.strip().upper()[:32]))
    return row if row is not None and row.approved_at is not None and row.state != _S.REJECTED.value else None


def _demand(new: NewClearance) -> None:
    if not new.name.strip() or len(new.name) > MAX_NAME:
        raise InvalidInput(Bilingual("请填写姓名或者单位名称", "give the name"), code="name-missing", field="name")
    if not new.reason.strip() or len(new.reason) > MAX_REASON:
        raise _no_reason()


def _no_reason() -> InvalidInput:
    return InvalidInput(
        Bilingual(
            f"请写明核对了哪些材料、为什么不是同一人（{MAX_REASON} 字以内，不写证件号码）",
            f"say what was compared and why they are not the same, at most {MAX_REASON} characters, no identity numbers",
        ),
        code="reason-missing",
        field="reason",
    )


def _moved(row: HomonymClearance, act: str) -> ClearanceState:
    state = MOVES.get((ClearanceState(row.state), act))
    if state is None:
        raise Conflict(
            Bilingual("这份证明的状态已经变化", "this clearance stands otherwise by now"),
            code="clearance-state",
            state=row.state,
        )
    return state


def _number(now: datetime) -> str:
    return f"HM-{legal_day(now).year}-{''.join(secrets.choice(_SIGNS) for _ in range(10))}"


def _digest(row: HomonymClearance) -> str:
    shown = [row.number, row.name, row.entry, row.court_code, row.case_number, row.state, row.reason, row.doubt]
    return hashlib.sha256(json.dumps(shown, ensure_ascii=False).encode()).hexdigest()


def _journal(session: Session, action: str, row: HomonymClearance, caller: Caller, now: datetime) -> None:
    details = {"number": row.number, "entry": row.entry}
    audit.record(session, action=action, caller=caller, object=f"homonym:{row.id}", at=now, details=details)
