"""``creditsvc papers``: the certificate that letters and certificates are signed with."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from creditsvc.papers.signer import current_signer, install_certificate, request_for
from creditsvc.services import Services, open_services
from creditsvc.settings import Settings


def main(argv: Sequence[str]) -> int:
    """``show``, ``request`` (a PKCS #10 request for an authority) or ``install`` (the certificate that it gave)."""
    options = _parser().parse_args(argv)
    services = open_services(Settings.from_environ(os.environ))
    try:
        sys.stdout.write(_do(services, options) + "\n")
    finally:
        services.dispose()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="creditsvc papers")
    acts = parser.add_subparsers(dest="act", required=True)
    acts.add_parser("show", help="当前证书 / the certificate in use")
    request = acts.add_parser("request", help="证书申请 / a request for an authority")
    request.add_argument("--name", required=True, help="证书中的名称，如法院全称 / name in the certificate")
    request.add_argument("--out", type=Path, required=True, help="写入的文件 / file to write")
    install = acts.add_parser("install", help="安装证书 / install a certificate")
    install.add_argument("file", type=Path, help="PEM：本证书在前，中间证书在后 / PEM: its own first, then the chain")
    return parser


def _do(services: Services, options: argparse.Namespace) -> str:
    now = services.clock.now()
    with services.database.writing() as session:
        if options.act == "request":
            options.out.write_bytes(request_for(session, services, name=options.name, now=now))
            return f"证书申请已写入 / request written: {options.out}"
        if options.act == "install":
            install_certificate(session, services, options.file.read_bytes(), now=now)
        signer = current_signer(session, services, now=now)
    found = x509.load_der_x509_certificate(signer.certificate)
    kind = "自签，仅供试用 / self-issued, for trial" if signer.self_issued else "由证书机构签发 / by an authority"
    return "\n".join((
        f"名称 / name: {found.subject.rfc4514_string()}",
        f"种类 / kind: {kind}",
        f"有效至 / valid until: {found.not_valid_after_utc:%Y-%m-%d}",
        f"SHA-256: {found.fingerprint(SHA256()).hex()}",
    ))  # fmt: skip
