"""The head of one GGUF file, in bounded memory whatever the file says."""

import math
import re
import struct
from dataclasses import dataclass
from typing import BinaryIO, Final

from samovar.weights.metadata import Metadata, Scalar

__all__ = ["FileHead", "MalformedError", "TensorSums", "read_head"]

_MAGIC: Final = b"GGUF"
_VERSIONS: Final = (2, 3)
_MAX_ENTRIES: Final = 100_000
_MAX_TENSORS: Final = 1_000_000
_MAX_KEY_BYTES: Final = 65_535
_MAX_KEPT_TEXT_BYTES: Final = 4096
#: Names and values of all metadata together; real files need some thousand.
_MAX_KEPT_BYTES: Final = 2_000_000
_MAX_KEPT_LIST: Final = 4096
_MAX_DIMENSIONS: Final = 4
_MAX_ELEMENTS: Final = 2**60
_MAX_ALIGNMENT: Final = 65_536
_WINDOW_BYTES: Final = 1 << 18

_STRING: Final = 8
_ARRAY: Final = 9
#: struct codes of the fixed-width value types, by their number in the file.
_SCALARS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
#: Lists that say something about each layer; every other list is stepped over.
_KEPT_LISTS: Final = (
    ".attention.head_count", ".attention.head_count_kv", ".feed_forward_length", ".attention.sliding_window_pattern",
)  # fmt: skip

#: ggml tensor types: (values in a block, bytes of a block). Source: ggml.h and ggml-common.h, 2026.
_BLOCKS: Final = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
    16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82),
    23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2),
    34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip

_LAYER: Final = re.compile(r"blk\.(\d{1,4})\.")


class MalformedError(Exception):
    """Says in words what is wrong with a file; callers turn it into an error for people."""


@dataclass(slots=True, kw_only=True)
class TensorSums:
    """Sizes of the tensors seen so far, by what they are for."""

    total_bytes: int = 0
    parameters: int = 0
    embedding_bytes: int = 0
    output_bytes: int = 0
    expert_bytes: int = 0

    def add(self, other: "TensorSums") -> None:
        """Add what was counted in another file."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class FileHead:
    """One file, read. ``part`` counts from 1; ``layer_bytes`` holds the tensors of each repeating layer."""

    metadata: Metadata
    size_bytes: int
    part: int
    parts: int
    sums: TensorSums
    layer_bytes: dict[int, int]


def read_head(file: BinaryIO, size_bytes: int) -> FileHead:
    """Read a file up to the end of its list of tensors, and check that their data are all there.

    Raises: MalformedError, OSError.
    Source: docs/gguf.md of github ggml-org/ggml, versions 2 and 3.
    """
    return _Head(_Window(file, size_bytes)).read()


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
            raise MalformedError("the file is cut short")
        if self._at + count > len(self._buffer):
            self._refill(count)
        taken = self._buffer[self._at : self._at + count]
        self._at += count
        return taken

    def skip(self, count: int) -> None:
        if count > self.left:
            raise MalformedError("the file is cut short")
        self._at += count
        if self._at > len(self._buffer):
            self._start, self._buffer, self._at = self.position, b"", 0

    def skip_strings(self, count: int) -> None:
        """Step over an array of texts; a vocabulary has some hundred thousand."""
        length_of = struct.Struct("<Q").unpack_from
        for _ in range(count):
            if self._at + 8 > len(self._buffer):
                if self.left < 8:
                    raise MalformedError("the file is cut short")
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
            raise MalformedError("the file is cut short")


class _Head:
    """Reads one file from its first byte to the end of the list of tensors."""

    def __init__(self, window: _Window) -> None:
        self._window = window
        self._kept_bytes = 0
        self._metadata = Metadata()
        self._sums = TensorSums()
        self._layer_bytes: dict[int, int] = {}

    def read(self) -> FileHead:
        if self._window.size_bytes < 24 or self._window.take(4) != _MAGIC:
            raise MalformedError("it is not a GGUF file")
        version = self._number("I")
        if version not in _VERSIONS:
            raise MalformedError(f"its GGUF version {version} is not supported")
        tensors = self._count(_MAX_TENSORS, "tensors", least_bytes=24)
        entries = self._count(_MAX_ENTRIES, "metadata entries", least_bytes=13)
        for _ in range(entries):
            self._read_entry()
        self._check_tensors(tensors)
        parts = self._metadata.number("split.count") or 1
        return FileHead(
            metadata=self._metadata,
            size_bytes=self._window.size_bytes,
            part=(self._metadata.number("split.no") or 0) + 1 if parts > 1 else 1,
            parts=parts,
            sums=self._sums,
            layer_bytes=self._layer_bytes,
        )

    def _number(self, code: str) -> int:
        (value,) = struct.unpack("<" + code, self._window.take(struct.calcsize("<" + code)))
        return int(value)

    def _count(self, limit: int, what: str, *, least_bytes: int) -> int:
        count = self._number("Q")
        if count > limit or count * least_bytes > self._window.left:
            raise MalformedError(f"it announces {count} {what}, more than it can hold")
        return count

    def _text(self, limit: int) -> str:
        length = self._number("Q")
        if length > limit:
            raise MalformedError(f"a name of {length} bytes is too long")
        try:
            return self._window.take(length).decode("utf-8")
        except UnicodeDecodeError as error:
            raise MalformedError("a name is not UTF-8") from error

    def _keep(self, size_bytes: int) -> None:
        self._kept_bytes += size_bytes
        if self._kept_bytes > _MAX_KEPT_BYTES:
            raise MalformedError("its metadata are larger than those of any model")

    def _read_entry(self) -> None:
        key = self._text(_MAX_KEY_BYTES)
        self._keep(len(key) + 64)
        if key in self._metadata.values or key in self._metadata.lists or key in self._metadata.lengths:
            raise MalformedError(f"the metadata entry {key[:80]} comes twice")
        kind = self._number("I")
        if kind == _ARRAY:
            self._read_array(key)
        else:
            self._metadata.values[key] = self._read_value(kind)

    def _read_value(self, kind: int) -> Scalar:
        if kind == _STRING:
            length = self._number("Q")
            if length > _MAX_KEPT_TEXT_BYTES:
                self._window.skip(length)
                return None
            self._keep(length)
            return self._window.take(length).decode("utf-8", errors="replace")
        value: Scalar = struct.unpack("<" + self._scalar(kind), self._window.take(self._width(kind)))[0]
        return value

    def _read_array(self, key: str) -> None:
        kind = self._number("I")
        count = self._number("Q")
        if kind == _ARRAY:
            raise MalformedError("arrays of arrays are not allowed")
        least_bytes = 8 if kind == _STRING else self._width(kind)
        if count * least_bytes > self._window.left:
            raise MalformedError("the file is cut short")
        self._metadata.lengths[key] = count
        if kind == _STRING:
            self._window.skip_strings(count)
        elif key.endswith(_KEPT_LISTS) and count <= _MAX_KEPT_LIST:
            self._keep(count * 16)
            values = struct.unpack(f"<{count}{self._scalar(kind)}", self._window.take(count * least_bytes))
            self._metadata.lists[key] = tuple(int(value) if math.isfinite(value) else 0 for value in values)
        else:
            self._window.skip(count * least_bytes)

    def _scalar(self, kind: int) -> str:
        if kind not in _SCALARS:
            raise MalformedError(f"metadata of the unknown type {kind}")
        return _SCALARS[kind]

    def _width(self, kind: int) -> int:
        return struct.calcsize("<" + self._scalar(kind))

    def _check_tensors(self, count: int) -> None:
        alignment = self._metadata.values.get("general.alignment", 32)
        if not isinstance(alignment, int) or not 0 < alignment <= _MAX_ALIGNMENT or alignment & (alignment - 1):
            raise MalformedError("its alignment is not a power of two")
        end = 0
        for _ in range(count):
            end = max(end, self._read_tensor_end(alignment))
        data_start = -(-self._window.position // alignment) * alignment
        if count and data_start + self._sums.total_bytes > self._window.size_bytes >= data_start + end:
            raise MalformedError("its tensors overlap")
        if count and data_start + end > self._window.size_bytes:
            missing = data_start + end - self._window.size_bytes
            raise MalformedError(f"the file is cut short: {missing} bytes are missing")

    def _read_tensor_end(self, alignment: int) -> int:
        """Read one tensor's description; return where its data ends, in bytes after the start of all data."""
        name = self._text(_MAX_KEY_BYTES)
        dimensions = self._number("I")
        if dimensions > _MAX_DIMENSIONS:
            raise MalformedError(f"a tensor has {dimensions} dimensions")
        shape = [self._number("Q") for _ in range(dimensions)]
        kind = self._number("I")
        offset = self._number("Q")
        elements = math.prod(shape)
        if elements > _MAX_ELEMENTS or any(size > _MAX_ELEMENTS for size in shape):
            raise MalformedError("a tensor is larger than any memory")
        if offset % alignment:
            raise MalformedError("a tensor is not aligned")
        if kind not in _BLOCKS:
            self._count_tensor(name, elements, 0)
            return offset
        block_values, block_bytes = _BLOCKS[kind]
        if shape and shape[0] % block_values:
            raise MalformedError("a tensor does not fill its blocks")
        size_bytes = elements // block_values * block_bytes
        self._count_tensor(name, elements, size_bytes)
        return offset + size_bytes

    def _count_tensor(self, name: str, elements: int, size_bytes: int) -> None:
        self._sums.total_bytes += size_bytes
        self._sums.parameters += elements
        if (layer := _LAYER.match(name)) is not None:
            number = int(layer[1])
            self._layer_bytes[number] = self._layer_bytes.get(number, 0) + size_bytes
            if "_exps." in name:
                self._sums.expert_bytes += size_bytes
        elif name.startswith("output"):
            self._sums.output_bytes += size_bytes
        elif name.startswith(("token_embd", "per_layer_token_embd")):
            self._sums.embedding_bytes += size_bytes
