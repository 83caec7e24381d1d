"""A watch list as machines and pages read it. Numbers are masked: the unit has them whole in its own files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from creditsvc.checks.tables_screening import WatchDecision, WatchEvent, WatchList
from creditsvc.checks.watch import Now
from creditsvc.checks.watch_people import Watched
from creditsvc.kernel.text import Bilingual

KINDS: dict[str, tuple[Bilingual, str]] = {
    "entered": (Bilingual("列入", "entered"), "bad"),
    "changed": (Bilingual("变动", "changed"), "warning"),
    "left": (Bilingual("移出", "left"), "good"),
}


def list_said(watch_list: WatchList) -> dict[str, Any]:
    """A list."""
    return {
        "watch_list": watch_list.id,
        "name": watch_list.name,
        "sector": watch_list.sector,
        "act": watch_list.act,
        "purpose": watch_list.purpose,
        "matter": watch_list.matter,
        "created_at": watch_list.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def person_said(person: Watched | None) -> dict[str, Any]:
    """Somebody on a list; of somebody who was taken off it nothing is left to say."""
    if person is None:
        return {"number": None, "name": None, "reference": None}
    return {"number": person.number.masked, "name": person.name, "reference": person.reference}


def event_said(event: WatchEvent, people: Mapping[int, Watched]) -> dict[str, Any]:
    """What was told."""
    return {
        "event": event.id,
        "kind": event.kind,
        "member": event.member_id,
        "entry": event.entry,
        "revision": event.revision,
        "outcome": event.outcome,
        "at": event.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "as_of_event": event.as_of_event,
        **person_said(people.get(event.member_id)),
    }


def standing_said(now: Now, decisions: Mapping[tuple[int, str, int], WatchDecision]) -> list[dict[str, Any]]:
    """Every entry in force about a member; those that wait for the unit's decision first."""
    said = [
        {
            "member": member,
            "entry": entry,
            "revision": standing.revision,
            "outcome": standing.outcome,
            **person_said(now.people.get(member)),
            "about": now.entries.get(entry, {"entry": entry}),
            "decision": _decision(decisions.get((member, entry, standing.revision))),
            "reopened": any(key[:2] == (member, entry) and key[2] < standing.revision for key in decisions),
        }
        for (member, entry), standing in now.standing.items()
    ]
    return sorted(said, key=lambda one: (one["decision"] is not None, one["member"], one["entry"]))


def open_only(said: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those without a decision at this revision."""
    return [one for one in said if one["decision"] is None]


def _decision(row: WatchDecision | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {"choice": row.choice, "note": row.note, "actor": row.actor, "at": row.at.strftime("%Y-%m-%dT%H:%M:%SZ")}
