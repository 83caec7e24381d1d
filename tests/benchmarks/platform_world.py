"""A register and a `platform` stream with many entries in force, laid down by bulk: what is measured comes after."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from datetime import date
from typing import Any

from creditsvc.kernel.identity import IdentityNumber, NumberType, resident_check_digit
from creditsvc.register.tables import Listing
from creditsvc.services import Services
from creditsvc.storage.bulk import insert_rows
from creditsvc.storage.subjects import keep_subjects
from sync.heads import prepare_feed
from sync.tables_feed import FeedEntry, FeedStream, StreamEvent
from sync.wire.canonical import canonical_json
from sync.wire.encoding import b64url
from sync.wire.ids import entry_id
from sync.wire.merkle import leaf_hash, load_frontier
from sync.wire.state import bucket_number

CHUNK = 10_000


def _number(index: int) -> IdentityNumber:
    first = f"410105{1960 + index // 365_000 % 40:04d}{1 + index // 30_000 % 12:02d}{1 + index // 1000 % 28:02d}{index % 1000:03d}"
    return IdentityNumber(NumberType.RESIDENT_ID, first + resident_check_digit(first))


def _distinct(count: int) -> Iterator[IdentityNumber]:
    index, seen = 0, set()
    while len(seen) < count:
        number = _number(index)
        index += 1
        if number.number not in seen:
            seen.add(number.number)
            yield number


def fill(services: Services, count: int) -> list[str]:
    """``count`` listings of natural persons, published on the stream in order; their entries."""
    prepare_feed(services, services.clock.now())
    now, entries = services.clock.now(), []
    numbers, frontier = _distinct(count), load_frontier(0, b"")
    for start in range(0, count, CHUNK):
        some = [next(numbers) for _ in range(min(CHUNK, count - start))]
        with services.database.writing() as session:
            subjects = keep_subjects(session, services.vault, some, at=now)
            names = [entry_id("listing", secrets.token_bytes(24)) for _ in some]
            rows = [
                _listing(start + at, name, subjects[number], now)
                for at, (name, number) in enumerate(zip(names, some, strict=True))
            ]
            insert_rows(session, Listing, rows)
            insert_rows(session, StreamEvent, [_event(start + at + 1, row, now) for at, row in enumerate(rows)])
            insert_rows(session, FeedEntry, [_held(start + at + 1, row["entry"]) for at, row in enumerate(rows)])
            for _ in some:
                frontier.append(leaf_hash(bytes(32)))
            row = session.get_one(FeedStream, "platform")
            row.size, row.frontier, row.count = frontier.size, frontier.stored(), frontier.size
        entries += names
    return entries


def _listing(index: int, entry: str, subject: str, now: Any) -> dict[str, Any]:
    return {
        "entry": entry, "subject_id": subject, "debtor_kind": "person", "name": f"测试{index}", "sex": "male", "age": 40,
        "legal_representative": None, "court_code": "豫0105", "court_name": "郑州市金水区人民法院",
        "case_number": f"（2026）豫0105执{index}号", "filed_on": date(2026, 3, 2), "basis_number": "（2025）豫0105民初1号",
        "basis_issuer": "郑州市金水区人民法院", "obligation": "给付货款本金及利息，并承担案件受理费", "performance": "none",
        "performed_part": None, "unperformed_part": None, "grounds": ["property_report"], "published_on": date(2026, 11, 1),
        "until": date(2028, 11, 1), "decision_number": f"（2026）豫0105执{index}号之一", "decided_on": date(2026, 10, 28),
        "national_entry": f"N{index}", "national_entered_on": date(2026, 11, 1), "applicants": [], "nonpublic": False,
        "state": "active", "revision": 1, "version": 1, "created_at": now,
        "row_key": hashlib.sha256(b"bench%d" % index).digest()[:16], "row_digest": bytes(16),
    }  # fmt: skip


def _event(sequence: int, row: dict[str, Any], now: Any) -> dict[str, Any]:
    names = ("entry", "debtor_kind", "name", "sex", "age", "court_code", "court_name", "case_number", "basis_number",
             "basis_issuer", "obligation", "performance", "grounds")  # fmt: skip
    data = {name: row[name] for name in names} | {
        "kind": "listing", "revision": 1, "subject": b64url(bytes(32)), "decision": row["decision_number"],
        "filed_on": "2026-03-02", "published_on": "2026-11-01", "until": "2028-11-01",
    }  # fmt: skip
    event = {
        "data": data, "id": f"evt_{sequence:024d}", "salt": b64url(bytes(32)), "sequence": sequence,
        "source": "//bench/v1/streams/platform/1", "specversion": "1.0", "time": "2026-11-24T02:00:00Z", "type": "entry.published",
    }  # fmt: skip
    return {
        "stream": "platform", "sequence": sequence, "entry": row["entry"], "revision": 1, "type": "entry.published",
        "removes": False, "leaf": bytes(32), "body": canonical_json(event), "at": now,
    }  # fmt: skip


def _held(sequence: int, entry: str) -> dict[str, Any]:
    return {
        "stream": "platform", "entry": entry, "revision": 1, "sequence": sequence, "full_sequence": sequence,
        "bucket": bucket_number(entry), "salt": bytes(32), "has_slip": True, "canary": False,
    }  # fmt: skip
