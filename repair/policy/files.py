"""What may be uploaded as evidence: PDF, JPEG, PNG and OFD, judged by their bytes and never by name or header.

Pure: no database, network or clock. Sizes are in bytes.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from io import BytesIO
from zipfile import BadZipFile, ZipFile

from creditsvc.kernel.errors import CreditServiceError, InvalidInput, TooLarge, UnsupportedFile
from creditsvc.kernel.text import Bilingual

MAX_BYTES = 20 * 1024 * 1024
MAX_FILES = 10
MAX_SIDE = 20_000
MAX_PIXELS = 120_000_000
_NAME_LENGTH = 80
_TAIL = 2048
_TRAILER = 65_536
# long names only: three letters turn up by chance in twenty compressed megabytes
_ACTIVE = (b"/JavaScript", b"/Launch", b"/EmbeddedFile", b"/RichMedia")
_PNG = b"\x89PNG\r\n\x1a\n"
_STARTS_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})


class MediaType(StrEnum):
    """Kinds of file that are taken."""

    PDF = "application/pdf"
    JPEG = "image/jpeg"
    PNG = "image/png"
    OFD = "application/ofd"
    """The state's own page format (GB/T 33190): kept and handed on as a plain file."""


EXTENSIONS = {MediaType.PDF: ".pdf", MediaType.JPEG: ".jpg", MediaType.PNG: ".png", MediaType.OFD: ".ofd"}


def recognise(content: bytes, *, name: str) -> MediaType:
    """The kind of a file by its bytes.

    ``name`` is only for the message. Raises ``InvalidInput`` (empty), ``TooLarge`` (bytes or pixels) and
    ``UnsupportedFile`` (another kind, cut short, or a PDF with active content).
    """
    if not content:
        raise _refusal(
            InvalidInput, "evidence-empty", name, "文件是空的，请重新选择", "the file is empty; choose it again"
        )
    if len(content) > MAX_BYTES:
        raise _refusal(
            TooLarge,
            "evidence-too-large",
            name,
            "超过 20 MB，请压缩或分成几个文件",
            "it is larger than 20 MB; compress or split it",
        )
    if content.startswith(b"%PDF-"):
        return _pdf(content, name)
    if content.startswith(_PNG):
        return _png(content, name)
    if content.startswith(b"\xff\xd8\xff"):
        return _jpeg(content, name)
    if content.startswith(b"PK\x03\x04") and _is_ofd(content):
        return MediaType.OFD
    raise _refusal(
        UnsupportedFile,
        "evidence-type",
        name,
        "不是 PDF、JPEG、PNG 或 OFD；请另存为这几种格式之一",
        "it is not a PDF, JPEG, PNG or OFD; save it as one of these",
    )


def _is_ofd(content: bytes) -> bool:
    try:
        with ZipFile(BytesIO(content)) as archive:
            return "OFD.xml" in archive.namelist()
    except (BadZipFile, ValueError, NotImplementedError):
        return False


def clean_name(name: str, media_type: MediaType) -> str:
    """A harmless file name: no path, no control or direction characters, with the extension of its real kind."""
    base = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])
    kept = "".join(char for char in base if unicodedata.category(char)[0] not in "C" and char not in '<>:"|?*;%')
    stem = kept.rsplit(".", 1)[0] if "." in kept else kept
    # a long run of digits may be an identity number; it stays out of names
    stem = re.sub(r"\d{14,}[\dXx]?", "…", stem).strip(" .")[:_NAME_LENGTH] or "材料"
    return stem + EXTENSIONS[media_type]


def _refusal(kind: type[CreditServiceError], code: str, name: str, zh: str, en: str) -> CreditServiceError:
    shown = clean_name(name, MediaType.PDF).rsplit(".", 1)[0]
    return kind(Bilingual(f"“{shown}”：{zh}", f"“{shown}”: {en}"), code=code)


def _damaged(name: str) -> CreditServiceError:
    return _refusal(UnsupportedFile, "evidence-damaged", name, "文件不完整或已损坏", "the file is cut short or damaged")


def _pdf(content: bytes, name: str) -> MediaType:
    if b"%%EOF" not in content[-_TAIL:]:
        raise _damaged(name)
    if any(marker in content for marker in _ACTIVE):
        raise _refusal(
            UnsupportedFile,
            "evidence-active",
            name,
            "PDF 中含有脚本或嵌入文件；请打印为新的 PDF 后再上传",
            "the PDF holds scripts or embedded files; print it to a new PDF and upload that",
        )
    if b"/Encrypt" in content[-_TRAILER:]:
        raise _refusal(
            UnsupportedFile,
            "evidence-locked",
            name,
            "PDF 设有密码；请去掉密码后再上传",
            "the PDF is locked by a password; take it off and upload again",
        )
    return MediaType.PDF


def _png(content: bytes, name: str) -> MediaType:
    if content[12:16] != b"IHDR" or b"IEND" not in content[-_TAIL:]:
        raise _damaged(name)
    _check_size(int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big"), name)
    return MediaType.PNG


def _jpeg(content: bytes, name: str) -> MediaType:
    if b"\xff\xd9" not in content[-_TAIL:]:
        raise _damaged(name)
    width, height = _jpeg_size(content, name)
    _check_size(width, height, name)
    return MediaType.JPEG


def _jpeg_size(content: bytes, name: str) -> tuple[int, int]:
    position = 2
    while position + 9 < len(content) and content[position] == 0xFF:
        marker = content[position + 1]
        if marker in _STARTS_OF_FRAME:
            height = int.from_bytes(content[position + 5 : position + 7], "big")
            return int.from_bytes(content[position + 7 : position + 9], "big"), height
        if marker == 0xFF:
            position += 1
        elif marker in _WITHOUT_LENGTH:
            position += 2
        else:
            position += 2 + max(2, int.from_bytes(content[position + 2 : position + 4], "big"))
    raise _damaged(name)


def _check_size(width: int, height: int, name: str) -> None:
    if not width or not height:
        raise _damaged(name)
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise _refusal(
            TooLarge,
            "evidence-pixels",
            name,
            f"图片为 {width}×{height} 像素，太大；请缩小后上传",
            f"the picture has {width}×{height} pixels, too many; make it smaller",
        )
