"""The courts' own rules as they were loaded: dated, by court, checked again when they are read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller
from creditsvc.register.court_rules import CourtRule, parse_rule
from creditsvc.register.tables_matters import CourtRuleRow


def court_rules(session: Session) -> tuple[CourtRule, ...]:
    """Every rule that was loaded; of two for one court and day the later."""
    rows = session.scalars(select(CourtRuleRow).order_by(CourtRuleRow.id))
    newest = {(row.court, row.from_day): parse_rule(row.content) for row in rows}
    return tuple(newest.values())


def keep_rule(session: Session, raw: Mapping[str, Any], *, caller: Caller, now: datetime) -> CourtRule:
    """Load a rule; raises ``InvalidInput`` for one outside the law's bounds."""
    rule = parse_rule(raw)
    content = {**raw, "from": rule.from_day.isoformat()}
    row = CourtRuleRow(
        court=rule.court, from_day=rule.from_day, content=content, loaded_by=caller.actor, loaded_at=now
    )  # fmt: skip
    session.add(row)
    session.flush()
    audit.record(
        session, action="court_rule.loaded", caller=caller, object=f"court_rule:{row.id}", at=now,
        details={"court": rule.court, "from": rule.from_day.isoformat(), "source": rule.source},
    )  # fmt: skip
    return rule
