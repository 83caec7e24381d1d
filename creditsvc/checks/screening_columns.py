"""Which columns of a sender's file hold the number, the name and the kind of number. Pure.

All other columns are the sender's own: they are kept, in their order, and never read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import normalize

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual

NUMBER = (
    "证件号码", "证件号", "身份证号码", "身份证号", "身份证", "公民身份号码", "公民身份证号码", "居民身份证号码", "统一社会信用代码",
    "社会信用代码", "信用代码", "组织机构代码", "身份证号码/统一社会信用代码", "身份证号/统一社会信用代码", "证件号码/统一社会信用代码",
    "身份证号码或统一社会信用代码", "身份证号码/组织机构代码", "被执行人证件号码", "客户证件号码", "号码", "id_number", "idnumber", "idno",
    "id_no", "idcard", "id_card", "cardnum", "card_num", "identitynumber", "identity_number", "nationalid", "national_id",
    "certno", "cert_no", "uscc", "unitcode", "unit_code", "orgcode", "org_code", "number", "no.", "id",
)  # fmt: skip
NAME = (
    "姓名", "姓名或名称", "姓名/名称", "姓名（名称）", "姓名/单位名称", "姓名或者单位名称",
    "姓名或单位名称", "名称", "单位名称", "企业名称",
    "公司名称", "被执行人", "被执行人姓名", "被执行人姓名/名称", "客户姓名", "客户名称", "当事人", "当事人姓名", "投标人",
    "投标人名称",
    "name", "fullname", "full_name", "iname", "personname", "person_name", "companyname", "company_name", "unitname",
    "unit_name", "customer", "customername", "customer_name", "partyname", "party_name",
)  # fmt: skip
KIND = (
    "证件类型", "证件种类", "证件类别", "号码类型", "idtype", "id_type", "numbertype", "number_type", "cardtype", "card_type", "certtype",
    "cert_type",
)  # fmt: skip
MOST_SHOWN = 3


def _fold(header: str) -> str:
    return "".join(normalize("NFKC", header).split()).strip("\ufeff").casefold()


_ROLES = {
    _fold(alias): role for role, aliases in (("number", NUMBER), ("name", NAME), ("kind", KIND)) for alias in aliases
}


@dataclass(frozen=True, slots=True)
class Columns:
    """Places of the cells that are read; of several with one meaning, the first that is not empty counts in each row."""

    number: tuple[int, ...]
    name: tuple[int, ...]
    kind: tuple[int, ...] = ()
    is_english: bool = False
    """Whether the sender's words for number and name are English: then so are ours."""


def find_columns(headers: Sequence[str]) -> Columns:
    """Where to read. Raises ``InvalidInput`` with ``header-missing`` or ``columns-missing``, saying what is expected.

    What the first row holds is never repeated: without a header it holds people.
    """
    places: dict[str, list[int]] = {"number": [], "name": [], "kind": []}
    for place, header in enumerate(headers):
        if (role := _ROLES.get(_fold(header))) is not None:
            places[role].append(place)
    missing = [role for role in ("number", "name") if not places[role]]
    if len(missing) == 2:
        raise _header_missing()
    if missing:
        raise _column_missing(missing[0])
    return Columns(
        number=tuple(places["number"]),
        name=tuple(places["name"]),
        kind=tuple(places["kind"]),
        is_english=headers[places["number"][0]].isascii() and headers[places["name"][0]].isascii(),
    )


def _shown(aliases: Sequence[str]) -> tuple[str, str]:
    chinese = [alias for alias in aliases if not alias.isascii()][:MOST_SHOWN]
    english = [alias for alias in aliases if alias.isascii()][:MOST_SHOWN]
    return "、".join((*chinese, *english)), ", ".join((*english, *chinese))


def _header_missing() -> InvalidInput:
    (number_zh, number_en), (name_zh, name_en) = _shown(NUMBER), _shown(NAME)
    return InvalidInput(
        Bilingual(
            f"第一行应为栏目名称，其中要有号码栏（如 {number_zh}）和姓名栏（如 {name_zh}）；请加上表头后重新上传",
            f"the first row must name the columns, one for the number ({number_en}) and one for the name ({name_en}); "
            "add the header and send again",
        ),
        code="header-missing",
        field="file",
    )


def _column_missing(role: str) -> InvalidInput:
    zh, en = _shown(NUMBER if role == "number" else NAME)
    word_zh, word_en = ("号码", "number") if role == "number" else ("姓名", "name")
    return InvalidInput(
        Bilingual(
            f"缺少{word_zh}栏（如 {zh}）。核查须号码与姓名相符，请补上后重新上传",
            f"there is no column for the {word_en} ({en}); number and name must agree: add it and send again",
        ),
        code="columns-missing",
        field="file",
        columns=[role],
    )
