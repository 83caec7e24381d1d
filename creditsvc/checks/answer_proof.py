"""An answer's file checked offline, for ``creditsvc verify``: the JSON that was sent, the certificate alone, a QR code's text, or a
PDF that carries the certificate. Of the subscriber's install.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from creditsvc.checks.certificate import (
    BRIEF,
    HOMONYM,
    LONGEST,
    MEDIA_TYPE,
    CertificateInvalid,
    decode,
    is_about,
    opened,
    read_keys,
)
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.identity import parse_identity
from creditsvc.kernel.pdf_files import carried, is_pdf
from creditsvc.kernel.text import Bilingual
from creditsvc.verify_command import Finding, Trust, Verified

KIND = Bilingual("核查答复证明", "answer to a check")
OUTCOMES = {
    "clear": "不受限制 / clear",
    "restricted": "受限制 / restricted",
    "needs_officer": "由工作人员判断 / a person decides",
}
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_ADDED = frozenset({"certificate", "number_key"})
"""Members that stand beside what was signed."""
Found = tuple[str, str, dict[str, Any] | None]
"""Certificate, the number's key (or empty), the members beside it."""


def recognises(raw: bytes) -> bool:
    """Whether an answer's certificate is in it."""
    return found(raw) is not None


def verify(raw: bytes, trust: Trust) -> Verified:
    """What the answer says and about whom. Raises ``CertificateInvalid``, or ``InvalidInput`` for keys or another number."""
    inside = found(raw)
    if inside is None:
        raise CertificateInvalid
    certificate, number_key, beside = inside
    said = opened(certificate, _keys(trust))
    if beside is not None and {name: value for name, value in beside.items() if name not in _ADDED} != said:
        # the members that a reader sees must be those that were signed
        raise CertificateInvalid
    if trust.number is not None:
        _demand_about(said, number_key, trust.number)
    return Verified(tuple(_findings(said, compared=trust.number is not None)))


def found(raw: bytes) -> Found | None:
    """The certificate in a file, if there is one."""
    if is_pdf(raw):
        pieces = carried(raw, begins=(b"ey", b'{"'), longest=LONGEST)
        return next((each for piece in pieces if (each := _in_text(piece)) is not None), None)
    return _in_text(raw)


def _in_text(raw: bytes) -> Found | None:
    try:
        text = raw.decode("utf-8-sig").strip()
        if not text.startswith("{"):
            return (text, "", None) if _is_ours(text) else None
        beside = json.loads(text)
    except (ValueError, RecursionError):
        return None
    certificate = beside.get("certificate")
    if isinstance(certificate, str) and _is_ours(certificate):
        return certificate, str(beside.get("number_key", "")), beside
    return None


def _is_ours(text: str) -> bool:
    if len(text) > LONGEST or not _COMPACT.fullmatch(text):
        return False
    try:
        return bool(json.loads(decode(text.partition(".")[0]))["typ"] == MEDIA_TYPE)
    except (ValueError, LookupError, TypeError, RecursionError):
        return False


def _keys(trust: Trust) -> Mapping[str, Any]:
    keys: dict[str, Any] = {}
    for file in trust.files:
        keys |= read_keys(file)
    if not keys:
        raise InvalidInput(
            Bilingual(
                "请用 --trust 给出另行保存的公钥文件（/v1/answer-keys 的内容）",
                "give the public keys, kept by another way, with --trust (what /v1/answer-keys says)",
            ),
            code="keys-missing",
        )
    return keys


def _demand_about(said: Mapping[str, Any], number_key: str, typed: str) -> None:
    number = parse_identity(typed)
    if not number_key:
        raise InvalidInput(
            Bilingual(
                "文件中没有号码核对码（number_key），不能核对号码；请用答复时保存的 JSON 文件",
                "the file holds no number_key, so the number can't be compared; use the JSON that was kept with the answer",
            ),
            code="number-key-missing",
        )
    if not is_about(said, number_key, number.canonical):
        raise InvalidInput(
            Bilingual("证明属实，但不是这个号码的", "the certificate is genuine, and about another number"),
            code="another-number",
        )


def _findings(said: Mapping[str, Any], *, compared: bool) -> Iterator[Finding]:
    def row(zh: str, en: str, value: object) -> Finding:
        return Finding(Bilingual(zh, en), str(value))

    subject = said["subject"]
    if said["format"] == HOMONYM:
        yield row("非名单本人证明", "not the listed person", f"{said['number']}  {said['approved_at']}")
        yield row("持有人", "about", f"{subject['name']}  {subject['number_masked']}")
        if compared:
            yield row("证件号码", "number", "相符 / agrees")
        yield row("不是此案的被执行人", "not the debtor of", f"{said['court']}  {said['case_number']}")
        yield row(
            "可能已撤销，请查询", "it may have been taken back; see", f"{said['issuer']}/homonyms/{said['number']}"
        )
        return
    yield row("核查编号", "check", f"{said['check']}  {said['answered_at']}")
    yield row("被核查人", "about", f"{subject['name']}  {subject['number_masked']}")
    if compared:
        yield row("证件号码", "number", "相符 / agrees")
    yield row("行业与事项", "asked", f"{said['sector']}  {said['act']}  {said['on']}")
    if said.get("known_on"):
        yield row(
            "按已知记录截至，不是现在的答复", "as known at the end of, no answer about the present", said["known_on"]
        )
    yield row("结论", "answer", OUTCOMES.get(said["outcome"], said["outcome"]))
    if said["format"] == BRIEF:
        yield row("完整证明的摘要", "digest of the whole", said["sha256"])
        return
    asked = said["asked_by"]
    yield row("核查单位", "asked by", f"{asked['unit']}  {asked['matter']}  {asked['purpose']}")
    yield row("数据截至", "as of", f"{said['as_of_event']}  {said['as_of'] or ''}  {said['issuer']}")
    for verdict in said["verdicts"]:
        clauses = "；".join(reason["clause"]["zh"] for reason in verdict["reasons"])
        yield row(verdict["title"]["zh"], verdict["title"]["en"], f"[{verdict['outcome']}]  {clauses}")
