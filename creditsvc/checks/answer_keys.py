"""The key that signs answers, and every public key under which answers were ever signed here.

The private key follows from the root secret. Public keys stay in a folder beside it, one file each, also when the root is
replaced: an answer is proved for as long as somebody keeps it.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from creditsvc.checks.certificate import KEY_LABEL, AnswerSigner, signer_of
from creditsvc.kernel.days import legal_day
from creditsvc.services import Services

FOLDER = "answers"


def answer_signer(services: Services) -> AnswerSigner:
    """This installation's signer of answers."""
    return signer_of(services.keyring.secret("ed25519/" + KEY_LABEL))


def keep_public_key(services: Services, now: datetime) -> None:
    """Write the present public key beside the earlier ones; safe to repeat."""
    folder = services.settings.keys / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    jwk = answer_signer(services).jwk
    path = folder / f"{jwk['kid']}.json"
    if not path.exists():
        path.write_text(json.dumps({**jwk, "first_day": legal_day(now).isoformat()}, indent=1) + "\n", encoding="utf-8")


def public_keys(services: Services) -> dict[str, Any]:
    """All of them as a JWK set (RFC 7517), the present one first."""
    present: dict[str, Any] = dict(answer_signer(services).jwk)
    kept = [_read(path) for path in sorted((services.settings.keys / FOLDER).glob("*.json"))]
    own = next((row for row in kept if row.get("kid") == present["kid"]), present)
    return {"keys": [own, *(row for row in kept if row.get("kid") != present["kid"])]}


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))
