"""Get language data into a folder: from Debian's packages, from a package file, or from another folder.

The packages are fetched by ``apt-get download``, which needs no root and checks them against the signed lists of
the distribution. Nothing here runs unless a person asks for it.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from samovar.domain.errors import LanguageDataUnavailable
from samovar.ocr.data import LANGUAGES, LARGEST_BYTES, file_name, is_language_data
from samovar.ocr.deb import DebianPackageError, members

__all__ = ["fetch", "take"]

_TIMEOUT_S: Final = 300
_LONGEST_REASON: Final = 200
_SUFFIX: Final = ".traineddata"


def fetch(folder: Path) -> Path:
    """Fetch the packages of the distribution and put their data into ``folder``. Raises: LanguageDataUnavailable."""
    program = shutil.which("apt-get")
    if program is None:
        raise LanguageDataUnavailable(reason="this system has no apt-get")
    with tempfile.TemporaryDirectory(prefix="samovar-ocr-") as place:
        workplace = Path(place)
        for language in LANGUAGES:
            _download(program, f"tesseract-ocr-{language}", workplace)
        return _keep(_read_all(sorted(workplace.glob("*.deb"))), folder)


def take(sources: list[Path], folder: Path) -> Path:
    """Take the data out of folders, of Debian packages or of ``*.traineddata`` files that are already here.

    Raises: LanguageDataUnavailable.
    """
    files: list[Path] = []
    for source in sources:
        if not source.exists():
            raise LanguageDataUnavailable(reason=f"{source} is not there")
        if source.is_dir():
            files += sorted(source.glob("tesseract-ocr-*.deb"))
            files += [file for language in LANGUAGES if (file := source / file_name(language)).is_file()]
        else:
            files.append(source)
    return _keep(_read_all(files), folder)


def _download(program: str, package: str, workplace: Path) -> None:
    """Download one package; where the lists of packages were never fetched, fetch them into the work place first."""
    if _run([program, "download", package], workplace) is None:
        return
    for name in ("lists/partial", "cache/archives/partial"):
        (workplace / name).mkdir(parents=True, exist_ok=True)
    own = ["-o", f"Dir::State::lists={workplace / 'lists'}", "-o", f"Dir::Cache={workplace / 'cache'}"]
    complaint = _run([program, *own, "update"], workplace) or _run([program, *own, "download", package], workplace)
    if complaint is not None:
        raise LanguageDataUnavailable(reason=complaint)


def _run(command: list[str], workplace: Path) -> str | None:
    """Run apt-get; None when it did what it should, else what it complained of."""
    try:
        done = subprocess.run(
            command,
            cwd=workplace,
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"apt-get took more than {_TIMEOUT_S} s"
    except OSError as error:
        return str(error)
    if done.returncode == 0:
        return None
    lines = [line for line in done.stderr.decode("utf-8", "replace").splitlines() if line.startswith("E:")]
    return (lines or ["E: apt-get failed"])[0].removeprefix("E: ")[:_LONGEST_REASON]


def _read_all(files: list[Path]) -> Mapping[str, bytes]:
    found: dict[str, bytes] = {}
    for file in files:
        try:
            found.update(_read(file))
        except DebianPackageError as error:
            raise LanguageDataUnavailable(reason=f"{file.name}: {error}") from error
        except OSError as error:
            raise LanguageDataUnavailable(reason=str(error)) from error
    return found


def _read(file: Path) -> Iterator[tuple[str, bytes]]:
    with file.open("rb") as stream:
        content = stream.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        raise DebianPackageError("it is too large")
    if file.name.endswith(_SUFFIX):
        yield file.name, content
    else:
        yield from members(content, _SUFFIX, LARGEST_BYTES)


def _keep(found: Mapping[str, bytes], folder: Path) -> Path:
    """Check the data of every language, then put it into the folder, each file whole or not at all."""
    wanted = {file_name(language): found.get(file_name(language)) for language in LANGUAGES}
    for name, content in wanted.items():
        if content is None and not (folder / name).is_file():
            raise LanguageDataUnavailable(reason=f"{name} was not found in what was given")
        if content is not None and not is_language_data(content):
            raise LanguageDataUnavailable(reason=f"{name} is not language data for Tesseract 4 or newer")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in wanted.items():
            if content is not None:
                _write(folder / name, content)
    except OSError as error:
        raise LanguageDataUnavailable(reason=str(error)) from error
    return folder


def _write(path: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            os.fchmod(stream.fileno(), 0o644)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
