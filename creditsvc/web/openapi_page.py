"""The OpenAPI document in the order in which a person reads it. Pure: a document in, rows out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field of a body or one parameter."""

    name: str
    kind: str
    required: bool
    text: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    anchor: str
    summary: str
    description: str
    parameters: Sequence[FieldRow]
    body: Sequence[FieldRow]
    answers: Sequence[tuple[str, str, Sequence[FieldRow]]]


@dataclass(frozen=True, slots=True)
class Group:
    """The operations of one tag."""

    name: str
    description: str
    operations: Sequence[Operation]


def groups_of(document: Mapping[str, Any]) -> list[Group]:
    """Operations by tag, tags in the document's order."""
    reader = _Reader(document)
    found: dict[str, list[Operation]] = {}
    for path, item in document.get("paths", {}).items():
        shared = item.get("parameters", [])
        for method in METHODS:
            if operation := item.get(method):
                tag = (operation.get("tags") or ["-"])[0]
                found.setdefault(tag, []).append(reader.operation(method, path, shared, operation))
    told = {tag["name"]: tag.get("description", "") for tag in document.get("tags", [])}
    return [Group(name, told.get(name, ""), operations) for name, operations in found.items()]


class _Reader:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def _found(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in node:
            target: Any = self._document
            for part in str(node["$ref"]).removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def operation(
        self, method: str, path: str, shared: Sequence[Mapping[str, Any]], operation: Mapping[str, Any]
    ) -> Operation:
        """One operation, its references followed."""
        named = [self._found(each) for each in (*shared, *operation.get("parameters", []))]
        return Operation(
            method=method.upper(),
            path=path,
            anchor=f"{method}{path}".replace("/", "-").replace("{", "").replace("}", ""),
            summary=operation.get("summary", ""),
            description=operation.get("description", ""),
            parameters=[
                FieldRow(
                    each["name"],
                    self._kind(each.get("schema", {})),
                    bool(each.get("required")),
                    each.get("description", ""),
                )
                for each in named
            ],
            body=self._body(self._found(operation.get("requestBody", {}))),
            answers=[
                (status, self._found(answer).get("description", ""), self._body(self._found(answer)))
                for status, answer in sorted(operation.get("responses", {}).items())
                if status != "default"
            ],
        )

    def _body(self, node: Mapping[str, Any]) -> list[FieldRow]:
        for content in node.get("content", {}).values():
            return self._fields(content.get("schema", {}))
        return []

    def _fields(self, schema: Mapping[str, Any]) -> list[FieldRow]:
        schema = self._found(schema)
        if schema.get("type") == "array":
            return self._fields(schema.get("items", {}))
        required = set(schema.get("required", ()))
        return [
            FieldRow(name, self._kind(each), name in required, self._found(each).get("description", ""))
            for name, each in schema.get("properties", {}).items()
        ]

    def _kind(self, schema: Mapping[str, Any]) -> str:
        schema = self._found(schema)
        kind = schema.get("type", "object")
        said = " | ".join(kind) if isinstance(kind, list) else str(kind)
        if said.startswith("array"):
            return f"[{self._kind(schema.get('items', {}))}]"
        if values := schema.get("enum"):
            return " · ".join(map(str, values))
        return f"{said} ({schema['format']})" if "format" in schema else said
