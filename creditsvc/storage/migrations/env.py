"""Alembic's environment: it works on the connection that it is given and opens none."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy import JSON

from creditsvc.storage.base import Instant


def plain_types(kind: str, item: Any, _autogen: Any) -> str | Literal[False]:
    """Migrations name the database's types, not ours, so that they read the same in ten years."""
    if kind == "type" and isinstance(item, Instant):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JSON):
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=context.config.attributes.get("metadata"),
    render_as_batch=True,
    render_item=plain_types,
    compare_type=True,
)
context.run_migrations()
