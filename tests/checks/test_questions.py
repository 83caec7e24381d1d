"""A number of the wrong kind is told from a mistyped one."""

from __future__ import annotations

import pytest

from creditsvc.checks.questions import asked_number
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.identity import NumberType, resident_check_digit, uscc_check_digit

PERSON = "41010519500101001" + resident_check_digit("41010519500101001")
UNIT = "9141010" + "0MA40BCD5X"
UNIT += uscc_check_digit(UNIT)


@pytest.mark.parametrize(
    ("raw", "expected", "code"),
    [
        (PERSON, NumberType.USCC, "number-kind"),
        (PERSON, NumberType.HK_MACAO_PERMIT, "number-kind"),
        (PERSON, NumberType.PASSPORT, "number-kind"),
        (UNIT, NumberType.PASSPORT, "number-kind"),
        (UNIT, NumberType.RESIDENT_ID, "number-kind"),
        (PERSON[:-1] + ("1" if PERSON[-1] != "1" else "2"), NumberType.RESIDENT_ID, "number-check-digit"),
        (PERSON[:-1] + ("1" if PERSON[-1] != "1" else "2"), None, "number-check-digit"),
        ("4101", NumberType.RESIDENT_ID, "number-length"),
    ],
)
def test_what_is_wrong_is_said(raw: str, expected: NumberType | None, code: str) -> None:
    with pytest.raises(InvalidInput) as wrong:
        asked_number(raw, expected=expected)
    assert wrong.value.code == code
    assert raw not in wrong.value.text.zh + wrong.value.text.en + repr(wrong.value.details)


def test_a_right_one_is_read_by_its_kind_or_its_shape() -> None:
    assert asked_number(PERSON) == asked_number(PERSON, expected=NumberType.RESIDENT_ID)
    assert asked_number(UNIT).type is asked_number(UNIT, expected=NumberType.USCC).type is NumberType.USCC
