"""Files and fields of the portal's forms, read from the request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import request

from repair.policy.files import MAX_BYTES


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came: the client's name for it and its bytes, at most one more than is allowed."""

    name: str
    content: bytes


def uploads(field: str) -> Sequence[Upload]:
    """The files of this field that were really chosen; a browser sends an empty part for an empty field."""
    chosen = [item for item in request.files.getlist(field) if item.filename]
    found = [Upload(item.filename or "", item.stream.read(MAX_BYTES + 1)) for item in chosen]
    for _, items in request.files.lists():
        for item in items:
            # a large upload lies in an unnamed temporary file until it is closed
            item.close()
    return found


def text(field: str, limit: int = 4096) -> str:
    """A field's text, without surrounding spaces; missing is empty. Longer texts are cut just past the limit."""
    return request.form.get(field, "").strip()[: limit + 1]
