"""Canonical JSON against another implementation, and what it refuses."""

from __future__ import annotations

from contextlib import suppress

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from sync.wire.canonical import canonical_json, parse_json
from sync.wire.errors import FormatInvalid

KEYS = st.text(st.characters(max_codepoint=127), max_size=8)
LEAVES = st.text(max_size=12) | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
)


@given(VALUES)
def test_it_is_rfc_8785(value: object) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_it_reads_back(value: dict[str, object]) -> None:
    assert parse_json(canonical_json(value), "test") == value


def test_line_separators_travel_raw() -> None:
    assert canonical_json({"a": "\u2028\u2029\u0085"}) == '{"a":"\u2028\u2029\u0085"}'.encode()


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        {"a": 0.5},
        None,
        {"a": None},
        {"é": 1},
        {1: "a"},
        2**53,
        -(2**53),
        b"raw",
        "\ud800",
        {"a": {1, 2}},
        object(),
    ],
)
def test_it_refuses(value: object) -> None:
    with pytest.raises(FormatInvalid):
        canonical_json(value)


def test_it_refuses_bottomless_nesting() -> None:
    deep: list[object] = []
    for _ in range(100):
        deep = [deep]
    with pytest.raises(FormatInvalid):
        canonical_json(deep)


@pytest.mark.parametrize(
    "line",
    [b"", b"[1]", b'{"b":1,"a":2}', b'{"a": 1}', b'{"a":1,"a":1}', b'{"a":1.0}', b"\xef\xbb\xbf{}", b'{"a":"\\u0041"}'],
)
def test_what_is_not_canonical_is_not_read(line: bytes) -> None:
    with pytest.raises(FormatInvalid):
        parse_json(line, "test")


@given(st.binary(max_size=60))
def test_reading_fails_in_one_way(raw: bytes) -> None:
    with suppress(FormatInvalid):
        parse_json(raw, "test")
