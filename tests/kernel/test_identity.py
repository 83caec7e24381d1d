"""Identity numbers: two spellings are one number, wrong ones are refused by name, none is ever shown."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import assume, given
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
        assert not any(char in "0123456789" for char in f"{error}{error.text.zh}{error.details}")


RIGHT = "41010519900307123" + resident_check_digit("41010519900307123")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "number-empty"),
        ("　 ", "number-empty"),
        ("— —", "number-empty"),
        ("暂无", "number-empty"),
        ("4101051990****1234", "number-masked"),
        ("41010519900****1234", "number-masked"),
        ("4101051990××××1234", "number-masked"),
        ("4101051990＊＊＊＊1234", "number-masked"),
        ("4101051990xxxx1234", "number-masked"),
        ("4.10105E+17", "number-excel-damaged"),
        ("4E+17", "number-excel-damaged"),
        ("4.10105e17", "number-excel-damaged"),
        ("410105199003071231.0", "number-excel-damaged"),
        ("410105199003071000", "number-excel-damaged"),
        ("410105199002301234", "number-birth-date"),
        ("410105184903071231", "number-birth-date"),
        ("410105750230123", "number-birth-date"),
        ("41010519900307123", "number-length"),
        ("1" * 300, "number-length"),
        (" " * 300 + RIGHT, "number-length"),
        (RIGHT[:17] + ("0" if RIGHT[17] != "0" else "1"), "number-check-digit"),
        ("四一〇一〇五一九九〇〇三〇七一", "number-shape"),
        ("４１０１０５1990030７123壹", "number-shape"),
        ("٤١٠١٠٥١٩٩٠٠٣٠٧١٢٣١", "number-shape"),
    ],
)
def test_faults_have_names(raw: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_identity(raw)
    assert refused.value.code == code


@given(residents())
def test_a_number_that_went_through_a_float_is_right_or_refused_by_name(number: str) -> None:
    assume(number.isdigit())
    damaged = str(int(float(number)))
    try:
        assert (
            parse_identity(damaged, expected=NumberType.RESIDENT_ID).number == damaged
        )  # its check digit fits by chance
    except InvalidInput as error:
        assert error.code == "number-excel-damaged"


@pytest.mark.parametrize("raw", ["ı1234567", "ßE1234567"])
def test_letters_that_turn_ascii_only_as_capitals_are_refused(raw: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_identity(raw, expected=NumberType.PASSPORT)
    assert refused.value.code == "number-shape"


@pytest.mark.parametrize("year", ["0999", "1000", "1849", "2100", "9999"])
def test_a_year_in_which_nobody_lives_is_refused_in_every_spelling(year: str) -> None:
    first = f"410105{year}0307123"
    number = first + resident_check_digit(first)
    for spelling in (number, f" {number}", widened(number)):
        with pytest.raises(InvalidInput) as refused:
            parse_identity(spelling, expected=NumberType.RESIDENT_ID)
        assert refused.value.code == "number-birth-date"


@given(unit_codes())
def test_a_units_code_is_known_by_its_shape_unless_it_reads_like_a_person(code: str) -> None:
    assume(not code[:17].isdigit())
    assert parse_identity(code).canonical == f"uscc:{code}"


def test_a_unit_code_with_one_e_is_no_figure_of_a_spreadsheet() -> None:
    for code in ("91410100E214350056", "12345E018"):  # figures before and behind the E, check digits right
        assert parse_identity(code).number == code


@given(residents())
def test_a_right_resident_number_is_never_taken_for_a_unit(number: str) -> None:
    assert parse_identity(number).type is NumberType.RESIDENT_ID


@given(residents(), st.integers(1, 9))
def test_a_mistyped_resident_number_is_a_unit_only_if_both_unit_check_digits_agree(number: str, shift: int) -> None:
    assume(number.isdigit())
    wrong = number[:16] + str((int(number[16]) + shift) % 10) + number[17]
    try:
        parsed = parse_identity(wrong)
    except InvalidInput as error:
        assert error.code in {"number-check-digit", "number-excel-damaged"}
    else:
        assert parsed.type is NumberType.USCC
        assert inner_org_code(wrong)[1]


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


def test_a_persons_number_that_fits_a_unit_by_chance_is_refused_and_not_guessed() -> None:
    first = next(
        first
        for first in (f"41010519900307{n:03d}" for n in range(1000))
        if uscc_check_digit(first) not in resident_check_digit(first) and not inner_org_code(first + "0")[1]
    )
    chance = first + uscc_check_digit(first)
    with pytest.raises(InvalidInput):
        parse_identity(chance)
    assert parse_identity(chance, expected=NumberType.USCC).type is NumberType.USCC  # who says what it is, is believed


CARD_OF_2023 = "94115619900307123"  # 9, province, nationality, birth date, sequence


@pytest.mark.parametrize(
    ("kind", "raw", "masked"),
    [
        (NumberType.PASSPORT, "e12345678", "E1*****78"),
        (NumberType.PASSPORT, "ab123", "A***3"),
        (NumberType.PASSPORT, "410105801301123", "41***********23"),
        (NumberType.PASSPORT, "410105199013071231", "41**************31"),
        (NumberType.HK_MACAO_PERMIT, "H12345678", "H1*****78"),
        (NumberType.HK_MACAO_PERMIT, "m1234567801", "M1*******01"),
        (NumberType.TAIWAN_PERMIT, "12345678", "12****78"),
        (NumberType.FOREIGNER_PERMIT, "ABC123456789012", "AB***********12"),
        (
            NumberType.FOREIGNER_PERMIT,
            CARD_OF_2023 + resident_check_digit(CARD_OF_2023),
            "94**************3" + resident_check_digit(CARD_OF_2023),
        ),
    ],
)
def test_other_papers(kind: NumberType, raw: str, masked: str) -> None:
    parsed = parse_identity(raw, expected=kind)
    assert (parsed.canonical, parsed.masked, parsed.is_personal) == (f"{kind.value}:{raw.upper()}", masked, True)
    assert raw.upper() not in str(parsed) + repr(parsed)
    assert parsed.sex() is None


@pytest.mark.parametrize(
    ("kind", "raw", "code"),
    [
        (NumberType.PASSPORT, "E1", "number-shape"),
        (NumberType.PASSPORT, "410105199003071230", "number-kind"),
        (NumberType.PASSPORT, "410105800101123", "number-kind"),
        (NumberType.PASSPORT, "ABC123456789012", "number-kind"),
        (NumberType.PASSPORT, CARD_OF_2023 + resident_check_digit(CARD_OF_2023), "number-kind"),
        (NumberType.HK_MACAO_PERMIT, "X12345678", "number-shape"),
        (NumberType.TAIWAN_PERMIT, "1234567", "number-shape"),
        (NumberType.FOREIGNER_PERMIT, "AB1234567890123", "number-shape"),
        (NumberType.FOREIGNER_PERMIT, "941156199013071231", "number-birth-date"),
        (NumberType.ORG_CODE, "12345678", "number-length"),
        (NumberType.USCC, "91410100SO12345678", "number-shape"),
    ],
)
def test_other_papers_are_refused_by_name(kind: NumberType, raw: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_identity(raw, expected=kind)
    assert refused.value.code == code


def test_the_card_of_2023_is_told_from_citizens_and_has_a_birth_date() -> None:
    card = parse_identity(CARD_OF_2023 + resident_check_digit(CARD_OF_2023))
    assert card.type is NumberType.FOREIGNER_PERMIT
    assert card.birth_date() == date(1990, 3, 7)


def test_a_mistyped_card_of_2023_is_refused() -> None:
    wrong = next(
        CARD_OF_2023 + char
        for char in "0123456789"
        if char not in {resident_check_digit(CARD_OF_2023), uscc_check_digit(CARD_OF_2023)}
    )
    for expected in (None, NumberType.FOREIGNER_PERMIT):
        with pytest.raises(InvalidInput):
            parse_identity(wrong, expected=expected)


@given(residents())
def test_reading_what_was_read_changes_nothing(number: str) -> None:
    once = parse_identity(widened(number.lower()), expected=NumberType.RESIDENT_ID)
    assert parse_identity(once.number, expected=once.type) == once
