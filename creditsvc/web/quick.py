"""A request's body read without a schema where it is of the plain form that nearly all have; else as every other.

What the quick way takes is taken exactly as the schema would take it (a property test); whatever it does not understand, be it
right or wrong, the schema reads.
"""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Request, request
from marshmallow import Schema
from webargs.flaskparser import FlaskParser


class QuickParser(FlaskParser):
    """As a blueprint's parser; ``plain`` has those fields of ``schema`` that must be there, with the same limits."""

    def __init__(self, schema: Schema, plain: type[msgspec.Struct]) -> None:
        super().__init__()
        self._schema, self._decoder = schema, msgspec.json.Decoder(plain)

    def parse(self, argmap: Any, req: Request | None = None, *, location: str | None = None, **more: Any) -> Any:
        """The fields of the body by their names; as webargs has it."""
        if argmap is self._schema and (found := self._plain(req or request)) is not None:
            return found
        return super().parse(argmap, req, location=location, **more)

    def _plain(self, asked: Request) -> dict[str, Any] | None:
        if asked.mimetype != "application/json":
            return None
        try:
            return msgspec.structs.asdict(self._decoder.decode(asked.get_data(cache=True)))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
