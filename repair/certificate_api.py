"""``/v1/certificates/{number}``: whether a paper still holds, for programs of banks, tenderers and offices. Public."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import fields

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.errors import NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.issuing import PaperState, court_name, paper_of
from creditsvc.papers.numbers import read_number
from creditsvc.web.context import services
from creditsvc.web.schemas import Schema

blueprint = Blueprint("certificates_api", __name__, description="文书核验 / whether a paper still holds")


class CertificateResponse(Schema):
    """The least data: kind, court, day, first character of the name, digest of the file."""

    number = fields.String(required=True)
    state = fields.Enum(PaperState, by_value=True, required=True)
    title = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    court = fields.String(required=True)
    issued_on = fields.DateTime(required=True)
    name_begins = fields.String(required=True)
    sha256 = fields.String(required=True)
    replaced_by = fields.String(required=True, allow_none=True)


@blueprint.route("/certificates/<number>")
class Certificates(MethodView):
    """One paper."""

    @open_to(Permission.ANYONE)
    @blueprint.response(200, CertificateResponse)
    def get(self, number: str) -> dict[str, Any]:
        """核验文书：有效、已替代或者已撤销 / valid, superseded or revoked."""
        written = read_number(number)
        if written is None:
            raise NotFound(Bilingual("没有这份文书", "no such paper"), code="paper-unknown")
        with services().database.reading() as session:
            row = paper_of(session, written)
            return {
                "number": row.number,
                "state": PaperState(row.state),
                "title": {"zh": row.title_zh, "en": row.title_en},
                "court": court_name(row.court_code),
                "issued_on": row.issued_at,
                "name_begins": row.hint,
                "sha256": row.digest,
                "replaced_by": row.replaced_by,
            }
