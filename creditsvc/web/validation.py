"""Faults of a request's shape, in two languages: which field, what is wrong, what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_SAID = (
    (r"Missing data for required field\.", "缺少必填项"),
    (r"Unknown field\.", "没有这个字段，请删去"),
    (r"Field may not be null\.", "不得为空"),
    (r"Not a valid string\.", "应为文本"),
    (r"Not a valid integer\.", "应为整数"),
    (r"Not a valid number\.", "应为数字"),
    (r"Not a valid boolean\.", "应为 true 或 false"),
    (r"Not a valid date\.", "应为日期，形如 2026-11-24"),
    (r"Not a valid datetime\.", "应为带时区的时间，形如 2026-11-24T10:00:00+08:00"),
    (r"Not a valid (list|mapping type)\.", "结构不符合接口文档"),
    (r"Invalid input type\.", "结构不符合接口文档"),
    (r"Invalid JSON body\.", "请求体不是有效的 JSON"),
    (r"Shorter than minimum length (?P<a>\d+)\.", "至少 {a} 个字符或者项"),
    (r"Longer than maximum length (?P<a>\d+)\.", "最多 {a} 个字符或者项"),
    (r"Length must be between (?P<a>\d+) and (?P<b>\d+)\.", "长度应为 {a} 至 {b}"),
    (r"Length must be (?P<a>\d+)\.", "长度应为 {a}"),
    (r"Must be one of: (?P<a>.+)\.", "应为下列之一：{a}"),
    (r"Must be equal to (?P<a>.+)\.", "应为 {a}"),
    (r"Must be greater than or equal to (?P<a>[^ ]+?)\.", "不得小于 {a}"),
    (r"Must be less than or equal to (?P<a>[^ ]+?)\.", "不得大于 {a}"),
    (r"String does not match expected pattern\.", "格式不符合要求"),
)
_PATTERNS = tuple((re.compile(pattern), chinese) for pattern, chinese in _SAID)
_PLACES = frozenset({"json", "query", "form", "files", "path", "headers", "json_or_form", "query_string"})


def in_chinese(message: str) -> str:
    """What marshmallow's English message means; a general sentence for one that we do not know."""
    for pattern, chinese in _PATTERNS:
        if match := pattern.fullmatch(message):
            return chinese.format(**match.groupdict())
    return "不符合要求"


def faults(messages: Any) -> list[dict[str, str]]:
    """A flat list of faults from marshmallow's nested messages: ``field`` is dotted, ``text`` and ``text_en`` say it."""
    return [
        {"field": ".".join(path) or "-", "text": in_chinese(message), "text_en": message}
        for path, message in _walk(messages, ())
    ]


def _walk(node: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(node, Mapping):
        for key, below in node.items():
            skip = (not path and key in _PLACES) or key == "_schema"
            yield from _walk(below, path if skip else (*path, str(key)[:64]))
    elif isinstance(node, Sequence) and not isinstance(node, str):
        for below in node:
            yield from _walk(below, path)
    else:
        yield path, str(node)
