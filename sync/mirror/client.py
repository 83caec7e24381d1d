"""The mirror: one pass from the publisher's head to a copy that proves itself.

Order, and why: keys before the head (who may sign), the head before data (nothing past what is signed), removals with
everything else in one transaction that also moves the cursor; slips and the receipt afterwards, since neither may hold
up a removal.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sync.mirror.advance import Advance, Report
from sync.mirror.apply import EVENTS_A_PAGE
from sync.mirror.errors import Diverged, ReceiptRefused, SlipMismatch
from sync.mirror.feed import SMALL, Absent, Feed, Gone, OverdueHere, refuse
from sync.mirror.fetch import Fetcher
from sync.mirror.heal import StateMoved
from sync.mirror.identities import SlipKeys, take_slips
from sync.mirror.progress import Progress, silent
from sync.mirror.receipt import Onward, StateDiffers, send_receipt
from sync.mirror.snapshots import SnapshotNewer
from sync.mirror.store import Position, Store
from sync.mirror.trouble import OtherStream, PublisherUnreachable, ReceiptsUnset
from sync.mirror.trust import cosigners, judge_head, judge_keys, newer_list
from sync.wire.head import Head, parse_head
from sync.wire.keys import KeyList
from sync.wire.merkle import Frontier
from sync.wire.notes import Signer, parse_note
from sync.wire.origins import KEYS_PATH, Origin

RECEIPT_AT_LEAST = timedelta(days=1)
WHOLE_AT_LEAST = timedelta(days=1)
"""How often every line of the copy is hashed again."""

_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the subscriber's agreement says, and the keys that go with it."""

    stream: str
    epoch: int = 1
    trusted_keys: str = ""
    receipts: Signer | None = None
    slips: SlipKeys | None = None
    onward: Onward = field(default_factory=Onward)
    witnesses: int = 0
    """How many witnesses must have cosigned a head before it is followed. None: cosignatures are checked where there are
    some, and a witness that is down holds up no removal."""


class Mirror:
    """One copy of one stream. Time is handed to every pass; verification can't be switched off."""

    def __init__(self, store: Store, fetcher: Fetcher, agreement: Agreement, *, progress: Progress = silent) -> None:
        self._store = store
        self._fetcher = fetcher
        self._agreement = agreement
        self._feed = Feed(fetcher, agreement.stream)
        self._progress = progress
        self._open_stream()

    def refresh(self, now: datetime) -> Report:
        """Bring the copy to the publisher's head, or raise why not. What was verified before stays as it was."""
        for _ in range(_ATTEMPTS):
            keys = self._keys()
            raw, etag, head = self._head(keys, now)
            report = Report(sequence=head.size, count=head.count, witnesses=cosigners(raw, head, keys))
            advance = Advance(self._feed, self._store, head, keys, progress=self._progress)
            try:
                self._keep(advance, raw, etag, report, now)
                self._after(advance, head, report, now)
            except (SnapshotNewer, StateMoved):
                continue
            except OverdueHere:
                report.overdue = True
            return report
        raise PublisherUnreachable(reason="head, state, snapshot")

    def leave(self, now: datetime) -> int:
        """The agreement has ended: delete the whole copy, then prove by a last receipt over an empty set that nothing is
        held. Safe to repeat until the receipt is taken; how many entries were deleted. Raises ReceiptsUnset without a key."""
        signer = self._agreement.receipts
        if signer is None:
            raise ReceiptsUnset
        keys = self._keys()
        _, _, head = self._head(keys, now)
        deleted = self._store.empty()
        try:
            send_receipt(self._feed, self._store, head, signer, onward=self._agreement.onward, now=now, deleted=deleted)
        except (StateDiffers, OverdueHere):
            raise ReceiptRefused(status=409, problem="state-mismatch") from None
        return deleted

    def wait(self, seconds: int) -> bool:
        """Ask the publisher to answer when something new comes, or after so many seconds; whether something came. Its
        answer is believed in nothing but this: what there is, the next pass finds out."""
        cursor = self._store.number("cursor")
        try:
            lines = self._feed.lines(f"events?after={cursor}&limit=1&wait={seconds}", most=EVENTS_A_PAGE, cursor=cursor)
            with closing(lines):
                return next(lines, None) is not None
        except Gone:
            return True

    def _open_stream(self) -> None:
        wanted = f"{self._agreement.stream}/{self._agreement.epoch}"
        had = self._store.text("stream")
        if had and had.partition("/")[0] != self._agreement.stream:
            raise OtherStream(had=had)
        if had != wanted:
            with self._store.transaction():
                self._begin_epoch(wanted)

    def _begin_epoch(self, wanted: str) -> None:
        """Asked for by a person: a new epoch starts at 1 with a snapshot, so what is known of the old one goes."""
        store = self._store
        store.clear_for_snapshot()
        store.index_again()
        store.move_to(Position(Frontier()))
        for name in ("head", "head_etag", "slip_cursor", "receipt_sequence", "receipt_at", "synced", "overdue"):
            store.put(name, "")
        store.put("stream", wanted)

    def _keys(self) -> KeyList:
        answer = self._fetcher.get(KEYS_PATH, limit=SMALL)
        try:
            refuse(answer)
        except (Absent, Gone, OverdueHere):
            raise PublisherUnreachable(reason="keys") from None
        had = self._store.text("keys")
        text, keys = judge_keys(answer.body, newer_list(had, self._agreement.trusted_keys))
        if text != had:
            with self._store.transaction():
                self._store.put("keys", text)
        return keys

    def _head(self, keys: KeyList, now: datetime) -> tuple[str, str, Head]:
        try:
            answer = self._feed.get("head", etag=self._store.text("head_etag"))
        except (Absent, Gone, OverdueHere):
            raise PublisherUnreachable(reason="head") from None
        raw = self._store.text("head") if answer.status == 304 else answer.body.decode("utf-8", "replace")
        origin = Origin(keys.host, self._agreement.stream, self._agreement.epoch)
        last = stored_head(self._store)
        head = judge_head(raw, origin, keys, last=last, now=now, witnesses=self._agreement.witnesses)
        return raw, answer.headers.get("etag", ""), head

    def _keep(self, advance: Advance, raw: str, etag: str, report: Report, now: datetime) -> None:
        store = self._store
        whole = now.timestamp() - store.number("whole_at") >= WHOLE_AT_LEAST.total_seconds()
        with store.transaction():
            advance.run(report, whole=whole)
            if whole:
                store.put("whole_at", int(now.timestamp()))
            store.put("head", raw)
            store.put("head_etag", etag)
            store.put("witnesses", " ".join(report.witnesses))
            store.put("synced", "1")
            report.overdue = bool(store.number("overdue"))

    def _after(self, advance: Advance, head: Head, report: Report, now: datetime) -> None:
        slips, signer = self._agreement.slips, self._agreement.receipts
        failed: SlipMismatch | None = None
        if slips is not None:
            try:
                report.slips = take_slips(self._feed, self._store, slips, self._progress)
            except SlipMismatch as error:
                # a bad slip is the publisher's fault and says nothing about removals: these are confirmed first
                failed = error
        if signer is not None and self._receipt_is_due(head, now):
            self._prove(advance, head, signer, report, now)
            report.receipt = True
        if failed is not None:
            raise failed

    def _receipt_is_due(self, head: Head, now: datetime) -> bool:
        stale = now.timestamp() - self._store.number("receipt_at") >= RECEIPT_AT_LEAST.total_seconds()
        return stale or self._store.number("receipt_sequence") != head.size

    def _prove(self, advance: Advance, head: Head, signer: Signer, report: Report, now: datetime) -> None:
        onward = self._agreement.onward
        try:
            send_receipt(self._feed, self._store, head, signer, onward=onward, now=now)
        except StateDiffers:
            with self._store.transaction():
                report.healed += advance.heal()
            try:
                send_receipt(self._feed, self._store, head, signer, onward=onward, now=now)
            except StateDiffers:
                raise Diverged from None


def stored_head(store: Store) -> Head | None:
    """The head that the copy stands at, or none. Its signature was checked when it came."""
    raw = store.text("head")
    return parse_head(parse_note(raw).text) if raw else None
