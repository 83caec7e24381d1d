"""What is set is what was given: every character, as data, with the package's own fonts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from creditsvc.kernel.errors import NotFound
from creditsvc.papers.typesetting import GlyphMissing, Template, render
from tests.papers.conftest import SAMPLE, house_part, poppler, sample_data, text_of
from tests.support.apps import NOON

ROOT = Path(__file__).parents[2]


def made(name: str = "王小明", language: str = "zh", fonts: str = "") -> bytes:
    data = {**sample_data(name), "paper": house_part()}
    return render(SAMPLE.template, data, language, at=NOON, font_folder=fonts)


def test_chinese_is_right_with_the_packaged_fonts_alone(packaged_fonts: str, tmp_path: Path) -> None:
    text = text_of(made("堃喆䶮㛃", fonts=packaged_fonts), tmp_path)
    assert "堃喆䶮㛃" in text
    assert "有履行能力而拒不履行" in text and "able but refuses" in text
    listed = subprocess.run([poppler("pdffonts"), tmp_path / "paper.pdf"], capture_output=True, check=True, text=True)
    assert "NotoSerifSC" in listed.stdout and "NotoSansSC" in listed.stdout


@pytest.mark.parametrize(
    "name", ['#read("/etc/passwd")', "*王* _明_ $x$ = @a <b>", "#{panic()}", "\\u{41} // 注释", "]#h(1em)["]
)
def test_what_looks_like_markup_is_set_as_it_is(name: str, tmp_path: Path) -> None:
    text = text_of(made(name), tmp_path)
    assert name.replace(" ", "") in text.replace(" ", "")


def test_a_character_that_no_font_has_is_refused_and_named(packaged_fonts: str) -> None:
    with pytest.raises(GlyphMissing) as refused:
        made("张\U000f0001", fonts=packaged_fonts)
    assert "U+F0001" in refused.value.text.zh and "张" not in refused.value.text.zh


def test_the_same_data_give_the_same_bytes() -> None:
    assert made() == made()
    assert made() != made("王大明")
    assert made() != made(language="en")


def test_the_file_is_a_pdf_a() -> None:
    pdf = made()
    assert pdf.startswith(b"%PDF-1.7") and b"pdfaid:part" in pdf.replace(b"<pdfaid:part>2", b"pdfaid:part")
    assert len(pdf) < 200_000


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_foot_is_whole_however_long_the_address(language: str, tmp_path: Path) -> None:
    address = (
        "https://repair.the-courts-of-the-whole-province.example.example:8443/verify/豫0105-TEST-2026-00001-ABCDEFGH"
    )
    said = {
        "zh": "扫描二维码或者在下列网址输入文书编号，可核验本文书是否有效。" * 2,
        "en": "Scan the code, or enter the number. " * 4,
    }
    part = house_part() | {"address": address, "foot": said}
    pdf = render(SAMPLE.template, {**sample_data(), "paper": part}, language, at=NOON)
    (tmp_path / "foot.pdf").write_bytes(pdf)
    onto_page = [poppler("pdftotext"), "-x", "0", "-y", "0", "-W", "595", "-H", "842", tmp_path / "foot.pdf", "-"]
    seen = subprocess.run(onto_page, capture_output=True, check=True, text=True).stdout
    for wanted in (address, *said.values()):
        assert "".join(wanted.split()) in "".join(seen.split())


def test_an_unknown_template_is_named() -> None:
    with pytest.raises(NotFound):
        render(Template("tests.papers", "none"), {}, at=NOON)


def test_without_the_extra_the_error_names_the_install() -> None:
    code = (
        "import sys; sys.modules['typst'] = None\n"
        "from tests.papers.test_typesetting import made\n"
        "try: made()\n"
        "except Exception as error: print(type(error).__name__, error.text.zh, error.text.en)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Unavailable") and done.stdout.count("creditsvc[pdf]") == 2
