"""Messages through a real mail server over TLS, and through a gateway that answers as gateways do."""

from __future__ import annotations

import email
import hmac
import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import Message as Mail
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from creditsvc.kernel.errors import SettingError
from creditsvc.papers.delivery_job import HELD, WAITS, deliver_due
from creditsvc.papers.delivery_states import Channel
from creditsvc.services import Services
from creditsvc.settings import Settings
from tests.papers.test_delivery import queued, row
from tests.support.apps import NOON, Templates, world

PASSWORD = "quiet-heron-9"


class Box:
    """What the mail server took, and how it answers."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.answer = ""
        self.over_tls: list[bool] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 - the library calls it so
        if self.answer:
            return self.answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - the library calls it so
        self.mails.append(email.message_from_bytes(envelope.content, policy=default))
        self.over_tls.append(session.ssl is not None)
        return "250 taken"


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate for 127.0.0.1, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / "mail.pem", folder / "mail.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem, secret)
    return pem, context


def knows(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    """The one account of the mail server."""
    return AuthResult(success=(data.login, data.password) == (b"court", PASSWORD.encode()))


@pytest.fixture
def mail(tmp_path: Path, templates: Templates, free_port: int) -> Iterator[tuple[Services, Box, int]]:
    """Services that send by a real server with STARTTLS and an account."""
    pem, context = certificate(tmp_path)
    (tmp_path / "password").write_text(PASSWORD + "\n")
    box = Box()
    controller = Controller(
        box, hostname="127.0.0.1", port=free_port, tls_context=context, require_starttls=True, auth_required=True,
        authenticator=knows,
    )  # fmt: skip
    controller.start()
    settings = {
        "smtp_host": "127.0.0.1", "smtp_port": free_port, "smtp_ca_file": str(pem), "smtp_user": "court",
        "smtp_password_file": str(tmp_path / "password"), "mail_from": "no-reply@court.example",
    }  # fmt: skip
    with world("sqlite", templates, tmp_path, **settings) as services:
        yield services, box, queued(services, Channel.MAIL, address="wang@post.example")
    controller.stop()


def test_a_mail_goes_out_over_tls_and_is_not_called_served(mail: tuple[Services, Box, int]) -> None:
    services, box, number = mail
    assert deliver_due(services, NOON) == "1 taken"
    found = row(services, number)
    assert (found.state, found.handed_over_at, found.served_on) == ("handed_over", NOON, None)
    [sent] = box.mails
    assert box.over_tls == [True]
    assert sent["To"] == "wang@post.example" and sent["Message-ID"] == f"<delivery-{number}@court.example>"
    text = sent.get_content()  # type: ignore[attr-defined]
    assert text == "请登录查看。\n\nSign in to read it.\n"
    assert sent["Subject"] == "您有一份新的文书 / You have a new paper"
    assert deliver_due(services, NOON + timedelta(days=1)) == ""


def test_a_refused_mail_has_failed_and_a_busy_server_is_tried_again(mail: tuple[Services, Box, int]) -> None:
    services, box, number = mail
    box.answer = "451 busy"
    assert deliver_due(services, NOON) == "1 later"
    waiting = row(services, number)
    assert (waiting.state, waiting.trouble, waiting.next_at) == ("queued", "mail-recipient-451", NOON + WAITS[0])
    assert deliver_due(services, NOON) == ""
    box.answer = "550 no such user 410105199001011234"
    assert deliver_due(services, NOON + WAITS[0]) == "1 refused"
    failed = row(services, number)
    # the server's own words are not kept: they may say anything
    assert (failed.state, failed.trouble) == ("failed", "mail-recipient-550")


def test_what_never_gets_through_fails_in_the_end(mail: tuple[Services, Box, int]) -> None:
    services, box, number = mail
    box.answer, now, tries = "451 busy", NOON, 0
    while row(services, number).state == "queued":
        deliver_due(services, now)
        now, tries = now + timedelta(days=1), tries + 1
    assert tries == len(WAITS) + 1 and row(services, number).state == "failed"


def test_a_server_that_is_not_who_it_says_gets_nothing(mail: tuple[Services, Box, int], tmp_path: Path) -> None:
    services, box, number = mail
    careful = Settings(**{**_values(services.settings), "smtp_ca_file": ""})
    assert deliver_due(_with(services, careful), NOON) == "1 later"
    assert row(services, number).trouble == "mail-tls" and box.mails == []


def test_a_server_without_tls_gets_nothing(tmp_path: Path, templates: Templates, free_port: int) -> None:
    box = Box()
    controller = Controller(box, hostname="127.0.0.1", port=free_port)
    controller.start()
    with world(
        "sqlite", templates, tmp_path, smtp_host="127.0.0.1", smtp_port=free_port, mail_from="a@b.example"
    ) as made:
        number = queued(made, Channel.MAIL, address="wang@post.example")
        assert deliver_due(made, NOON) == "1 later" and box.mails == []
        assert row(made, number).trouble == "mail-unreachable"
    controller.stop()


def test_a_server_that_is_away_is_tried_again(tmp_path: Path, templates: Templates, free_port: int) -> None:
    with world(
        "sqlite", templates, tmp_path, smtp_host="127.0.0.1", smtp_port=free_port, mail_from="a@b.example"
    ) as made:
        number = queued(made, Channel.MAIL, address="wang@post.example")
        assert deliver_due(made, NOON) == "1 later"
        assert row(made, number).trouble == "mail-unreachable"


def test_whoever_dies_while_sending_is_followed_by_another(mail: tuple[Services, Box, int]) -> None:
    services, box, _ = mail
    from creditsvc.papers import delivery_job
    from creditsvc.papers.senders import senders

    taken = delivery_job._take_up(services, senders(services.settings), NOON)
    assert len(taken) == 1
    assert deliver_due(services, NOON) == ""
    assert deliver_due(services, NOON + HELD) == "1 taken"


def test_without_a_way_out_messages_wait(sqlite_services: Services) -> None:
    number = queued(sqlite_services, Channel.MAIL, address="wang@post.example")
    assert deliver_due(sqlite_services, NOON) == "" and row(sqlite_services, number).attempts == 0


@contextmanager
def gateway(answer: Callable[[], int]) -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A gateway for short messages that keeps what it gets."""
    got: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answer())
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/send", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "said", "state"),
    [(200, "1 taken", "handed_over"), (400, "1 refused", "failed"), (429, "1 later", "queued"), (503, "1 later", "queued"),
     (302, "1 later", "queued")],
)  # fmt: skip
def test_a_gateway_for_short_messages(tmp_path: Path, templates: Templates, status: int, said: str, state: str) -> None:
    (tmp_path / "secret").write_text("gateway-secret\n")
    with (
        gateway(lambda: status) as (address, got),
        world("sqlite", templates, tmp_path, sms_url=address, sms_secret_file=str(tmp_path / "secret")) as made,
    ):
        number = queued(made, Channel.SMS, address="13800000000")
        assert deliver_due(made, NOON) == said
        assert row(made, number).state == state
    [(headers, body)] = got
    assert json.loads(body) == {"reference": f"delivery-{number}", "to": "13800000000", "text": "请登录查看。"}
    wanted = hmac.digest(b"gateway-secret", headers["X-Timestamp"].encode() + b"." + body, "sha256").hex()
    assert headers["X-Signature"] == wanted


def test_settings_that_would_send_in_clear_are_refused(tmp_path: Path) -> None:
    for wrong in (
        {"smtp_tls": "none", "smtp_host": "mail.example"},
        {"smtp_tls": "no"},
        {"sms_url": "http://sms.example"},
    ):
        with pytest.raises(SettingError):
            Settings(home=tmp_path, **wrong)  # type: ignore[arg-type]


def _values(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.__dataclass_fields__}


def _with(services: Services, settings: Settings) -> Services:
    return Services(settings, services.clock, services.database, services.keys, services.keyring, services.vault)
