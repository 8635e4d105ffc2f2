"""The model files that this installation keeps: ``models/`` in the data folder."""

import hashlib
import json
import re
import secrets
import unicodedata
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from samovar.domain.errors import (
    ChecksumMismatch,
    Conflict,
    InvalidParameter,
    InvalidRequest,
    ModelFileInvalid,
    ModelFileMissing,
    NotFound,
    SamovarError,
)
from samovar.weights.durable import publish, space_for, writable
from samovar.weights.gguf import GgufHeader, part_names, read_gguf

__all__ = [
    "FileRecord",
    "ModelFile",
    "ModelFolder",
    "Origin",
    "models_in",
    "named_file",
    "names_for",
    "read_sha256",
    "safe_model_name",
]

Origin = Literal["import", "download"]
_Stamp = tuple[tuple[int, int], ...]

_SUFFIX: Final = ".gguf"
_FOLDER: Final = "models"
_LONGEST_NAME: Final = 150
_MOST_FILES: Final = 1000
_MAX_RECORD_BYTES: Final = 1_000_000
_COPY_BYTES: Final = 1 << 22
_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")
#: Names that mean devices on Windows, whatever follows the first dot.
_DEVICES: Final = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """Where a model file came from, written beside it as ``NAME.json``. A model in parts has one for all parts."""

    sha256: tuple[str, ...]
    size_bytes: int
    origin: Origin
    added_at: str
    repo: str | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A model file that is kept. ``record`` is None for a file that somebody laid there by hand."""

    name: str
    path: Path
    size_bytes: int
    record: FileRecord | None
    header: GgufHeader | None
    error: SamovarError | None


class ModelFolder:
    """One folder of model files. Its methods wait for the disk: call them in a thread."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is made when the first file comes."""
        self._folder = folder
        #: Heads by name, with sizes and times of change of the files that they were read from.
        self._heads: dict[str, tuple[_Stamp, GgufHeader]] = {}

    def files(self) -> tuple[ModelFile, ...]:
        """Everything that is kept, by name; a model in parts once, under the name of its first part."""
        with suppress(FileNotFoundError):
            names = sorted(path.name for path in self._folder.iterdir() if _is_kept(path))
            return tuple(self._look(name) for name in names[:_MOST_FILES] if part_names(name)[0] == name)
        return ()

    def find(self, name: str) -> ModelFile:
        """One file by its name. Raises: NotFound."""
        if not _is_kept(self._folder / _plain(name)) or part_names(name)[0] != name:
            raise NotFound(what="model file")
        return self._look(name)

    def path(self, name: str) -> Path:
        """Where a file of that name belongs. Raises: NotFound for what can be no name here."""
        return self._folder / _plain(name)

    def remove(self, name: str) -> None:
        """Delete a file, all its parts, and what is written about it. Raises: NotFound, StorageReadOnly."""
        self.find(name)
        with writable():
            for part in part_names(name):
                self.path(part).unlink(missing_ok=True)
            self._record_path(name).unlink(missing_ok=True)

    def take_in(
        self,
        source: Path,
        *,
        sha256: str | None = None,
        is_link: bool = False,
        on_bytes: Callable[[int], None] = lambda _count: None,
    ) -> ModelFile:
        """Import a file from this machine: check its head, copy it (or link it), compare the checksum.

        ``is_link`` saves the space of a copy where both lie on one disk; the two names then share their bytes.

        Raises: ModelFileMissing, ModelFileInvalid, ChecksumMismatch, Conflict, InvalidParameter, StorageReadOnly.
        """
        expected = read_sha256(sha256)
        header = read_gguf(source)
        sources = [source.with_name(name) for name in (part_names(source.name) if header.parts > 1 else [source.name])]
        if expected is not None and len(sources) > 1:
            raise InvalidParameter("sha256", "a model in parts has a checksum for each part")
        names = names_for(source.name, len(sources))
        self.make_room(names[0], header.size_bytes)
        drafts: list[Path] = []
        sums: list[str] = []
        try:
            for part in sources:
                draft = self._folder / f".{secrets.token_hex(8)}.part"
                drafts.append(draft)
                sums.append(_bring(part, draft, is_link=is_link, on_bytes=on_bytes))
            if expected is not None and sums[0] != expected:
                raise ChecksumMismatch(name=source.name, found=sums[0], expected=expected)
            record = FileRecord(
                sha256=tuple(sums), size_bytes=header.size_bytes, origin="import", added_at=_now(), file=source.name
            )
            return self.keep(drafts, names, record)
        finally:
            for draft in drafts:
                draft.unlink(missing_ok=True)

    def make_room(self, name: str, size_bytes: int) -> None:
        """Make the folder, and refuse a name that is taken or a size that cannot be held.

        Raises: Conflict, StorageReadOnly.
        """
        with writable():
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            space_for(self._folder, size_bytes)
        if self.path(name).exists():
            raise Conflict(reason=f"there is a model file named {name} already")

    def draft_path(self, name: str) -> Path:
        """Where a file of that name arrives, out of sight of ``files``. Raises: NotFound."""
        return self._folder / f".{_plain(name)}.part"

    def check_space(self, size_bytes: int) -> None:
        """Refuse a size that the disk cannot hold. Raises: StorageReadOnly."""
        with writable():
            space_for(self._folder, size_bytes)

    def keep(self, drafts: Sequence[Path], names: Sequence[str], record: FileRecord) -> ModelFile:
        """Give finished drafts their names and read them once more; what is no model is removed again.

        Raises: ModelFileInvalid, StorageReadOnly.
        """
        with writable():
            for draft, name in zip(drafts, names, strict=True):
                publish(draft, self.path(name))
        try:
            read_gguf(self.path(names[0]))
        except SamovarError:
            for name in names:
                self.path(name).unlink(missing_ok=True)
            raise
        with writable():
            draft = self._folder / f".{secrets.token_hex(8)}.json"
            draft.write_text(json.dumps(asdict(record), ensure_ascii=False), encoding="utf-8")
            publish(draft, self._record_path(names[0]))
        return self._look(names[0])

    def _look(self, name: str) -> ModelFile:
        path = self._folder / name
        record = self._read_record(name)
        header, error = None, None
        try:
            header = self._head(name)
            if record is not None and record.size_bytes != header.size_bytes:
                raise ModelFileInvalid(path=name, reason="its size has changed")
        except (ModelFileInvalid, ModelFileMissing) as found:
            error = type(found)(**{**found.values, "path": name})
        size_bytes = header.size_bytes if header else _size_of(path)
        return ModelFile(name=name, path=path, size_bytes=size_bytes, record=record, header=header, error=error)

    def _head(self, name: str) -> GgufHeader:
        """The head of a file, read again only when the file has changed. Raises: ModelFileInvalid, ModelFileMissing."""
        stamp = tuple(_stamp(self._folder / part) for part in part_names(name))
        known = self._heads.get(name)
        if known is not None and known[0] == stamp:
            return known[1]
        header = read_gguf(self._folder / name)
        if len(self._heads) >= _MOST_FILES:
            self._heads.clear()
        self._heads[name] = (stamp, header)
        return header

    def _record_path(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def _read_record(self, name: str) -> FileRecord | None:
        with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
            with self._record_path(name).open("rb") as file:
                found = json.loads(file.read(_MAX_RECORD_BYTES))
            return FileRecord(
                sha256=tuple(text for text in found["sha256"] if _SHA256.fullmatch(text)),
                size_bytes=int(found["size_bytes"]),
                origin="download" if found["origin"] == "download" else "import",
                added_at=datetime.fromisoformat(found["added_at"]).isoformat(),
                repo=_text(found.get("repo")),
                file=_text(found.get("file")),
            )
        return None


def models_in(data_dir: Path) -> ModelFolder:
    """The folder of model files in a data folder."""
    return ModelFolder(data_dir / _FOLDER)


def named_file(path: Path, data_dir: Path | None) -> Path:
    """The file that a path or a bare name means: what stands there, else a model file that is kept under the name."""
    if data_dir is None or path.name != str(path) or path.exists():
        return path
    for name in (path.name, path.name + _SUFFIX):
        if (kept := data_dir / _FOLDER / name).is_file():
            return kept
    return path


def safe_model_name(name: str) -> str:
    """A name for a model file in our folder: letters, digits and ``._+-`` of the last part, ``.gguf`` at the end.

    Raises: InvalidRequest when nothing is left of it.
    """
    last = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])
    stem = last[: -len(_SUFFIX)] if last.lower().endswith(_SUFFIX) else last
    plain = "".join(character if character.isalnum() or character in "._+-" else "-" for character in stem)
    plain = plain.strip(".-_ ")[:_LONGEST_NAME].encode("utf-8", errors="ignore").decode("utf-8")
    if not plain:
        raise InvalidRequest(reason="the model file has no name")
    if _DEVICES.fullmatch(plain):
        plain = f"model-{plain}"
    # A cut may end in the middle of what is not left at an end.
    return _within_bytes(plain).rstrip(".-_") + _SUFFIX


def read_sha256(text: str | None) -> str | None:
    """A checksum in the form that we compare. Raises: InvalidParameter."""
    if text is None:
        return None
    stripped = text.strip().removeprefix("sha256:")
    if _SHA256.fullmatch(stripped) is None:
        raise InvalidParameter("sha256", "a SHA-256 has 64 hexadecimal digits")
    return stripped.lower()


def names_for(name: str, parts: int) -> list[str]:
    """Safe names for all parts of a model; what makes them parts of one stays as it is. Raises: InvalidRequest."""
    if parts == 1:
        return [safe_model_name(name)]
    stem = name[: -len("-00001-of-00001.gguf")]
    safe = safe_model_name(stem + _SUFFIX).removesuffix(_SUFFIX)
    return [safe + part.removeprefix(stem) for part in part_names(name)]


def _bring(source: Path, draft: Path, *, is_link: bool, on_bytes: Callable[[int], None]) -> str:
    """Copy or link a file; return its SHA-256. Raises: StorageReadOnly, ModelFileInvalid."""
    total = hashlib.sha256()
    if is_link:
        with writable():
            draft.hardlink_to(source.resolve())
    try:
        reading = source.open("rb")
    except OSError as error:
        raise ModelFileInvalid(path=str(source), reason=error.strerror or "it cannot be read") from error
    with reading, writable():
        writing = None if is_link else draft.open("xb")
        try:
            while piece := reading.read(_COPY_BYTES):
                total.update(piece)
                if writing is not None:
                    writing.write(piece)
                on_bytes(len(piece))
        finally:
            if writing is not None:
                writing.close()
    return total.hexdigest()


def _is_kept(path: Path) -> bool:
    return path.suffix == _SUFFIX and not path.name.startswith(".") and path.is_file()


def _plain(name: str) -> str:
    """A name that leads nowhere else. Raises: NotFound."""
    if not name or name.startswith(".") or len(name) > 255 or re.search(r"[/\\\x00-\x1f]", name):
        raise NotFound(what="model file")
    return name


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _text(value: object) -> str | None:
    return value[:1000] if isinstance(value, str) else None


def _within_bytes(stem: str) -> str:
    return stem.encode()[:_LONGEST_NAME].decode(errors="ignore")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
