"""Courts by any of their names, case numbers in any of their shapes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditsvc.kernel.case_numbers import CaseNumber, OldCaseNumber, parse_case_number
from creditsvc.kernel.courts import Court, CourtIndex
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.load import courts

INDEX = courts()
BRACKETS = st.sampled_from(["（{}）", "({})", "〔{}〕", "［{}］", "[{}]", "【{}】", "{}"])
UNSEEN = st.sampled_from(["", " ", "　", "\u200b", "\ufeff"])
RULINGS = st.sampled_from(["", "之一", "之十二"])


@pytest.mark.parametrize("court", INDEX.all(), ids=lambda court: court.code)
def test_every_name_of_a_court_means_it(court: Court) -> None:
    for name in (court.name, *court.variants):
        assert INDEX.resolve(name) is court, name
    assert INDEX.by_code(court.code) is court


def test_the_table_hangs_together() -> None:
    assert len(INDEX.all()) == 194
    for court in INDEX.all():
        assert court.level in {
            "high",
            "intermediate",
            "basic",
            "special-intermediate",
            "special-basic",
            "basic-devzone",
        }
        assert court.code == "豫" or INDEX.by_code(court.parent_code) is not None, court.code
        assert INDEX.successor(court).status in {"current", "unconfirmed"}, court.code
        assert (court.status == "historic") is bool(court.successor_code), court.code


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("河南省郑州市金水区人民法院", "豫0105"),
        ("郑州市金水区法院", "豫0105"),
        ("郑州金水区人民法院", "豫0105"),
        ("金水区人民法院", "豫0105"),
        ("金水法院", "豫0105"),
        ("河南郑州 金水区　人民法院", "豫0105"),
        ("郑州市中级人民法院", "豫01"),
        ("郑州中院", "豫01"),
        ("河南省高级人民法院", "豫"),
        ("省法院", "豫"),
        ("长垣法院", "豫0783"),
        ("长垣县人民法院", "豫0728"),
    ],
)
def test_names_as_people_write_them(written: str, code: str) -> None:
    found = INDEX.resolve(written)
    assert found is not None
    assert found.code == code


@pytest.mark.parametrize(
    "written", ["孝南法院", "新乡法院", "郑州法院", "安阳法院", "法院", "人民法院", "中级人民法院", "", "x" * 5000]
)
def test_a_name_that_means_no_court_or_several_means_nobody(written: str) -> None:
    assert INDEX.resolve(written) is None


def test_two_courts_of_one_name_mean_nobody() -> None:
    facts = {"variants": (), "level": "basic", "parent_code": "豫", "division_code": "", "status": "current"}
    index = CourtIndex(
        [
            Court(code="豫0001", name="甲市东区人民法院", city="甲市", **facts),  # type: ignore[arg-type]
            Court(code="豫0002", name="乙市东区人民法院", city="乙市", **facts),  # type: ignore[arg-type]
        ]
    )
    assert index.resolve("东区人民法院") is None
    assert index.resolve("甲市东区法院") == index.by_code("豫0001")


def test_an_old_court_is_followed_to_the_one_that_stands() -> None:
    old = INDEX.by_code("豫0381")
    assert old is not None
    assert (old.status, INDEX.successor(old).name) == ("historic", "洛阳市偃师区人民法院")


def test_codes_known_by_hearsay_say_so() -> None:
    unsettled = {court.code for court in INDEX.all() if not court.code_is_settled}
    assert {"豫0193", "豫0391", "豫1391", "豫0211", "豫1791"} <= unsettled
    assert "豫0105" not in unsettled


@given(
    court=st.sampled_from(INDEX.all()),
    year=st.integers(2016, 2099),
    kind=st.sampled_from(["执", "执恢", "执异", "执保"]),
    number=st.integers(1, 99999999),
    brackets=BRACKETS,
    zeros=st.integers(0, 3),
    gap=UNSEEN,
    words=st.sampled_from(["", "字第", "第"]),
    ruling=RULINGS,
)
def test_all_spellings_are_one_case(
    court: Court, year: int, kind: str, number: int, brackets: str, zeros: int, gap: str, words: str, ruling: str
) -> None:
    raw = f"{brackets.format(year)}{gap}{court.code}{kind}{words}{'0' * zeros}{number}{gap}号{ruling}"
    parsed = parse_case_number(raw)
    assert isinstance(parsed, CaseNumber)
    assert (parsed.year, parsed.court_code, parsed.kind, parsed.number) == (year, court.code, kind, number)
    assert parsed.text == f"（{year}）{court.code}{kind}{number}号{ruling}"
    assert parsed.raw == raw
    again = parse_case_number(parsed.text)
    assert (again.key, again.text) == (parsed.key, parsed.text)


def test_a_ruling_belongs_to_its_case_and_a_resumed_case_is_another() -> None:
    plain = parse_case_number("(2026)豫0105执1号")
    assert parse_case_number("（2026）豫0105执1号之二").key == plain.key
    assert parse_case_number("（2026）豫0105执恢1号").key != plain.key


@pytest.mark.parametrize(
    ("raw", "text", "enforcement"),
    [
        ("(2010)宁执字第00099号", "（2010）宁执字第99号", True),
        ("2003州刑初字第5号", "（2003）州刑初字第5号", False),
        ("〔2014〕金执字第163-1号", "（2014）金执字第163-1号", True),
        ("(2013)郑执一字第12号", "（2013）郑执一字第12号", True),
    ],
)
def test_old_numbers_are_kept_and_need_their_court(raw: str, text: str, enforcement: bool) -> None:
    parsed = parse_case_number(raw)
    assert isinstance(parsed, OldCaseNumber)
    assert (parsed.raw, parsed.text, parsed.court_code) == (raw, text, "")
    assert (parsed.is_old, parsed.is_enforcement) == (True, enforcement)


@pytest.mark.parametrize(
    ("raw", "code", "kind"),
    [
        ("（2026）最高法执监5号", "最高法", "执监"),
        ("（2026）豫01知民初1号", "豫01", "知民初"),
        ("（２０２６）豫０１０５执１号", "豫0105", "执"),
        ("（2025）豫0105民初77号", "豫0105", "民初"),
    ],
)
def test_other_courts_and_kinds(raw: str, code: str, kind: str) -> None:
    parsed = parse_case_number(raw)
    assert (parsed.court_code, parsed.kind, parsed.is_old) == (code, kind, False)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "执1234号",
        "（2015）豫0105执1号",
        "（2018）金执字第5号",
        "（2026）豫0105执0号",
        "（2026）豫0105执号",
        "（2026）豫010执1号",
        "（2026）港0105执1号",
        "（2026）豫0105吃1号",
        "（2026）豫0105执1号及其他",
        "（2026）豫0105执" + "1" * 5000 + "号",
    ],
)
def test_what_is_no_case_number_is_refused_by_name(raw: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_case_number(raw)
    assert (refused.value.code, refused.value.details["field"]) == ("case-number-shape", "case_number")


@given(st.text(alphabet="（）()〔〕20261459豫宁0执恢字第号之一-", max_size=40) | st.text(max_size=60))
def test_any_text_is_a_case_number_or_a_named_fault(text: str) -> None:
    try:
        parsed = parse_case_number(text)
    except InvalidInput as error:
        assert error.code == "case-number-shape"
    else:
        assert parse_case_number(parsed.text).key == parsed.key
