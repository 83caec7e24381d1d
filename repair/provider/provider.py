"""One identity provider: its published metadata and keys, fetched within bounds and kept for an hour, and what it signs.

OpenID Connect Discovery 1.0; JWK sets by RFC 7517. Keys are fetched again when a token names one that we do not know,
but not oftener than once a minute: forged names are no way to make us ask all day.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote

from creditsvc.kernel.errors import Unavailable
from creditsvc.kernel.text import Bilingual
from creditsvc.settings import Settings
from repair.policy.provider import ALGORITHMS
from repair.provider.remote import Remote, trouble

KEPT = timedelta(hours=1)
AGAIN = timedelta(minutes=1)
MOST_KEYS = 20
LONGEST_TOKEN = 32 * 1024


class NotBelieved(Exception):
    """A token that proves nothing; ``code`` says why, for the journal."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Metadata:
    """Where the provider's doors are."""

    authorization: str
    token: str
    jwks: str
    userinfo: str
    end_session: str
    names_itself: bool
    """Whether every answer of it carries ``iss`` (RFC 9207)."""


@dataclass(slots=True)
class Provider:
    """The provider of these settings; one object a process."""

    settings: Settings
    _lock: Lock = field(default_factory=Lock, repr=False)
    _metadata: tuple[Metadata, datetime] | None = None
    _keys: tuple[Any, datetime] | None = None

    @property
    def remote(self) -> Remote:
        """The way to it."""
        return Remote(self.settings.oidc_ca_file, plain=self.settings.allow_test_settings)

    def metadata(self, now: datetime) -> Metadata:
        """Its published metadata, at most an hour old; raises ``Unavailable``."""
        with self._lock:
            if self._metadata is None or now - self._metadata[1] > KEPT:
                self._metadata = self._discovered(), now
            return self._metadata[0]

    def _discovered(self) -> Metadata:
        issuer = self.settings.oidc_issuer
        said = self.remote.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if not isinstance(said, dict) or said.get("issuer") != issuer:
            raise trouble("other-issuer")
        methods = said.get("code_challenge_methods_supported")
        if methods is not None and "S256" not in methods:
            raise trouble("no-pkce")
        remote = self.remote
        doors = {name: remote.check(said.get(f"{name}_endpoint")) for name in ("authorization", "token")}
        more = {
            name: remote.check(said[f"{name}_endpoint"]) if said.get(f"{name}_endpoint") else ""
            for name in ("userinfo", "end_session")
        }
        return Metadata(
            **doors,
            **more,
            jwks=remote.check(said.get("jwks_uri")),
            names_itself=said.get("authorization_response_iss_parameter_supported") is True,
        )

    def tokens(self, code: str, verifier: str, redirect_uri: str, *, now: datetime) -> Mapping[str, Any]:
        """What the code is worth: the provider's tokens. Raises ``Unavailable``, also for a code that it refuses."""
        settings = self.settings
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        basic = ""
        if settings.oidc_client_secret_file:
            secret = Path(settings.oidc_client_secret_file).read_text("utf-8").strip()
            # RFC 6749 no. 2.3.1: both are form-encoded before they are joined
            pair = f"{quote(settings.oidc_client_id, safe='')}:{quote(secret, safe='')}"
            basic = "Basic " + b64encode(pair.encode()).decode()
        else:
            fields["client_id"] = settings.oidc_client_id
        said = self.remote.post(self.metadata(now).token, fields, basic=basic)
        if not isinstance(said, dict) or not isinstance(said.get("id_token"), str):
            raise trouble("no-token")
        return said

    def claims_of(self, token: str, *, now: datetime) -> Mapping[str, Any]:
        """The claims of an ID token whose signature is right; raises ``NotBelieved``, or ``Unavailable`` without keys."""
        try:
            from joserfc import jwt
            from joserfc.errors import JoseError
        except ModuleNotFoundError:
            raise _missing() from None
        if len(token) > LONGEST_TOKEN:
            raise NotBelieved("token-length")
        try:
            decoded = jwt.decode(token, lambda asked: self._key(asked.headers(), now), algorithms=list(ALGORITHMS))
        except (JoseError, ValueError, TypeError, KeyError):
            raise NotBelieved("signature") from None
        return decoded.claims

    def userinfo(self, access_token: str, subject: str, *, now: datetime) -> Mapping[str, Any]:
        """Further claims about the same subject (Core no. 5.3.2); nothing where it has no such door."""
        door = self.metadata(now).userinfo
        said = self.remote.get(door, bearer=access_token) if door and access_token else {}
        if said and (not isinstance(said, dict) or said.get("sub") != subject):
            raise NotBelieved("other-subject")
        return said or {}

    def _key(self, header: Mapping[str, Any], now: datetime) -> Any:
        with self._lock:
            if self._keys is None or now - self._keys[1] > KEPT:
                self._keys = self._fetched(now), now
            found = _fitting(self._keys[0], header)
            if found is None and now - self._keys[1] >= AGAIN:
                # it may have new keys: asked once, and then not again for a while
                self._keys = self._fetched(now), now
                found = _fitting(self._keys[0], header)
        if found is None:
            raise NotBelieved("key-unknown")
        return found

    def _fetched(self, now: datetime) -> list[Any]:
        from joserfc.errors import JoseError
        from joserfc.jwk import JWKRegistry

        # the lock is held, and metadata takes it too: they are read before
        metadata = self._metadata[0] if self._metadata else self._discovered()
        said = self.remote.get(metadata.jwks)
        listed = said.get("keys") if isinstance(said, dict) else None
        if not isinstance(listed, list) or len(listed) > MOST_KEYS:
            raise trouble("no-keys")
        found = []
        for one in listed:
            # a set may hold kinds of key that we do not know: they are passed over (RFC 7517 no. 5)
            try:
                if one.get("kty") in {"RSA", "EC", "OKP"} and one.get("use", "sig") == "sig" and "d" not in one:
                    found.append(JWKRegistry.import_key(one))
            except (JoseError, ValueError, TypeError, AttributeError, KeyError):
                continue
        return found


def _fitting(keys: list[Any], header: Mapping[str, Any]) -> Any:
    """The one key that the header names; without a name only a set of one key is unambiguous."""
    name = header.get("kid")
    fits = [key for key in keys if name is None or key.kid == name]
    return fits[0] if len(fits) == 1 else None


def _missing() -> Unavailable:
    return Unavailable(
        Bilingual("缺少统一身份认证的组件：请安装 creditsvc[oidc]", "the parts are missing: install creditsvc[oidc]"),
        code="oidc-missing",
    )


@lru_cache(maxsize=4)
def provider_of(settings: Settings) -> Provider | None:
    """The provider of these settings; none where none is set."""
    return Provider(settings) if settings.oidc_issuer else None
