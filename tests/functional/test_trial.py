"""What ``make run`` prints is true: every command, key, password and code in it works as printed."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import urllib3

from tests.support.house import Browser, House, house


def _commands(said: str) -> dict[str, list[str]]:
    """The printed shell commands, by their program."""
    joined = said.replace("\\\n", " ")
    found = [shlex.split(line) for line in joined.splitlines() if re.match(r"  \S*(curl|creditsvc) ", line)]
    return {Path(words[0]).name: words for words in found}


def _by_curls_words(words: list[str]) -> urllib3.BaseHTTPResponse:
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
    return urllib3.request("POST", words[2], headers=headers, body=words[words.index("-d") + 1].encode(), retries=False)


@pytest.fixture
def told(tmp_path: Path):
    with house(tmp_path) as made:
        said = made.run("trial", "--rows", "300", "--prepare-only")
        made.serve()
        yield made, said


def test_every_printed_line_works(told: tuple[House, str]) -> None:
    made, said = told
    commands = _commands(said)

    answer = _by_curls_words(commands["curl"])
    assert answer.status == 200, answer.data.decode()
    assert json.loads(answer.data)["outcome"] == "restricted"

    words = [word for word in commands["creditsvc"][1:] if word != "--follow"]
    assert "回执已被接受" in made.run(*words)

    passwords = dict(re.findall(r"^  (\w+) +(\S{12}) +\S+ / ", said, re.MULTILINE))
    assert set(passwords) >= {"clerk", "judge", "president", "agency", "bureau", "supervisor", "operator"}
    for name, password in passwords.items():
        Browser(made.base).post("/sign-in", "/sign-in", {"username": name, "password": password})

    number, name, code = (re.search(rf" / {what} +(\S+)", said)[1] for what in ("number", "name", "code"))  # type: ignore[index]
    person = Browser(made.base)
    person.post("/portal/sign-in", "/portal/sign-in", {"number": number, "name": name, "code": code})
    assert re.search(r" / entry +(\S+)", said)[1] in person.get("/portal/")  # type: ignore[index]
