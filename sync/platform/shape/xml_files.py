"""Rows in an XML envelope: a root with a header and a body, a row an element, a column an element in it. Pure."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from sync.platform.shape.profile import FileShape
from sync.platform.shape.values import Value

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_PIECE = 16 * 1024
_DECLARES = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)


class FileBroken(ValueError):
    """A file that is not whole, or not what it should be. The reason names no content."""


def write_xml(
    shape: FileShape,
    encoding: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Value]],
    header: Mapping[str, Value],
) -> bytes:
    """The document's bytes."""
    named = "utf-8" if encoding.startswith("utf-8") else encoding
    parts = [f'<?xml version="1.0" encoding="{named.upper()}"?>\n<{shape.root}>\n<{shape.header}>']
    parts += [_element(name, value) for name, value in header.items()]
    parts.append(f"</{shape.header}>\n<{shape.body}>\n")
    for row in rows:
        inner = "".join([_element(name, value) for name, value in zip(columns, row, strict=True) if value is not None])
        parts.append(f"<{shape.row}>{inner}</{shape.row}>\n")
    parts.append(f"</{shape.body}>\n</{shape.root}>\n")
    return "".join(parts).encode(named, errors="xmlcharrefreplace")


def _element(name: str, value: Value) -> str:
    text = "" if value is None else escape(_ILLEGAL.sub("", str(value)), {"\r": "&#13;"})
    return f"<{name}>{text}</{name}>"


def read_xml(shape: FileShape, content: bytes) -> Iterator[dict[str, str]]:
    """The rows, each let go of when the next is read. Raises ``FileBroken``; what declares entities is refused unread."""
    if _DECLARES.search(content):
        raise FileBroken("declares a document type")
    try:
        yield from _rows(shape, content)
    except FileBroken:
        raise
    except (ElementTree.ParseError, UnicodeDecodeError, IndexError, ValueError):
        raise FileBroken("not a whole XML document") from None


def _rows(shape: FileShape, content: bytes) -> Iterator[dict[str, str]]:
    parser: ElementTree.XMLPullParser[Any] = ElementTree.XMLPullParser(("start", "end"))
    has_body = False
    above: list[ElementTree.Element] = []
    for piece in _pieces(content):
        parser.feed(piece)
        found: Iterator[Any] = parser.read_events()  # elements alone, of the two events that were asked for
        for event, element in found:
            if event == "start":
                above.append(element)
                continue
            above.pop()
            if len(above) == 2 and above[1].tag == shape.body:
                if element.tag == shape.row:
                    yield _texts(element)
                above[1].remove(element)
            has_body = has_body or (len(above) == 1 and element.tag == shape.body)
            if not above and element.tag != shape.root:
                raise FileBroken("another root element")
    parser.close()
    if not has_body:
        raise FileBroken("without a body")


def _pieces(content: bytes) -> Iterator[str | bytes]:
    """The document bit by bit; the parser itself reads no GB18030."""
    if b'encoding="GB18030"' not in content[:80]:
        for start in range(0, len(content), _PIECE):
            yield content[start : start + _PIECE]
        return
    decoder = codecs.getincrementaldecoder("gb18030")()
    body = content.index(b"?>") + 2
    for start in range(body, len(content), _PIECE):
        yield decoder.decode(content[start : start + _PIECE])
    yield decoder.decode(b"", final=True)


def _texts(element: ElementTree.Element) -> dict[str, str]:
    return {child.tag: child.text or "" for child in element}
