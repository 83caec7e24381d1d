"""A visit to the identity provider: sent there, back with a code, let in (OpenID Connect, authorization code with PKCE).

What came back is bound to the browser that was sent, is used once and within minutes. No identity number stands in an
address or in the journal: it comes from provider to server, in a signed token.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from creditsvc.access.audit import record
from creditsvc.access.callers import job_caller
from creditsvc.access.rates import take
from creditsvc.kernel.errors import CreditServiceError, NotSignedIn
from creditsvc.kernel.identity import IdentityNumber, parse_identity
from creditsvc.kernel.names import same_name
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from creditsvc.storage.subjects import find_subject
from repair.entries import debtor_name
from repair.performing.records import performer_name
from repair.policy.provider import ATTEMPT_LIFE, Expected, said, why_not
from repair.provider.provider import NotBelieved, Provider
from repair.sessions import Entered, enter
from repair.tables_people import ProviderAttempt

_DOOR = job_caller("provider")
VISITS = {"all": 20_000, "address": 600}
"""Visits an hour. Nothing can be guessed here, and a whole town may share an address: this only keeps floods out."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What this visit was sent out with."""

    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Proven:
    """Whom the provider has signed for."""

    number: IdentityNumber = field(repr=False)
    name: str = field(repr=False)


def count_visit(session: Session, *, address: str, now: datetime) -> bool:
    """Count one visit; false if there were too many. The caller commits in every case."""
    keys = {"all": "provider:all", "address": f"provider:address:{address}"}
    taken = [
        take(session, key, capacity=VISITS[name], refill_per_second=VISITS[name] / 3600, now=now)
        for name, key in keys.items()
    ]
    return all(taken)


def redirect_uri(services: Services) -> str:
    """Where the provider sends people back to; it is registered there."""
    return f"{services.settings.public_url}/portal/provider/return"


def begin(session: Session, services: Services, provider: Provider, *, visit: str, now: datetime) -> str:
    """The provider's address for this visit; the caller commits. Raises ``Unavailable``."""
    door = provider.metadata(now).authorization
    state, nonce, verifier = (secrets.token_urlsafe(size) for size in (32, 32, 48))
    session.add(
        ProviderAttempt(state_hash=_hash(state), visit_hash=_hash(visit), nonce=nonce, verifier=verifier, made_at=now)
    )
    session.flush()
    settings = services.settings
    asked = {
        "response_type": "code",
        "client_id": settings.oidc_client_id,
        "redirect_uri": redirect_uri(services),
        "scope": settings.oidc_scope,
        "state": state,
        "nonce": nonce,
        "code_challenge": urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    if settings.oidc_acr:
        asked["acr_values"] = settings.oidc_acr
    return f"{door}{'&' if '?' in door else '?'}{urlencode(asked)}"


def come_back(session: Session, *, state: str, visit: str, now: datetime) -> Attempt | None:
    """The attempt that this state belongs to, used up by asking; none if it is unknown, used, over or another browser's.

    The caller commits in every case.
    """
    row = session.scalar(select(ProviderAttempt).where(ProviderAttempt.state_hash == _hash(state)).with_for_update())
    if row is None or row.used_at is not None or now - row.made_at > ATTEMPT_LIFE:
        return None
    if not hmac.compare_digest(row.visit_hash, _hash(visit)):
        return None
    row.used_at = now
    return Attempt(row.nonce, row.verifier)


def prove(services: Services, provider: Provider, attempt: Attempt, code: str, *, now: datetime) -> Proven:
    """Whom the provider signs for; raises ``NotBelieved`` or ``Unavailable``. Asks the provider, holds no transaction."""
    settings = services.settings
    tokens = provider.tokens(code, attempt.verifier, redirect_uri(services), now=now)
    claims = provider.claims_of(tokens["id_token"], now=now)
    expected = Expected(settings.oidc_issuer, settings.oidc_client_id, attempt.nonce, settings.oidc_acr)
    if why := why_not(claims, expected, now=now):
        raise NotBelieved(why)
    wanted = (settings.oidc_claim_number, settings.oidc_claim_name)
    if not all(said(claims, name) for name in wanted):
        access = tokens.get("access_token")
        more = provider.userinfo(access if isinstance(access, str) else "", claims["sub"], now=now)
        claims = {**more, **{name: value for name, value in claims.items() if value}}
    return _person(claims, *wanted)


def _person(claims: Mapping[str, Any], number: str, name: str) -> Proven:
    if not said(claims, number) or not said(claims, name):
        raise NotBelieved("no-number")
    try:
        return Proven(parse_identity(said(claims, number)), said(claims, name))
    except CreditServiceError:
        raise NotBelieved("number-shape") from None


def let_in(session: Session, services: Services, proven: Proven, *, now: datetime) -> Entered | None:
    """A session of this person; none where nothing is held about them, which they may well be told: it is they.

    Raises ``NotSignedIn`` where the number is in the register under another name: a person has to look at that.
    """
    subject = find_subject(session, services.vault, proven.number)
    known = (debtor_name(session, subject) or performer_name(session, services, subject)) if subject else None
    if subject is None or known is None:
        return None
    if not same_name(known, proven.name):
        raise NotSignedIn(
            Bilingual(
                "您的证件号码在登记册中对应的姓名与身份认证平台的不一致。请携带身份证件到执行法院窗口办理，可能是认错了人",
                "the register knows your number under another name than the identity provider does; go to the court's window "
                "with your papers, for this may be a mistaken identity",
            ),
            code="provider-other-name",
        )
    return enter(session, subject_id=subject, name=known, began_by="provider", now=now)


def refused() -> NotSignedIn:
    """The one refusal for whatever proves nothing."""
    return NotSignedIn(
        Bilingual(
            "身份认证没有成功，请重新登录；多次不成功的，可以用决定书上的查询码登录，或者到执行法院窗口办理",
            "the identity could not be confirmed; try again, sign in with the code on the decision letter, or go to the "
            "court's window",
        ),
        code="provider-refused",
    )


def note_refused(session: Session, why: str, *, now: datetime) -> None:
    """Keep why somebody was not let in: a code, and nothing of what was sent."""
    record(session, action="provider.refused", caller=_DOOR, object="provider", at=now, details={"why": why})


def forget_attempts(session: Session, *, now: datetime) -> int:
    """Drop attempts that are over."""
    gone = session.execute(delete(ProviderAttempt).where(ProviderAttempt.made_at < now - ATTEMPT_LIFE))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _hash(text: str) -> bytes:
    return sha256(text.encode()[:256]).digest()
