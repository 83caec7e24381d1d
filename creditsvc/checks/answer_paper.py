"""A signed answer as a PDF for the file. Nothing is looked up again: the paper says what was signed, and carries it.

The certificate is attached and stands in short in a QR code, so that ``creditsvc verify`` accepts the file, and the code's
text alone, without the service. The seal on the PDF is the house's; what proves the answer is its own signature.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from typing import Any

import segno

from creditsvc.checks.answer_keys import answer_signer, public_keys
from creditsvc.checks.certificate import FORMAT, CertificateInvalid, brief_of, digest_of, opened, read_keys
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.qr import qr
from creditsvc.papers.signer import current_signer
from creditsvc.papers.signing import sign_pdf
from creditsvc.papers.typesetting import Standard, Template, render, said
from creditsvc.services import Services
from punishment_rules.law import Outcome
from punishment_rules.load import catalogue

TEMPLATE = Template("creditsvc.checks", "answer")
STANDARD: Standard = "a-3b"
"""PDF/A-3 is the one that may carry a file."""
_TITLE = Bilingual("失信被执行人核查答复证明", "Certificate of an answer to a check")
_PROOF = Bilingual(
    "右侧二维码的文字和本文件所附签名，均可用 creditsvc verify 配合公钥文件离线核验；请与本页逐项对照。",
    "The text of this code, and the signature attached to this file, can be verified offline by creditsvc verify with the "
    "file of public keys; compare them with this page item by item.",
)


def answer_paper(services: Services, certificate: str, *, language: str, now: datetime) -> tuple[str, bytes]:
    """The check's number and the PDF. Raises ``CertificateInvalid`` for what was not signed here as an answer."""
    content = opened(certificate, read_keys(json.dumps(public_keys(services))))
    if content["format"] != FORMAT:
        raise CertificateInvalid
    at = datetime.fromisoformat(content["answered_at"])
    made = render(
        TEMPLATE,
        _data(services, content, certificate),
        language,
        at=at,
        font_folder=services.settings.paper_fonts,
        standard=STANDARD,
    )
    with services.database.writing() as session:
        signer = current_signer(session, services, now=now)
    return content["check"], sign_pdf(made, signer, at=now, reason=_TITLE.zh, place="河南")


def _data(services: Services, content: Mapping[str, Any], certificate: str) -> dict[str, Any]:
    brief = answer_signer(services).sign(brief_of(content, certificate))
    return {
        "paper": {
            "court": content["issuer"],
            "title": said(_TITLE),
            "number": content["check"],
            "qr": qr(f"https://{services.settings.host}/answer-keys.json"),
            "foot": said(
                Bilingual("扫描页眉二维码取得公钥文件", "The code at the head leads to the file of public keys")
            ),
            "address": f"{services.settings.host}/answer-keys.json",
            "day": said(Bilingual(content["on"], content["on"])),
        },
        "facts": _facts(content),
        "verdicts-title": said(Bilingual("措施与依据", "Measures and clauses")),
        "verdicts": [
            {
                "title": verdict["title"],
                "outcome": _outcome(verdict["outcome"]),
                "reasons": [{"text": reason["text"], "clause": reason["clause"]} for reason in verdict["reasons"]],
                "ends": verdict["ends"],
                "next_step": verdict["next_step"],
            }
            for verdict in content["verdicts"]
        ],
        "certificate": certificate,
        "file": f"{content['check']}.jws",
        "attached": "signed answer (JWS, RFC 7515)",
        "brief": _large_code(brief),
        "digest": "SHA-256 " + " ".join(re.findall(".{16}", digest_of(certificate))),
        "proof": said(_PROOF),
    }


def _facts(content: Mapping[str, Any]) -> list[list[Any]]:
    subject, asked, rules = content["subject"], content["asked_by"], catalogue()
    sector = rules.sectors[content["sector"]].label if content["sector"] in rules.sectors else None
    act = (
        next((one.label for one in rules.acts(content["sector"]) if one.id == content["act"]), None) if sector else None
    )
    about = {"zh": content["act"], "en": content["act"]}
    if sector and act:
        about = {"zh": f"{sector.zh} · {act.zh}", "en": f"{sector.en} · {act.en}"}
    as_of = f"{content['as_of_event']}" + (f"（{content['as_of']}）" if content["as_of"] else "")
    return [
        [said(Bilingual("结论", "Answer")), _outcome(content["outcome"])],
        [said(Bilingual("被核查人", "About")), f"{subject['name']}  {subject['number_masked']}"],
        [said(Bilingual("行业与事项", "Asked")), about],
        [said(Bilingual("核查日", "Day")), content["on"]],
        *_known(content),
        [said(Bilingual("核查单位", "Asked by")), asked["unit"] or "—"],
        [said(Bilingual("目的与办件编号", "Purpose and matter")), f"{asked['purpose']}  {asked['matter']}"],
        [said(Bilingual("答复时间（UTC）", "Answered at (UTC)")), content["answered_at"]],
        [said(Bilingual("数据截至登记事件", "As of the register's event")), as_of],
        [said(Bilingual("措施清单版本", "Edition of the catalogue")), content["catalogue"][:16]],
    ]


def _known(content: Mapping[str, Any]) -> list[list[Any]]:
    if not content.get("known_on"):
        return []
    day = content["known_on"]
    told = Bilingual(f"{day} 终了时；不是现在的答复", f"the end of {day}; no answer about the present")
    return [[said(Bilingual("按已知记录截至", "As known at")), said(told)]]


def _outcome(outcome: str) -> dict[str, str]:
    label = Outcome(outcome).label
    return {"zh": label.zh, "en": label.en}


def _large_code(text: str) -> str:
    """The SVG of a code that holds some hundred characters: error correction L, since it is printed large."""
    out = BytesIO()
    segno.make(text, error="l", micro=False).save(out, kind="svg", border=1, xmldecl=False, svgns=True, nl=False)
    return out.getvalue().decode()
