"""A register to publish from: entries, corrections and removals written as the register writes them, by their tables."""

from __future__ import annotations

import hashlib
import itertools
from datetime import date, timedelta
from typing import Any

import msgspec
from flask.testing import FlaskClient
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from creditsvc.access.callers import Caller, CallerKind
from creditsvc.access.permissions import Permission
from creditsvc.kernel.identity import IdentityNumber, NumberType, uscc_check_digit
from creditsvc.register.entry_ids import new_entry
from creditsvc.register.tables import ConsumptionOrder, EntryMark, Listing, Relief, ResponsibleMark
from creditsvc.services import Services
from creditsvc.storage.outbox import FactType, Outbox, put
from creditsvc.storage.subjects import keep_subjects
from sync.heads import prepare_feed
from sync.publish import sequence_all
from sync.subscribers import NewSubscriber, add_subscriber, new_key, register_verifier
from sync.tables_feed import FeedStream, StreamEvent, Subscriber
from sync.wire.canonical import canonical_json
from sync.wire.encoding import unb64url
from sync.wire.head import Head, parse_head
from sync.wire.keys import verify_key_list
from sync.wire.notes import Signer, verify_note
from sync.wire.receipts import Receipt, buckets_for, proof, sign_receipt
from sync.wire.state import StateTree
from tests.support.feed_simulator import person, signer

STREAMS = ("agency", "bureau", "platform", "public")
OPERATOR = Caller(
    CallerKind.STAFF,
    account_id=9,
    person="operator",
    name="运维",
    permissions=frozenset({Permission.SUBSCRIBER_MANAGE}),
)
_serial = itertools.count(1)


def number_of(index: int) -> IdentityNumber:
    """The index-th made-up person's number."""
    return IdentityNumber(NumberType.RESIDENT_ID, person(index).number)


def unit_of(index: int) -> IdentityNumber:
    """The index-th made-up unit's code."""
    first17 = f"91410100MA{index:07d}"
    return IdentityNumber(NumberType.USCC, first17 + uscc_check_digit(first17))


class Register:
    """Writes facts into the outbox together with the rows that they are about."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.numbers: list[IdentityNumber] = []
        """Of the listings, in the order in which they were made."""
        prepare_feed(services, services.clock.now())

    def publish(self) -> int:
        """Let the sequencer settle everything that waits."""
        return sequence_all(self.services, self.services.clock.now())

    def listings(self, count: int, *, units: bool = False) -> list[str]:
        """New listings in force, each with its fact."""
        with self.services.database.writing() as session:
            return self.add(session, count, units=units)

    def add(self, session: Session, count: int, *, units: bool = False) -> list[str]:
        """As ``listings``, in the caller's transaction."""
        now = self.services.clock.now()
        indexes = [next(_serial) for _ in range(count)]
        numbers = [(unit_of if units else number_of)(index) for index in indexes]
        self.numbers += numbers
        subjects = keep_subjects(session, self.services.vault, numbers, at=now)
        rows = [self._row(index, subjects[number], units=units) for index, number in zip(indexes, numbers, strict=True)]
        session.execute(insert(Listing), rows)
        for row in rows:
            put(session, entry=row["entry"], kind="listing", revision=1, fact=FactType.PUBLISHED, at=now)
        session.flush()
        return [row["entry"] for row in rows]

    def _row(self, index: int, subject: str, *, units: bool) -> dict[str, Any]:
        return {
            "entry": new_entry("lst"), "subject_id": subject, "debtor_kind": "organisation" if units else "person",
            "name": f"测试{index}", "sex": None if units else "male", "age": None if units else 40,
            "legal_representative": "某人" if units else None, "court_code": "豫0105", "court_name": "郑州市金水区人民法院",
            "case_number": f"（2026）豫0105执{index}号", "filed_on": date(2026, 3, 2), "basis_number": "（2025）豫0105民初1号",
            "basis_issuer": "郑州市金水区人民法院", "obligation": "给付货款", "performance": "none", "performed_part": None,
            "unperformed_part": None, "grounds": ["property_report"], "published_on": date(2026, 11, 1),
            "until": date(2028, 11, 1), "decision_number": f"（2026）豫0105执{index}号之一", "decided_on": date(2026, 10, 28),
            "national_entry": f"N{index}", "national_entered_on": date(2026, 11, 1), "applicants": [], "nonpublic": False,
            "state": "active", "revision": 1, "version": 1, "created_at": self.services.clock.now(),
            "row_key": hashlib.sha256(b"key%d" % index).digest()[:16], "row_digest": bytes(16),
        }  # fmt: skip

    def order(self) -> str:
        """A consumption order with its fact."""
        index, now, entry = next(_serial), self.services.clock.now(), new_entry("ord")
        with self.services.database.writing() as session:
            subject = keep_subjects(session, self.services.vault, [number_of(index)], at=now)[number_of(index)]
            session.add(
                ConsumptionOrder(
                    entry=entry, subject_id=subject, debtor_kind="person", name=f"测试{index}", sex="male", age=40,
                    court_code="豫0105", court_name="郑州市金水区人民法院", case_number=f"（2026）豫0105执{index}号",
                    order_number="限消令", issued_on=date(2026, 11, 1), items=["fly"], state="ordered", revision=1,
                    row_key=hashlib.sha256(b"order%d" % index).digest()[:16], created_at=now,
                )
            )  # fmt: skip
            put(session, entry=entry, kind="consumption_order", revision=1, fact=FactType.PUBLISHED, at=now)
        return entry

    def officer(self, unit_entry: str) -> IdentityNumber:
        """A mark on a unit for somebody made up."""
        number = number_of(next(_serial))
        with self.services.database.writing() as session:
            subject = keep_subjects(session, self.services.vault, [number], at=self.services.clock.now())[number]
            session.add(ResponsibleMark(unit_entry=unit_entry, subject_id=subject, role="legal_representative", name="某人",
                                        from_day=date(2026, 11, 1)))  # fmt: skip
        return number

    def correct(self, entry: str, **changes: Any) -> None:
        """A correction with its fact."""
        self._change(entry, FactType.CORRECTED, **(changes or {"name": "更正后"}))

    def annotate(self, entry: str, mark: str) -> None:
        """A mark, or a relief, with its fact."""
        today = date(2026, 11, 24)
        with self.services.database.writing() as session:
            if mark in {"disputed", "suspended", "shielded"}:
                session.add(EntryMark(entry=entry, mark=mark, from_day=today))
            else:
                session.add(Relief(entry=entry, kind=mark, from_day=today, to_day=today + timedelta(days=9),
                                   measures=["fly"], decision_number="（2026）豫0105执1号之三"))  # fmt: skip
        self._change(entry, FactType.ANNOTATED)

    def remove(self, entry: str, *, kind: str = "listing", due: str = "2026-11-25", revoked: bool = False) -> None:
        """A removal with its fact."""
        exit_ = {"exit": "revoked" if revoked else "removed", "ground": "error" if revoked else "performed",
                 "effect": "erase" if revoked else "stop_use", "effective": "2026-11-24", "due": due,
                 "decision": "（2026）豫0105执1号之二", "basis": "法释〔2017〕7号 art. 10(1)(1)"}  # fmt: skip
        self._change(entry, FactType.REMOVED, kind=kind, exit=exit_, state="removed")

    def _change(
        self, entry: str, fact: FactType, *, kind: str = "listing", exit: dict[str, str] | None = None, **changes: Any
    ) -> None:
        table = Listing if kind == "listing" else ConsumptionOrder
        with self.services.database.writing() as session:
            revision = session.scalars(select(table.revision).where(table.entry == entry)).one() + 1
            session.execute(update(table).where(table.entry == entry).values(revision=revision, **changes))
            put(session, entry=entry, kind=kind, revision=revision, fact=fact, at=self.services.clock.now(), exit=exit)

    def outcomes(self, entry: str) -> list[str | None]:
        """How the facts about an entry were settled, in order."""
        with self.services.database.reading() as session:
            return list(session.scalars(select(Outbox.outcome).where(Outbox.entry == entry).order_by(Outbox.id)))

    def events(self, stream: str) -> list[StreamEvent]:
        """The stored events of a stream."""
        with self.services.database.reading() as session:
            query = select(StreamEvent).where(StreamEvent.stream == stream).order_by(StreamEvent.sequence)
            return list(session.scalars(query))

    def told(self, stream: str, entry: str) -> list[tuple[str, int]]:
        """Types and revisions that a stream told of an entry."""
        return [(event.type, event.revision) for event in self.events(stream) if event.entry == entry]

    def head(self, stream: str) -> Head:
        """The signed head, verified by the key list."""
        from sync.key_lists import key_list_note

        with self.services.database.reading() as session:
            keys = verify_key_list(key_list_note(session))
            row = session.get_one(FeedStream, stream)
            known = keys.stream_keys(stream, row.epoch, on=date(2026, 11, 24))
            return parse_head(verify_note(row.head, known).text)

    def data(self, stream: str, entry: str) -> dict[str, Any]:
        """``data`` of the newest event of an entry."""
        bodies = [event.body for event in self.events(stream) if event.entry == entry]
        found: dict[str, Any] = msgspec.json.decode(bodies[-1] or b"")["data"]
        return found

    def subscriber(self, name: str = "bureau-a", streams: tuple[str, ...] = ("bureau",), **more: Any) -> Account:
        """A subscriber with an agreement, an API key and a registered receipt key."""
        now = self.services.clock.now()
        title = more.pop("title", f"单位{name}")
        new = NewSubscriber(name=name, title=title, number="协议1号", streams=streams, purpose="信用评价",
                            valid_until=date(2027, 11, 1), **more)  # fmt: skip
        signs = signer(name, name)
        with self.services.database.writing() as session:
            row = add_subscriber(session, new, caller=OPERATOR, now=now)
            key = new_key(session, row, expires_at=now + timedelta(days=300), caller=OPERATOR, now=now)
            register_verifier(session, row, signs.verifier.text, caller=OPERATOR, now=now, replace=False)
            return Account(row, key, signs)


class Account:
    """A subscriber's way in, by HTTP."""

    def __init__(self, row: Subscriber, key: str, signs: Signer) -> None:
        self.row, self.key, self.signs = row, key, signs
        self.headers = {"Authorization": f"Bearer {key}"}

    def get(self, client: FlaskClient, path: str, **more: Any) -> TestResponse:
        """GET with the key."""
        return client.get(path, headers=self.headers | more.pop("headers", {}), **more)

    def ask(self, client: FlaskClient, stream: str, sequence: int) -> TestResponse:
        """Ask for a nonce."""
        return client.post(
            f"/v1/streams/{stream}/receipts/nonce", headers=self.headers, data=canonical_json({"sequence": sequence})
        )

    def send(self, client: FlaskClient, stream: str, note: str) -> TestResponse:
        """Send a receipt."""
        return client.post(f"/v1/streams/{stream}/receipts", headers=self.headers, data=note.encode())

    def receipt(
        self, client: FlaskClient, head: Head, copy: Copy, asked: dict[str, Any] | None = None, **changes: Any
    ) -> str:
        """A receipt for a fresh nonce, as an honest subscriber with this copy writes it; ``changes`` make it lie."""
        asked = asked or self.ask(client, head.origin.stream, head.size).get_json()
        nonce = unb64url(asked["nonce"], "nonce")
        removed = [entry for sequence, entry in copy.removed if asked["since"] < sequence <= head.size]
        buckets = buckets_for(nonce, self.row.name, removed=removed, everything=asked["all"])
        values = {
            "host": head.origin.host, "subscriber": self.row.name, "stream": head.origin.stream, "epoch": head.origin.epoch,
            "sequence": head.size, "count": head.count, "state": head.state, "nonce": nonce,
            "proof": proof(nonce, buckets, copy.tree.lines), "deleted": len(removed), "shielded": 0, "history": 0,
            "onward_confirmed": 0, "onward": 0, "applied": head.published,
        }  # fmt: skip
        return sign_receipt(Receipt(**{**values, **changes}), self.signs)


class Copy:
    """The simplest copy: it folds served events."""

    def __init__(self) -> None:
        self.tree = StateTree()
        self.cursor = 0
        self.removed: list[tuple[int, str]] = []

    def pull(self, client: FlaskClient, account: Account | None, stream: str, *, limit: int = 1000) -> Copy:
        """Follow the cursor to the head."""
        while True:
            path = f"/v1/streams/{stream}/events?after={self.cursor}&limit={limit}"
            answer = client.get(path, headers=account.headers if account else {})
            assert answer.status_code == 200, answer.get_data(as_text=True)
            lines = answer.get_data().split(b"\n")[:-1]
            if not lines:
                return self
            for line in lines:
                self._apply(msgspec.json.decode(line))

    def _apply(self, event: dict[str, Any]) -> None:
        assert event["sequence"] == self.cursor + 1
        self.cursor += 1
        if "data" not in event:
            return
        entry = event["data"]["entry"]
        if event["type"].endswith("removed"):
            self.tree.remove(entry)
            self.removed.append((self.cursor, entry))
        elif event["type"] != "entry.annotated" or self.tree.revision(entry) is not None:
            self.tree.put(entry, event["data"]["revision"])
