"""The law that answers go by: the catalogue of this release and the legal department's decisions on its rows."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from creditsvc.kernel.errors import Unavailable
from creditsvc.kernel.text import Bilingual
from creditsvc.settings import Settings
from punishment_rules.catalogue_types import CatalogueError
from punishment_rules.load import catalogue, load_overlay
from punishment_rules.overlay import NONE, Overlay


def overlay_of(settings: Settings) -> Overlay:
    """The decisions in the legal department's file, read again when it changes; none where no file is set.

    Raises ``Unavailable`` where the file can't be read: a row that the department held must not bind because a file broke.
    """
    if not settings.overlay_file:
        return NONE
    path = Path(settings.overlay_file)
    try:
        stat = path.stat()
        return _read(path, stat.st_mtime_ns, stat.st_size)
    except OSError as error:
        raise _broken(path, error.strerror or "") from error
    except CatalogueError as error:
        raise _broken(path, str(error)) from error


@lru_cache(maxsize=4)
def _read(path: Path, changed: int, size: int) -> Overlay:
    return load_overlay(path, catalogue())


def _broken(path: Path, why: str) -> Unavailable:
    return Unavailable(
        Bilingual(
            f"法制机构意见文件不可用（{path.name}：{why}）；改正以前不作答复",
            f"the legal department's file can't be used ({path.name}: {why}); nothing is answered until it is mended",
        ),
        code="overlay-broken",
    )
