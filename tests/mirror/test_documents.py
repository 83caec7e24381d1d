"""What docs/mirror.md says is so."""

from __future__ import annotations

import re
import shlex
from configparser import ConfigParser
from pathlib import Path

from sync.mirror import errors, trouble
from sync.mirror.cli import CHECK_EXIT
from sync.mirror.errors import MirrorError
from sync.mirror.options import check_parser, leave_parser, status_parser, sync_parser

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


def _commands() -> list[list[str]]:
    """Every call of the program in the text: examples, the unit's ExecStart, the crontab's line."""
    joined = TEXT.replace("\\\n", " ").replace("${CREDENTIALS_DIRECTORY}", "/run/credentials")
    found = re.findall(
        r"(?:^|=| )(?:/opt/creditsvc/bin/)?creditsvc ((?:mirror|verify|conformance) .*)$", joined, re.MULTILINE
    )
    return [shlex.split(line) for line in found]


def test_every_command_in_the_text_is_a_right_call() -> None:
    """The unit and the crontab are what operators copy: each word of them is parsed by the program itself."""
    parsers = {"check": check_parser(), "status": status_parser(), "leave": leave_parser()}
    calls = _commands()
    for words in calls:
        assert words[0] == "mirror", words
        parser = parsers.get(words[1])
        (parser or sync_parser()).parse_args(words[2:] if parser else words[1:])
    assert len(calls) >= 5 and sum("--follow" in words for words in calls) == 1


def test_the_unit_is_a_unit() -> None:
    (unit,) = re.findall(r"```ini\n(.*?)```", TEXT, re.DOTALL)
    read = ConfigParser(strict=True, interpolation=None)
    read.optionxform = str  # type: ignore[assignment]
    read.read_string(re.sub(r"\\\n\s+", "", unit))
    assert read["Service"]["ExecStart"].split()[1] == "mirror" and read["Install"]["WantedBy"] == "multi-user.target"


def test_every_option_in_the_text_exists() -> None:
    known = {
        option
        for parser in (sync_parser(), check_parser(), status_parser(), leave_parser())
        for action in parser._actions
        for option in action.option_strings
    }
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", TEXT)) <= known
