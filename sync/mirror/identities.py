"""Who is behind an entry: slips taken in, as tokens. A number is in memory only while its slip is checked."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from sync.mirror.errors import SlipMismatch
from sync.mirror.feed import PAGE, Feed
from sync.mirror.progress import Progress, silent
from sync.mirror.store import Store
from sync.wire.canonical import parse_json
from sync.wire.errors import SlipInvalid
from sync.wire.slips import Slip, TokenSlip, check_slip, open_block, parse_token_block, tokens_of


@dataclass(frozen=True, slots=True)
class SlipKeys:
    """How slips come: sealed for ``sealing``, or as tokens if that is none. ``token_key`` makes the tokens of one's own
    customers: shared with the publisher in token mode, this copy's own in sealed mode."""

    token_key: bytes
    sealing: X25519PrivateKey | None = None

    def __repr__(self) -> str:
        return "SlipKeys(…)"


def take_slips(feed: Feed, store: Store, keys: SlipKeys, progress: Progress = silent) -> int:
    """Fetch the slips behind the last ones, a page a transaction; how many came. Raises SlipMismatch."""
    taken = 0
    while True:
        after = store.number("slip_cursor")
        answer = feed.get(f"slips?after={after}", limit=PAGE)
        following = answer.headers.get("feed-sequence", "")
        upto = min(int(following), store.number("cursor")) if following.isdecimal() else after
        try:
            with store.transaction():
                taken += _take_page(store, answer.body, keys)
                store.put("slip_cursor", max(after, upto))
            if upto > after:
                progress("身份信函 / slips", upto, store.number("cursor"))
        except SlipInvalid:
            raise SlipMismatch from None
        if upto <= after or not answer.body:
            return taken


def _take_page(store: Store, body: bytes, keys: SlipKeys) -> int:
    page: list[tuple[Slip | TokenSlip, TokenSlip]]
    if keys.sealing is None:
        page = [(slip, slip) for slip in parse_token_block(body)]
    else:
        page = [(slip, tokens_of(slip, keys.token_key)) for slip in open_block(body, keys.sealing)]
    for slip, tokens in page:
        if store.revision(slip.entry) == slip.revision and (line := store.line(slip.entry)) is not None:
            _check(slip, line)
            store.put_slip(tokens.entry, tokens.revision, tokens.token, tokens.roles)
    return len(page)


def _check(slip: Slip | TokenSlip, line: bytes) -> None:
    data = parse_json(line, "copy")["data"]
    subjects = [role["subject"] for role in data.get("roles", [])]
    if isinstance(slip, Slip):
        check_slip(slip, subject=data.get("subject"), roles=subjects)
    elif (slip.token is None) != ("subject" not in data) or {subject for subject, _ in slip.roles} - set(subjects):
        raise SlipInvalid
