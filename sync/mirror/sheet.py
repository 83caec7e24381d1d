"""A snapshot as a spreadsheet, for ``creditsvc verify``: the small office hands in the note, the sheet lies beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import file_digest
from pathlib import Path
from zoneinfo import ZoneInfo

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.verify_command import Finding, Trust, Verified
from sync.wire.encoding import parse_instant
from sync.wire.errors import FormatInvalid, SignatureInvalid
from sync.wire.keys import KeyList, verify_key_list
from sync.wire.notes import VerifierKey
from sync.wire.origins import Origin, parse_origin
from sync.wire.sheets import FORMS, verify_sheet

KIND = Bilingual("名单表格的签名", "signature of a spreadsheet")
_FIRST = re.compile(rb"(\S+)/snapshot\.(" + "|".join(FORMS).encode() + rb")\n")
_SUFFIX = ".note"
_DAY = timedelta(days=1)
_BEIJING = ZoneInfo("Asia/Shanghai")
_OVER = Bilingual(
    "已过有效期：其中可能有已经移除的人，不得据此认定任何人；请取新的表格",
    "past its last instant: it may name people who have left and says nothing of anybody; get a new one",
)


class SheetInvalid(InvalidInput):
    """A sheet that isn't the one that was signed, or not signed by who must sign it."""

    default_code = "sheet-invalid"

    def __init__(self) -> None:
        super().__init__(
            Bilingual(
                "表格与签名不符，或签名无效：不可采信，请重新下载",
                "the sheet isn't the one that was signed, or the signature is not valid: get both again",
            )
        )


def recognises(raw: bytes) -> bool:
    """Whether a file is the note of a sheet."""
    return _FIRST.match(raw) is not None


def verify(raw: bytes, trust: Trust) -> Verified:
    """Raises SheetInvalid; InvalidInput where the sheet isn't beside its note, or no key list was given."""
    origin, form = _named(raw)
    path = _sheet(trust.path)
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    keys = _lists(trust)
    try:
        until = parse_instant(raw.decode("utf-8").split("\n")[4], "sheet")
        sequence, count, _ = verify_sheet(raw, _signing(keys, origin, until), origin, form, digest)
    except (FormatInvalid, SignatureInvalid, UnicodeDecodeError, IndexError):
        raise SheetInvalid from None
    said = until.astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M:%S")
    findings = [
        Finding(Bilingual("表格", "sheet"), path.name),
        Finding(Bilingual("数据流", "stream"), origin.text),
        Finding(Bilingual("序号", "sequence"), str(sequence)),
        Finding(Bilingual("在册", "entries"), str(count)),
        Finding(Bilingual("有效至", "valid until"), said),
    ]
    return Verified(findings, [_OVER] if trust.now is not None and trust.now >= until else [])


def _named(raw: bytes) -> tuple[Origin, str]:
    found = _FIRST.match(raw)
    try:
        return parse_origin(found[1].decode("ascii") if found else ""), found[2].decode() if found else ""
    except (FormatInvalid, UnicodeDecodeError):
        raise SheetInvalid from None


def _sheet(note: Path | None) -> Path:
    sheet = note.with_name(note.name.removesuffix(_SUFFIX)) if note is not None else None
    if sheet is None or sheet == note or not sheet.is_file():
        raise InvalidInput(
            Bilingual(
                "请把表格与其签名放在一起：list.csv 与 list.csv.note",
                "put the sheet beside its note: list.csv and list.csv.note",
            ),
            code="sheet-missing",
        )
    return sheet


def _lists(trust: Trust) -> list[KeyList]:
    """The readable lists that the reader trusts."""
    lists = []
    for raw in trust.files:
        try:
            lists.append(verify_key_list(raw))
        except SignatureInvalid:
            continue
    if not lists:
        raise InvalidInput(
            Bilingual("请用 --trust 给出协议所附的公钥清单", "give the key list of your agreement with --trust"),
            code="trust-missing",
        )
    return lists


def _signing(lists: Sequence[KeyList], origin: Origin, until: datetime) -> list[VerifierKey]:
    """Keys of this stream on the day on which the sheet ends, and on the day before, when it was made."""
    days = [(until - back).astimezone(_BEIJING).date() for back in (timedelta(), _DAY)]
    return [
        key
        for known in lists
        if known.host == origin.host
        for on in days
        for key in known.stream_keys(origin.stream, origin.epoch, on=on)
    ]
