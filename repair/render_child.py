"""Turns one page of an uploaded paper into a JPEG, in a process of its own: run by ``rendering``, never imported by the web.

What it reads comes from a stranger. So it gets bytes on standard input and nothing else: no environment, no network use,
a bounded memory and a bounded time; it writes a picture, or the number of pages, and ends.
"""

from __future__ import annotations

import io
import resource
import sys
from typing import Any

MEMORY = 1536 * 1024 * 1024
SECONDS = 20
SIDE = 1600
"""Longest side of a page's picture in pixels."""
MAX_PIXELS = 120_000_000
QUALITY = 82


def main(arguments: list[str]) -> int:
    """``count TYPE`` or ``page TYPE NUMBER TURNED``; 0 when done, anything else means that it can't be shown."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    task, media_type, content = arguments[0], arguments[1], sys.stdin.buffer.read()
    if task == "count":
        sys.stdout.write(str(_count(content) if media_type == "application/pdf" else 1))
        return 0
    number, turned = int(arguments[2]), int(arguments[3])
    picture = _pdf_page(content, number) if media_type == "application/pdf" else _photograph(content, turned)
    made = io.BytesIO()
    picture.convert("RGB").save(made, "JPEG", quality=QUALITY)
    sys.stdout.buffer.write(made.getvalue())
    return 0


def _count(content: bytes) -> int:
    import pypdfium2

    return len(pypdfium2.PdfDocument(content))


def _pdf_page(content: bytes, number: int) -> Any:
    import pypdfium2

    page = pypdfium2.PdfDocument(content)[number]
    # a page may claim to be a kilometre wide: the picture's size is ours, not its
    scale = min(SIDE / max(*page.get_size(), 1), 4)
    return page.render(scale=scale, may_draw_forms=False).to_pil()


def _photograph(content: bytes, turned: int) -> Any:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    picture = Image.open(io.BytesIO(content), formats=("JPEG", "PNG"))
    picture.draft("RGB", (SIDE, SIDE))
    picture.thumbnail((SIDE, SIDE))
    return picture.rotate(-turned, expand=True) if turned else picture


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
