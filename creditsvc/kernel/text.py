"""Words in two languages: Chinese, which is authoritative, and English.

Pure: no database, network or clock.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bilingual:
    """A sentence that a person reads, in Chinese and in English."""

    zh: str
    en: str

    def __post_init__(self) -> None:
        if not self.zh or not self.en:
            raise ValueError("a text for people needs both its Chinese and its English")

    def __str__(self) -> str:
        return self.zh

    def in_language(self, language: str) -> str:
        """The English text for a language tag that begins with ``en``, else the Chinese."""
        return self.en if language.lower().startswith("en") else self.zh

    def filled(self, **values: object) -> Bilingual:
        """Both texts with ``{name}`` places filled in by ``str.format``."""
        return Bilingual(self.zh.format(**values), self.en.format(**values))
