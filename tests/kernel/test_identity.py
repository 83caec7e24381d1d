"""Identity numbers: two spellings are one number, wrong ones are refused by name, none is ever shown."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.identity import (
    NumberType,
    inner_org_code,
    org_code_check_digit,
    parse_identity,
    resident_check_digit,
    uscc_check_digit,
)

BIRTHS = st.dates(date(1900, 1, 1), date(2020, 1, 1))
AREAS = st.integers(110000, 839999).map(str)


@st.composite
def residents(draw: st.DrawFn) -> str:
    """A made-up resident number with a right check digit."""
    first = draw(AREAS) + draw(BIRTHS).strftime("%Y%m%d") + f"{draw(st.integers(0, 999)):03d}"
    return first + resident_check_digit(first)


@st.composite
def unit_codes(draw: st.DrawFn) -> str:
    """A made-up unified code with a right check digit."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    first = draw(st.sampled_from("159NAY")) + draw(st.text(alphabet, min_size=16, max_size=16))
    return first + uscc_check_digit(first)


def widened(text: str) -> str:
    """Full-width digits and letters."""
    return "".join(chr(ord(char) + 0xFEE0) for char in text)


@given(residents())
def test_spellings_of_one_number_are_one(number: str) -> None:
    spellings = [number, number.lower(), f" {number[:6]} {number[6:14]} {number[14:]} ", widened(number), "'" + number]
    assert {parse_identity(text, expected=NumberType.RESIDENT_ID).canonical for text in spellings} == {
        f"resident_id:{number}"
    }


@given(residents())
def test_the_check_digit_agrees_with_another_library(number: str) -> None:
    assert ric.calc_check_digit(number) == number[17]


@given(residents(), st.integers(0, 17), st.integers(1, 9))
def test_one_wrong_digit_is_refused(number: str, place: int, shift: int) -> None:
    old = number[place]
    new = str((int(old) + shift) % 10) if old.isdigit() else "0"
    wrong = number[:place] + new + number[place + 1 :]
    with pytest.raises(InvalidInput):
        parse_identity(wrong, expected=NumberType.RESIDENT_ID)


@given(unit_codes())
def test_unit_codes_agree_with_another_library(code: str) -> None:
    assert parse_identity(code, expected=NumberType.USCC).canonical == f"uscc:{code}"
    assert uscc.calc_check_digit(code[:17]) == code[17]


@given(residents())
def test_nothing_prints_a_personal_number(number: str) -> None:
    parsed = parse_identity(number, expected=NumberType.RESIDENT_ID)
    assert number not in repr(parsed) + str(parsed) + f"{parsed}"
    assert parsed.masked == f"{number[:10]}****{number[14:]}"


@given(st.text(max_size=80))
def test_any_text_is_a_number_or_a_named_fault(text: str) -> None:
    try:
        parse_identity(text)
    except InvalidInput as error:
        assert error.code.startswith("number-")
        assert len(text) < 6 or text not in error.text.zh + error.text.en


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "number-empty"),
        ("　 ", "number-empty"),
        ("4101051990****1234", "number-masked"),
        ("41010519900****1234", "number-masked"),
        ("4.10105E+17", "number-excel-damaged"),
        ("410105199003071000", "number-excel-damaged"),
        ("410105199002301234", "number-birth-date"),
        ("41010519900307123", "number-length"),
        ("410105１９９0030 71231", "number-check-digit"),
        ("四一〇一〇五一九九〇〇三〇七一", "number-shape"),
    ],
)
def test_faults_have_names(raw: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_identity(raw)
    assert refused.value.code == code


def test_fifteen_digits_become_eighteen() -> None:
    long = "41010519750307123"
    assert parse_identity("410105750307123").number == long + resident_check_digit(long)


@pytest.mark.parametrize("area", ["810000", "820000", "830000", "410105", "419999"])
def test_the_area_code_never_refuses(area: str) -> None:
    first = area + "19750307123"
    assert parse_identity(first + resident_check_digit(first)).type is NumberType.RESIDENT_ID


def test_facts_in_a_number() -> None:
    first = "41010519900307123"
    parsed = parse_identity(first + resident_check_digit(first))
    assert (parsed.birth_date(), parsed.sex(), parsed.age_on(date(2026, 3, 6))) == (date(1990, 3, 7), "male", 35)


def test_organisation_codes_with_and_without_hyphen_are_one() -> None:
    code = "D2143569" + org_code_check_digit("D2143569")
    assert code.endswith("X")
    assert parse_identity(f"{code[:8]}-{code[8]}").canonical == parse_identity(code).canonical == f"org_code:{code}"
    assert inner_org_code("91110000600037341L") == ("600037341", True)


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (NumberType.PASSPORT, "e12345678"),
        (NumberType.HK_MACAO_PERMIT, "H12345678"),
        (NumberType.TAIWAN_PERMIT, "12345678"),
        (NumberType.FOREIGNER_PERMIT, "ABC123456789012"),
    ],
)
def test_other_papers_need_their_kind_named(kind: NumberType, raw: str) -> None:
    parsed = parse_identity(raw, expected=kind)
    assert parsed.is_personal
    assert raw.upper() not in str(parsed)
