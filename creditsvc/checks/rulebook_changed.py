"""A changed catalogue as somebody hands it in: a folder or a ZIP of TOML files, read in memory and validated strictly."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from creditsvc.checks.rulebook_what_if import Law
from creditsvc.kernel.errors import InvalidInput, TooLarge, UnsupportedFile
from creditsvc.kernel.text import Bilingual
from punishment_rules.catalogue_types import CatalogueError
from punishment_rules.load import catalogue_from, overlay_from
from punishment_rules.overlay import Overlay

MOST_FILES = 200
MOST_BYTES = 8 * 1024 * 1024
OVERLAY = "overlay.toml"
"""If it lies beside the catalogue, it takes the place of the decisions in force."""


def law_of_folder(folder: Path, overlay: Overlay) -> Law:
    """The law in a folder; raises ``InvalidInput`` with file and line where it does not hold together."""
    if not folder.is_dir():
        raise InvalidInput(Bilingual(f"没有这个文件夹：{folder.name}", f"no such folder: {folder.name}"), field="file")
    paths = sorted(folder.glob("*.toml"))
    if sum(path.stat().st_size for path in paths) > MOST_BYTES:
        raise _too_large()
    return law_of({path.name: path.read_bytes() for path in paths}, overlay)


def law_of_zip(content: bytes, overlay: Overlay) -> Law:
    """The law in a ZIP; a folder inside it is seen through. Raises ``UnsupportedFile``, ``TooLarge``, ``InvalidInput``."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = _files(archive)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise UnsupportedFile(
            Bilingual("不是可以读取的 ZIP 文件", "this is no ZIP that can be read"), code="not-a-zip", field="file"
        ) from error
    return law_of(files, overlay)


def law_of(files: Mapping[str, bytes], overlay: Overlay) -> Law:
    """The law in these files; raises ``InvalidInput`` with file and line where it does not hold together."""
    try:
        rules = catalogue_from({name: content for name, content in files.items() if name != OVERLAY})
        said = overlay_from(files[OVERLAY], rules, OVERLAY) if OVERLAY in files else overlay
    except CatalogueError as error:
        raise InvalidInput(
            Bilingual(
                f"{error.path} 第 {error.line} 行：{error.problem}", f"{error.path}, line {error.line}: {error.problem}"
            ),
            code="catalogue-refused",
            field="file",
            file=error.path,
            line=error.line,
        ) from error
    return Law(rules, said)


def _files(archive: zipfile.ZipFile) -> dict[str, bytes]:
    members = [one for one in archive.infolist() if one.filename.endswith(".toml") and not one.is_dir()]
    # what a Mac adds to an archive is no file of the law
    members = [one for one in members if not PurePosixPath(one.filename).name.startswith(".")]
    if len(members) > MOST_FILES or sum(one.file_size for one in members) > MOST_BYTES:
        raise _too_large()
    found: dict[str, bytes] = {}
    left = MOST_BYTES
    for member in members:
        name = PurePosixPath(member.filename).name
        if name in found:
            raise InvalidInput(
                Bilingual(f"ZIP 中有两个 {name}", f"the ZIP has two files named {name}"),
                code="catalogue-refused",
                field="file",
            )
        with archive.open(member) as opened:
            found[name] = opened.read(left + 1)
        left -= len(found[name])
        if left < 0:
            raise _too_large()
    return found


def _too_large() -> TooLarge:
    return TooLarge(
        Bilingual(
            f"清单至多 {MOST_FILES} 个文件、{MOST_BYTES // 2**20} MiB",
            f"a catalogue has at most {MOST_FILES} files and {MOST_BYTES // 2**20} MiB",
        ),
        field="file",
    )
