"""Uploaded papers as staff see them: pages drawn anew as pictures, so that nothing in a file ever runs or hides.

Each page is drawn by a child process with bounds of its own (``render_child``). A file that can't be drawn is said to be so.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from creditsvc.kernel.errors import UnsupportedFile
from creditsvc.kernel.text import Bilingual
from repair.policy.files import MediaType

DRAWN = frozenset({MediaType.PDF.value, MediaType.JPEG.value, MediaType.PNG.value})
MAX_PAGES = 300
_CHILD = Path(__file__).with_name("render_child.py")
_PATIENCE = 30


def pages_of(media_type: str, content: bytes) -> int:
    """How many pages there are to draw, at most ``MAX_PAGES``; raises ``UnsupportedFile``."""
    said = _run(["count", media_type], content)
    return min(int(said), MAX_PAGES) if said.isdigit() else 0


def page_picture(media_type: str, content: bytes, number: int, *, turned: int = 0) -> bytes:
    """One page, counted from 0, as a JPEG; raises ``UnsupportedFile`` if it can't be drawn."""
    return _run(["page", media_type, str(number), str(turned)], content)


def _run(task: list[str], content: bytes) -> bytes:
    command = [sys.executable, "-I", str(_CHILD), *task]  # our own file and our own words
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=_PATIENCE, env={}, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise _not_drawn() from None
    if done.returncode != 0 or not done.stdout:
        raise _not_drawn()
    return done.stdout


def _not_drawn() -> UnsupportedFile:
    return UnsupportedFile(
        Bilingual(
            "这份材料无法显示，可能已损坏；请退回申请人重新提交",
            "this paper can't be shown and may be damaged; return it to be sent again",
        ),
        code="evidence-not-drawn",
    )
