"""A court's file comes in: received, read, shown, released by a second person.

States of a batch: received → awaiting_release → released → applied; or unreadable, withdrawn. Nothing in it is in force
before its release; the release is one small transaction, and ``apply.py`` does the rest in chunks.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import BinaryIO

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission, StaffRole
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, CreditServiceError, InvalidInput, NotAllowed, NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.register.effects import KINDS
from creditsvc.register.entries import reaches
from creditsvc.services import Services
from creditsvc.storage.sealed_files import spool
from sync.batch_files import batch_folder, file_path, find_batch, original_key_name, rows_key_name
from sync.inbound.shapes import Shape
from sync.preview import Tally, digest_of, preview
from sync.staging import own_reading, stage
from sync.tables_intake import AWAITING, RECEIVED, RELEASED, UNREADABLE, WITHDRAWN, Batch, BatchRow

KEY_BYTES = 32
MIB = 1024 * 1024


def receive_file(
    services: Services,
    file: BinaryIO,
    *,
    filename: str,
    caller: Caller,
    now: datetime,
    declared: int | None = None,
    progress: Callable[[Tally], None] | None = None,
) -> tuple[Batch, bool]:
    """Take a file in and read it; the batch, and whether it is new. The same file again changes nothing.

    ``declared`` is how many rows the sender says it has: a file that was cut off between two rows shows by nothing else.

    Commits by itself, in steps. Raises ``TooLarge``, ``UnsupportedFile`` or ``InvalidInput`` with nothing left behind but
    the note that a file could not be read.
    """
    caller.require(Permission.BATCH_IMPORT)
    if caller.court_code is None:
        raise NotAllowed(
            Bilingual("您的账户不属于任何法院，不能导入名单", "your account belongs to no court and can't send a list"),
            code="court-missing",
        )
    name = f"upload:{secrets.token_hex(10)}"
    key = services.vault.new_keys([name], at=now)[name]
    path = batch_folder(services) / f"{name.partition(':')[2]}.part"
    digest, size = spool(file, path, key, limit=services.settings.max_upload_mib * MIB)
    try:
        with services.database.writing() as session:
            existing = session.scalar(select(Batch).where(Batch.sha256 == digest).with_for_update())
            if existing is not None and not reaches(caller, existing.court_code or ""):
                raise _elsewhere()
            if existing is not None and existing.state not in {RECEIVED, UNREADABLE}:
                return existing, False
            batch = existing or _new_batch(session, (filename, digest, size), caller=caller, now=now)
            batch.state, batch.declared_rows = RECEIVED, declared if declared is not None else batch.declared_rows
            # The key is also the fence: an earlier reading of the same file stops at its next chunk.
            services.vault.keep_key(original_key_name(batch.id), key, at=now)
        path.replace(file_path(services, batch.id))
    finally:
        path.unlink(missing_ok=True)
        services.vault.destroy(name, at=now)
    return _read(services, batch.id, key, now=now, progress=progress), True


def _elsewhere() -> Conflict:
    return Conflict(
        Bilingual(
            "同一文件已由其他法院导入，请向上级法院核实", "another court has sent this very file; ask the court above"
        ),
        code="batch-elsewhere",
    )


def _new_batch(session: Session, file: tuple[str, str, int], *, caller: Caller, now: datetime) -> Batch:
    filename, digest, size = file
    batch = Batch(
        filename=filename[-256:], sha256=digest, size=size, court_code=caller.court_code, state=RECEIVED,
        uploaded_by=caller.actor, uploaded_person=caller.person, uploaded_role=caller.role, uploaded_at=now,
    )  # fmt: skip
    session.add(batch)
    try:
        session.flush()
    except IntegrityError:
        raise Conflict(
            Bilingual("同一文件正在由他人导入", "somebody is importing the same file just now"), code="batch-busy"
        ) from None
    audit.record(
        session, action="batch.received", caller=caller, object=f"batch:{batch.id}", at=now, details={"sha256": digest}
    )
    return batch


def _read(
    services: Services, batch_id: int, key: bytes, *, now: datetime, progress: Callable[[Tally], None] | None
) -> Batch:
    with services.database.reading() as session:
        batch = batch_of(session, batch_id)
    rows_key = secrets.token_bytes(KEY_BYTES)
    services.vault.keep_key(rows_key_name(batch_id), rows_key, at=now)
    try:
        tally = stage(services, batch, (key, rows_key), now=now, progress=progress)
    except Conflict:
        raise  # somebody reads or withdrew it meanwhile: theirs now
    except CreditServiceError as problem:
        with services.database.writing() as session:
            batch = own_reading(session, services, batch_id, key)
            batch.state, batch.problem = UNREADABLE, problem.text.zh
        raise
    with services.database.writing() as session:
        batch = own_reading(session, services, batch_id, key)
        batch.rows, batch.problem = tally.rows, None
        batch.preview = preview(session, services.settings, batch, tally, on=legal_day(now))
        batch.digest = digest_of(batch)
        batch.state = AWAITING
    return batch


def batch_of(session: Session, batch_id: int, *, to_change: bool = False) -> Batch:
    """The batch; raises ``NotFound``."""
    batch = find_batch(session, batch_id, to_change=to_change)
    if batch is None:
        raise _unknown()
    return batch


def batch_in_reach(session: Session, batch_id: int, *, caller: Caller, to_change: bool = False) -> Batch:
    """The batch if the caller's court sent it or stands above the one that did; else as if it were not there."""
    batch = batch_of(session, batch_id, to_change=to_change)
    if not reaches(caller, batch.court_code or ""):
        raise _unknown()
    return batch


def _unknown() -> NotFound:
    return NotFound(Bilingual("没有这个批次", "no such batch"), code="batch-unknown")


def release(
    session: Session, batch_id: int, *, shown_digest: str, reason: str = "", caller: Caller, now: datetime
) -> Batch:
    """The second person's release: one small transaction; rows are applied afterwards.

    ``reason`` is needed where a guard holds the batch. Raises ``NotAllowed`` for whoever sent it, ``Conflict`` if it is
    not waiting or was shown otherwise, ``InvalidInput`` without a reason.
    """
    caller.require(Permission.BATCH_RELEASE)
    batch = batch_in_reach(session, batch_id, caller=caller, to_change=True)
    if caller.person == batch.uploaded_person:
        raise NotAllowed(
            Bilingual(
                "上传人不能发布自己上传的批次，须由另一人发布", "whoever sent it can't release it; another person must"
            ),
            code="same-person",
        )
    if batch.state != AWAITING:
        raise Conflict(
            Bilingual("该批次不在待发布状态", "this batch is not waiting to be released"),
            code="batch-state",
            state=batch.state,
        )
    if shown_digest != batch.digest:
        raise Conflict(
            Bilingual("批次内容已变动，请重新核对", "the batch has changed; look at it again"), code="batch-changed"
        )
    _high_enough(batch, caller)
    if (batch.preview or {}).get("held") and not reason.strip():
        raise InvalidInput(
            Bilingual(
                "该批次被拦下，请写明仍予发布的理由", "a guard holds this batch; say why it is released all the same"
            ),
            code="reason-missing",
            field="reason",
        )
    taken = session.execute(
        update(Batch)
        .where(Batch.id == batch_id, Batch.state == AWAITING)
        .values(
            state=RELEASED,
            released_by=caller.actor,
            released_person=caller.person,
            released_role=caller.role,
            released_at=now,
            release_reason=reason,
        )
        .execution_options(synchronize_session="fetch")
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(Bilingual("该批次刚被他人处理", "somebody has just settled this batch"), code="batch-state")
    details = {"digest": shown_digest, "held": [guard["code"] for guard in (batch.preview or {}).get("held", [])]}
    audit.record(session, action="batch.released", caller=caller, object=f"batch:{batch_id}", at=now, details=details)
    return batch


PRESIDENT = {Shape.EXTENSION.value: "extend_listing", Shape.RELIEF.value: "grant_temporary_lift"}
"""Shapes whose decisions may need the president's signature, and the kind that tells."""


def _high_enough(batch: Batch, caller: Caller) -> None:
    """Some decisions are the president's; told before the release, not row by row afterwards."""
    shapes = (batch.preview or {}).get("shapes", {})
    needed = [KINDS[kind] for shape, kind in PRESIDENT.items() if shape in shapes and kind in KINDS]
    if caller.role != StaffRole.PRESIDENT.value and (kinds := [kind for kind in needed if kind.by_president]):
        raise NotAllowed(
            Bilingual(
                f"本批次含有须由院长签发的“{kinds[0].label.zh}”，请由院长发布",
                f"the batch holds what the court's president must sign ({kinds[0].label.en}); the president releases it",
            ),
            code="president-needed",
        )


def withdraw(session: Session, batch_id: int, *, caller: Caller, now: datetime) -> Batch:
    """Take a batch back before it is released."""
    caller.require(Permission.BATCH_IMPORT)
    batch = batch_in_reach(session, batch_id, caller=caller, to_change=True)
    if batch.state not in {RECEIVED, AWAITING, UNREADABLE}:
        raise Conflict(
            Bilingual("已发布的批次不能撤回", "a released batch can't be taken back"),
            code="batch-state",
            state=batch.state,
        )
    batch.state, batch.sha256 = WITHDRAWN, f"{batch.sha256[:40]}~{batch.id}"
    audit.record(session, action="batch.withdrawn", caller=caller, object=f"batch:{batch_id}", at=now)
    return batch


def rows_in(session: Session, batch_id: int) -> dict[str, int]:
    """How many rows of a batch are in which state."""
    query = select(BatchRow.state, func.count()).where(BatchRow.batch_id == batch_id).group_by(BatchRow.state)
    return {row[0]: row[1] for row in session.execute(query)}
