"""POST to an address that a subscriber gave us, so that it can reach nothing else than that subscriber.

The address must be written plainly, its name must be one that the agreement allows, and everything it resolves to must
lie in the networks that the agreement allows: government networks are private ones, so "not private" is no rule. We
connect to the address that was checked, compare it once more on the connected socket, follow nothing, and stop reading.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.ssl_match_hostname import CertificateError

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 10.0
MOST_READ = 64 * 1024
LONGEST = 512
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Sequence[str]]

_URL = re.compile(r"(https?)://([a-z0-9][a-z0-9.-]{0,252})(?::([1-9][0-9]{0,4}))?(/[A-Za-z0-9/._~-]*)?", re.ASCII)
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.ASCII)
_NUMERIC = re.compile(r"(0x[0-9a-f]*|[0-9]+)", re.ASCII)
_NEVER = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "224.0.0.0/4", "240.0.0.0/4", "::/127", "fe80::/10",
        "ff00::/8", "::ffff:0:0/96", "64:ff9b::/96", "2002::/16", "2001::/32", "fec0::/10",
    )
)  # fmt: skip
"""No agreement can allow these: this machine itself, its neighbours' link, metadata services, and IPv4 in disguise."""


WHY = {
    "shape": (
        "应写作 https://主机名/路径，只用小写字母、数字、点和横线",
        "write https://name/path, lower case, nothing unusual",
    ),
    "scheme": ("须为 https", "it must be https"),
    "number": ("主机不能写成数字的变形", "a host can't be a number in disguise"),
    "host": ("主机名不在协议允许之列", "its host is not one that the agreement allows"),
    "path": ("路径不能含 . 或 ..", "its path can't have . or .. in it"),
    "range": (
        "网段须写明，不能过宽，不能是本机或链路地址",
        "name networks, none too wide, none of this machine or link",
    ),
    "forbidden": ("解析到了禁止连接的地址", "it resolves to an address that is always forbidden"),
    "unresolved": ("主机名无法解析", "its host can't be resolved"),
    "peer": ("连接到的不是核对过的地址", "the connection went elsewhere than to the checked address"),
}
"""Why an address is refused: the journal's word, Chinese, English."""


class AddressRefused(InvalidInput):
    """An address that is not, or no longer, one to which we may connect. ``why`` is a word for the journal."""

    default_code = "push-address"

    def __init__(self, why: str) -> None:
        zh, en = WHY[why]
        field = "push_ranges" if why == "range" else "push_url"
        super().__init__(Bilingual(f"唤醒地址不可用：{zh}", f"the address can't be used: {en}"), field=field, why=why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Target:
    """A plainly written address."""

    scheme: str
    host: str
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class Allowed:
    """What an agreement allows. ``loopback`` is for tests alone: this machine's own networks, where they are named."""

    hosts: frozenset[str]
    ranges: tuple[Network, ...]
    plain_http: bool = False
    loopback: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back: a status, or why there is none."""

    status: int
    why: str = ""

    @property
    def heard(self) -> bool:
        """Whether the subscriber took it."""
        return 200 <= self.status < 300

    @property
    def outcome(self) -> str:
        """For the journal."""
        return self.why or str(self.status)


def parse_ranges(texts: Iterable[str], *, loopback: bool = False) -> tuple[Network, ...]:
    """Networks by their text. Raises AddressRefused for one that is none, that is everything, or that none may allow."""
    found = []
    for text in texts:
        try:
            network = ipaddress.ip_network(text)
        except ValueError:
            raise AddressRefused("range") from None
        wide = network.prefixlen < (8 if network.version == 4 else 16)
        if wide or (not loopback and any(_overlap(network, never) for never in _NEVER)):
            raise AddressRefused("range")
        found.append(network)
    return tuple(found)


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def parse_target(url: str, allowed: Allowed) -> Target:
    """The parts of an address. Raises AddressRefused unless it is plain and its name is allowed."""
    found = _URL.fullmatch(url) if len(url) <= LONGEST else None
    if not found:
        raise AddressRefused("shape")
    scheme, host = found[1], found[2]
    port = int(found[3]) if found[3] else 443 if scheme == "https" else 80
    if scheme != "https" and not allowed.plain_http:
        raise AddressRefused("scheme")
    if port > 65535 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise AddressRefused("shape")
    if _NUMERIC.fullmatch(host.rsplit(".", 1)[-1]) and not _is_plain_ipv4(host):
        raise AddressRefused("number")
    if host not in allowed.hosts:
        raise AddressRefused("host")
    path = found[4] or "/"
    if "/../" in path + "/" or "/./" in path + "/":
        raise AddressRefused("path")
    return Target(scheme, host, port, path)


def _is_plain_ipv4(host: str) -> bool:
    """Four decimal numbers, written the one way: no octal, no hexadecimal, none left out."""
    try:
        return str(ipaddress.IPv4Address(host)) == host
    except ValueError:
        return False


def system_resolve(host: str, port: int) -> Sequence[str]:
    """The machine's own resolver."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def checked_address(target: Target, allowed: Allowed, resolve: Resolve) -> str:
    """The address to connect to, once *all* that the name resolves to lies in the allowed networks. Raises AddressRefused."""
    texts = _within(CONNECT_SECONDS, lambda: resolve(target.host, target.port))
    if not texts:
        raise AddressRefused("unresolved")
    for text in texts:
        _refuse_outside(text, allowed)
    return texts[0]


def _refuse_outside(text: str, allowed: Allowed) -> None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise AddressRefused("unresolved") from None
    if not allowed.loopback and any(address in never for never in _NEVER if never.version == address.version):
        raise AddressRefused("forbidden")
    if not any(address in network for network in allowed.ranges if network.version == address.version):
        raise AddressRefused("range")


def _within(seconds: float, ask: Callable[[], Sequence[str]]) -> Sequence[str]:
    """What the resolver says in time; nothing otherwise. The thread that hangs is left to end by itself."""
    said: list[str] = []

    def run() -> None:
        try:
            said.extend(ask())
        except (OSError, UnicodeError):
            said.clear()

    asking = threading.Thread(target=run, daemon=True)
    asking.start()
    asking.join(seconds)
    return [] if asking.is_alive() else said


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    allowed: Allowed,
    *,
    resolve: Resolve = system_resolve,
    authorities: str = "",
    total: float = TOTAL_SECONDS,
) -> Answered:
    """One POST, never longer than ``total`` seconds. ``authorities``: file of certificates to trust; empty: the system's."""
    until = time.monotonic() + total
    try:
        target = parse_target(url, allowed)
        address = checked_address(target, allowed, resolve)
    except AddressRefused as refused:
        return Answered(0, f"refused-{refused.why}")
    connection = _connection(target, address, authorities)
    try:
        connection.connect()
        peer = connection.sock.getpeername()[0]
        _refuse_outside(peer, allowed)
        if peer != address:
            return Answered(0, "refused-peer")
        return _exchange(connection, target, body, headers, max(0.1, until - time.monotonic()))
    except AddressRefused as refused:
        return Answered(0, f"refused-{refused.why}")
    except (ssl.SSLError, CertificateError, urllib3.exceptions.SSLError):
        return Answered(0, "certificate")
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as problem:
        late = isinstance(problem, (TimeoutError, urllib3.exceptions.TimeoutError)) or time.monotonic() >= until
        return Answered(0, "timeout" if late else "connection")
    finally:
        connection.close()


def _connection(target: Target, address: str, authorities: str) -> HTTPConnection:
    """A connection to the checked address; the certificate is judged by the name."""
    if target.scheme == "http":
        return HTTPConnection(address, target.port, timeout=CONNECT_SECONDS)
    return HTTPSConnection(
        address, target.port, timeout=CONNECT_SECONDS, server_hostname=target.host, assert_hostname=target.host,
        cert_reqs="CERT_REQUIRED", ca_certs=authorities or None,
    )  # fmt: skip


def _exchange(
    connection: HTTPConnection, target: Target, body: bytes, headers: Mapping[str, str], seconds: float
) -> Answered:
    """Send, read the status and at most 64 KiB. Whoever answers a byte a second is cut off when the time is over."""
    held = connection.sock
    held.settimeout(seconds)
    over = threading.Event()
    cut = threading.Timer(seconds, _cut, [held, over])
    cut.daemon = True
    cut.start()
    try:
        name = target.host if target.port in {80, 443} else f"{target.host}:{target.port}"
        connection.request(
            "POST", target.path, body=body, headers={"Host": name, "Accept-Encoding": "identity", **headers},
            preload_content=False, decode_content=False,
        )  # fmt: skip
        answer = connection.getresponse()
        answer.read(MOST_READ, decode_content=False)
        # an answer that was cut off looks like a short one
        return Answered(0, "timeout") if over.is_set() else Answered(answer.status)
    finally:
        cut.cancel()


def _cut(held: socket.socket, over: threading.Event) -> None:
    over.set()
    try:
        held.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
