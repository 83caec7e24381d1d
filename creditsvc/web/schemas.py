"""The base of every request and answer shape: what we do not understand is refused at the door."""

from __future__ import annotations

from typing import ClassVar

import marshmallow
from marshmallow import fields


class Schema(marshmallow.Schema):
    """Unknown fields are faults; order is that of the declaration."""

    class Meta:
        unknown = marshmallow.RAISE


class FaultSchema(Schema):
    """One fault of a request."""

    field = fields.String(metadata={"description": "字段路径 / path of the field"})
    text = fields.String()
    text_en = fields.String()


class ProblemSchema(marshmallow.Schema):
    """A problem document (RFC 9457)."""

    class Meta:
        unknown = marshmallow.INCLUDE

    type = fields.String(required=True, metadata={"description": "错误代码，稳定 / stable error code"})
    title = fields.String(required=True)
    title_en = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    detail_en = fields.String(required=True)
    request_id = fields.String()
    errors = fields.List(fields.Nested(FaultSchema))


class CursorQuery(Schema):
    """Paging: ``after`` is the last one seen, ``limit`` how many."""

    LARGEST: ClassVar[int] = 200
    after = fields.String(load_default=None, allow_none=True, validate=marshmallow.validate.Length(max=128))
    limit = fields.Integer(load_default=50, validate=marshmallow.validate.Range(1, 200))
