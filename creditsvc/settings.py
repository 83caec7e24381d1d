"""Every setting, read once from the environment into one frozen object.

A misspelt name is refused; secrets are never values but paths of files. Defaults make the embedded service:
SQLite and keys in one folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from creditsvc.kernel.errors import SettingError
from creditsvc.kernel.text import Bilingual

PREFIX = "CREDITSVC_"

_BOUNDS = {
    "trusted_proxies": (0, 9, "", ""),
    "incentive_publicity_days": (1, 60, " 个工作日", " working days"),
    "incentive_months": (1, 36, " 个月", " months"),
}
"""Least and most of a number, with its unit in Chinese and English."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How this installation runs. Every name can be set in the environment as ``CREDITSVC_<NAME>``."""

    home: Path = Path("var")
    """Folder of everything that the embedded service keeps."""
    database_url: str = ""
    """SQLAlchemy address of the register; empty: SQLite in ``home``."""
    keys_url: str = ""
    """Address of the database of wrapped data keys, which has its own, shorter backups; empty: SQLite in ``home``."""
    key_dir: str = ""
    """Folder of key files (mode 0700); empty: ``keys`` in ``home``."""
    host: str = "127.0.0.1:8080"
    """Authority under which the feed is published: it is in every signed head."""
    bind: str = "127.0.0.1:8080"
    """Address and port that the web server listens on."""
    web_workers: int = 1
    """Web worker processes."""
    web_threads: int = 8
    """Blocking threads in each worker."""
    web_connections: int = 1024
    """Connections that each worker holds open: every subscriber and browser keeps one, asking or not."""
    trusted_proxies: int = 0
    """How many proxies stand before the web server, each adding to ``X-Forwarded-For``: that many are believed, so that
    limits by address count whoever asks and not the proxy. 0: the header is not believed."""
    secure_cookies: bool = False
    """Set behind HTTPS: session cookies then travel over HTTPS alone."""
    session_minutes: int = 30
    """A session ends after this long without a request."""
    argon2: str = "standard"
    """Cost of password hashes: ``standard``, or ``cheap`` where ``allow_test_settings`` is on."""
    allow_test_settings: bool = False
    """Lets tests choose settings that would be wrong in production."""
    demo: bool = False
    """Marks an installation that holds made-up people only; pages say so."""
    log_level: str = "INFO"
    """Least severe level that is written."""
    max_upload_mib: int = 1024
    """Largest request body in MiB that is read."""
    batch_keep_days: int = 1095
    """A court's file as it came is kept sealed this many days after it was applied, as the record of what was sent."""
    fresh_batch_days: int = 7
    """``/freshz`` warns when the newest applied batch is older than this."""
    witness_file: str = ""
    """File of the witnesses, a line each: verifier key, space, address (or a folder); empty: two local ones in ``home``."""
    accel_prefix: str = ""
    """Internal address under which the proxy serves ``home``/feed after our authorisation (X-Accel-Redirect); empty: we do."""
    push_ca_file: str = ""
    """File of certificate authorities for pushes, such as a government network's own; empty: the system's."""
    push_plain_http: bool = False
    """Lets agreements name ``http`` addresses: only inside a network that encrypts by itself."""
    catalogue_code_listing: str = ""
    """Code under which the province's information catalogue lists entries of the list; empty: none is sent."""
    catalogue_code_incentive: str = ""
    """The same for incentive records."""
    overlay_file: str = ""
    """TOML file in which the legal department clears or holds measures; empty: none."""

    paper_fonts: str = ""
    """Folder of fonts that papers are set in; empty: those of fonts-noto-cjk and of the extra ``pdf``."""
    smtp_host: str = ""
    """Mail server that takes our messages; empty: no mail is sent."""
    smtp_port: int = 587
    """Its port."""
    smtp_tls: str = "starttls"
    """``starttls``, ``implicit`` (usually port 465), or ``none`` for a server on this very machine."""
    smtp_ca_file: str = ""
    """PEM file of authorities that the server's certificate is checked by; empty: the system's."""
    smtp_user: str = ""
    """Account at the mail server; empty: none."""
    smtp_password_file: str = ""
    """File that holds the account's password."""
    mail_from: str = ""
    """Address that messages come from."""
    sms_url: str = ""
    """HTTPS address of the gateway for short messages; empty: none are sent."""
    sms_secret_file: str = ""
    """File with the secret by which requests to the gateway are signed."""

    alarm_mail_file: str = ""
    """CSV of court code, level (``soon``, ``late``, ``higher`` or ``*``) and mail address: who is told by mail of applications
    that are nearly due or late; empty: nobody, and the desk alone shows it."""

    platform_objection_mail: str = ""
    """Mailbox of the provincial platform that is told of objections raised here; empty: its stream's mark alone tells it."""

    oidc_issuer: str = ""
    """Issuer of the identity provider through which people may sign in to the portal; empty: none."""
    oidc_name: str = "统一身份认证"
    """What the provider is called on the page."""
    oidc_name_en: str = "the province's identity provider"
    """The same in English."""
    oidc_client_id: str = ""
    """Our name at the provider."""
    oidc_client_secret_file: str = ""
    """File with our secret there; empty: a public client, held by PKCE alone."""
    oidc_scope: str = "openid profile"
    """What is asked for; it must bring number and name."""
    oidc_claim_number: str = "id_number"
    """Claim, of the ID token or of userinfo, that holds the identity number or the unit's code."""
    oidc_claim_name: str = "name"
    """Claim that holds the name."""
    oidc_acr: str = ""
    """Level of assurance that is asked for and required, such as the provider's word for real-name checks; empty: none."""
    oidc_ca_file: str = ""
    """PEM file of authorities that the provider's certificate is checked by; empty: the system's."""

    incentive_publicity_days: int = 7
    """Working days for which a place on the incentive list is publicised first (条例 art. 28 names no length)."""
    incentive_months: int = 12
    """Months for which a place on the incentive list holds."""

    screening_keep_days: int = 7
    """The results of a screening are destroyed this many days after it is done."""
    screening_rows_a_day: int = 3_000_000
    """Most rows that one unit may have screened within 24 hours."""

    check_stale_days: int = 15
    """Checks answer "unknown, try again" when no court's list has come in for this many days; 0: never."""
    check_people_a_day: int = 200
    """Most different people that one account may check in a day."""
    check_people_a_day_of_key: int = 20_000
    """Most different people that one API key may check in a day."""
    second_division: bool = False
    """Whether a removal that the court may grant or not needs a second signature from another division."""

    def __post_init__(self) -> None:
        if self.argon2 == "cheap" and not self.allow_test_settings:
            raise _refused("ARGON2", "cheap 只能用于测试", "cheap is for tests only")
        for name, (least, most, zh, en) in _BOUNDS.items():
            if not least <= getattr(self, name) <= most:
                raise _refused(name.upper(), f"应为 {least} 至 {most}{zh}", f"it must be {least} to {most}{en}")
        if self.smtp_tls not in {"starttls", "implicit", "none"}:
            raise _refused("SMTP_TLS", "应为 starttls、implicit 或 none", "it must be starttls, implicit or none")
        if self.smtp_tls == "none" and self.smtp_host not in {"", "localhost", "127.0.0.1", "::1"}:
            raise _refused(
                "SMTP_TLS", "只有本机的邮件服务器可以不加密", "only a mail server on this machine may go without"
            )
        if self.oidc_issuer and not self.oidc_client_id:
            raise _refused(
                "OIDC_CLIENT_ID", "设置了身份认证平台，须写明客户端名", "an identity provider needs our name there"
            )
        if self.oidc_issuer and not self.oidc_issuer.startswith("https://") and not self.allow_test_settings:
            raise _refused("OIDC_ISSUER", "应以 https:// 开头", "it must begin with https://")
        if self.oidc_issuer and "openid" not in self.oidc_scope.split():
            raise _refused("OIDC_SCOPE", "须含 openid", "it must contain openid")
        if self.sms_url and not self.sms_url.startswith("https://") and not self.allow_test_settings:
            raise _refused("SMS_URL", "应以 https:// 开头", "it must begin with https://")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Settings from environment variables; raises ``SettingError`` for an unknown name or a wrong value."""
        known = {PREFIX + field.name.upper(): field for field in fields(cls)}
        if unknown := sorted(name for name in environ if name.startswith(PREFIX) and name not in known):
            raise SettingError(
                Bilingual(f"不认识的设置：{'、'.join(unknown)}", f"unknown settings: {', '.join(unknown)}")
            )
        values: dict[str, Any] = {
            known[name].name: _read(name, str(known[name].type), environ[name]) for name in known if name in environ
        }
        return cls(**values)

    @property
    def database(self) -> str:
        """Address of the register's database."""
        return self.database_url or f"sqlite:///{self.home.absolute() / 'register.db'}"

    @property
    def keys_database(self) -> str:
        """Address of the database of wrapped data keys."""
        return self.keys_url or f"sqlite:///{self.home.absolute() / 'keys.db'}"

    @property
    def public_url(self) -> str:
        """Where people reach the pages: it stands on papers and in messages."""
        return f"{'https' if self.secure_cookies else 'http'}://{self.host}"

    @property
    def keys(self) -> Path:
        """Folder of key files."""
        return Path(self.key_dir) if self.key_dir else self.home / "keys"

    @property
    def evidence(self) -> Path:
        """Folder of sealed attachments."""
        return self.home / "evidence"


def _read(name: str, kind: str, text: str) -> object:
    if kind == "bool":
        if text.lower() not in {"0", "1", "true", "false"}:
            raise _refused(name, "应为 true 或 false", "it must be true or false")
        return text.lower() in {"1", "true"}
    if kind == "int":
        if not text.isascii() or not text.isdigit():
            raise _refused(name, "应为非负整数", "it must be a whole number")
        return int(text)
    return Path(text) if kind == "Path" else text


def _refused(name: str, zh: str, en: str) -> SettingError:
    return SettingError(Bilingual(f"设置 {name}：{zh}", f"setting {name}: {en}"))
