"""What can be wrong with a file as a whole: one function a code. Pure.

The texts say what is wrong and what to do. A sender's own words (headers, keys) are shown only when they can't be data: a
file without its header has numbers where names of columns should stand, and these must not end up in messages or logs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from creditsvc.kernel.errors import InvalidInput, UnsupportedFile
from creditsvc.kernel.text import Bilingual

MOST_SHOWN = 20
_DATA = re.compile(r"\d{6}")
_UNSHOWN = re.compile(r"[^\w /()（）·.-]+")


def shown_header(header: str, place: int) -> str:
    """A header as it may be repeated in a message; one that looks like data only by its place, counted from 1."""
    text = _UNSHOWN.sub("", header).strip()[:40]
    return f"第{place}栏" if not text or _DATA.search(text) else text


def file_empty() -> InvalidInput:
    """Not a byte, or only blanks."""
    return InvalidInput(
        Bilingual("文件是空的，请检查后重新上传", "the file is empty; check it and send again"), code="file-empty"
    )


def no_records() -> InvalidInput:
    """A header, or brackets, and nothing in them."""
    return InvalidInput(
        Bilingual("文件中没有任何记录，请检查后重新上传", "the file holds no records; check it and send again"),
        code="file-empty",
    )


def file_type(kind: str) -> UnsupportedFile:
    """A kind of file that is not read."""
    return UnsupportedFile(
        Bilingual(
            f"不能读取 {kind} 文件，请另存为 CSV、XLSX 或 NDJSON",
            f"a {kind} file can't be read; save it as CSV, XLSX or NDJSON",
        ),
        code="file-type",
    )


def file_encoding(row: int = 0) -> UnsupportedFile:
    """Bytes that are no text in any encoding that is read."""
    where, at = (f"第 {row} 行附近的", f" near row {row}") if row else ("", "")
    return UnsupportedFile(
        Bilingual(
            f"{where}文字编码无法识别，请另存为 UTF-8 或 GB18030",
            f"the encoding can't be read{at}; save the file as UTF-8 or GB18030",
        ),
        code="file-encoding",
        row=row,
    )


def undecodable(wrong: UnicodeDecodeError, row: int) -> InvalidInput | UnsupportedFile:
    """Bytes that can't be decoded: the beginning of a character at the very end is a file that was cut off."""
    at_end = wrong.reason in {"unexpected end of data", "incomplete multibyte sequence", "truncated data"}
    return file_cut_off() if at_end else file_encoding(row)


def file_cut_off() -> InvalidInput:
    """It ends in the middle: of a character, of a compressed part, of a list."""
    return InvalidInput(
        Bilingual(
            "文件在中途断开，没有传完整，请重新导出并上传",
            "the file breaks off in the middle; export and send it again",
        ),
        code="file-cut-off",
    )


def file_bomb() -> UnsupportedFile:
    """A spreadsheet that unpacks to far too much."""
    return UnsupportedFile(
        Bilingual(
            "表格解压后异常巨大，已拒绝；请另存为 CSV",
            "the spreadsheet unpacks to far too much: refused; save it as CSV",
        ),
        code="file-bomb",
    )


def csv_broken(row: int) -> InvalidInput:
    """A line without an end."""
    return InvalidInput(
        Bilingual(
            f"第 {row} 行附近有一行长得无法解析，请检查换行后重新导出",
            f"near row {row} a line is too long to be one; check the line ends and export again",
        ),
        code="csv-broken",
        row=row,
    )


def json_broken(row: int) -> InvalidInput:
    """A list that stops being one."""
    return InvalidInput(
        Bilingual(
            f"第 {row} 行附近不是合法的 JSON 对象，请改为每行一个对象（NDJSON）",
            f"not a JSON object near row {row}; write one object a line (NDJSON)",
        ),
        code="json-broken",
        row=row,
    )


def json_two_lists() -> InvalidInput:
    """Rows in more than one list: which of them is meant?"""
    return InvalidInput(
        Bilingual(
            "文件里有不止一个列表（例如“当前”和“历史”），请每个列表单独上传",
            "the file holds more than one list, such as current and past ones; send each by itself",
        ),
        code="json-two-lists",
    )


def header_missing() -> InvalidInput:
    """The first row names no column."""
    return InvalidInput(
        Bilingual(
            "第一行应为栏目名称，且至少有一个是认识的；请加上表头后重新上传",
            "the first row must hold the names of the columns, and none is known; add the header and send again",
        ),
        code="header-missing",
    )


def columns_unknown(headers: Iterable[str], row: int = 1) -> InvalidInput:
    """Columns that nobody has described; ``headers`` as they may be shown."""
    shown = list(headers)[:MOST_SHOWN]
    return InvalidInput(
        Bilingual(
            f"不认识的栏目：{'、'.join(shown)}。请对照栏目说明改名，或者删去这些栏目后重新上传",
            f"columns that we do not understand: {', '.join(shown)}; rename or remove them and send again",
        ),
        code="columns-unknown",
        columns=shown,
        row=row,
    )


def columns_missing(names: Iterable[str]) -> InvalidInput:
    """Columns without which no row can be read."""
    missing = list(names)
    return InvalidInput(
        Bilingual(
            f"缺少栏目：{'、'.join(missing)}。请补齐后重新上传",
            f"columns are missing: {', '.join(missing)}; add them and send again",
        ),
        code="columns-missing",
        columns=missing,
    )
