"""Where a screening's sealed files lie, and under which key: the file that was sent, and the results part by part.

A part is written under a name of its own and takes its place only inside the transaction that counts it, so that a part
that stands in its place was counted, or will be written again. Destroying the key destroys every copy of them all.
"""

from __future__ import annotations

import io
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from creditsvc.checks.tables_screening import Screening
from creditsvc.kernel.errors import Gone
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from creditsvc.storage.cells import CellDamaged
from creditsvc.storage.sealed_files import open_spooled, spool

MOST_PART = 1024 * 1024 * 1024
SOURCE = "source.sealed"


def root(services: Services) -> Path:
    """The folder of all screenings."""
    return services.settings.home / "screenings"


def folder(services: Services, place: str) -> Path:
    """One screening's folder."""
    return root(services) / place


def key_name(screening_id: int) -> str:
    """Under which name the key database holds its key."""
    return f"screening:{screening_id}"


def key_of(services: Services, screening: Screening) -> bytes:
    """Its key; raises ``Gone`` once it is destroyed."""
    key = services.vault.keys_of([key_name(screening.id)]).get(key_name(screening.id))
    if key is None:
        raise results_gone()
    return key


def results_gone() -> Gone:
    """Results that were destroyed."""
    return Gone(
        Bilingual(
            "名单和结果已按期销毁，需要时请重新上传核查",
            "list and results have been destroyed; send the list again if needed",
        ),
        code="screening-destroyed",
    )


def keep_source(services: Services, file: BinaryIO, place: str, key: bytes) -> tuple[str, int]:
    """Seal what is sent; its SHA-256 and size."""
    limit = services.settings.max_upload_mib * 1024 * 1024
    return spool(file, folder(services, place) / SOURCE, key, limit=limit, label=place.encode())


def open_source(services: Services, place: str, key: bytes) -> BinaryIO:
    """What was sent, in clear, as a stream."""
    return open_spooled(folder(services, place) / SOURCE, key, place.encode())


def keep_part(services: Services, place: str, number: int, key: bytes, content: bytes) -> Path:
    """Seal a part beside its place."""
    path = folder(services, place) / f"{number:06d}.{secrets.token_hex(4)}.part"
    spool(io.BytesIO(content), path, key, limit=MOST_PART, label=_label(place, number))
    return path


def put_in_place(part: Path, number: int) -> None:
    """A part takes its place, and the folder says so durably."""
    part.replace(_part(part.parent, number))
    descriptor = os.open(part.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_parts(services: Services, place: str, count: int, key: bytes) -> Iterator[bytes]:
    """The parts in order. Raises ``CellDamaged``: at once where one is missing, later where one is changed or moved."""
    if not all(_part(folder(services, place), number).is_file() for number in range(count)):
        raise CellDamaged
    return _pieces(services, place, count, key)


def _pieces(services: Services, place: str, count: int, key: bytes) -> Iterator[bytes]:
    for number in range(count):
        with closing(open_spooled(_part(folder(services, place), number), key, _label(place, number))) as file:
            while piece := file.read(256 * 1024):
                yield piece


def destroy(services: Services, screening_id: int, place: str, *, at: datetime) -> None:
    """The key, and with it every copy; then the files."""
    services.vault.destroy(key_name(screening_id), at=at)
    remove_folder(services, place)


def remove_folder(services: Services, place: str) -> None:
    """Whatever lies at this place."""
    shutil.rmtree(folder(services, place), ignore_errors=True)


def write_private(path: Path) -> BinaryIO:
    """A new file that its owner alone can read: results hold what the sender's list held."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def remove_unfinished(path: Path) -> None:
    """A result that was not written to its end."""
    path.unlink(missing_ok=True)


def _part(where: Path, number: int) -> Path:
    return where / f"{number:06d}.sealed"


def _label(place: str, number: int) -> bytes:
    return f"{place}:{number}".encode()
