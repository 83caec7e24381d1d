"""The answer as it leaves: signed, also when nothing was found.

Exactly what a program reads is what is signed. Beside the certificate goes the key of the number's digest: with it, whoever
holds the certificate can show that it is about this number.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

import msgspec

from creditsvc.checks.answer import CheckAnswer
from creditsvc.checks.answer_keys import answer_signer
from creditsvc.checks.certificate import FORMAT, SALT_BYTES, encode, number_digest
from creditsvc.checks.said import said
from creditsvc.services import Services


@dataclass(frozen=True, slots=True)
class SignedAnswer:
    """What was signed, its certificate, and the key of the number's digest."""

    content: dict[str, Any]
    payload: bytes
    certificate: str
    number_key: str

    @property
    def body(self) -> bytes:
        """The answer's JSON with the certificate as its last members: what is sent, and the file that is kept."""
        tail = b',"certificate":"%b","number_key":"%b"}' % (self.certificate.encode(), self.number_key.encode())
        return self.payload[:-1] + tail


def signed(services: Services, check: CheckAnswer) -> SignedAnswer:
    """The signed answer. Its subject is named as the asker did, the number masked."""
    salt = secrets.token_bytes(SALT_BYTES)
    question = check.question
    content = {
        "format": FORMAT,
        "issuer": services.settings.host,
        **said(check),
        "subject": {
            "name": question.name,
            "number_type": question.number.type.value,
            "number_masked": question.number.masked,
            "number_digest": number_digest(salt, question.number.canonical),
        },
        "asked_by": {"unit": check.unit, "purpose": question.purpose, "matter": question.matter},
    }
    payload = msgspec.json.encode(content)
    return SignedAnswer(content, payload, answer_signer(services).sign(payload), encode(salt).decode())
