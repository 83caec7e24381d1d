"""The fonts that papers are set in. They come with the package ``pdf`` or from a folder; never from luck.

A machine need not have any Chinese font. A character that no font has is refused when the paper is set, since a name
that lost a character is another name.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from creditsvc.kernel.errors import SettingError, Unavailable
from creditsvc.kernel.text import Bilingual

OF_THE_SYSTEM = Path("/usr/share/fonts/opentype/noto")
"""Where Debian's package ``fonts-noto-cjk`` puts its files: more rare characters, and a bold weight."""
SHA256 = {
    "NotoSansSC-Regular.otf": "faa6c9df652116dde789d351359f3d7e5d2285a2b2a1f04a2d7244df706d5ea9",
    "NotoSerifSC-Regular.otf": "e8f396decc1f0963a016a989c3d8852e863d1350996f573860a80767c83a1cd3",
}
"""Of the packaged files: a font is a program of sorts, so another file is not taken."""


def missing_extra(name: str) -> Unavailable:
    """What is said where the extra ``pdf`` is not installed."""
    return Unavailable(
        Bilingual(
            f"缺少制作文书的组件 {name}：请安装 creditsvc[pdf] 后重试",
            f"the parts that make papers are missing ({name}): install creditsvc[pdf], then try again",
        ),
        code="pdf-missing",
    )


@lru_cache(maxsize=4)
def fonts(folder: str) -> Any:
    """The loaded fonts of a folder; for an empty name those of the system's package and of ours.

    Raises ``SettingError`` for a folder without fonts or a file that is not ours, ``Unavailable`` without the extra.
    """
    try:
        import typst
    except ModuleNotFoundError as missing:
        raise missing_extra(missing.name or "typst") from None
    paths = [str(path) for path in _folders(folder)]
    loaded = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=paths)
    if not loaded.families():
        raise SettingError(
            Bilingual(f"目录 {folder or paths} 中没有字体", f"no fonts in {folder or paths}"), code="paper-fonts"
        )
    return loaded


def _folders(folder: str) -> list[Path]:
    if folder:
        return [Path(folder)]
    found = [OF_THE_SYSTEM] if any(OF_THE_SYSTEM.glob("Noto*CJK*")) else []
    try:
        from pylopdf_fonts_zh_cn import sans_path
    except ModuleNotFoundError as missing:
        if not found:
            raise missing_extra(missing.name or "pylopdf_fonts_zh_cn") from None
        return found
    packaged = sans_path().parent
    for name, digest in SHA256.items():
        if sha256((packaged / name).read_bytes()).hexdigest() != digest:
            raise SettingError(
                Bilingual(f"字体文件 {name} 与预期不符，请重新安装", f"the font file {name} is not the one expected; install it again"),
                code="paper-fonts",
            )  # fmt: skip
    return [*found, packaged]
