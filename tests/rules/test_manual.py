"""The legal department's manual knows every key and word that the catalogue uses, in both languages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from punishment_rules import law
from punishment_rules.catalogue_types import CatalogueError
from punishment_rules.load import catalogue, load_overlay

ROOT = Path(__file__).parents[2]
MANUALS = ("catalogue.md", "catalogue.zh.md")


def keys_of(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for inner in value.values() for key in keys_of(inner)}
    return {key for inner in value for key in keys_of(inner)} if isinstance(value, list) else set()


@pytest.mark.parametrize("name", MANUALS)
def test_every_key_of_a_row_is_explained(name: str) -> None:
    manual = (ROOT / "docs" / name).read_text(encoding="utf-8")
    explained = set(re.findall(r"`([a-z_0-9]+)`", manual))
    used = set[str]()
    for path in (Path(law.__file__).parent / "catalogue").glob("*.toml"):
        if path.name != "_documents.toml":
            used |= keys_of(tomllib.loads(path.read_text(encoding="utf-8"))["measure"])
    assert used - explained == set()
    assert {level.value for level in law.Level} | {word.value for word in law.Names} <= explained


@pytest.mark.parametrize("name", MANUALS)
def test_the_decision_in_the_manual_can_be_loaded(name: str, tmp_path: Path) -> None:
    manual = (ROOT / "docs" / name).read_text(encoding="utf-8")
    block = next(text for text in re.findall(r"```toml\n(.*?)```", manual, re.DOTALL) if text.startswith("[[row]]"))
    path = tmp_path / "overlay.toml"
    path.write_text(block, encoding="utf-8")
    assert load_overlay(path, catalogue()).rows[0].measure_id == "hn-licensing-key-review"
    path.write_text(block.replace("from = 2026-11-01", "from = 2026-10-27"), encoding="utf-8")
    with pytest.raises(CatalogueError, match="before it was made") as caught:
        load_overlay(path, catalogue())
    assert caught.value.line == 5
