"""Who signs papers: a P-256 key that is made here, with a certificate of our own for trial or of an authority.

The private key never leaves: an authority gets a request (PKCS #10) and gives a certificate for the same key. Papers get a
PAdES baseline signature (ETSI EN 319 142-1, B-B: the sub-filter ``ETSI.CAdES.detached``). Without a time stamp of a third
party, what proves the time is the register's own journal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)
from cryptography.x509.oid import NameOID
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.tables import PaperSigner
from creditsvc.services import Services
from creditsvc.storage.cells import Place, seal, unseal

YEARS = 3
RENEW_BEFORE = timedelta(days=60)
_TRIAL = "creditsvc 试用签章 / trial seal"


@dataclass(frozen=True, slots=True)
class Signer:
    """A key and its certificate, ready for use. Never printed."""

    certificate: bytes
    chain: bytes
    key: bytes
    """PKCS #8, DER."""
    self_issued: bool
    not_after: datetime

    def __repr__(self) -> str:
        return f"Signer(self_issued={self.self_issued})"


def current_signer(session: Session, services: Services, *, now: datetime) -> Signer:
    """The signer in use; a trial one is made where there is none."""
    row = _current(session) or _keep(session, services, _new_key(), now=now)
    return _opened(services, row)


def renew_trial(session: Session, services: Services, *, now: datetime) -> bool:
    """A new trial certificate for a new key when ours has less than 60 days left; true if one was made."""
    row = _current(session)
    if row is not None and (not row.self_issued or row.not_after - now > RENEW_BEFORE):
        return False
    _keep(session, services, _new_key(), now=now)
    return True


def request_for(session: Session, services: Services, *, name: str, now: datetime) -> bytes:
    """A PEM request by which an authority certifies the present key for this name of a court."""
    signer = current_signer(session, services, now=now)
    key = load_der_private_key(signer.key, None)
    named = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"), x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(named)
    return request.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)  # type: ignore[arg-type]


def install_certificate(session: Session, services: Services, pem: bytes, *, now: datetime) -> None:
    """Use a certificate that an authority gave for the present key; further ones in the file are its chain.

    Raises ``InvalidInput`` for another key, a certificate that is not valid now, or a file that holds none.
    """
    try:
        certificates = x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise _refused("文件中没有 PEM 格式的证书", "the file holds no certificate in PEM form") from None
    own, *chain = certificates
    row = _current(session) or _keep(session, services, _new_key(), now=now)
    key = load_der_private_key(_opened(services, row).key, None)
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if own.public_key().public_bytes(*form) != key.public_key().public_bytes(*form):
        raise _refused("证书不是为本服务的签章密钥签发的", "the certificate is not for this service's key")
    if not own.not_valid_before_utc <= now <= own.not_valid_after_utc:
        raise _refused("证书尚未生效或者已过期", "the certificate is not valid yet, or no longer")
    row.certificate, row.self_issued = own.public_bytes(Encoding.DER), False
    row.chain = b"".join(each.public_bytes(Encoding.PEM) for each in chain)
    row.not_after = own.not_valid_after_utc


def _refused(zh: str, en: str) -> InvalidInput:
    return InvalidInput(Bilingual(zh, en), code="certificate-wrong")


def _current(session: Session) -> PaperSigner | None:
    return session.scalar(select(PaperSigner).where(PaperSigner.current.is_(True)))


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _keep(session: Session, services: Services, key: ec.EllipticCurvePrivateKey, *, now: datetime) -> PaperSigner:
    if (before := _current(session)) is not None:
        before.current = None
        session.flush()
    made = _trial_certificate(key, now)
    row = PaperSigner(
        current=True, self_issued=True, certificate=made.public_bytes(Encoding.DER), chain=b"", key_cell=b"",
        not_after=made.not_valid_after_utc, made_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    clear = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    row.key_cell = seal(services.keyring.secret(_LABEL), services.keyring.kid, _place(row), clear)
    session.flush()
    return row


def _trial_certificate(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"), x509.NameAttribute(NameOID.COMMON_NAME, _TRIAL)])
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=365 * YEARS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


_LABEL = "papers/signer/1"


def _place(row: PaperSigner) -> Place:
    return Place("paper_signer", "key_cell", str(row.id))


def _opened(services: Services, row: PaperSigner) -> Signer:
    return Signer(
        certificate=row.certificate,
        chain=row.chain,
        key=unseal(services.keyring.secret(_LABEL), _place(row), row.key_cell),
        self_issued=row.self_issued,
        not_after=row.not_after,
    )
