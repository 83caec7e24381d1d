"""A screening as machines and pages read it."""

from __future__ import annotations

from typing import Any

from creditsvc.checks.tables_screening import Screening
from creditsvc.kernel.text import Bilingual

STATES: dict[str, tuple[Bilingual, str]] = {
    "queued": (Bilingual("排队中", "waiting"), "info"),
    "running": (Bilingual("正在核查", "being screened"), "info"),
    "done": (Bilingual("已完成", "done"), "good"),
    "stopped": (Bilingual("已停下，可以继续", "stopped; can be resumed"), "warning"),
    "cancelled": (Bilingual("已取消", "cancelled"), "neutral"),
    "destroyed": (Bilingual("结果已销毁", "results destroyed"), "neutral"),
}


def state_of(screening: Screening) -> str:
    """Its state, or that its results are gone."""
    return "destroyed" if screening.state == "done" and screening.destroyed_at is not None else screening.state


def said(screening: Screening) -> dict[str, Any]:
    """The whole of it; the file's people are in none of this."""
    return {
        "screening": screening.id,
        "state": state_of(screening),
        "filename": screening.filename,
        "format": screening.format,
        "sha256": screening.sha256,
        "sector": screening.sector,
        "act": screening.act,
        "purpose": screening.purpose,
        "matter": screening.matter,
        "on": screening.on_day.isoformat(),
        "rows": screening.rows,
        "answered": screening.cursor,
        "restricted": screening.restricted,
        "needs_officer": screening.needs_officer,
        "clear": screening.clear,
        "faulty": screening.faulty,
        "to_look_at": screening.hinted,
        "as_of_event": screening.first_event,
        "problem": screening.problem,
        "created_at": screening.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "finished_at": None if screening.finished_at is None else screening.finished_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
