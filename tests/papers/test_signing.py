"""Signatures, held against two verifiers that are not ours: pyHanko's validation and poppler's pdfsig."""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from sqlalchemy import select

from creditsvc.kernel.errors import InvalidInput
from creditsvc.papers import issuing
from creditsvc.papers.signer import current_signer, install_certificate, renew_trial, request_for
from creditsvc.papers.tables import PaperSigner
from creditsvc.services import Services
from tests.papers.conftest import order, poppler
from tests.support.apps import NOON
from tests.support.people import TESTER


def paper(services: Services) -> bytes:
    with services.database.writing() as session:
        return issuing.issue(session, services, order(), caller=TESTER, now=NOON).pdf


def verdict(pdf: bytes, root: bytes, *, at: datetime = NOON) -> Any:
    trusted = ValidationContext(trust_roots=[asn1_x509.Certificate.load(root)], moment=at, allow_fetching=False)
    signature = PdfFileReader(BytesIO(pdf)).embedded_signatures[0]
    return validate_pdf_signature(signature, trusted)


def authority() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "试验证书机构")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOON - timedelta(days=1))
        .not_valid_after(NOON + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key, made


def certified(request: bytes, key: ec.EllipticCurvePrivateKey, by: x509.Certificate, *, days: int = 365) -> bytes:
    asked = x509.load_pem_x509_csr(request)
    assert asked.is_signature_valid
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    made = (
        x509.CertificateBuilder()
        .subject_name(asked.subject)
        .issuer_name(by.subject)
        .public_key(asked.public_key())
        .serial_number(8)
        .not_valid_before(NOON - timedelta(days=2))
        .not_valid_after(NOON + timedelta(days=days))
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def test_a_signed_paper_verifies_and_is_whole(sqlite_services: Services) -> None:
    pdf = paper(sqlite_services)
    with sqlite_services.database.writing() as session:
        signer = current_signer(session, sqlite_services, now=NOON)
    found = verdict(pdf, signer.certificate)
    assert found.bottom_line and found.intact and found.trusted
    assert found.signer_reported_dt == NOON


def test_one_changed_byte_is_seen(sqlite_services: Services) -> None:
    pdf = bytearray(paper(sqlite_services))
    with sqlite_services.database.writing() as session:
        signer = current_signer(session, sqlite_services, now=NOON)
    place = pdf.index(b"stream\n") + 20
    pdf[place] ^= 1
    signature = PdfFileReader(BytesIO(bytes(pdf))).embedded_signatures[0]
    trusted = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(signer.certificate)], moment=NOON, allow_fetching=False
    )
    assert not validate_pdf_signature(signature, trusted).intact


def test_poppler_says_the_same(sqlite_services: Services, tmp_path: Path) -> None:
    (tmp_path / "paper.pdf").write_bytes(paper(sqlite_services))
    said = subprocess.run(
        [poppler("pdfsig"), tmp_path / "paper.pdf"], capture_output=True, text=True, check=False
    ).stdout
    assert "Signature is Valid" in said and "Total document signed" in said and "ETSI.CAdES.detached" in said


def test_the_key_is_sealed_and_bound_to_its_row(sqlite_services: Services) -> None:
    with sqlite_services.database.writing() as session:
        signer = current_signer(session, sqlite_services, now=NOON)
        row = session.scalars(select(PaperSigner)).one()
        assert signer.key not in row.key_cell
        assert "PRIVATE" not in repr(signer) and str(len(signer.key)) not in repr(signer)
        assert current_signer(session, sqlite_services, now=NOON) == signer


def test_an_authoritys_certificate_for_our_key_is_used(sqlite_services: Services) -> None:
    key, root = authority()
    with sqlite_services.database.writing() as session:
        request = request_for(session, sqlite_services, name="河南省高级人民法院", now=NOON)
        install_certificate(session, sqlite_services, certified(request, key, root), now=NOON)
    found = verdict(paper(sqlite_services), root.public_bytes(serialization.Encoding.DER))
    assert found.bottom_line and found.signing_cert.subject.native["common_name"] == "河南省高级人民法院"
    with sqlite_services.database.writing() as session:
        assert not renew_trial(session, sqlite_services, now=NOON + timedelta(days=2000))


def test_other_certificates_are_refused(sqlite_services: Services) -> None:
    key, root = authority()
    with sqlite_services.database.writing() as session:
        request = request_for(session, sqlite_services, name="法院", now=NOON)
        for pem in (
            b"",
            b"nonsense",
            root.public_bytes(serialization.Encoding.PEM),
            certified(request, key, root, days=-1),
        ):
            with pytest.raises(InvalidInput):
                install_certificate(session, sqlite_services, pem, now=NOON)


def test_a_trial_certificate_is_replaced_before_it_ends(sqlite_services: Services) -> None:
    with sqlite_services.database.writing() as session:
        first = current_signer(session, sqlite_services, now=NOON)
        assert not renew_trial(session, sqlite_services, now=NOON)
        assert renew_trial(session, sqlite_services, now=first.not_after - timedelta(days=30))
        second = current_signer(session, sqlite_services, now=NOON)
        assert second.key != first.key and second.not_after > first.not_after
