"""What the quick way reads of a request is what the schema would read; what the schema refuses, the quick way leaves to it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as some
from marshmallow import ValidationError

from creditsvc.checks.api import CheckRequest, PlainRequest

FIELDS = PlainRequest.__struct_fields__
_SCHEMA, _QUICK = CheckRequest(), msgspec.json.Decoder(PlainRequest)
_LENGTHS = some.sampled_from([0, 1, 2, 64, 65, 100, 101, 200, 201])
_TEXTS = some.builds(lambda letter, length: letter * length, some.sampled_from('a周𠮷\0 \n"'), _LENGTHS)
_VALUES = (
    _TEXTS
    | some.none()
    | some.integers()
    | some.floats()
    | some.booleans()
    | some.lists(some.text(max_size=3), max_size=2)
)
_PLAIN = some.fixed_dictionaries(dict.fromkeys(FIELDS, some.text(min_size=1, max_size=64)))


def _by_schema(body: bytes) -> dict[str, Any] | None:
    try:
        return dict(_SCHEMA.load(json.loads(body)))
    except (ValidationError, ValueError):
        return None


def _agrees(body: bytes) -> bool:
    try:
        quick = msgspec.structs.asdict(_QUICK.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    assert quick == _by_schema(body)
    return True


@given(
    _PLAIN,
    some.dictionaries(some.sampled_from((*FIELDS, "on", "number_type", "more")), _VALUES, max_size=2),
    some.booleans(),
)
@settings(max_examples=300)
def test_read_alike_or_left_to_the_schema(plain: dict[str, str], other: dict[str, Any], ascii_only: bool) -> None:
    text = json.dumps({**plain, **other}, ensure_ascii=ascii_only)
    _agrees(text.encode(errors="surrogatepass"))
    left_out = {name: value for name, value in plain.items() if name not in other}
    _agrees(json.dumps(left_out).encode(errors="surrogatepass"))


@given(_PLAIN)
def test_the_plain_form_goes_the_quick_way(plain: dict[str, str]) -> None:
    text = json.dumps(plain, ensure_ascii=False)
    assert _agrees(text.encode())
    twice = text[:-1] + ', "name": "乙"}'
    assert _agrees(twice.encode()), "of a name that stands twice both take the last"


@given(some.binary(max_size=60) | some.text(max_size=60).map(str.encode))
def test_no_bytes_are_read_otherwise(body: bytes) -> None:
    _agrees(body)


def test_the_limits_are_the_same() -> None:
    plain = dict.fromkeys(FIELDS, "a")
    for name in FIELDS:
        for length in range(260):
            body = json.dumps({**plain, name: "周" * length}).encode()
            assert _agrees(body) is (_by_schema(body) is not None), (name, length)
