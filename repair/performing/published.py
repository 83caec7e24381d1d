"""The port ``publishable/incentive``: what the provincial platform gets of an incentive record.

Shared only with the person's consent. It names the certificate and nothing of the case: no case number, no other side, no
amount, so that it tells nobody of a dispute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.papers.issuing import court_name
from creditsvc.register.feed_fields import FeedFields
from creditsvc.storage.cells import Place
from creditsvc.storage.subjects import numbers_of
from creditsvc.storage.vault import Vault
from repair.performing.incentive_list import KIND
from repair.performing.tables import PerformanceRecord
from repair.policy.performing_states import Stage


def publishable(session: Session, vault: Vault, entries: Sequence[str]) -> Mapping[str, FeedFields]:
    """Fields by entry, as they are now, in the feed's own names."""
    rows = session.scalars(select(PerformanceRecord).where(PerformanceRecord.entry.in_(list(entries)))).all()
    subjects = [row.subject_id for row in rows]
    numbers, keys = numbers_of(session, vault, subjects), vault.keys_of(subjects)
    found: dict[str, FeedFields] = {}
    for row in rows:
        number = numbers.get(row.subject_id)
        if row.entry is None or number is None:
            continue
        place = Place("performance_record", "name_cell", row.id, row.subject_id)
        data = {
            "entry": row.entry, "kind": KIND, "revision": row.revision, "debtor_kind": row.debtor_kind,
            "name": vault.open(keys.get(row.subject_id), place, row.name_cell), "court_code": row.court_code,
            "court_name": court_name(row.court_code), "decision": row.certificate,
            "published_on": row.listed_on.isoformat() if row.listed_on else None,
            "until": row.until.isoformat() if row.until else None,
            "unit_code": None if number.is_personal else number.number,
        }  # fmt: skip
        found[row.entry] = FeedFields(
            entry=row.entry,
            kind=KIND,
            revision=row.revision,
            in_force=row.stage == Stage.ON_LIST.value and row.agrees_platform_on is not None,
            nonpublic=False,
            subject_number=number.canonical,
            data={name: value for name, value in data.items() if value is not None},
        )
    return found
