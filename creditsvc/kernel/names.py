"""Names for comparing. What was sent is always kept as it was; nobody is ever matched by name."""

from __future__ import annotations

import re
from unicodedata import normalize

_DOTS = re.compile("[•・．.‧∙·]")
_SPACES = re.compile("[\\s\u200b\ufeff]+")
_BRACKETS = str.maketrans("()〔〕[]［］", "（）（）（）（）")
_LATIN = re.compile("[A-Za-z]")


def normalise_name(raw: str) -> str:
    """NFC, one kind of dot and of bracket, no inner spaces (Latin names keep single ones). Not NFKC: ① stays ①."""
    text = normalize("NFC", raw).translate(_BRACKETS).strip()
    if _LATIN.search(text) and not re.search("[\u4e00-\u9fff]", text):
        return _SPACES.sub(" ", text).upper()
    return _DOTS.sub("·", _SPACES.sub("", text))


def same_name(one: str, other: str) -> bool:
    """Whether two spellings are one name."""
    return normalise_name(one) == normalise_name(other)
