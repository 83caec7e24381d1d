"""Courts by any of their names, case numbers in any of their shapes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditsvc.kernel.case_numbers import parse_case_number
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.load import courts
from creditsvc.kernel.names import same_name

INDEX = courts()
BRACKETS = st.sampled_from(["（{}）", "({})", "〔{}〕", "［{}］", "[{}]", "【{}】", "{}"])


@pytest.mark.parametrize("court", INDEX.all(), ids=lambda court: court.code)
def test_a_courts_own_name_means_it_or_its_successor(court: object) -> None:
    name, code = court.name, court.code  # type: ignore[attr-defined]
    found = INDEX.resolve(name)
    assert found is not None
    assert found.code == code or found.name == name


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("河南省郑州市金水区人民法院", "豫0105"),
        ("郑州市金水区法院", "豫0105"),
        ("金水区人民法院", "豫0105"),
        ("郑州市中级人民法院", "豫01"),
        ("河南省高级人民法院", "豫"),
    ],
)
def test_variants(written: str, code: str) -> None:
    found = INDEX.resolve(written)
    assert found is not None
    assert found.code == code


def test_an_unknown_name_means_nobody() -> None:
    assert INDEX.resolve("孝南法院") is None


@given(
    brackets=BRACKETS, number=st.integers(1, 99999999), zeros=st.integers(0, 3), spaces=st.sampled_from(["", " ", "　"])
)
def test_brackets_zeros_and_spaces_are_one_case(brackets: str, number: int, zeros: int, spaces: str) -> None:
    digits = ("0" * zeros + str(number))[-8:] if number >= 10**7 else "0" * zeros + str(number)
    parsed = parse_case_number(f"{brackets.format(2026)}{spaces}豫0105执{digits}号")
    assert (parsed.court_code, parsed.kind, parsed.text) == ("豫0105", "执", f"（2026）豫0105执{int(digits)}号")


def test_a_ruling_belongs_to_its_case() -> None:
    assert parse_case_number("（2026）豫0105执1号之二").key == parse_case_number("(2026)豫0105执1号").key


@pytest.mark.parametrize("raw", ["(2010)宁执字第00099号", "2003州刑初字第5号", "〔2014〕金执字第163号"])
def test_old_numbers_are_not_read_by_the_new_grammar(raw: str) -> None:
    assert parse_case_number(raw).is_old


@given(st.text(max_size=60))
def test_any_text_is_a_case_number_or_a_named_fault(text: str) -> None:
    try:
        parse_case_number(text)
    except InvalidInput as error:
        assert error.code == "case-number-shape"


def test_names_are_compared_by_what_they_mean() -> None:
    assert same_name("阿不都•热合曼", "阿不都·热合曼")
    assert same_name("河南某某(集团)有限公司", "河南某某（集团）有限公司 ")
    assert not same_name("王①", "王1")
