"""Files over a folder or SFTP: a batch is one file with its signed note beside it; answers come back as files with proof.

A file that comes is read only when its ``.ok`` file names its digest, so half a file is never half read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sync.platform.alarms import ChannelTrouble
from sync.platform.channels.base import FEEDBACK, Bundle
from sync.platform.channels.database import answer_values
from sync.platform.channels.places import Place
from sync.platform.shape.batches import BatchOut, header_values
from sync.platform.shape.files import check_proof, each_row, file_name, proof_of, read_file, write_file
from sync.platform.shape.profile import Profile
from sync.platform.shape.rows import Provider
from sync.platform.shape.values import Value
from sync.platform.shape.xml_files import FileBroken

SIGNATURE, PROOF = ".sig", ".ok"


def batch_stem(profile: Profile, number: str) -> str:
    """The name of a batch's file, without its extension."""
    return profile.file.name.format(batch=number)


def batch_header(profile: Profile, provider: Provider, batch: BatchOut) -> dict[str, Value]:
    """The header of a batch by name."""
    if profile.header is None:
        return {}
    values = header_values(profile.header.columns, batch, profile, provider)
    return {column.name: value for column, value in zip(profile.header.columns, values, strict=True)}


def batch_file(profile: Profile, provider: Provider, batch: BatchOut) -> bytes:
    """A batch as a file."""
    columns = [column.name for column in profile.columns]
    header = batch_header(profile, provider, batch)
    return write_file(profile, batch_stem(profile, batch.number), columns, [row.values for row in batch.rows], header)


class FilesChannel:
    """One folder that both sides look into."""

    def __init__(self, profile: Profile, provider: Provider, place: Place) -> None:
        self._profile, self._provider, self._place = profile, provider, place
        self._folders = profile.file
        self.broken: list[str] = []
        """Names of files that were not whole, since the channel was opened."""

    def check(self) -> None:
        """Whether the folders are there."""
        for folder in (self._folders.out, self._folders.back, self._folders.done):
            self._place.check(folder)

    def delivered(self, number: str) -> bool | None:
        """True while the file lies there; afterwards it may have been taken."""
        name = file_name(self._profile, batch_stem(self._profile, number))
        return True if name in self._place.names(self._folders.out) else None

    def deliver(self, batch: BatchOut, *, again: bool) -> None:
        """The note first, then the file: whoever sees the file has the note. The same again gives the same bytes."""
        del again
        self.check()
        name = file_name(self._profile, batch_stem(self._profile, batch.number))
        content = batch_file(self._profile, self._provider, batch)
        self._place.write(self._folders.out, name + SIGNATURE, batch.signature.encode())
        self._place.write(self._folders.out, name, content)

    def inbox(self, what: str) -> Iterator[Bundle]:
        """Files whose name begins as the profile says, oldest name first."""
        side = self._profile.feedback if what == FEEDBACK else self._profile.messages
        if side is None:
            return
        for name, rows in self._whole(side.place):
            yield Bundle(rows, self._mover(name))

    def _whole(self, prefix: str) -> Iterator[tuple[str, list[dict[str, str]]]]:
        for name in self._proven(prefix):
            if (content := self._read(name)) is not None:
                yield name, read_file(self._profile, content)

    def _proven(self, prefix: str) -> list[str]:
        """Names of files that have an ``.ok`` file, oldest first."""
        names = self._place.names(self._folders.back)
        return [
            name
            for name in names
            if name.startswith(prefix) and not name.endswith((PROOF, SIGNATURE)) and name + PROOF in names
        ]

    def _read(self, name: str) -> bytes | None:
        """A file's bytes, if it is whole: the bytes and the number of rows that were proven, and read to its end."""
        content = self._place.read(self._folders.back, name)
        try:
            count = check_proof(content, self._place.read(self._folders.back, name + PROOF))
            if sum(1 for _ in each_row(self._profile, content)) != count:
                raise FileBroken("another number of rows than its .ok file names")
        except FileBroken:
            self.broken.append(name[:80])
            return None
        return content

    def _mover(self, name: str) -> Callable[[], None]:
        def move() -> None:
            self._place.move(self._folders.back, name, self._folders.done)
            self._place.move(self._folders.back, name + PROOF, self._folders.done)

        return move

    def holdings(self) -> Bundle | None:
        """The newest list of holdings that is whole, walked as it is read; older ones are put away with it."""
        side = self._profile.holdings
        names = self._proven(side.place) if side else []
        while names:
            newest = names.pop()
            if (content := self._read(newest)) is not None:
                return Bundle(each_row(self._profile, content), self._movers([*names, newest]))
        return None

    def _movers(self, names: Sequence[str]) -> Callable[[], None]:
        def move() -> None:
            for name in names:
                self._mover(name)()

        return move

    def answer(self, values: Mapping[str, Any]) -> None:
        """A file with one row and its proof."""
        side = self._profile.answers
        if side is None:
            return
        stem = side.place + "".join(each for each in str(values["message"]) if each.isalnum() or each in "-_")
        row = answer_values(side, self._profile, values)
        content = write_file(self._profile, stem, [column.name for column in side.columns], [row], {})
        name = file_name(self._profile, stem)
        self._place.write(self._folders.out, name, content)
        self._place.write(self._folders.out, name + PROOF, proof_of(content, 1))

    def close(self) -> None:
        """Let go of the place; tell of files that were not whole."""
        self._place.close()

    def refuse_broken(self) -> None:
        """Raise ``ChannelTrouble`` (``half-file``) if some file was not whole."""
        if self.broken:
            raise ChannelTrouble("half-file", ", ".join(self.broken[:3]))
