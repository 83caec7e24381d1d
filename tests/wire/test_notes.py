"""Signed notes, heads, key lists, pushes, slips, receipts: what is accepted, and that refusal has one form."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from sync.wire.encoding import unb64url
from sync.wire.errors import FormatInvalid, SignatureInvalid, SlipInvalid
from sync.wire.head import Head, parse_head, sign_head
from sync.wire.keys import DatedKey, KeyList, StreamKey, parse_key_list, sign_key_list, verify_key_list
from sync.wire.notes import (
    Signer,
    VerifierKey,
    add_signatures,
    cosign,
    parse_note,
    parse_verifier_key,
    sign_note,
    verify_cosignature,
    verify_note,
)
from sync.wire.origins import Origin, parse_origin, parse_stream_epoch
from sync.wire.push import push_body, push_headers, push_key, verify_push
from sync.wire.receipts import Receipt, buckets_for, parse_receipt, proof, sign_receipt
from sync.wire.slips import (
    INFO,
    Identity,
    Slip,
    check_slip,
    open_block,
    parse_token_block,
    seal_block,
    token_block,
    tokens_of,
)
from sync.wire.subject import subject_digest, token

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
ORIGIN = Origin("feed.example:8443", "agency", 1)


def signer(name: str, seed: int) -> Signer:
    return Signer(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


LOG, OTHER, WITNESS = signer(ORIGIN.text, 1), signer(ORIGIN.text, 2), signer("witness-a", 3)
NOTE = sign_note("a text\nof two lines\n", [LOG])


def test_the_vector_of_the_note_specification() -> None:
    """The key and note of Go's x/mod/sumdb/note documentation, the ancestor of C2SP signed-note."""
    key = parse_verifier_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    note = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    assert verify_note(note, [key]).text.endswith("your problem is.\n")
    with pytest.raises(SignatureInvalid):
        verify_note(note.replace("answer", "Answer"), [key])


def test_unknown_keys_are_ignored_and_a_known_bad_one_spoils_the_note() -> None:
    both = sign_note("x\n", [LOG, OTHER])
    assert verify_note(both, [LOG.verifier]).keys == (LOG.verifier,)
    assert len(verify_note(both, [LOG.verifier, OTHER.verifier], threshold=2).keys) == 2
    bad = replace(parse_note(NOTE).signatures[0], key_id=OTHER.verifier.key_id)
    with pytest.raises(SignatureInvalid):
        verify_note(add_signatures(NOTE, [bad]), [LOG.verifier, OTHER.verifier])
    with pytest.raises(SignatureInvalid):
        verify_note(NOTE, [OTHER.verifier])


def test_one_key_twice_is_not_two() -> None:
    twice = add_signatures(NOTE, parse_note(NOTE).signatures)
    with pytest.raises(SignatureInvalid):
        verify_note(twice, [LOG.verifier], threshold=2)


def test_witnesses_vouch_beside_the_log_and_not_for_it() -> None:
    noted = parse_note(NOTE)
    cosigned = add_signatures(NOTE, [cosign(noted.text, WITNESS, at=NOON)])
    verified = verify_note(cosigned, [LOG.verifier, WITNESS.cosigner])
    assert verified.cosigned == ((WITNESS.cosigner, NOON),)
    assert verify_cosignature(cosigned, WITNESS.cosigner) == NOON
    with pytest.raises(SignatureInvalid):
        verify_note(cosigned, [WITNESS.cosigner])
    with pytest.raises(SignatureInvalid):
        verify_cosignature(NOTE, WITNESS.cosigner)


@given(st.text() | st.binary(max_size=300) | st.builds(lambda tail: NOTE + tail, st.text(min_size=1)))
def test_a_verifier_has_one_way_to_say_no(raw: str | bytes) -> None:
    with pytest.raises(SignatureInvalid):
        verify_note(raw, [LOG.verifier])


@given(st.integers(0, len(NOTE.encode()) - 1), st.integers(1, 255))
def test_no_changed_byte_is_accepted(at: int, flip: int) -> None:
    raw = bytearray(NOTE.encode())
    raw[at] ^= flip
    with pytest.raises(SignatureInvalid):
        verify_note(bytes(raw), [LOG.verifier])


@pytest.mark.parametrize(
    "text", ["", "a+b", LOG.verifier.text + "=", LOG.verifier.text.replace("+", "-", 1), "n+00000000+AQ=="]
)
def test_bad_verifier_keys(text: str) -> None:
    assert parse_verifier_key(LOG.verifier.text) == LOG.verifier
    with pytest.raises(FormatInvalid):
        parse_verifier_key(text)


HEAD = Head(ORIGIN, 5, b"r" * 32, 3, b"s" * 32, NOON, NOON + timedelta(hours=1), 2)


def test_heads_read_back() -> None:
    assert parse_head(verify_note(sign_head(HEAD, [LOG]), [LOG.verifier]).text) == HEAD


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "more 1\n",
        lambda text: text.replace("\n5\n", "\n05\n"),
        lambda text: text.replace("forget-before 2", "forget-before 6"),
        lambda text: text.replace("state 3", "state 6"),
        lambda text: text.replace("T05", "T03"),
        lambda text: text.replace("agency/1", "agency/0"),
        lambda text: text.replace("agency", "secret"),
        lambda text: text.replace("published", "publishes"),
    ],
)
def test_heads_that_contradict_themselves(change: Callable[[str], str]) -> None:
    changed = change(HEAD.text)
    assert changed != HEAD.text
    with pytest.raises(FormatInvalid):
        parse_head(changed)


def test_origins() -> None:
    assert parse_origin(ORIGIN.text) == ORIGIN
    assert ORIGIN.source == "//feed.example:8443/v1/streams/agency/1"
    assert parse_stream_epoch("bureau/12") == ("bureau", 12)
    for bad in ("bureau", "bureau/01", "nobody/1", "x/v1/streams/agency/1"):
        with pytest.raises(FormatInvalid):
            parse_stream_epoch(bad)


def key_list(version: int, roots: list[Signer], last: date = date(2030, 1, 1)) -> KeyList:
    first = date(2026, 1, 1)
    return KeyList(
        "feed.example:8443",
        version,
        tuple(DatedKey(root.verifier, first, last) for root in roots),
        (StreamKey("agency", 1, DatedKey(LOG.verifier, first, date(2026, 3, 8))),),
        (DatedKey(WITNESS.cosigner, first, last),),
    )


OLD = [signer("feed.example:8443/root", seed) for seed in (10, 11, 12)]
NEW = [OLD[0], *(signer("feed.example:8443/root", seed) for seed in (13, 14))]


def test_key_lists_need_two_roots_of_old_and_new() -> None:
    first, second = key_list(1, OLD), key_list(2, NEW)
    assert parse_key_list(first.text) == first
    known = verify_key_list(sign_key_list(first, OLD[:2]))
    assert verify_key_list(sign_key_list(second, [OLD[0], OLD[1], NEW[1]]), known=known) == second
    for signers in ([OLD[0]], [NEW[0], NEW[1]], [OLD[1], OLD[2]]):
        with pytest.raises(SignatureInvalid):
            verify_key_list(sign_key_list(second, signers), known=known)
    with pytest.raises(SignatureInvalid):
        verify_key_list(sign_key_list(replace(first, host="evil.example"), OLD), known=known)


def test_keys_count_on_their_days_alone() -> None:
    keys = key_list(1, OLD)
    assert keys.stream_keys("agency", 1, on=date(2026, 3, 8)) == (LOG.verifier,)
    assert keys.stream_keys("agency", 1, on=date(2026, 3, 9)) == ()
    assert keys.stream_keys("agency", 2, on=date(2026, 3, 8)) == ()
    assert keys.epochs("agency") == (1,) and keys.witness_keys(on=date(2026, 3, 8)) == (WITNESS.cosigner,)


def test_pushes() -> None:
    body = push_body(stream="agency", sequence=7, urgent=True)
    key = LOG.private
    public = key.public_key().public_bytes_raw()
    headers = push_headers(body, message_id="msg_1", at=NOON, key=key)
    assert verify_push(headers, body, public=public, now=NOON + timedelta(minutes=4)) == "msg_1"
    assert push_key(public).startswith("whpk_")
    rotated = {**headers, "webhook-signature": "v1,x v1a,AAAA " + headers["webhook-signature"]}
    assert verify_push(rotated, body, public=public, now=NOON) == "msg_1"
    for wrong, sent, at in [
        (headers, body + b" ", NOON),
        (headers, body, NOON + timedelta(minutes=6)),
        ({**headers, "webhook-id": "msg_2"}, body, NOON),
        ({**headers, "webhook-timestamp": "soon"}, body, NOON),
        ({}, body, NOON),
    ]:
        with pytest.raises(SignatureInvalid):
            verify_push(wrong, sent, public=public, now=at)


ALICE, BOB = Identity("resident_id:110101199003070732", b"a" * 32), Identity("passport:E12345678", b"b" * 32)
ENTRY = "lst_" + "0a" * 12
SLIPS = [Slip(ENTRY, 2, ALICE), Slip("lst_" + "1b" * 12, 1, None, (BOB,)), Slip("lst_" + "2c" * 12, 1, ALICE, (BOB,))]
RECIPIENT = X25519PrivateKey.from_private_bytes(b"k" * 32)


def test_sealed_slips_open_for_their_recipient_alone() -> None:
    block = seal_block(SLIPS, RECIPIENT.public_key(), key=b"c" * 32)
    assert open_block(block, RECIPIENT) == SLIPS
    assert b"1101" not in block and "1101" not in repr(SLIPS)
    with pytest.raises(SlipInvalid):
        open_block(block, X25519PrivateKey.generate())
    lines = block.split(b"\n")
    for changed in (
        [lines[0], lines[2], lines[1], *lines[3:]],
        [lines[0], lines[1].replace(b'on":2', b'on":3'), *lines[2:]],
    ):
        with pytest.raises(SlipInvalid):
            open_block(b"\n".join(changed), RECIPIENT)
    assert open_block(b"", RECIPIENT) == []


def test_a_slip_is_checked_against_its_subjects() -> None:
    check_slip(SLIPS[2], subject=ALICE.subject, roles=[BOB.subject])
    for subject, roles in [
        (BOB.subject, [BOB.subject]),
        (None, [BOB.subject]),
        (ALICE.subject, []),
        (ALICE.subject, [ALICE.subject]),
    ]:
        with pytest.raises(SlipInvalid):
            check_slip(SLIPS[2], subject=subject, roles=roles)


def test_tokens() -> None:
    slips = [tokens_of(slip, b"t" * 32) for slip in SLIPS]
    assert parse_token_block(token_block(slips)) == slips
    expected = hmac.digest(b"t" * 32, b"alf-token-1\n" + ALICE.number.encode(), "sha256")
    assert unb64url(slips[0].token, "t") == expected
    assert token(b"t" * 32, ALICE.number) != token(b"u" * 32, ALICE.number)
    assert unb64url(subject_digest(b"a" * 32, "x:1"), "s") == sha256(b"alf-subject-1\n" + b"a" * 32 + b"x:1").digest()


@given(st.binary(max_size=200))
def test_slips_fail_in_one_way(raw: bytes) -> None:
    for read in (parse_token_block, lambda raw: open_block(raw, RECIPIENT)):
        with suppress(SlipInvalid):
            read(raw)


def _extract(salt: bytes, ikm: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), ikm, "sha256")


def _expand(prk: bytes, info: bytes, length: int) -> bytes:
    out = block = b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac.digest(prk, block + info + bytes([counter]), "sha256")
        out += block
    return out[:length]


def _labeled(suite: bytes, label: bytes, ikm: bytes, salt: bytes = b"") -> bytes:
    return _extract(salt, b"HPKE-v1" + suite + label + ikm)


def _labeled_expand(suite: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    return _expand(prk, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)


def rfc9180_key(private: X25519PrivateKey, enc: bytes, info: bytes, aead: int, key_bytes: int) -> tuple[bytes, bytes]:
    """Key and base nonce of base mode, written from RFC 9180 sections 4.1 and 5.1 alone."""
    kem = b"KEM\x00\x20"
    shared = private.exchange(X25519PublicKey.from_public_bytes(enc))
    eae = _labeled(kem, b"eae_prk", shared)
    secret = _labeled_expand(kem, eae, b"shared_secret", enc + private.public_key().public_bytes_raw(), 32)
    suite = b"HPKE\x00\x20\x00\x01" + aead.to_bytes(2, "big")
    context = b"\0" + _labeled(suite, b"psk_id_hash", b"") + _labeled(suite, b"info_hash", info)
    schedule = _labeled(suite, b"secret", b"", salt=secret)
    return (
        _labeled_expand(suite, schedule, b"key", context, key_bytes),
        _labeled_expand(suite, schedule, b"base_nonce", context, 12),
    )


def test_the_key_schedule_here_is_that_of_rfc_9180() -> None:
    """Appendix A.1.1: X25519, HKDF-SHA256, AES-128-GCM, base mode."""
    private = X25519PrivateKey.from_private_bytes(
        bytes.fromhex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8")
    )
    enc = bytes.fromhex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431")
    info = bytes.fromhex("4f6465206f6e2061204772656369616e2055726e")
    key, nonce = rfc9180_key(private, enc, info, 1, 16)
    assert key.hex() == "4531685d41d65f03dc48f6b8302c05b0"
    assert nonce.hex() == "56d890e5accaaf011cff4b7d"


def test_the_seal_is_rfc_9180() -> None:
    block = seal_block(SLIPS[:1], RECIPIENT.public_key(), key=b"c" * 32)
    sealed = unb64url(block.split(b'"')[3].decode(), "key", length=None)
    key, nonce = rfc9180_key(RECIPIENT, sealed[:32], INFO, 2, 32)
    assert AESGCM(key).decrypt(nonce, sealed[32:], b"") == b"c" * 32


def test_receipts_read_back() -> None:
    receipt = Receipt(
        "feed.example", "bureau-a", "bureau", 1, 9, 4, b"s" * 32, b"n" * 32, b"p" * 32, 8, 1, 0, 12, 12, NOON
    )
    reading = verify_note(sign_receipt(receipt, signer("bureau-a", 5)), [signer("bureau-a", 5).verifier])
    assert parse_receipt(reading.text) == receipt
    for old, new in [(" of ", " off "), ("deleted", "removed"), ("sequence 9", "sequence 09"), ("applied", "done")]:
        with pytest.raises(FormatInvalid):
            parse_receipt(receipt.text.replace(old, new))


@given(st.binary(min_size=32, max_size=32), st.text(max_size=10), st.lists(st.integers(0, 9), max_size=5))
def test_the_buckets_of_a_receipt(nonce: bytes, name: str, left: list[int]) -> None:
    removed = [f"lst_{number:024d}" for number in left]
    asked = buckets_for(nonce, name, removed=removed)
    assert asked == sorted(set(asked)) and 256 <= len(asked) <= 256 + len(removed)
    values: list[int] = []
    counter = 0
    while len(set(values)) < 256:
        block = sha256(nonce + name.encode() + counter.to_bytes(4, "big")).digest()
        for at in range(0, 32, 2):
            if len(set(values)) < 256:
                values.append(block[at] * 256 + block[at + 1])
        counter += 1
    extra = {int.from_bytes(sha256(entry.encode()).digest()[:2], "big") for entry in removed}
    assert set(asked) == set(values) | extra
    assert proof(nonce, [1, 2], lambda number: b"%d" % number) == sha256(nonce + b"12").digest()


def test_everything_means_every_bucket() -> None:
    assert buckets_for(b"n" * 32, "a", everything=True) == list(range(65536))


def test_names_and_keys_are_refused_when_signing() -> None:
    for text, name in [("no end", "a"), ("tab\t\n", "a"), ("x\n", "a b"), ("x\n", "a+b")]:
        with pytest.raises(ValueError, match=r"a note|a key"):
            sign_note(text, [signer(name, 1)])
    assert VerifierKey("a", 1, b"k" * 32).text.count("+") >= 2
