"""What takes a message from us: a mail server (RFC 5321, over TLS), a gateway for short messages (HTTPS).

Each answers with one of three things, and never with "served": taken, try again later, refused for good.
"""

from __future__ import annotations

import hmac
import json
import smtplib
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import urllib3

from creditsvc.kernel.text import Bilingual
from creditsvc.papers.delivery_states import Channel
from creditsvc.settings import Settings

_SECONDS = 20.0


class Answer(StrEnum):
    """What the other side said."""

    TAKEN = "taken"
    LATER = "later"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer and, unless it was taken, the trouble's code for the desk: never the other side's own text."""

    answer: Answer
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message as it leaves the house. ``reference`` is the same each time it is tried."""

    reference: str
    address: str = field(repr=False)
    title: Bilingual
    body: Bilingual
    at: datetime


class Sender(Protocol):
    """A way out."""

    def send(self, envelope: Envelope) -> Outcome:
        """Hand it over, and say what the other side answered. Never raises for what the other side does."""
        ...


def senders(settings: Settings) -> Mapping[Channel, Sender]:
    """The ways out that are set up."""
    found: dict[Channel, Sender] = {}
    if settings.smtp_host:
        found[Channel.MAIL] = MailSender(settings)
    if settings.sms_url:
        found[Channel.SMS] = SmsSender(settings)
    return found


@dataclass(frozen=True, slots=True)
class MailSender:
    """Through one mail server. A message that is sent twice has the same Message-ID, so that it shows once."""

    settings: Settings

    def send(self, envelope: Envelope) -> Outcome:
        """5xx is a refusal, everything else that goes wrong is worth another try."""
        message = _mail(self.settings, envelope)
        try:
            with self._connected() as server:
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            return _by_code(max(codes, default=450), "recipient")
        except smtplib.SMTPResponseException as error:
            return _by_code(error.smtp_code, "server")
        except ssl.SSLError:
            return Outcome(Answer.LATER, "mail-tls")
        except (OSError, smtplib.SMTPException):
            return Outcome(Answer.LATER, "mail-unreachable")
        return Outcome(Answer.TAKEN)

    def _connected(self) -> smtplib.SMTP:
        settings, context = self.settings, self._context()
        if settings.smtp_tls == "implicit":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                settings.smtp_host, settings.smtp_port, timeout=_SECONDS, context=context
            )
        else:
            server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=_SECONDS)
        try:
            if settings.smtp_tls == "starttls":
                # raises where the server does not offer it: a message never goes in clear instead
                server.starttls(context=context)
            if settings.smtp_user:
                server.login(settings.smtp_user, Path(settings.smtp_password_file).read_text("utf-8").strip())
        except BaseException:
            with suppress(OSError, smtplib.SMTPException):
                server.close()
            raise
        return server

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.settings.smtp_ca_file or None)


def _by_code(code: int, who: str) -> Outcome:
    refused = 500 <= code < 600
    return Outcome(Answer.REFUSED if refused else Answer.LATER, f"mail-{who}-{code}")


def _mail(settings: Settings, envelope: Envelope) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = settings.mail_from, envelope.address
    message["Subject"] = f"{envelope.title.zh} / {envelope.title.en}"
    message["Date"] = format_datetime(envelope.at)
    message["Message-ID"] = f"<{envelope.reference}@{settings.mail_from.rpartition('@')[2] or 'localhost'}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(f"{envelope.body.zh}\n\n{envelope.body.en}\n", cte="base64")
    return message


@dataclass(frozen=True, slots=True)
class SmsSender:
    """Through a gateway: ``POST`` of JSON with reference, number and text, signed by HMAC-SHA-256 of time and body.

    The gateway answers 2xx when it has taken the message, 4xx when it never will, and must take one reference once.
    """

    settings: Settings

    def send(self, envelope: Envelope) -> Outcome:
        """One request; no redirects are followed."""
        body = json.dumps(
            {"reference": envelope.reference, "to": envelope.address, "text": envelope.body.zh}, ensure_ascii=False
        ).encode()
        stamp = str(int(envelope.at.timestamp()))
        secret = Path(self.settings.sms_secret_file).read_bytes().strip() if self.settings.sms_secret_file else b""
        signature = hmac.digest(secret, stamp.encode() + b"." + body, "sha256").hex()
        headers = {"Content-Type": "application/json", "X-Timestamp": stamp, "X-Signature": signature}
        try:
            answer = urllib3.request(
                "POST",
                self.settings.sms_url,
                body=body,
                headers=headers,
                timeout=_SECONDS,
                retries=False,
                redirect=False,
            )
        except urllib3.exceptions.HTTPError:
            return Outcome(Answer.LATER, "sms-unreachable")
        if 200 <= answer.status < 300:
            return Outcome(Answer.TAKEN)
        refused = 400 <= answer.status < 500 and answer.status not in {408, 425, 429}
        return Outcome(Answer.REFUSED if refused else Answer.LATER, f"sms-{answer.status}")
