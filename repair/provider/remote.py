"""What the identity provider says by HTTPS: where its doors are, its keys, its tokens. Bounded, and never redirected."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3

from creditsvc.kernel.errors import Unavailable
from creditsvc.kernel.text import Bilingual

SECONDS = 5.0
MOST_READ = 256 * 1024
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def trouble(why: str) -> Unavailable:
    """The provider can't be used now: ``why`` is a code for the journal, never the provider's own text."""
    return Unavailable(
        Bilingual(
            "身份认证平台暂时无法使用，请稍后再试，或者用决定书上的查询码登录",
            "the identity provider can't be used now; try again later, or sign in with the code on the decision letter",
        ),
        code="provider-unavailable",
        why=why,
    )


@dataclass(frozen=True, slots=True)
class Remote:
    """The way to one provider. ``plain``: addresses without TLS are taken too, which only tests may say."""

    ca_file: str = ""
    plain: bool = False

    def get(self, url: str, *, bearer: str = "") -> Any:
        """JSON from an address; raises ``Unavailable``."""
        return self._json("GET", url, {"Authorization": f"Bearer {bearer}"} if bearer else {})

    def post(self, url: str, fields: Mapping[str, str], *, basic: str = "") -> Any:
        """JSON in answer to a form; raises ``Unavailable``. ``basic``: client and secret, made up already."""
        headers = {"Authorization": basic} if basic else {}
        return self._json("POST", url, headers, fields)

    def check(self, url: Any) -> str:
        """The address if it may be used: HTTPS, a host, no user and no fragment."""
        parts = urlsplit(url) if isinstance(url, str) and len(url) <= 2048 else None
        schemes = {"https", "http"} if self.plain else {"https"}
        if parts is None or parts.scheme not in schemes or not parts.hostname or parts.username or parts.fragment:
            raise trouble("address")
        return str(url)

    def _json(self, method: str, url: str, headers: Mapping[str, str], fields: Mapping[str, str] | None = None) -> Any:
        try:
            with urllib3.PoolManager(retries=False, timeout=SECONDS, ca_certs=self.ca_file or None) as pool:
                answer = pool.urlopen(
                    method,
                    self.check(url),
                    body=urlencode(fields).encode() if fields else None,
                    headers={"Accept": "application/json", **(FORM if fields else {}), **headers},
                    redirect=False,
                    preload_content=False,
                )
                body = answer.read(MOST_READ + 1)
                answer.close()
        except (urllib3.exceptions.HTTPError, OSError):
            raise trouble("unreachable") from None
        if answer.status != 200:
            raise trouble(f"status-{answer.status}")
        if len(body) > MOST_READ:
            raise trouble("too-long")
        try:
            return json.loads(body)
        except ValueError:
            raise trouble("no-json") from None
