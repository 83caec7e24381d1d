"""Opens the channel that a link asks for. Secrets come from files that only this service may read."""

from __future__ import annotations

import base64
import io
import stat
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import urllib3
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from sync.platform.alarms import ChannelTrouble
from sync.platform.channels.base import Channel
from sync.platform.channels.database import DatabaseChannel, open_engine
from sync.platform.channels.files import FilesChannel
from sync.platform.channels.http import HttpChannel, NationalScheme, OurScheme
from sync.platform.channels.places import Folder, Sftp
from sync.platform.shape.profile import Layout, Profile
from sync.platform.shape.rows import Provider
from sync.platform.tables import PlatformLink
from sync.wire.notes import Signer

CHANNELS = ("database", "folder", "sftp", "http")
SCHEMES = ("ours", "national")


def link_signer(services: Services, name: str) -> Signer:
    """The key that signs the batches and requests of a link."""
    origin = f"{services.settings.host}/platform/{name}"
    return Signer(origin, services.keyring.signing_key(f"platform/{name}"))


def refuse_address(channel: str, address: str, profile: Profile) -> None:
    """Raise ``InvalidInput`` for an address that its channel can't use, or that holds a password."""
    is_table = profile.layout is Layout.TABLE
    if is_table != (channel == "database"):
        raise _wrong("channel", "表格式方案用前置库，文件式方案用目录、SFTP 或 HTTP",
                     "a profile of tables goes over a database, a profile of files over a folder, SFTP or HTTP")  # fmt: skip
    try:
        password = make_url(address).password if channel == "database" else urlsplit(address).password
    except (ArgumentError, ValueError):
        raise _wrong("address", "地址无法识别", "the address can't be read") from None
    if password:
        raise _wrong(
            "address", "地址中不得有口令，请放入密钥文件", "no password in the address: put it into the secret's file"
        )
    if channel == "http" and urlsplit(address).scheme not in {"http", "https"}:
        raise _wrong("address", "应为 http 或 https 地址", "it must be an http or https address")
    if channel == "sftp" and (urlsplit(address).scheme != "sftp" or not urlsplit(address).username):
        raise _wrong("address", "应写作 sftp://用户@主机:端口/目录", "write sftp://user@host:port/folder")


def _wrong(field: str, zh: str, en: str) -> InvalidInput:
    return InvalidInput(Bilingual(zh, en), code=f"link-{field}", field=field)


def read_secret(path: str | None) -> str:
    """The secret in a file; raises ``ChannelTrouble`` (``secret-missing``) unless only its owner may read it."""
    if not path:
        return ""
    file = Path(path)
    try:
        if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ChannelTrouble("secret-missing", "mode")
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ChannelTrouble("secret-missing") from None


_engines: dict[tuple[str, str], Engine] = {}
"""Engines of this process by address and secret: a front-end database is asked every few seconds."""


def _engine(address: str, secret: str) -> Engine:
    if (address, secret) not in _engines:
        url = make_url(address)
        _engines[(address, secret)] = open_engine(url.set(password=secret) if secret else url)
    return _engines[(address, secret)]


def forget_engines() -> None:
    """Close every connection to front-end databases (before a fork, and in tests)."""
    while _engines:
        _engines.popitem()[1].dispose()


def open_channel(services: Services, link: PlatformLink, profile: Profile) -> Channel:
    """The link's channel; raises ``ChannelTrouble``."""
    provider, secret = Provider(link.provider, link.provider_code), read_secret(link.secret_file)
    if link.channel == "database":
        return DatabaseChannel(profile, provider, _engine(link.address, secret))
    if link.channel == "folder":
        return FilesChannel(profile, provider, Folder(Path(link.address)))
    if link.channel == "sftp":
        return FilesChannel(profile, provider, _sftp(link, secret))
    return _http(services, link, profile, provider, secret)


def _http(services: Services, link: PlatformLink, profile: Profile, provider: Provider, secret: str) -> HttpChannel:
    channel = HttpChannel(profile, provider, link.address, urllib3.PoolManager(num_pools=1, maxsize=1))
    if link.options.get("scheme") == "national":

        def fetch() -> bytes:
            status, content = channel.request("GET", f"/secret?rid={link.options.get('rid', '')}", signed=False)
            if status != 200:
                raise ChannelTrouble("receiver-refused", f"secret {status}")
            return content

        appkey = secret.encode()
        channel.scheme = NationalScheme(
            link.options.get("rid", ""), link.options.get("sid", ""), appkey, fetch, services.clock
        )
    else:
        channel.scheme = OurScheme(link_signer(services, link.name), services.clock)
    return channel


def _sftp(link: PlatformLink, secret: str) -> Sftp:
    """Connect; the host's key must have the fingerprint that was agreed."""
    try:
        import paramiko
    except ModuleNotFoundError:
        raise ChannelTrouble("folder-gone", "creditsvc[sftp]") from None
    parts = urlsplit(link.address)
    transport = None
    try:
        transport = paramiko.Transport((parts.hostname or "", parts.port or 22))
        transport.start_client(timeout=10)
        if fingerprint(transport.get_remote_server_key().asbytes()) != link.options.get("fingerprint"):
            raise ChannelTrouble("receiver-refused", "host key")
        if secret.startswith("-----BEGIN"):
            transport.auth_publickey(
                parts.username or "", paramiko.Ed25519Key.from_private_key(io.StringIO(secret + "\n"))
            )
        else:
            transport.auth_password(parts.username or "", secret)
        client = paramiko.SFTPClient.from_transport(transport)
    except (OSError, EOFError, paramiko.SSHException) as wrong:
        if transport is not None:
            transport.close()
        raise ChannelTrouble("folder-gone", type(wrong).__name__) from None
    except ChannelTrouble:
        if transport is not None:
            transport.close()
        raise
    client.get_channel().settimeout(60)
    return Sftp(client, parts.path or "/", transport.close)


def fingerprint(key: bytes) -> str:
    """``SHA256:…`` of a host key, as OpenSSH prints it."""
    return "SHA256:" + base64.b64encode(sha256(key).digest()).decode().rstrip("=")
