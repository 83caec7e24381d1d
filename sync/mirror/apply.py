"""From events to the local copy. One rule a type; a revision that was passed is ignored, a removal is final."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from sync.mirror.errors import FeedGap, FeedRepeats, FeedTruncated, FeedUnreadable
from sync.mirror.feed import Feed
from sync.mirror.progress import Progress
from sync.mirror.store import Position, Store, row_of
from sync.wire.canonical import parse_json
from sync.wire.errors import FormatInvalid
from sync.wire.events import Event, EventType, Served, parse_line
from sync.wire.merkle import leaf_hash
from sync.wire.origins import Origin
from sync.wire.snapshot import Tombstone, entry_line, parse_entry
from sync.wire.state import bucket_number

EVENTS_A_PAGE = 1000


@dataclass(slots=True)
class Changes:
    """What a pull did."""

    events: int = 0
    removed: int = 0
    erased: int = 0
    withheld: int = 0
    touched: set[int] = field(default_factory=set)


def pull(feed: Feed, store: Store, position: Position, origin: Origin, *, upto: int, progress: Progress) -> Changes:
    """Apply the events behind the position, none past ``upto``; the position's frontier grows with them."""
    changes = Changes()
    while position.cursor < upto:
        before = position.cursor
        _page(feed, store, position, origin, upto=upto, changes=changes)
        if position.cursor == before:
            raise FeedTruncated(cursor=before, size=upto)
        progress("事件 / events", position.cursor, upto)
    return changes


def _page(feed: Feed, store: Store, position: Position, origin: Origin, *, upto: int, changes: Changes) -> None:
    after = position.cursor
    with closing(feed.lines(f"events?after={after}&limit={EVENTS_A_PAGE}", most=EVENTS_A_PAGE, cursor=after)) as lines:
        for line in lines:
            served = _read(line, origin)
            if position.cursor == upto:
                break
            _in_turn(served.sequence, position.cursor + 1)
            position.frontier.append(leaf_hash(served.leaf))
            apply(store, served, changes)


def apply(store: Store, served: Served, changes: Changes) -> None:
    """One event, whole, erased or withheld."""
    changes.events += 1
    if not isinstance(served, Event):
        changes.withheld += served.withheld
        changes.erased += not served.withheld
        return
    if served.type.removes:
        _remove(store, served, changes)
        return
    known = store.revision(served.entry)
    passed = store.has_departed(served.entry) or (known is not None and served.revision <= known)
    if passed:
        return
    if served.type is EventType.ANNOTATED:
        _annotate(store, served, changes)
    else:
        canary = served.type.is_canary or _is_canary(store, served.entry)
        _put(store, served, served.data, canary=canary, changes=changes)


def _put(store: Store, event: Event, data: dict[str, Any], *, canary: bool, changes: Changes) -> None:
    line = entry_line(data, event.sequence, canary=canary)
    row = row_of(
        event.entry,
        revision=event.revision,
        sequence=event.sequence,
        canary=canary,
        kind=event.kind,
        unit_code=data.get("unit_code"),
        line=line,
    )
    store.put_entries([row])
    changes.touched.add(row[3])


def _annotate(store: Store, event: Event, changes: Changes) -> None:
    line = store.line(event.entry)
    if line is None:
        # its publication was withheld: the state will differ and be healed by lines
        return
    canary = parse_entry(line).canary
    data = {**parse_json(line, "copy")["data"], "revision": event.revision, "marks": event.data["marks"]}
    _put(store, event, data, canary=canary, changes=changes)


def _remove(store: Store, event: Event, changes: Changes) -> None:
    if store.has_departed(event.entry):
        return
    store.drop_entries([event.entry])
    data = event.data
    store.put_departed([Tombstone(data["effect"], event.entry, data["exit"], event.sequence)])
    changes.removed += not event.type.is_canary
    changes.touched.add(bucket_number(event.entry))


def _is_canary(store: Store, entry: str) -> bool:
    line = store.line(entry)
    return line is not None and parse_entry(line).canary


def _in_turn(got: int, expected: int) -> None:
    if got < expected:
        raise FeedRepeats(got=got, expected=expected)
    if got > expected:
        raise FeedGap(got=got, expected=expected)


def _read(line: bytes, origin: Origin) -> Served:
    try:
        return parse_line(line, origin)
    except FormatInvalid as error:
        raise FeedUnreadable(where=error.details["where"]) from None
