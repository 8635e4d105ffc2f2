"""Where Tesseract's language data lies, and whether a file is such data."""

import os
import struct
import sys
from pathlib import Path
from typing import Final

__all__ = ["FOLDER", "LANGUAGES", "LARGEST_BYTES", "file_name", "find", "is_language_data"]

#: Always read together: Russian papers hold Latin names and numbers, and the other way round.
LANGUAGES: Final = ("rus", "eng")
#: Name of the folder of language data inside the data folder.
FOLDER: Final = "tessdata"
#: The largest of Tesseract's own language files (Chinese, "best") has 50 MB.
LARGEST_BYTES: Final = 100_000_000

#: Entries of the table at the start of a language file, and the place of the neural network in it.
#: Source: tesseract/src/ccutil/tessdatamanager.h, version 5.5 (2024).
_MOST_ENTRIES: Final = 24
_NETWORK: Final = 17

#: The usual folders of Debian and Ubuntu, Fedora, Arch, Homebrew and MacPorts.
_SYSTEM_FOLDERS: Final = (
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tesseract-ocr/tessdata",
    "/usr/share/tessdata",
    "/usr/share/tesseract/tessdata",
    "/usr/local/share/tessdata",
    "/opt/homebrew/share/tessdata",
    "/opt/local/share/tessdata",
)


def find(data_dir: Path, configured: Path | None) -> Path | None:
    """The folder whose language data OCR uses, or None when there is none.

    A folder that was configured is the only one looked at. Else: the data folder, the folder of the Python
    environment, TESSDATA_PREFIX, and the usual folders of the system; the first with Russian and English data.
    """
    if configured is not None:
        return configured.absolute() if _is_complete(configured) else None
    places = [data_dir / FOLDER, Path(sys.prefix) / "share" / FOLDER]
    if prefix := os.environ.get("TESSDATA_PREFIX"):
        places += [Path(prefix), Path(prefix) / FOLDER]
    places += [Path(folder) for folder in _SYSTEM_FOLDERS]
    return next((place.absolute() for place in places if _is_complete(place)), None)


def file_name(language: str) -> str:
    """The name that Tesseract gives a file of language data."""
    return f"{language}.traineddata"


def is_language_data(content: bytes) -> bool:
    """Tell whether the bytes are language data with a neural network, whole by their own table.

    A file opens with the number of its entries and the place of each, in order, -1 for one that is not there.
    Source: tesseract/src/ccutil/tessdatamanager.cpp, version 5.5 (2024).
    """
    if len(content) < 4:
        return False
    (count,) = struct.unpack_from("<i", content)
    if not _NETWORK < count <= _MOST_ENTRIES or len(content) < 4 + 8 * count:
        return False
    places = struct.unpack_from(f"<{count}q", content, 4)
    known = [place for place in places if place != -1]
    return (
        places[_NETWORK] != -1
        and known == sorted(known)
        and known[0] >= 4 + 8 * count
        and known[-1] < len(content) <= LARGEST_BYTES
    )


def _is_complete(folder: Path) -> bool:
    try:
        return all((folder / file_name(language)).is_file() for language in LANGUAGES)
    except OSError:
        return False
