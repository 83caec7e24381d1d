"""Rows, files, signatures and clocks: pure, by their outcome."""

from __future__ import annotations

import base64
import tracemalloc
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import islice
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from creditsvc.kernel.load import packaged_calendar
from sync.platform.channels.signing import (
    NONCE,
    SIGNATURE,
    TIME,
    check_national,
    check_ours,
    national_headers,
    open_secret,
    our_headers,
    seal_secret,
)
from sync.platform.shape.answers import Holding, masked
from sync.platform.shape.batches import Lane, check_signature, make_batch
from sync.platform.shape.clocks import deadline
from sync.platform.shape.compare import Ours, compare, differing, tally
from sync.platform.shape.files import check_proof, each_row, proof_of, read_file, write_file
from sync.platform.shape.load import shipped
from sync.platform.shape.profile import Layout, Operation, Profile
from sync.platform.shape.rows import End, Mapper, Provider, Record, Row, RowRefused, row_digest
from sync.platform.shape.xml_files import FileBroken
from sync.platform.trial import MADE_UP
from sync.wire.errors import SignatureInvalid
from sync.wire.notes import Signer

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
PROVIDER = Provider("河南省高级人民法院", "11410000005184603L")
SIGNER = Signer("host/platform/henan", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
NUMBER = "resident_id:410105198001010019"
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
FILES = [name for name, profile in shipped().items() if profile.layout is not Layout.TABLE]


def record(**changes: Any) -> Record:
    """A made-up person's entry."""
    data = MADE_UP | changes
    return Record(data["entry"], data["revision"], "listing", data["debtor_kind"], data, NUMBER)


def mapper(profile: Profile) -> Mapper:
    """One that has begun a batch."""
    made = Mapper(profile, PROVIDER)
    made.begin("B1", AT)
    return made


def named(profile: Profile, row: Row) -> dict[str, Any]:
    """Values by the field that they came from."""
    return {column.source: value for column, value in zip(profile.columns, row.values, strict=True)}


@pytest.mark.parametrize("name", sorted(shipped()))
@given(data=st.data())
def test_the_short_way_and_the_long_way_make_one_row(name: str, data: st.DataObject) -> None:
    profile = shipped()[name]
    names = ("name", "obligation", "case_number", "basis_number", "court_name")
    texts = {key: data.draw(WORDS) for key in names if data.draw(st.booleans())}
    marks = data.draw(st.sampled_from([None, [{"mark": "disputed", "from": "2026-11-01"}]]))
    grounds = data.draw(st.lists(st.sampled_from(["evades", "obstructs", "property_report"]), min_size=1, unique=True))
    entry = record(grounds=grounds, performance=data.draw(st.sampled_from(["none", "partial", "full"])), **texts,
                   **({"marks": marks} if marks else {}))  # fmt: skip
    made = mapper(profile)
    results = []
    for short in (True, False):
        for way in made._standing.values():
            way.may_be_short = way.may_be_short and short
        try:
            results.append(made.standing(entry, Operation.INSERT, 3).values)
        except RowRefused as refused:
            results.append(refused.faults)
    assert results[0] == results[1]


@pytest.mark.parametrize("name", sorted(shipped()))
def test_an_end_has_no_personal_data(name: str) -> None:
    profile = shipped()[name]
    end = End(MADE_UP["entry"], 2, "listing", "person", {"exit": "removed", "ground": "performed", "effect": "stop_use",
                                                         "effective": "2026-11-24", "revision": 2, "kind": "listing"})  # fmt: skip
    found = named(profile, mapper(profile).ending(end, 1))
    assert found["key"] == MADE_UP["entry"] and found["version"] in (2, "2") and found["ended_on"]
    personal = {
        "name",
        "number",
        "number_type",
        "sex",
        "age",
        "case_number",
        "obligation",
        "court_name",
        "token",
        "subject",
    }
    assert {source: found[source] for source in personal & found.keys() if found[source] is not None} == {}


def test_what_a_profile_can_t_carry_is_named_by_column() -> None:
    profile = shipped()["by_subject_tables"]
    with pytest.raises(RowRefused) as refused:
        mapper(profile).standing(
            record(name="名" * 300, grounds=["unheard_of"])._replace(number=""), Operation.INSERT, 1
        )
    assert {fault.column for fault in refused.value.faults} == {"bzxrmc", "sxbzxrxwqk", "zjhm", "zjlx"} - {"zjlx"}
    assert "名名" not in str(refused.value)


def test_a_long_text_is_cut_only_where_the_profile_says_so() -> None:
    profile = shipped()["by_subject_tables"]
    found = named(profile, mapper(profile).standing(record(obligation="义" * 5000), Operation.INSERT, 1))
    assert len(found["obligation"]) == 4000


@pytest.mark.parametrize("name", FILES)
@given(texts=st.lists(WORDS, min_size=1, max_size=5))
def test_a_file_says_what_was_written(name: str, texts: list[str]) -> None:
    profile = shipped()[name]
    made = mapper(profile)
    rows = [made.standing(record(obligation=text), Operation.INSERT, at) for at, text in enumerate(texts, 1)]
    columns = [column.name for column in profile.columns]
    header = {"flow": "B1"}
    content = write_file(profile, "b", columns, [row.values for row in rows], header)
    back = read_file(profile, content)
    at = next(at for at, column in enumerate(profile.columns) if column.source == "hash")
    for row, read in zip(rows, back, strict=True):
        values = [read.get(column) or None for column in columns]
        values[at] = None
        assert row_digest(values) == row.values[at], "who reads it can check it"
    with pytest.raises(FileBroken):
        check_proof(content[: len(content) // 2], proof_of(content, len(rows)))


@pytest.mark.parametrize("name", FILES)
def test_a_long_list_never_stands_in_memory(name: str) -> None:
    """Each row is let go of before the next; a file that breaks off is found out at its end at the latest."""
    profile = shipped()[name]
    names = [f"column{at}" for at in range(4)]
    content = write_file(profile, "b", names, [[f"{row}-{at}" * 4 for at in range(4)] for row in range(3000)], {})
    tracemalloc.start()
    try:
        walk = each_row(profile, content)
        count = sum(1 for _ in islice(walk, 2500))
        walked, _ = tracemalloc.get_traced_memory()
        count += sum(1 for _ in walk)
        rows = read_file(profile, content)
        whole, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == len(rows) == 3000
    assert walked < whole / 2


@given(content=st.binary(max_size=300), name=st.sampled_from(FILES))
def test_any_bytes_are_a_file_or_broken(content: bytes, name: str) -> None:
    try:
        read_file(shipped()[name], content)
    except FileBroken:
        return


def test_a_cell_is_no_formula() -> None:
    profile = shipped()["chinese_header_file"]
    found = named(profile, mapper(profile).standing(record(name="=HYPERLINK(1)", obligation="+1"), Operation.INSERT, 1))
    assert found["name"] == "'=HYPERLINK(1)" and found["obligation"] == "'+1"


def test_a_batch_is_signed_and_nothing_in_it_can_change() -> None:
    profile = shipped()["by_subject_tables"]
    rows = [mapper(profile).standing(record(), Operation.INSERT, 1)]
    batch = make_batch("B1", serial=1, lane=Lane.ADDITIONS, rows=rows, at=AT, signer=SIGNER)
    again = make_batch("B1", serial=1, lane=Lane.ADDITIONS, rows=rows, at=AT, signer=SIGNER)
    assert batch.signature == again.signature
    check_signature(batch.signature, SIGNER.verifier, number="B1", rows=1, digest=batch.digest)
    for wrong in ({"number": "B2"}, {"rows": 2}, {"digest": "0" * 64}):
        with pytest.raises(SignatureInvalid):
            check_signature(
                batch.signature, SIGNER.verifier, **({"number": "B1", "rows": 1, "digest": batch.digest} | wrong)
            )  # type: ignore[arg-type]


def test_our_scheme_covers_everything() -> None:
    nonce = bytes(16)
    headers = our_headers(SIGNER, "POST", "/batches", b"body", at=AT, nonce=nonce)
    assert check_ours(headers, SIGNER.verifier, "POST", "/batches", b"body", at=AT) == nonce
    late = AT + timedelta(seconds=301)
    for method, target, body, at in (
        ("PUT", "/batches", b"body", AT),
        ("POST", "/batches?x=1", b"body", AT),
        ("POST", "/batches", b"bodY", AT),
        ("POST", "/batches", b"body", late),
    ):
        with pytest.raises(SignatureInvalid):
            check_ours(headers, SIGNER.verifier, method, target, body, at=at)


@given(
    headers=st.dictionaries(
        st.sampled_from([TIME, NONCE, SIGNATURE, "X-Exchange-Key", "gjgxjhpt_sign", "gjgxjhpt_rtime"]), st.text()
    )
)
def test_a_check_has_one_way_to_say_no(headers: dict[str, str]) -> None:
    with pytest.raises(SignatureInvalid):
        check_ours(headers, SIGNER.verifier, "POST", "/", b"", at=AT)
    with pytest.raises(SignatureInvalid):
        check_national(headers, "secret", AT)


def test_the_national_scheme() -> None:
    """Base64(HMAC-SHA256(secret, sid + rid + rtime)), worked out here by RFC 2104 alone."""
    headers = national_headers("r", "s", "secret", AT)
    rtime = str(int(AT.timestamp()) * 1000)
    key = b"secret".ljust(64, b"\0")
    inner = sha256(bytes(byte ^ 0x36 for byte in key) + f"sr{rtime}".encode()).digest()
    expected = sha256(bytes(byte ^ 0x5C for byte in key) + inner).digest()
    assert headers["gjgxjhpt_rtime"] == rtime
    assert headers["gjgxjhpt_sign"] == base64.b64encode(expected).decode()
    assert check_national(headers, "secret", AT + timedelta(seconds=10)) == timedelta(seconds=-10)
    for wrong, at in (("other", AT), ("secret", AT + timedelta(seconds=301))):
        with pytest.raises(SignatureInvalid):
            check_national(headers, wrong, at)
    assert open_secret(seal_secret("秘密", b"0123456789abcdef"), b"0123456789abcdef") == "秘密"


def test_buckets_tell_where_two_lists_differ() -> None:
    records = [(f"lst_{at:024d}", 1, "listed", "豫0105") for at in range(2000)]
    other = [*records[:1000], (records[1000][0], 2, "listed", "豫0105"), *records[1001:]]
    assert len(differing(tally(records), tally(other))) == 1
    assert not differing(tally(records), tally(reversed(records)))


def test_every_kind_of_difference() -> None:
    ours = {
        "a": Ours(2, "ended", "豫", True), "b": Ours(1, "listed", "豫", True), "c": Ours(3, "listed", "豫", True),
        "d": Ours(1, "listed", "豫", False), "e": Ours(1, "listed", "豫", True), "f": Ours(2, "ended", "豫", True),
        "g": Ours(1, "listed", "豫", True),
    }  # fmt: skip
    theirs = [Holding("a", 1, "listed", "豫"), Holding("c", 2, "listed", "豫"), Holding("e", 9, "ended", "豫"),
              Holding("x", 1, "listed", "豫"), Holding("g", 5, "listed", "豫")]  # fmt: skip
    found = compare(ours, theirs)
    assert {each.key: each.kind for each in found.differences} == {
        "a": "held_but_ended", "b": "lacking", "c": "older", "e": "ended_but_standing", "x": "held_but_unknown", "g": "newer",
    }  # fmt: skip
    assert found.waiting == 1


@pytest.mark.parametrize(
    ("clock", "since", "day"),
    [
        ("verify", date(2026, 9, 22), date(2026, 9, 30)),  # the 25th to the 27th are Mid-Autumn's
        ("repair", date(2026, 11, 27), date(2026, 11, 30)),
        (
            "objection_answer",
            date(2026, 2, 13),
            date(2026, 2, 25),
        ),  # the 14th is worked, then Spring Festival to the 23rd
        ("objection_own", date(2026, 11, 24), date(2026, 11, 27)),
        ("objection_via", date(2026, 11, 24), date(2026, 12, 3)),
        ("agency", date(2026, 10, 9), date(2026, 10, 10)),  # a Saturday that is worked
    ],
)
def test_working_days(clock: str, since: date, day: date) -> None:
    """河南省社会信用条例 arts 17, 41-43."""
    assert deadline(clock, since, packaged_calendar()).day == day


def test_what_is_kept_of_their_words_has_no_number() -> None:
    assert masked("证件号码410105198001010019有误") == "证件号码***有误"
    assert masked("91410100MA0000001X") == "***"
    assert masked("错误代码E01，第3行") == "错误代码E01，第3行"
