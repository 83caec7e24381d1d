"""Rows in an XML envelope: a root with a header and a body, a row an element, a column an element in it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from sync.platform.shape.profile import FileShape
from sync.platform.shape.values import Value

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
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


def read_xml(shape: FileShape, content: bytes) -> tuple[Mapping[str, Value], list[dict[str, str]]]:
    """Header and rows. Raises ``FileBroken``; a document that declares entities is refused unread."""
    if _DECLARES.search(content):
        raise FileBroken("declares a document type")
    try:
        parser = ElementTree.XMLParser()  # noqa: S314 - whatever declares entities was refused above
        if b'encoding="GB18030"' in content[:80]:
            text = content.decode("gb18030").split("?>", 1)[1]
            parser.feed(text)
        else:
            parser.feed(content)
        root = parser.close()
    except (ElementTree.ParseError, UnicodeDecodeError, IndexError, ValueError):
        raise FileBroken("not a whole XML document") from None
    if root.tag != shape.root:
        raise FileBroken("another root element")
    header, body = root.find(shape.header), root.find(shape.body)
    if body is None:
        raise FileBroken("without a body")
    return _texts(header) if header is not None else {}, [_texts(row) for row in body.findall(shape.row)]


def _texts(element: ElementTree.Element) -> dict[str, str]:
    return {child.tag: child.text or "" for child in element}
