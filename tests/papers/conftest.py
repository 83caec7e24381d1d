"""Papers made of a template that only tests have."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from creditsvc.kernel.text import Bilingual
from creditsvc.papers.issuing import PaperKind, PaperOrder
from creditsvc.papers.qr import qr
from creditsvc.papers.typesetting import Template
from tests.conftest import missing_tool

SAMPLE = PaperKind("TEST", Bilingual("试验文书", "Sample paper"), Template("tests.papers", "sample"))
COURT = "豫0105"


def sample_data(name: str = "王小明") -> dict[str, Any]:
    """What the sample template reads."""
    return {
        "opening": {"zh": f"{name}：本院决定如下。", "en": "The court decides as follows."},
        "facts": [[{"zh": "姓名", "en": "Name"}, name], [{"zh": "执行案号", "en": "Case"}, "（2026）豫0105执1234号"]],
        "reasons": [{"zh": "有履行能力而拒不履行", "en": "able but refuses"}],
        "remedy": {"zh": "可以申请纠正。", "en": "You may ask for correction."},
    }


def house_part() -> dict[str, Any]:
    """What issuing fills in, for pages that are only set."""
    return {
        "title": {"zh": "试验文书", "en": "Sample paper"},
        "number": "豫0105-TEST-2026-00001-ABCDEFGH",
        "court": "河南省郑州市金水区人民法院",
        "day": {"zh": "2026年11月24日", "en": "24 November 2026"},
        "address": "https://credit.example/verify/豫0105-TEST-2026-00001-ABCDEFGH",
        "qr": qr("https://credit.example/verify/x"),
        "foot": {"zh": "可核验。", "en": "Can be verified."},
    }


def order(**changes: Any) -> PaperOrder:
    """A paper about nobody in the register, unless told otherwise."""
    values: dict[str, Any] = {"kind": SAMPLE, "court_code": COURT, "addressee": "王小明", "data": sample_data()}
    return PaperOrder(**{**values, **changes})


def poppler(name: str) -> str:
    """The path of one of poppler's programs."""
    found = shutil.which(name)
    if found is None:
        missing_tool(f"poppler's {name}")
        raise AssertionError
    return found


def text_of(pdf: bytes, folder: Path) -> str:
    """The text of a PDF, read by a program that is not ours."""
    path = folder / "paper.pdf"
    path.write_bytes(pdf)
    done = subprocess.run([poppler("pdftotext"), "-layout", path, "-"], capture_output=True, check=True)
    return done.stdout.decode()


@pytest.fixture
def packaged_fonts() -> str:
    """The folder of the fonts in the extra, as on a machine that has no other Chinese font."""
    from pylopdf_fonts_zh_cn import sans_path

    return str(sans_path().parent)
