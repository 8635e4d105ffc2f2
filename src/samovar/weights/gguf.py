"""The head of a GGUF file, read and checked before the engine is trusted with the file."""

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from samovar.domain.errors import ModelFileInvalid, ModelFileMissing

__all__ = ["GgufHeader", "read_gguf"]

_MAGIC: Final = b"GGUF"
_VERSIONS: Final = (2, 3)
_MAX_ENTRIES: Final = 100_000
_MAX_TENSORS: Final = 1_000_000
_MAX_KEY_BYTES: Final = 65_535
_MAX_KEPT_TEXT_BYTES: Final = 4096
_MAX_DIMENSIONS: Final = 4
_MAX_ELEMENTS: Final = 2**60
_MAX_ALIGNMENT: Final = 65_536
_WINDOW_BYTES: Final = 1 << 18

_STRING: Final = 8
_ARRAY: Final = 9
#: struct codes of the fixed-width value types, by their number in the file.
_SCALARS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}

#: ggml tensor types: (values in a block, bytes of a block). Source: ggml.h and ggml-common.h, 2026.
_BLOCKS: Final = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
    16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82),
    23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2),
    34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip

#: ``general.file_type``. Source: llama.h, enum llama_ftype, 2026.
_FILE_TYPES: Final = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S",
    12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K",
    19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL",
    26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16",
    36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
}  # fmt: skip

_Scalar = int | float | bool | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufHeader:
    """What a GGUF file says about itself."""

    architecture: str
    name: str
    quantisation: str | None
    context_tokens: int | None
    size_bytes: int
    is_projector: bool


def read_gguf(path: Path) -> GgufHeader:
    """Read the head of a GGUF file and check that the tensors it announces are all there.

    Memory stays within a few megabytes whatever the file says.

    Raises: ModelFileMissing, ModelFileInvalid.
    Source: docs/gguf.md of github ggml-org/ggml, versions 2 and 3.
    """
    try:
        if path.exists() and not path.is_file():
            raise ModelFileInvalid(path=str(path), reason="it is not a file")
        with path.open("rb") as file:
            return _Head(path, _Window(file, path.stat().st_size)).read()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ModelFileMissing(path=str(path)) from error
    except _MalformedError as error:
        raise ModelFileInvalid(path=str(path), reason=str(error)) from error
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "it cannot be read"
        raise ModelFileInvalid(path=str(path), reason=reason) from error


class _MalformedError(Exception):
    """Says in words what is wrong; never leaves this file."""


class _Window:
    """A file read forwards through one bounded buffer."""

    def __init__(self, file: BinaryIO, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._file = file
        self._buffer = b""
        self._start = 0
        self._at = 0

    @property
    def position(self) -> int:
        return self._start + self._at

    @property
    def left(self) -> int:
        return self.size_bytes - self.position

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise _MalformedError("the file is cut short")
        if self._at + count > len(self._buffer):
            self._refill(count)
        taken = self._buffer[self._at : self._at + count]
        self._at += count
        return taken

    def skip(self, count: int) -> None:
        if count > self.left:
            raise _MalformedError("the file is cut short")
        self._at += count
        if self._at > len(self._buffer):
            self._start, self._buffer, self._at = self.position, b"", 0

    def skip_strings(self, count: int) -> None:
        """Step over an array of texts; a vocabulary has some hundred thousand."""
        length_of = struct.Struct("<Q").unpack_from
        for _ in range(count):
            if self._at + 8 > len(self._buffer):
                if self.left < 8:
                    raise _MalformedError("the file is cut short")
                self._refill(8)
            (length,) = length_of(self._buffer, self._at)
            self._at += 8
            if self._at + length > len(self._buffer):
                self.skip(length)
            else:
                self._at += length

    def _refill(self, count: int) -> None:
        self._start, self._at = self.position, 0
        self._file.seek(self._start)
        self._buffer = self._file.read(max(count, _WINDOW_BYTES))
        if len(self._buffer) < count:
            raise _MalformedError("the file is cut short")


class _Head:
    def __init__(self, path: Path, window: _Window) -> None:
        self._path = path
        self._window = window
        self._values: dict[str, _Scalar] = {}

    def read(self) -> GgufHeader:
        if self._window.size_bytes < 24 or self._window.take(4) != _MAGIC:
            raise _MalformedError("it is not a GGUF file")
        version = self._number("I")
        if version not in _VERSIONS:
            raise _MalformedError(f"its GGUF version {version} is not supported")
        tensors = self._count(_MAX_TENSORS, "tensors", least_bytes=24)
        entries = self._count(_MAX_ENTRIES, "metadata entries", least_bytes=13)
        for _ in range(entries):
            self._read_entry()
        self._check_tensors(tensors)
        return self._describe()

    def _number(self, code: str) -> int:
        (value,) = struct.unpack("<" + code, self._window.take(struct.calcsize("<" + code)))
        return int(value)

    def _count(self, limit: int, what: str, *, least_bytes: int) -> int:
        count = self._number("Q")
        if count > limit or count * least_bytes > self._window.left:
            raise _MalformedError(f"it announces {count} {what}, more than it can hold")
        return count

    def _text(self, limit: int) -> str:
        length = self._number("Q")
        if length > limit:
            raise _MalformedError(f"a name of {length} bytes is too long")
        try:
            return self._window.take(length).decode("utf-8")
        except UnicodeDecodeError as error:
            raise _MalformedError("a name is not UTF-8") from error

    def _read_entry(self) -> None:
        key = self._text(_MAX_KEY_BYTES)
        if key in self._values:
            raise _MalformedError(f"the metadata entry {key[:80]} comes twice")
        self._values[key] = self._read_value(self._number("I"))

    def _read_value(self, kind: int) -> _Scalar:
        if kind == _ARRAY:
            self._skip_array()
            return None
        if kind == _STRING:
            length = self._number("Q")
            if length > _MAX_KEPT_TEXT_BYTES:
                self._window.skip(length)
                return None
            return self._window.take(length).decode("utf-8", errors="replace")
        value: _Scalar = struct.unpack("<" + self._scalar(kind), self._window.take(self._width(kind)))[0]
        return value

    def _skip_array(self) -> None:
        kind = self._number("I")
        count = self._number("Q")
        if kind == _ARRAY:
            raise _MalformedError("arrays of arrays are not allowed")
        least_bytes = 8 if kind == _STRING else self._width(kind)
        if count * least_bytes > self._window.left:
            raise _MalformedError("the file is cut short")
        if kind == _STRING:
            self._window.skip_strings(count)
        else:
            self._window.skip(count * least_bytes)

    def _scalar(self, kind: int) -> str:
        if kind not in _SCALARS:
            raise _MalformedError(f"metadata of the unknown type {kind}")
        return _SCALARS[kind]

    def _width(self, kind: int) -> int:
        return struct.calcsize("<" + self._scalar(kind))

    def _check_tensors(self, count: int) -> None:
        alignment = self._values.get("general.alignment", 32)
        if not isinstance(alignment, int) or not 0 < alignment <= _MAX_ALIGNMENT or alignment & (alignment - 1):
            raise _MalformedError("its alignment is not a power of two")
        end = 0
        for _ in range(count):
            end = max(end, self._read_tensor_end(alignment))
        data_start = -(-self._window.position // alignment) * alignment
        if count and data_start + end > self._window.size_bytes:
            missing = data_start + end - self._window.size_bytes
            raise _MalformedError(f"the file is cut short: {missing} bytes are missing")

    def _read_tensor_end(self, alignment: int) -> int:
        """Read one tensor's description; return where its data ends, in bytes after the start of all data."""
        self._text(_MAX_KEY_BYTES)
        dimensions = self._number("I")
        if dimensions > _MAX_DIMENSIONS:
            raise _MalformedError(f"a tensor has {dimensions} dimensions")
        shape = [self._number("Q") for _ in range(dimensions)]
        kind = self._number("I")
        offset = self._number("Q")
        elements = math.prod(shape)
        if elements > _MAX_ELEMENTS or any(size > _MAX_ELEMENTS for size in shape):
            raise _MalformedError("a tensor is larger than any memory")
        if offset % alignment:
            raise _MalformedError("a tensor is not aligned")
        if kind not in _BLOCKS:
            return offset
        block_values, block_bytes = _BLOCKS[kind]
        if shape and shape[0] % block_values:
            raise _MalformedError("a tensor does not fill its blocks")
        return offset + elements // block_values * block_bytes

    def _describe(self) -> GgufHeader:
        architecture = self._values.get("general.architecture")
        if not isinstance(architecture, str) or not architecture:
            raise _MalformedError("it does not name its architecture")
        context = self._values.get(f"{architecture}.context_length")
        file_type = self._values.get("general.file_type")
        return GgufHeader(
            architecture=architecture[:64],
            name=_display_name(self._values.get("general.name")) or _display_name(self._path.stem) or "model",
            quantisation=_FILE_TYPES.get(file_type) if isinstance(file_type, int) else None,
            context_tokens=context if isinstance(context, int) and context > 0 else None,
            size_bytes=self._window.size_bytes,
            is_projector=architecture == "clip" or self._values.get("general.type") == "mmproj",
        )


def _display_name(name: _Scalar) -> str:
    """Keep what can be shown on one line; a name is data from a file of unknown origin."""
    if not isinstance(name, str):
        return ""
    return " ".join("".join(character if character.isprintable() else " " for character in name).split())[:100]
