"""The desk of batches: send a file, see what it would do, have a second person release it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO, cast

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.actors import names_of
from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.errors import Conflict, CreditServiceError, InvalidInput, NotAllowed
from creditsvc.kernel.sheets.write import safe
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from creditsvc.web.errors import status_for
from creditsvc.web.language import language
from creditsvc.web.pages import render
from sync.fault_file import fault_file
from sync.inbound.shapes import Shape
from sync.intake import batch_in_reach, receive_file, release, withdraw
from sync.preview_sectors import ORDER, PERSON, UNIT
from sync.tables_intake import RELEASED, Batch, BatchFault

blueprint = Blueprint("batches", __name__, url_prefix="/desk/batches", template_folder="templates")

PAGE = 100
BATCH = "<int(min=0,max=9223372036854775807):batch_id>"
STATES = {
    "received": (Bilingual("正在读取", "being read"), "info"),
    "awaiting_release": (Bilingual("待第二人发布", "waiting for a second person"), "warning"),
    "released": (Bilingual("已发布，正在生效", "released, completing"), "info"),
    "applied": (Bilingual("已全部生效", "applied"), "good"),
    "unreadable": (Bilingual("无法读取", "unreadable"), "bad"),
    "withdrawn": (Bilingual("已撤回", "withdrawn"), "neutral"),
}


AFFECTED = {
    PERSON: Bilingual("失信自然人", "listed people"),
    UNIT: Bilingual("失信单位", "listed units"),
    ORDER: Bilingual("仅被限制消费的人", "people under an order alone"),
}


def own_batch(session: Session, batch_id: int) -> Batch:
    """The batch if the caller may see it; raises ``NotFound``, as for one that is not there."""
    return batch_in_reach(session, batch_id, caller=caller())


@blueprint.get("/")
@open_to(Permission.LISTING_READ)
def index() -> ResponseReturnValue:
    """The newest batches, and where to send one."""
    return _index({})


def _index(errors: dict[str, Bilingual]) -> str:
    reach = caller().court_code or "-"
    with services().database.reading() as session:
        rows = session.scalars(
            select(Batch).where(Batch.court_code.startswith(reach)).order_by(Batch.id.desc()).limit(PAGE)
        ).all()
        return render(
            "sync/batches.html", batches=rows, states=STATES, errors=errors, may=caller().may(Permission.BATCH_IMPORT),
            limit=services().settings.max_upload_mib,
        )  # fmt: skip


@blueprint.post("/")
@open_to(Permission.BATCH_IMPORT)
def upload() -> ResponseReturnValue:
    """Take a file in; what is wrong with it as a whole is said here, what is wrong with rows on the batch's page."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return _index({"file": Bilingual("请选择文件", "choose a file")}), 422
    try:
        batch, _ = receive_file(
            services(), cast(BinaryIO, file.stream), filename=file.filename, caller=caller(), now=services().clock.now(),
            declared=declared_rows(request.form.get("declared", "")),
        )  # fmt: skip
    except InvalidInput as wrong:
        return _index({str(wrong.details.get("field", "file")): wrong.text}), 422
    except CreditServiceError as wrong:
        return _index({"file": wrong.text}), status_for(type(wrong))
    return redirect(url_for("batches.one", batch_id=batch.id), 303)


def declared_rows(text: str) -> int | None:
    """How many rows the sender says there are; raises ``InvalidInput``."""
    bare = text.replace(",", "").strip()
    if not bare:
        return None
    if not (bare.isascii() and bare.isdigit() and len(bare) < 10):
        raise InvalidInput(
            Bilingual("行数应为整数", "the number of rows must be a whole number"),
            code="declared-shape",
            field="declared",
        )
    return int(bare)


@blueprint.get(f"/{BATCH}")
@open_to(Permission.LISTING_READ)
def one(batch_id: int) -> ResponseReturnValue:
    """What the batch would do, or did."""
    return _page(batch_id, {})


def _page(batch_id: int, errors: dict[str, Bilingual]) -> str:
    code, after = request.args.get("code", "")[:64], max(0, min(request.args.get("after", 0, type=int), 2**62))
    with services().database.reading() as session:
        batch = own_batch(session, batch_id)
        query = select(BatchFault).where(BatchFault.batch_id == batch_id, BatchFault.id > after)
        faults = session.scalars(
            (query.where(BatchFault.code == code) if code else query).order_by(BatchFault.id).limit(PAGE + 1)
        ).all()
        return render(
            "sync/batch.html", batch=batch, shown=batch.preview or {}, states=STATES, faults=faults[:PAGE], code=code, errors=errors,
            next=faults[PAGE - 1].id if len(faults) > PAGE else None, own=batch.uploaded_person == caller().person,
            may_release=caller().may(Permission.BATCH_RELEASE), may_import=caller().may(Permission.BATCH_IMPORT),
            refreshing=batch.state == RELEASED, form=request.form, shapes={shape.value: shape.label for shape in Shape},
            affected=AFFECTED, names=names_of(session, (batch.uploaded_by, batch.released_by)),
        )  # fmt: skip


@blueprint.post(f"/{BATCH}/release")
@open_to(Permission.BATCH_RELEASE)
def release_one(batch_id: int) -> ResponseReturnValue:
    """The second person's release of what was shown."""
    try:
        with services().database.writing() as session:
            own_batch(session, batch_id)
            release(session, batch_id, shown_digest=request.form.get("digest", ""), reason=request.form.get("reason", "")[:2000],
                    caller=caller(), now=services().clock.now())  # fmt: skip
    except (Conflict, InvalidInput, NotAllowed) as wrong:
        return _page(batch_id, {str(wrong.details.get("field", "")): wrong.text}), status_for(type(wrong))
    return redirect(url_for("batches.one", batch_id=batch_id), 303)


@blueprint.post(f"/{BATCH}/withdraw")
@open_to(Permission.BATCH_IMPORT)
def withdraw_one(batch_id: int) -> ResponseReturnValue:
    """Take a batch back before it is released."""
    with services().database.writing() as session:
        own_batch(session, batch_id)
        withdraw(session, batch_id, caller=caller(), now=services().clock.now())
    return redirect(url_for("batches.one", batch_id=batch_id), 303)


@blueprint.get(f"/{BATCH}/faults.csv")
@open_to(Permission.LISTING_READ)
def faults_csv(batch_id: int) -> ResponseReturnValue:
    """All faults as a file for whoever mends the list."""
    with services().database.reading() as session:
        own_batch(session, batch_id)
        rows = session.scalars(
            select(BatchFault).where(BatchFault.batch_id == batch_id).order_by(BatchFault.row_number, BatchFault.id)
        ).all()
    return Response(
        list(_csv(rows)), content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="batch-{batch_id}-faults.csv"', "Cache-Control": "no-store"},
    )  # fmt: skip


@blueprint.get(f"/{BATCH}/fault-rows")
@open_to(Permission.LISTING_READ)
def fault_rows(batch_id: int) -> ResponseReturnValue:
    """The faulty rows in the sender's own format."""
    with services().database.reading() as session:
        batch = own_batch(session, batch_id)
    made = fault_file(services(), batch, english=language() == "en")
    name = f"batch-{batch_id}-fault-rows.{made.extension}"
    return Response(
        made.pieces, content_type=made.media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )  # fmt: skip


def _csv(rows: Sequence[BatchFault]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf"
    heads = ("行号", "栏目", "原栏目", "代码", "处理", "说明", "In English")
    for cells in (
        heads,
        *((row.row_number, row.column, row.header, row.code, _fate(row), row.zh, row.en) for row in rows),
    ):
        line = io.StringIO()
        csv.writer(line, lineterminator="\r\n").writerow([safe(str(cell)) for cell in cells])
        yield line.getvalue().encode()


def _fate(row: BatchFault) -> str:
    return "退回" if row.severity == "refused" else "待补正"
