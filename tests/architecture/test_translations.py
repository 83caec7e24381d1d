"""Every text that a person sees has its English, and what is compiled is what is written."""

from __future__ import annotations

import re

import pytest

from creditsvc.web import translate

CHINESE = re.compile("[\u3400-\u9fff]")
CHINESE_MARK = re.compile("[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
HANDOVER = "run: python -m creditsvc.web.translate {}"


@pytest.mark.parametrize("package", sorted(translate.CATALOGUES))
def test_every_text_has_its_english(package: str) -> None:
    known = translate.read(package)
    missing = [
        f"{file}:{line} {text!r}"
        for text, file, line in translate.texts_of(package)
        if (found := known.get(text if isinstance(text, str) else text[0])) is None
        or translate.untranslated([found])
        or "fuzzy" in found.flags
    ]
    assert missing == [], HANDOVER.format(package)


@pytest.mark.parametrize("package", sorted(translate.CATALOGUES))
def test_texts_are_chinese_and_places_for_values_agree(package: str) -> None:
    place = re.compile(r"%\((\w+)\)|\{(\w*)\}")
    for message in translate.read(package):
        if message.id and not translate.untranslated([message]):
            first = message.id if isinstance(message.id, str) else message.id[0]
            english = message.string if isinstance(message.string, str) else message.string[-1]
            assert CHINESE_MARK.search(first), first
            assert not CHINESE.search(english), english
            assert set(place.findall(first)) == set(place.findall(english)), first


@pytest.mark.parametrize("package", sorted(translate.CATALOGUES))
def test_what_is_compiled_is_what_is_written(package: str) -> None:
    path = translate.catalogue_path(package)
    if not path.exists():
        assert list(translate.texts_of(package)) == []
        return
    compiled = path.with_suffix(".mo")
    assert compiled.read_bytes() == translate.mo_bytes(translate.read(package)), HANDOVER.format(package)


def test_the_house_has_texts_at_all() -> None:
    assert len(list(translate.texts_of("creditsvc"))) > 100
