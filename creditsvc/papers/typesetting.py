"""A template and its data become a PDF. Data go in as data: nothing that stands in a name is ever read as markup.

A template is a ``.typ`` file in the room of the feature that uses it. The house layout stands before it, so it begins
with ``#show: paper`` and uses the layout's parts. Output is PDF/A-2b with the paper's own time in it: the same
template, data and fonts give the same bytes.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from creditsvc.kernel.errors import InvalidInput, NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.fonts import fonts, missing_extra

Standard = Literal["a-2b", "a-3b"]
_UNSET = re.compile(r"the text `\"(?P<text>.+)\"` could not be displayed", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Template:
    """``<name>.typ`` in the folder ``papers`` of a package, for example ``Template("repair", "removal_proof")``."""

    package: str
    name: str


class GlyphMissing(InvalidInput):
    """A character that none of the fonts has: the paper is not made, since it would silently lack it."""

    default_code = "glyph-missing"


def render(
    template: Template,
    data: Mapping[str, Any],
    language: str = "zh",
    *,
    at: datetime,
    font_folder: str = "",
    standard: Standard = "a-2b",
) -> bytes:
    """The PDF. ``data`` is what JSON can hold; bilingual texts and days become ``{"zh", "en"}`` by ``said``.

    ``standard``: ``a-3b`` for a template that attaches a file. ``language``: Chinese always stands first; a tag that begins
    with ``en`` sets the English as large as the Chinese.
    Raises ``GlyphMissing``, ``NotFound`` for an unknown template, ``Unavailable`` without the extra ``pdf``.
    """
    try:
        import typst
    except ModuleNotFoundError as missing:
        raise missing_extra(missing.name or "typst") from None
    wanted: Any = standard  # the library names its standards one by one
    inputs = {"data": json.dumps(data, ensure_ascii=False), "language": "en" if language.startswith("en") else "zh"}
    with tempfile.TemporaryDirectory() as nothing:
        try:
            made = typst.compile(
                _source(template), root=nothing, font_paths=fonts(font_folder), ignore_system_fonts=True,
                sys_inputs=inputs, pdf_standards=wanted, timestamp=int(at.timestamp()),
            )  # fmt: skip
        except typst.TypstError as error:
            raise _said(error) from None
    return bytes(made)


def said(text: Bilingual) -> dict[str, str]:
    """A bilingual text as a template takes it."""
    return {"zh": text.zh, "en": text.en}


@cache
def _source(template: Template) -> bytes:
    layout = files("creditsvc.papers") / "layout" / "house.typ"
    own = files(template.package) / "papers" / f"{template.name}.typ"
    if not Path(str(own)).is_file():
        raise NotFound(
            Bilingual(f"没有文书模板 {template.name}", f"no template {template.name}"), code="template-unknown"
        )
    return layout.read_bytes() + b"\n" + own.read_bytes()


def _said(error: Any) -> Exception:
    found = _UNSET.search(str(error))
    if not found:
        return error  # type: ignore[no-any-return]
    # the sign alone: what stands around it may be somebody's name
    text = re.sub(r"\\u\{([0-9a-f]+)\}", lambda code: chr(int(code[1], 16)), found["text"])
    signs = "、".join(sorted({f"U+{ord(sign):04X}" for sign in text}))
    return GlyphMissing(
        Bilingual(
            f"字体中没有字符 {signs}，文书未制作；请安装 fonts-noto-cjk 或者在设置 PAPER_FONTS 中指明含有该字的字体目录",
            f"no font has {signs}; the paper was not made. Install fonts-noto-cjk, or name a folder of fonts that have it in PAPER_FONTS",
        )
    )
