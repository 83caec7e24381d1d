"""A real OpenID Connect provider for tests: Authlib's server on a socket, which can be told to misbehave."""

from __future__ import annotations

import hmac
import json
import os
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey
from werkzeug.serving import make_server

CLIENT, SECRET = "credit-service", "客户端密钥-测试用"


@dataclass
class Client:
    """The one client that is registered."""

    redirect_uri: str
    client_id: str = CLIENT

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, uri: str) -> bool:
        return uri == self.redirect_uri

    def check_client_secret(self, secret: str) -> bool:
        return secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class Code:
    """A code that was handed out."""

    code: str
    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> str:
        return "real-name"

    def get_amr(self) -> list[str]:
        return ["face"]


@dataclass
class IdentityProvider:
    """Who is signed in there, what it lies about, and how often each door was used."""

    issuer: str
    now: int
    """Its clock: the tests' clock stands still."""
    person: dict[str, str] = field(default_factory=lambda: {"sub": "u-1", "name": "", "id_number": ""})
    codes: dict[str, Code] = field(default_factory=dict)
    spent: list[str] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    """Claims that replace the honest ones."""
    header: dict[str, Any] = field(default_factory=dict)
    sign_with: Any = None
    """Another key than the published one, or ``none``."""
    userinfo_only: bool = False
    userinfo_subject: str = ""
    error: str = ""
    other_iss: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    status: dict[str, int] = field(default_factory=dict)
    """A door by name and the status with which it fails."""
    long: bool = False
    keys: list[ECKey] = field(default_factory=lambda: [new_key("first")])

    def rotate(self, name: str) -> None:
        """A new key; the old one is published no more."""
        self.keys = [new_key(name)]

    def honest(self) -> None:
        """Back to the truth, with nothing counted yet."""
        fresh = IdentityProvider(self.issuer, self.now)
        for name in ("claims", "header", "sign_with", "userinfo_only", "userinfo_subject", "error", "other_iss", "metadata",
                     "status", "long", "calls", "asked"):  # fmt: skip
            setattr(self, name, getattr(fresh, name))

    def count(self, door: str) -> None:
        """One more use."""
        self.calls[door] = self.calls.get(door, 0) + 1

    def id_token(self, honest: dict[str, Any]) -> str:
        """The honest claims, or what it was told to say instead."""
        said = {name: value for name, value in {**honest, **self.claims}.items() if value is not None}
        key = self.keys[0]
        header = {"alg": "ES256", "kid": key.kid, **self.header}
        if header["alg"] == "none":
            return jwt.encode(header, said, OctKey.import_key("x" * 32), algorithms=["none"])
        if header["alg"] == "HS256":
            # the published key taken for a shared secret; by hand, since the library refuses to sign so
            text = b".".join(urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, said))
            signature = hmac.digest(key.as_pem(private=False), text, "sha256")
            return (text + b"." + urlsafe_b64encode(signature).rstrip(b"=")).decode()
        return jwt.encode(header, said, self.sign_with or key)


def new_key(name: str) -> ECKey:
    """A fresh pair of keys under this name."""
    return ECKey.generate_key("P-256", {"kid": name, "use": "sig", "alg": "ES256"})


def _server(app: Flask, idp: IdentityProvider, redirect_uri: str) -> AuthorizationServer:
    client = Client(redirect_uri)

    class CodeGrant(grants.AuthorizationCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]

        def save_authorization_code(self, code: str, request: Any) -> None:
            payload = request.payload.data
            idp.asked.append(dict(payload))
            idp.codes[code] = Code(
                code, payload["redirect_uri"], payload["scope"], payload["nonce"], payload["code_challenge"],
                payload["code_challenge_method"],
            )  # fmt: skip

        def query_authorization_code(self, code: str, client: Client) -> Code | None:
            return idp.codes.get(code)

        def delete_authorization_code(self, code: Code) -> None:
            idp.codes.pop(code.code)
            idp.spent.append(code.code)

        def authenticate_user(self, code: Code) -> dict[str, str]:
            return idp.person

    class WithIdToken(OpenIDCode):
        def exists_nonce(self, nonce: str, request: Any) -> bool:
            return False

        def generate_user_info(self, user: dict[str, str], scope: str) -> UserInfo:
            return UserInfo({"sub": user["sub"]} if idp.userinfo_only else user)

        def encode_id_token(self, token: dict[str, Any], request: Any) -> str:
            code = request.authorization_code
            honest = {
                "iss": idp.issuer, "aud": CLIENT, "iat": idp.now, "exp": idp.now + 300,
                **self.get_authorization_code_claims(code), **self.generate_user_info(request.user, token["scope"]),
            }  # fmt: skip
            return idp.id_token(honest)

    server = AuthorizationServer(
        app, query_client=lambda name: client if name == CLIENT else None, save_token=lambda token, request: None
    )
    server.register_grant(CodeGrant, [WithIdToken(require_nonce=True), CodeChallenge(required=True)])
    return server


def _app(idp: IdentityProvider, redirect_uri: str) -> Flask:
    app = Flask("identity-provider")
    app.secret_key = "only for tests"
    server = _server(app, idp, redirect_uri)

    @app.before_request
    def failing() -> ResponseReturnValue | None:
        door = request.path.rpartition("/")[2]
        idp.count(door)
        if door in idp.status:
            return jsonify(error="server_error"), idp.status[door]
        return None

    @app.get("/.well-known/openid-configuration")
    def metadata() -> ResponseReturnValue:
        doors = {
            f"{name}_endpoint": f"{idp.issuer}/{name}" for name in ("authorization", "token", "userinfo", "end_session")
        }
        return jsonify({
            "issuer": idp.issuer, "jwks_uri": f"{idp.issuer}/keys", "authorization_response_iss_parameter_supported": True,
            "code_challenge_methods_supported": ["S256"], **doors, **idp.metadata,
        })  # fmt: skip

    @app.get("/keys")
    def keys() -> ResponseReturnValue:
        said = KeySet(list(idp.keys)).as_dict(private=False)
        return jsonify({**said, "padding": "x" * 300_000 if idp.long else ""})

    @app.get("/authorization")
    def authorization() -> ResponseReturnValue:
        if idp.error:
            return redirect(f"{redirect_uri}?error={idp.error}&state={request.args['state']}&iss={idp.issuer}")
        answer = server.create_authorization_response(
            grant_user=idp.person, grant=server.get_consent_grant(end_user=idp.person)
        )
        answer.headers["Location"] += f"&iss={idp.other_iss or idp.issuer}"
        return answer

    @app.post("/token")
    def token() -> ResponseReturnValue:
        return server.create_token_response()  # type: ignore[no-any-return]

    @app.get("/userinfo")
    def userinfo() -> ResponseReturnValue:
        assert request.headers["Authorization"].startswith("Bearer ")
        return jsonify({**idp.person, "sub": idp.userinfo_subject or idp.person["sub"]})

    @app.get("/end_session")
    def end_session() -> ResponseReturnValue:
        return redirect(request.args["post_logout_redirect_uri"])

    return app


@contextmanager
def identity_provider(redirect_uri: str, *, now: int) -> Iterator[IdentityProvider]:
    """A provider that listens until the end of the block."""
    os.environ.setdefault("AUTHLIB_INSECURE_TRANSPORT", "1")
    idp = IdentityProvider("", now)
    server = make_server("127.0.0.1", 0, _app(idp, redirect_uri), threaded=True)
    idp.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield idp
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
