"""A certificate: set, signed, numbered and kept, beside a bare compile of the same page by the same fonts."""

from __future__ import annotations

import json
import sys
import tempfile

import pytest
import typst

from creditsvc.papers import issuing, typesetting
from creditsvc.papers.fonts import fonts
from creditsvc.services import Services
from tests.benchmarks.test_rules import best
from tests.papers.conftest import SAMPLE, house_part, order, sample_data
from tests.support.apps import NOON
from tests.support.people import TESTER

pytestmark = pytest.mark.benchmark


def test_a_certificate_beside_a_bare_compile(sqlite_services: Services) -> None:
    """The bare compile sets the same page and stops: no signature, no seal, no journal, no durable commit."""
    source = typesetting._source(SAMPLE.template)
    inputs = {"data": json.dumps({**sample_data(), "paper": house_part()}), "language": "zh"}

    def bare() -> bytes:
        with tempfile.TemporaryDirectory() as nothing:
            return bytes(typst.compile(source, root=nothing, font_paths=fonts(""), ignore_system_fonts=True,
                                       sys_inputs=inputs, pdf_standards="a-2b", timestamp=0))  # fmt: skip

    def whole() -> issuing.IssuedPaper:
        with sqlite_services.database.writing() as session:
            return issuing.issue(session, sqlite_services, order(), caller=TESTER, now=NOON)

    size = len(whole().pdf)
    bare()
    baseline, seconds = best(bare), best(whole)
    sys.stdout.write(
        f"\nFIGURE certificate: {seconds * 1e3:,.0f} ms, baseline {baseline * 1e3:,.1f} ms, ratio {seconds / baseline:.1f}, "
        f"aim 300 ms; {size:,} bytes, aim 200,000\n"
    )
