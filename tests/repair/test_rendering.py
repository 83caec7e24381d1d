"""Papers from strangers: metadata gone, pages drawn anew by a child with bounds, bombs and scripts refused."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditsvc.kernel.errors import InvalidInput, TooLarge, UnsupportedFile
from repair.policy.files import MediaType, recognise
from repair.policy.strip import strip_jpeg, strip_png
from repair.rendering import page_picture, pages_of
from tests.repair.papers import pdf, png

Image = pytest.importorskip("PIL.Image")
pytest.importorskip("pypdfium2")
WHERE = b"GPS 34.7466 N 113.6253 E"


def photograph(orientation: int = 1) -> bytes:
    """A real JPEG of 80 by 40 pixels with an orientation, a place in its Exif, and a comment."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = orientation, WHERE.decode()
    made = io.BytesIO()
    Image.new("RGB", (80, 40), (200, 30, 30)).save(made, "JPEG", exif=exif, comment=b"taken at home")
    return made.getvalue()


def ofd() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("OFD.xml", "<ofd:OFD/>")
    return made.getvalue()


@pytest.mark.parametrize(("orientation", "turned"), [(1, 0), (3, 180), (6, 90), (8, 270)])
def test_a_photograph_loses_its_place_and_keeps_its_pixels(orientation: int, turned: int) -> None:
    clean, degrees = strip_jpeg(photograph(orientation))
    assert WHERE not in clean and b"taken at home" not in clean
    assert degrees == turned
    before, after = Image.open(io.BytesIO(photograph(orientation))), Image.open(io.BytesIO(clean))
    assert before.tobytes() == after.tobytes()


def test_a_second_picture_behind_the_first_is_gone() -> None:
    clean, _ = strip_jpeg(photograph() + photograph()[:200])
    assert clean == strip_jpeg(photograph())[0]


def test_a_png_loses_its_texts() -> None:
    made = io.BytesIO()
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Location", WHERE.decode())
    Image.new("RGB", (8, 8)).save(made, "PNG", pnginfo=info)
    clean = strip_png(made.getvalue())
    assert WHERE not in clean
    assert Image.open(io.BytesIO(clean)).size == (8, 8)


@given(st.binary(max_size=400))
def test_stripping_never_fails_on_what_it_does_not_understand(content: bytes) -> None:
    strip_jpeg(b"\xff\xd8" + content)
    strip_png(b"\x89PNG\r\n\x1a\n" + content)


def test_a_page_is_drawn_as_a_picture_of_our_size_upright() -> None:
    assert pages_of("application/pdf", pdf()) == 1
    page = Image.open(io.BytesIO(page_picture("application/pdf", pdf(), 0)))
    assert page.format == "JPEG" and max(page.size) <= 1600
    upright = Image.open(io.BytesIO(page_picture("image/jpeg", strip_jpeg(photograph(6))[0], 0, turned=90)))
    assert upright.size == (40, 80)


def test_a_page_a_kilometre_wide_is_no_larger() -> None:
    wide = pdf().replace(b"[0 0 200 200]", b"[0 0 2834645 200]")
    assert max(Image.open(io.BytesIO(page_picture("application/pdf", wide, 0))).size) <= 1600


def test_what_can_not_be_drawn_says_so() -> None:
    for media_type, content in (("application/pdf", b"%PDF-1.4\n%%EOF"), ("image/png", png(50, 50)[:60])):
        with pytest.raises(UnsupportedFile) as refused:
            page_picture(media_type, content, 0)
        assert refused.value.code == "evidence-not-drawn"


def test_what_is_not_taken_in() -> None:
    with pytest.raises(TooLarge) as refused:
        recognise(png(50_000, 50_000), name="大图.png")
    assert refused.value.code == "evidence-pixels"
    with pytest.raises(UnsupportedFile):
        recognise(b"<svg xmlns='http://www.w3.org/2000/svg'/>", name="照片.png")
    with pytest.raises(UnsupportedFile) as active:
        recognise(pdf(b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>"), name="回单.pdf")
    assert active.value.code == "evidence-active"
    locked = pdf().replace(b"trailer<<", b"trailer<</Encrypt 9 0 R ")
    with pytest.raises(UnsupportedFile) as refused_too:
        recognise(locked, name="回单.pdf")
    assert refused_too.value.code == "evidence-locked"
    with pytest.raises(InvalidInput):
        recognise(b"", name="空.pdf")


def test_an_ofd_is_a_plain_file_and_another_zip_is_not() -> None:
    assert recognise(ofd(), name="判决书.ofd") is MediaType.OFD
    with pytest.raises(UnsupportedFile):
        recognise(b"PK\x03\x04" + struct.pack("<I", 0) * 20, name="判决书.ofd")
