"""A PAdES signature on a PDF, by pyHanko."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import Any

from creditsvc.papers.fonts import missing_extra
from creditsvc.papers.signer import Signer

_RESERVED = 12_288
"""Bytes kept for the signature: set, so that it need not be made twice to see how long it is."""


def sign_pdf(pdf: bytes, signer: Signer, *, at: datetime, reason: str, place: str) -> bytes:
    """The PDF with one signature over all of it. Raises ``Unavailable`` without the extra ``pdf``."""
    try:
        from asn1crypto import keys, pem, x509
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.sign import fields, signers
        from pyhanko_certvalidator.registry import SimpleCertificateStore
    except ModuleNotFoundError as missing:
        raise missing_extra(missing.name or "pyhanko") from None

    class AtItsTime(signers.PdfSigner):
        """The library reads the clock by itself; the paper's own time is used instead."""

        def init_signing_session(self, *arguments: Any, **more: Any) -> Any:
            session = super().init_signing_session(*arguments, **more)
            session.system_time = at
            return session

    chain = (
        [x509.Certificate.load(der) for _, _, der in pem.unarmor(signer.chain, multiple=True)] if signer.chain else []
    )
    store = SimpleCertificateStore.from_certs(chain)
    simple = signers.SimpleSigner(
        signing_cert=x509.Certificate.load(signer.certificate),
        signing_key=keys.PrivateKeyInfo.load(signer.key),
        cert_registry=store,
    )
    about = signers.PdfSignatureMetadata(
        field_name="CourtSeal",
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        reason=reason,
        location=place,
    )
    out = BytesIO()
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    AtItsTime(about, signer=simple).sign_pdf(writer, output=out, bytes_reserved=_RESERVED)
    return out.getvalue()
