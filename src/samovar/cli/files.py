"""Files named on the command line."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from samovar.domain.errors import FileTooLarge, InvalidRequest

__all__ = ["NamedFile", "find_files", "is_left_out", "read_file"]

#: Names that programs give to what is not meant to be read.
_TEMPORARY_STARTS: Final = ("~$", "~WRL", ".")
_TEMPORARY_ENDS: Final = ("~", ".tmp", ".temp", ".part", ".crdownload", ".swp")
_OF_SYSTEMS: Final = frozenset({"thumbs.db", "desktop.ini", "__macosx"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFile:
    """A file to be read; ``place`` is its path inside the folder that was named, with forward slashes."""

    path: Path
    place: str


def find_files(paths: Iterable[Path]) -> Iterator[tuple[NamedFile, bool]]:
    """List files, folders with all that is in them, and tell of each whether it is left out.

    A file that was named itself is never left out. Links to folders are not followed: they may lead in a circle.
    Files of several folders that would stand in one place are told apart by the path that was named.
    """
    taken: dict[str, Path] = {}

    def named(path: Path, place: str) -> NamedFile:
        is_alone = taken.setdefault(place, path) == path
        return NamedFile(path=path, place=place if is_alone else path.as_posix())

    for path in paths:
        if not path.is_dir():
            yield named(path, path.name), False
            continue
        for place, names, files in os.walk(path):
            folder = Path(place)
            inside = folder.relative_to(path)
            left_out = [name for name in names if is_left_out(name)]
            names[:] = sorted(name for name in names if not is_left_out(name))
            for name in left_out:
                yield named(folder / name, (inside / name).as_posix()), True
            for name in sorted(files):
                yield named(folder / name, (inside / name).as_posix()), is_left_out(name)


def is_left_out(name: str) -> bool:
    """Tell whether a name is that of a hidden or temporary file."""
    lower = name.lower()
    return name.startswith(_TEMPORARY_STARTS) or lower.endswith(_TEMPORARY_ENDS) or lower in _OF_SYSTEMS


def read_file(path: Path, limit_mb: int) -> bytes:
    """Read a file, unless it is above the limit. Raises: FileTooLarge, InvalidRequest."""
    try:
        with path.open("rb") as file:
            # Read rather than ask for the size: a device has none, and no end either.
            content = file.read(limit_mb * 1_000_000 + 1)
    except OSError as error:
        raise InvalidRequest(reason=f"{path} cannot be read ({error.strerror or error})") from error
    if len(content) > limit_mb * 1_000_000:
        raise FileTooLarge(name=path.name, limit_mb=limit_mb)
    return content
