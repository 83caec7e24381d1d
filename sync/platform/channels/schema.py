"""The tables of a front-end database as a profile has them: made for the stand-in, compared before every use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Date, DateTime, MetaData, String, Table, Text, inspect
from sqlalchemy.exc import NoSuchTableError

from sync.platform.shape.profile import Column as Shape
from sync.platform.shape.profile import ColumnType, Profile, Side

PLACE = "id_"


def sides_of(profile: Profile) -> list[Side]:
    """Every list beside the rows that the profile names."""
    return [
        side for side in (profile.header, profile.feedback, profile.messages, profile.answers, profile.holdings) if side
    ]


def our_tables(profile: Profile) -> dict[str, Sequence[Shape]]:
    """Tables that we write to, with their columns."""
    found: dict[str, Sequence[Shape]] = dict.fromkeys(profile.tables.values(), profile.columns)
    for side in (profile.header, profile.answers):
        if side:
            found[side.place] = side.columns
    return found


def all_tables(profile: Profile) -> dict[str, Sequence[Shape]]:
    """Every table of the profile."""
    return our_tables(profile) | {side.place: side.columns for side in sides_of(profile)}


def _type(column: Shape) -> Any:
    if column.type is ColumnType.INTEGER:
        return BigInteger()
    if column.type is ColumnType.DAY and column.format == "iso" and not column.length:
        return Date()
    if column.type is ColumnType.INSTANT and column.format == "iso" and not column.length:
        return DateTime()
    return String(column.length) if 0 < column.length <= 1000 else Text()


def metadata_of(profile: Profile) -> MetaData:
    """The tables as a platform that uses this profile would have them."""
    metadata = MetaData()
    for name, columns in all_tables(profile).items():
        Table(name, metadata, *(Column(column.name, _type(column)) for column in columns))
    return metadata


def table_of(name: str, columns: Sequence[Shape], metadata: MetaData) -> Table:
    """A table to write to or read from, as the profile has it."""
    return Table(name, metadata, *(Column(column.name, _type(column)) for column in columns))


def changes(connection: Connection, profile: Profile) -> Iterator[str]:
    """What is not as the profile says, a phrase each; nothing if all is well."""
    looking = inspect(connection)
    for name, columns in all_tables(profile).items():
        try:
            there = {column["name"]: column for column in looking.get_columns(name)}
        except NoSuchTableError:
            yield f"{name}: no such table"
            continue
        yield from _changed(name, columns, there, ours=name in our_tables(profile))


def _changed(name: str, columns: Sequence[Shape], there: dict[str, Any], *, ours: bool) -> Iterator[str]:
    wanted = {column.name: column for column in columns}
    for column in columns:
        found = there.get(column.name)
        if found is None:
            yield f"{name}.{column.name}: no such column"
            continue
        length = getattr(found["type"], "length", None)
        if ours and length and column.length and length < column.length:
            yield f"{name}.{column.name}: only {length} characters"
    for extra, found in there.items():
        filled = found.get("nullable", True) or found.get("default") is not None or found.get("autoincrement") is True
        if ours and extra not in wanted and not filled:
            yield f"{name}.{extra}: a new column that must be filled"
