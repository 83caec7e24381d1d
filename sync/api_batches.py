"""Batches by API: a court's system sends a file, reads what it would do; a second person releases it."""

from __future__ import annotations

import io
from typing import Any, BinaryIO, cast

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import fields, validate
from sqlalchemy import select

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from creditsvc.web.language import language
from creditsvc.web.schemas import Schema
from sync.desk_batches import own_batch
from sync.fault_file import fault_file
from sync.intake import receive_file, release
from sync.tables_intake import Batch, BatchFault

blueprint = Blueprint(
    "batches_api",
    __name__,
    description="批次：导入、预览、由第二人发布 / batches: import, preview, release",
)

BATCH = "<int(min=0,max=9223372036854775807):batch_id>"


class BatchResponse(Schema):
    """A batch and what it would do."""

    batch = fields.Integer(required=True)
    state = fields.String(required=True)
    filename = fields.String(required=True)
    sha256 = fields.String(required=True)
    rows = fields.Integer(required=True)
    preview = fields.Dict(allow_none=True)
    digest = fields.String(allow_none=True)
    applied = fields.Integer(required=True)
    passed_over = fields.Integer(required=True)
    format = fields.String(allow_none=True)
    encoding = fields.String(allow_none=True)
    parser = fields.String(allow_none=True)
    declared_rows = fields.Integer(allow_none=True)


class ImportQuery(Schema):
    """What the sender says of the file."""

    declared_rows = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(0, 10**9))


class ReleaseRequest(Schema):
    """The release of what was shown."""

    digest = fields.String(required=True, validate=validate.Length(equal=64))
    reason = fields.String(load_default="", validate=validate.Length(0, 2000))


class FaultQuery(Schema):
    """Paging by the last fault seen."""

    after = fields.Integer(load_default=0, validate=validate.Range(0, 2**62))
    limit = fields.Integer(load_default=200, validate=validate.Range(1, 1000))


class FaultResponse(Schema):
    """One fault of one row."""

    id = fields.Integer(required=True)
    row = fields.Integer(required=True)
    column = fields.String(required=True)
    header = fields.String(required=True)
    code = fields.String(required=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)
    severity = fields.String(required=True)


class FaultsResponse(Schema):
    """Faults in the order of the file."""

    faults = fields.List(fields.Nested(FaultResponse), required=True)


@blueprint.route("/batches")
class Batches(MethodView):
    """Files coming in."""

    @open_to(Permission.BATCH_IMPORT)
    @blueprint.arguments(ImportQuery, location="query")
    @blueprint.response(201, BatchResponse)
    def post(self, asked: dict[str, Any]) -> dict[str, Any]:
        """上传名单（multipart 的 file，或者直接以文件为正文） / send a list, as the part ``file`` or as the body."""
        part = request.files.get("file")
        stream = part.stream if part is not None else request.stream
        name = (
            part.filename
            if part is not None
            else request.headers.get("Content-Disposition", "").partition("filename=")[2].strip('"')
        ) or "list"
        if part is None and not request.content_length:
            raise InvalidInput(
                Bilingual("请求中没有文件", "the request holds no file"), code="file-empty", field="file"
            )
        source = stream if hasattr(stream, "read") else io.BytesIO()
        batch, _ = receive_file(
            services(), cast(BinaryIO, source), filename=name, caller=caller(), now=services().clock.now(),
            declared=asked["declared_rows"],
        )  # fmt: skip
        return _said(batch)


@blueprint.route(f"/batches/{BATCH}")
class OneBatch(MethodView):
    """One batch."""

    @open_to(Permission.LISTING_READ)
    @blueprint.response(200, BatchResponse)
    def get(self, batch_id: int) -> dict[str, Any]:
        """批次与预览 / a batch and what it would do."""
        with services().database.reading() as session:
            return _said(own_batch(session, batch_id))


@blueprint.route(f"/batches/{BATCH}/faults")
class Faults(MethodView):
    """What is wrong with its rows."""

    @open_to(Permission.LISTING_READ)
    @blueprint.arguments(FaultQuery, location="query")
    @blueprint.response(200, FaultsResponse)
    def get(self, asked: dict[str, Any], batch_id: int) -> dict[str, Any]:
        """逐行问题 / faults by row and column."""
        with services().database.reading() as session:
            own_batch(session, batch_id)
            query = select(BatchFault).where(BatchFault.batch_id == batch_id, BatchFault.id > asked["after"])
            rows = session.scalars(query.order_by(BatchFault.id).limit(asked["limit"])).all()
            names = ("id", "column", "header", "code", "zh", "en", "severity")
            return {"faults": [{name: getattr(row, name) for name in names} | {"row": row.row_number} for row in rows]}


@blueprint.route(f"/batches/{BATCH}/fault-rows")
class FaultRows(MethodView):
    """The faulty rows as their sender wrote them."""

    @open_to(Permission.LISTING_READ)
    @blueprint.response(200, content_type="application/octet-stream")
    def get(self, batch_id: int) -> Response:
        """有误的行，原格式，多一栏问题说明 / faulty rows in the sender's own format, with a column of what is wrong."""
        with services().database.reading() as session:
            batch = own_batch(session, batch_id)
        made = fault_file(services(), batch, english=language() == "en")
        return Response(made.pieces, content_type=made.media_type, headers={"Cache-Control": "no-store"})


@blueprint.route(f"/batches/{BATCH}/release")
class Releases(MethodView):
    """The second person."""

    @open_to(Permission.BATCH_RELEASE)
    @blueprint.arguments(ReleaseRequest)
    @blueprint.response(200, BatchResponse)
    def post(self, asked: dict[str, Any], batch_id: int) -> dict[str, Any]:
        """由第二人发布 / release as a second person."""
        with services().database.writing() as session:
            own_batch(session, batch_id)
            release(
                session,
                batch_id,
                shown_digest=asked["digest"],
                reason=asked["reason"],
                caller=caller(),
                now=services().clock.now(),
            )
        with services().database.reading() as session:
            return _said(own_batch(session, batch_id))


def _said(batch: Batch) -> dict[str, Any]:
    return {
        "batch": batch.id, "state": batch.state, "filename": batch.filename, "sha256": batch.sha256, "rows": batch.rows,
        "preview": batch.preview, "digest": batch.digest, "applied": batch.applied,
        "passed_over": batch.passed_over, "format": batch.format, "encoding": batch.encoding, "parser": batch.parser,
        "declared_rows": batch.declared_rows,
    }  # fmt: skip
