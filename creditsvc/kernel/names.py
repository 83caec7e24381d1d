"""Names for comparing. What was sent is always kept as it was; nobody is ever matched by name.

Pure. Not NFKC, which turns ① into 1 and ㎡ into m2: only what means the same to a reader is made the same.
"""

from __future__ import annotations

import re
from unicodedata import normalize

_DOTS = re.compile("[•・･．.‧∙⋅·•]")
_SPACES = re.compile("\\s+")
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Marks without a width, among them those that choose between shapes of one character."""
_BRACKETS = str.maketrans("()〔〕[]［］【】", "（）（）（）（）（）")
_WIDE = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}
_HAN = re.compile("[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def normalise_name(raw: str) -> str:
    """NFC; one kind of dot, bracket and figure; Chinese names without inner spaces, others in capitals with single ones."""
    text = _UNSEEN.sub("", normalize("NFC", raw)).translate(_WIDE).translate(_BRACKETS).strip()
    if _HAN.search(text):
        return _DOTS.sub("·", _SPACES.sub("", text))
    return _SPACES.sub(" ", text).upper()


def same_name(one: str, other: str) -> bool:
    """Whether two spellings are one name; an empty name is nobody's."""
    normal = normalise_name(one)
    return bool(normal) and normal == normalise_name(other)
