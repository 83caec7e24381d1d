"""What is taken as evidence: by bytes, size and pixels; names come out harmless."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditsvc.kernel.errors import CreditServiceError, InvalidInput, TooLarge, UnsupportedFile
from repair.policy.files import MAX_BYTES, MediaType, clean_name, recognise
from tests.repair.papers import jpeg, pdf, png


@pytest.mark.parametrize(
    ("content", "media_type"), [(pdf(), MediaType.PDF), (png(3, 2), MediaType.PNG), (jpeg(3, 2), MediaType.JPEG)]
)
def test_the_three_kinds_are_known_by_their_bytes(content: bytes, media_type: MediaType) -> None:
    assert recognise(content, name="misleading.exe") is media_type


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        (b"", InvalidInput, "evidence-empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", UnsupportedFile, "evidence-type"),
        (b"<html>%PDF-1.7", UnsupportedFile, "evidence-type"),
        (b"PK\x03\x04 spreadsheet", UnsupportedFile, "evidence-type"),
        (pdf()[:20], UnsupportedFile, "evidence-damaged"),
        (pdf(b"/OpenAction << /S /JavaScript /JS (app.alert(1)) >>"), UnsupportedFile, "evidence-active"),
        (png(50_000, 50_000), TooLarge, "evidence-pixels"),
        (jpeg(50_000, 50_000), TooLarge, "evidence-pixels"),
        (png(0, 10), UnsupportedFile, "evidence-damaged"),
        (jpeg(10, 10)[:8], UnsupportedFile, "evidence-damaged"),
        (pdf() + b" " * MAX_BYTES, TooLarge, "evidence-too-large"),
    ],
)
def test_what_is_refused_says_why(content: bytes, kind: type[CreditServiceError], code: str) -> None:
    with pytest.raises(kind) as refused:
        recognise(content, name="付款凭证.png")
    assert refused.value.code == code
    assert "付款凭证" in refused.value.text.zh


@given(st.binary(max_size=400))
def test_no_bytes_escape_the_error_family(content: bytes) -> None:
    for start in (b"", b"%PDF-1.4\n", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"):
        try:
            recognise(start + content, name="x")
        except CreditServiceError:
            continue


@given(st.text())
def test_names_come_out_harmless(name: str) -> None:
    cleaned = clean_name(name, MediaType.PDF)
    assert cleaned.endswith(".pdf") and len(cleaned) <= 90
    assert not set(cleaned) & set('/\\"<>:|?*;%\r\n\t\0\u202e\u200b')


def test_names_keep_what_helps_and_lose_identity_numbers() -> None:
    assert clean_name("../../etc/付款回单 2026.PDF.exe", MediaType.PDF) == "付款回单 2026.PDF.pdf"
    assert clean_name("11010119900307001X回单.pdf", MediaType.PDF) == "…回单.pdf"
    assert clean_name("evil\u202egpj.exe", MediaType.JPEG) == "evilgpj.jpg"
    assert clean_name("", MediaType.PNG) == "材料.png"
