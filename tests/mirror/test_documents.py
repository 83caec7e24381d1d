"""What docs/mirror.md says is so."""

from __future__ import annotations

import re
from pathlib import Path

from sync.mirror import errors, trouble
from sync.mirror.cli import CHECK_EXIT
from sync.mirror.errors import MirrorError
from sync.mirror.options import check_parser, status_parser, sync_parser

TEXT = (Path(__file__).parents[2] / "docs" / "mirror.md").read_text("utf-8")


def test_every_exit_code_is_in_the_table() -> None:
    rows = {(int(code), name) for code, name in re.findall(r"^\| (\d+) \| `([a-z-]+)` \|", TEXT, re.MULTILINE)}
    kinds = [
        kind
        for module in (errors, trouble)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, MirrorError) and kind is not MirrorError
    ]
    assert rows == {(kind.exit_code, kind.default_code) for kind in kinds}
    assert not set(CHECK_EXIT.values()) & {kind.exit_code for kind in kinds}


def test_every_option_in_the_text_exists() -> None:
    known = {
        option
        for parser in (sync_parser(), check_parser(), status_parser())
        for action in parser._actions
        for option in action.option_strings
    }
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", TEXT)) <= known
