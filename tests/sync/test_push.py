"""Pushes: signed and thin, to nothing but the allowed address, again and again while a removal is unconfirmed."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address, ip_network
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import select

from creditsvc.kernel.errors import Conflict
from creditsvc.services import Services
from creditsvc.wallclock import FixedClock
from sync.deliver import allowed_by, push_due
from sync.holders import holders_of
from sync.ladder import note_confirmed
from sync.push_keys import push_keys, rotate_push_key
from sync.push_settings import PushPlace, set_push
from sync.safe_post import AddressRefused, Allowed, parse_ranges, parse_target, post
from sync.subscribers import agreements_of
from sync.tables_delivery import Push, PushAttempt
from sync.tables_feed import Subscriber
from sync.wire.canonical import parse_json
from sync.wire.errors import SignatureInvalid
from sync.wire.push import verify_push
from tests.support.feed_world import OPERATOR, Account, Register

GOOD = "127.7.7.7"
"""Where the subscriber's own receiver listens; everything else on this machine is forbidden ground."""
INSIDE = Allowed(frozenset({"wake.example", GOOD}), (ip_network("127.7.0.0/16"),), plain_http=True, loopback=True)
Heard = list[tuple[dict[str, str], bytes]]


class _Receiver(BaseHTTPRequestHandler):
    status = 204
    heard: Heard = []
    answer: Callable[[Any], None] | None = None

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.heard.append((dict(self.headers.items()), body))
        if self.answer is not None:
            type(self).answer(self)  # type: ignore[misc]
            return
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing is logged."""


@contextmanager
def _receiver(address: str = GOOD, *, status: int = 204, answer: Callable[[Any], None] | None = None,
              context: ssl.SSLContext | None = None) -> Iterator[tuple[int, Heard]]:  # fmt: skip
    heard: Heard = []
    kind = type(
        "Receiver", (_Receiver,), {"status": status, "heard": heard, "answer": staticmethod(answer) if answer else None}
    )
    server = ThreadingHTTPServer((address, 0), kind)
    server.daemon_threads = True
    server.handle_error = lambda request, client: None  # type: ignore[method-assign]
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_port, heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def _canary() -> Iterator[tuple[int, list[str]]]:
    """A listener on forbidden ground, on every address of this machine; whoever connects is written down."""
    seen: list[str] = []
    listener = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    listener.settimeout(0.05)
    over = threading.Event()

    def listen() -> None:
        while not over.is_set():
            try:
                caller, where = listener.accept()
            except TimeoutError:
                continue
            seen.append(str(where))
            caller.close()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], seen
    finally:
        over.set()
        thread.join()
        listener.close()


HOSTILE = (
    "http://127.0.0.1:{p}/", "http://localhost:{p}/", "http://LOCALHOST:{p}/", "http://127.1:{p}/", "http://127.0.1:{p}/",
    "http://2130706433:{p}/", "http://0x7f000001:{p}/", "http://0x7f.0.0.1:{p}/", "http://0177.0.0.1:{p}/", "http://017700000001:{p}/",
    "http://127.0.0.1.:{p}/", "http://0:{p}/", "http://0.0.0.0:{p}/", "http://[::1]:{p}/", "http://[::]:{p}/",
    "http://[::ffff:127.0.0.1]:{p}/", "http://[::ffff:7f00:1]:{p}/", "http://[0:0:0:0:0:0:0:1]:{p}/", "http://[::1%25lo]:{p}/",
    "http://[127.0.0.1]:{p}/", "http://[wake.example]:{p}/", "http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/",
    "http://metadata.google.internal/", "http://wake.example@127.0.0.1:{p}/", "http://wake.example:{p}@127.0.0.1/",
    "http://127.0.0.1:{p}@wake.example/", "http://wake.example#@127.0.0.1:{p}/", "http://127.0.0.1:{p}#wake.example/",
    "http://127.0.0.1:{p}?wake.example/", "http://127.0.0.1:{p}\\@wake.example/", "http://wake.example\\.127.0.0.1:{p}/",
    "http://wake.example%00.127.0.0.1:{p}/", "http://127.0.0.1%2f.wake.example:{p}/", "http://wake.example%40127.0.0.1:{p}/",
    "http:// 127.0.0.1:{p}/", "http://127.0.0.1 :{p}/", "http://127.0.0.1\t:{p}/", "http://127.0.0.1\r\nHost: wake.example:{p}/",
    "http://①②⑦.⓪.⓪.①:{p}/", "http://127。0。0。1:{p}/", "http://ⓛocalhost:{p}/", "http://lo\u00adcalhost:{p}/", "http:127.0.0.1:{p}/",
    "http:///127.0.0.1:{p}/", "//127.0.0.1:{p}/", "127.0.0.1:{p}", "ftp://127.0.0.1:{p}/", "file:///etc/passwd", "gopher://127.0.0.1:{p}/",
    "dict://127.0.0.1:{p}/", "unix:///var/run/docker.sock", "jar:http://127.0.0.1:{p}!/", "javascript:alert(1)", "HTTP://127.0.0.1:{p}/",
    "http://127.0.0.1.nip.example:{p}/", "http://rebind.example:{p}/", "http://evil.wake.example:{p}/", "http://wake.example.evil:{p}/",
    "http://wake-example:{p}/", "http://wake.example:0/", "http://wake.example:99999/", "http://wake.example:{p}/../../x",
    "http://wake.example:{p}/%0d%0aX:1", "http://wake.example:{p}/?a=http://127.0.0.1", "", "http://", "http://:{p}/", "http://-.example:{p}/",
    "http://" + "a" * 600 + ":{p}/",
)  # fmt: skip


def _resolver(*answers: str) -> Callable[[str, int], list[str]]:
    """Names a receiver's owner controls: whatever the name, these addresses."""
    return lambda host, port: list(answers)


def test_sixty_hostile_addresses_and_no_forbidden_connection() -> None:
    refused = 0
    with _canary() as (port, seen):
        for text in HOSTILE:
            url = text.replace("{p}", str(port))
            answered = post(url, b"{}", {}, INSIDE, resolve=_resolver("127.0.0.1"), total=1)
            assert answered.status == 0 and answered.why.startswith("refused-"), (url, answered)
            refused += 1
        for address in (
            "127.0.0.1",
            "::1",
            "::ffff:127.0.0.1",
            "0.0.0.0",
            "169.254.169.254",
            "10.0.0.1",
            "fe80::1",
            "not-an-address",
        ):
            answered = post(f"http://wake.example:{port}/", b"{}", {}, INSIDE, resolve=_resolver(address), total=1)
            assert answered.why in {"refused-range", "refused-forbidden", "refused-unresolved"}, address
            mixed = post(f"http://wake.example:{port}/", b"{}", {}, INSIDE, resolve=_resolver(GOOD, address), total=1)
            assert mixed.why.startswith("refused-"), address
            refused += 2
    assert refused >= 60 and seen == []


def test_a_name_that_resolves_elsewhere_the_second_time_is_called_where_it_was_checked() -> None:
    said = iter([[GOOD], ["127.0.0.1"]])
    with _canary() as (_, seen), _receiver() as (port, heard):
        answered = post(f"http://wake.example:{port}/wake", b"{}", {}, INSIDE, resolve=lambda host, port: next(said))
    assert answered.heard and len(heard) == 1 and seen == []
    assert heard[0][0]["Host"] == f"wake.example:{port}"


def test_networks_that_no_agreement_can_allow() -> None:
    for text in ("127.0.0.0/8", "127.0.0.1/32", "169.254.169.254/32", "0.0.0.0/0", "::/0", "10.0.0.0/7", "::1/128", "::ffff:0:0/96",
                 "fe80::/64", "224.0.0.0/8", "10.0.0.1/8", "x"):  # fmt: skip
        with pytest.raises(AddressRefused):
            parse_ranges([text])
    assert parse_ranges(["10.20.0.0/16", "192.168.3.0/24", "2408:8000::/20"])
    strict = Allowed(frozenset({"wake.example"}), parse_ranges(["10.20.0.0/16"]))
    with pytest.raises(AddressRefused):
        parse_target("http://wake.example/", strict)
    target = parse_target("https://wake.example/feed/wake", strict)
    assert (target.host, target.port, target.path) == ("wake.example", 443, "/feed/wake")


def _redirects(handler: Any) -> None:
    handler.send_response(302)
    handler.send_header("Location", "http://127.0.0.1:1/")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def _endless(handler: Any) -> None:
    handler.send_response(200)
    handler.end_headers()
    block, until = b"x" * 65536, time.monotonic() + 5
    while time.monotonic() < until:
        handler.wfile.write(block)


def _trickle(handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for _ in range(100):
        handler.wfile.write(b"X")
        handler.wfile.flush()
        time.sleep(0.05)


def _silent(handler: Any) -> None:
    time.sleep(1.5)


def _bomb(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Encoding", "gzip")
    handler.send_header("Content-Length", "20")
    handler.end_headers()
    handler.wfile.write(b"\x1f\x8b" + b"0" * 18)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [(_redirects, "302"), (_endless, "200"), (_trickle, "timeout"), (_silent, "timeout"), (_bomb, "200")],
)
def test_a_hostile_receiver_costs_no_more_than_its_time(answer: Callable[[Any], None], outcome: str) -> None:
    with _canary() as (_, seen), _receiver(answer=answer) as (port, _):
        began = time.monotonic()
        answered = post(f"http://{GOOD}:{port}/", b"{}", {}, INSIDE, total=0.6)
        assert answered.outcome == outcome and time.monotonic() - began < 3 and seen == []


def _certificate(folder: Path, name: str, address: str) -> ssl.SSLContext:
    key = generate_private_key(SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ip_address(address))])
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=2))
        .add_extension(names, critical=False).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )  # fmt: skip
    (folder / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def test_https_is_judged_by_the_name_although_the_address_is_pinned(tmp_path: Path) -> None:
    context, trusted = _certificate(tmp_path, "wake.example", "127.9.9.9"), str(tmp_path / "cert.pem")
    with _receiver(context=context) as (port, heard):
        right = post(f"https://wake.example:{port}/", b"{}", {}, INSIDE, resolve=_resolver(GOOD), authorities=trusted)
        wrong = post(f"https://{GOOD}:{port}/", b"{}", {}, INSIDE, authorities=trusted)
        unknown = post(f"https://wake.example:{port}/", b"{}", {}, INSIDE, resolve=_resolver(GOOD))
    assert (right.status, wrong.why, unknown.why) == (204, "certificate", "certificate") and len(heard) == 1


def _wakes(services: Services, account: Account, port: int) -> None:
    with services.database.writing() as session:
        subscriber = session.get_one(Subscriber, account.row.id)
        place = PushPlace(f"http://{GOOD}:{port}/wake", (GOOD,), ("127.7.0.0/16",))
        set_push(session, services.settings, subscriber, agreements_of(session, subscriber)[0], place, caller=OPERATOR,
                 now=services.clock.now())  # fmt: skip


def _attempts(services: Services) -> list[PushAttempt]:
    with services.database.reading() as session:
        return list(session.scalars(select(PushAttempt).order_by(PushAttempt.id)))


@pytest.fixture
def plain(services: Services) -> Services:
    """Where agreements may name http."""
    object.__setattr__(services.settings, "push_plain_http", True)
    return services


def test_a_push_is_signed_thin_and_moves_the_ladder(register: Register, plain: Services) -> None:
    account = register.subscriber()
    first = register.listings(1)[0]
    register.publish()
    with _receiver() as (port, heard):
        _wakes(plain, account, port)
        assert push_due(plain, plain.clock.now()) == 1
        assert push_due(plain, plain.clock.now()) == 0
        register.remove(first)
        register.publish()
        assert push_due(plain, plain.clock.now()) == 1
    bodies = [parse_json(body, "push") for _, body in heard]
    assert bodies == [
        {"data": {"sequence": 1, "stream": "bureau", "urgent": False}, "type": "stream.advanced"},
        {"data": {"sequence": 2, "stream": "bureau", "urgent": True}, "type": "stream.advanced"},
    ]
    public = _public(plain)
    ids = {verify_push(headers, body, public=public, now=plain.clock.now()) for headers, body in heard}
    assert len(ids) == 2
    with plain.database.reading() as session:
        holder = holders_of(session, first)[0]
    assert (holder.stage, holder.reached_at) == ("notified", plain.clock.now())


def _public(services: Services) -> bytes:
    with services.database.reading() as session:
        keys = push_keys(session, services.keyring, services.clock.now())
    return keys.newest.public_key().public_bytes_raw()


def test_two_keys_sign_for_seven_days_after_one_was_replaced(register: Register, plain: Services) -> None:
    account = register.subscriber()
    old, now = _public(plain), plain.clock.now()
    with plain.database.writing() as session:
        changed = rotate_push_key(session, plain.keyring, caller=OPERATOR, now=now)
        with pytest.raises(Conflict):
            rotate_push_key(session, plain.keyring, caller=OPERATOR, now=now + timedelta(days=6))
    new = _public(plain)
    assert new != old and changed.until == now + timedelta(days=7)
    with _receiver() as (port, heard):
        _wakes(plain, account, port)
        register.listings(1)
        register.publish()
        assert push_due(plain, plain.clock.now()) == 1
        register.listings(1)
        register.publish()
        assert push_due(plain, _moved(plain, days=7)) == 1
    (during, first), (after, second) = heard
    for public in (old, new):
        assert verify_push(during, first, public=public, now=now)
    assert verify_push(after, second, public=new, now=plain.clock.now())
    with pytest.raises(SignatureInvalid):
        verify_push(after, second, public=old, now=plain.clock.now())


def _moved(services: Services, **by: float) -> datetime:
    assert isinstance(services.clock, FixedClock)
    services.clock.set(services.clock.now() + timedelta(**by))
    return services.clock.now()


def test_growing_delays_for_seven_days_then_daily_while_a_removal_is_unconfirmed(
    register: Register, plain: Services
) -> None:
    account = register.subscriber()
    entry = register.listings(1)[0]
    register.publish()
    register.remove(entry)
    register.publish()
    start = plain.clock.now()
    with _receiver(status=503) as (port, heard):
        _wakes(plain, account, port)
        while plain.clock.now() - start < timedelta(days=12):
            push_due(plain, plain.clock.now())
            with plain.database.reading() as session:
                due = session.scalars(select(Push.next_at)).one()
            assert due is not None
            _moved(plain, seconds=(due - plain.clock.now()).total_seconds() + 0.001)
    times = [attempt.at for attempt in _attempts(plain)]
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    assert 7 < gaps[0] < 13 and gaps[1] > 14 and max(gaps) < 86_500
    weekly = [gap for at, gap in zip(times, gaps, strict=False) if at - start < timedelta(days=7)]
    assert all(gap <= 6 * 3600 * 1.26 for gap in weekly) and len(weekly) > 30
    assert [round(gap / 86_400) for gap in gaps[-3:]] == [1, 1, 1]
    assert len({headers["webhook-id"] for headers, _ in heard}) == 1
    with plain.database.writing() as session:
        note_confirmed(session, account.row.id, "bureau", 2, plain.clock.now())
    push_due(plain, plain.clock.now())
    with plain.database.reading() as session:
        assert session.scalars(select(Push.next_at)).one() is None


def test_a_subscriber_that_hangs_holds_up_nobody(register: Register, plain: Services) -> None:
    slow, quick = register.subscriber("slow-a"), register.subscriber("quick-b")
    register.listings(1)
    register.publish()
    arrived: list[float] = []

    def late(handler: Any) -> None:
        time.sleep(1.2)

    def prompt(handler: Any) -> None:
        arrived.append(time.monotonic())
        handler.send_response(200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with _receiver(answer=late) as (one, _), _receiver(answer=prompt) as (other, _):
        _wakes(plain, slow, one)
        _wakes(plain, quick, other)
        began = time.monotonic()
        assert push_due(plain, plain.clock.now()) == 1
    assert arrived[0] - began < 1
    assert {attempt.heard for attempt in _attempts(plain)} == {True, False}


def test_an_address_is_checked_when_it_is_written(register: Register, sqlite_services: Services) -> None:
    register_ = Register(sqlite_services)
    account = register_.subscriber()
    with sqlite_services.database.writing() as session:
        subscriber = session.get_one(Subscriber, account.row.id)
        agreement = agreements_of(session, subscriber)[0]
        for place in (
            PushPlace("https://wake.example/", (), ("10.0.0.0/8",)), PushPlace("https://wake.example/", ("wake.example",), ()),
            PushPlace("http://wake.example/", ("wake.example",), ("10.0.0.0/8",)),
            PushPlace("https://10.0.0.1/", ("wake.example",), ("10.0.0.0/8",)),
        ):  # fmt: skip
            with pytest.raises(AddressRefused):
                set_push(
                    session,
                    sqlite_services.settings,
                    subscriber,
                    agreement,
                    place,
                    caller=OPERATOR,
                    now=sqlite_services.clock.now(),
                )
            assert agreement.push_url is None
        good = PushPlace("https://wake.example/x", ("wake.example",), ("10.0.0.0/8",))
        set_push(
            session,
            sqlite_services.settings,
            subscriber,
            agreement,
            good,
            caller=OPERATOR,
            now=sqlite_services.clock.now(),
        )
        assert allowed_by(agreement, sqlite_services.settings).hosts == {"wake.example"}
