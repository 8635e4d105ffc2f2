"""GGUF files made on the spot, of any shape: real heads over data that is a hole in the file."""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["FieldValue", "entry", "list_entry", "tensor", "text", "write_model"]

#: What a field of a head may hold.
FieldValue = int | float | bool | str | Sequence[int]

#: Type, values in a block and bytes of a block, of the tensor types that the tests use.
_F32, _Q8_0, _Q4_0 = (0, 1, 4), (8, 32, 34), (2, 32, 18)
_ALIGNMENT = 32


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def entry(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def list_entry(key: str, values: Sequence[int]) -> bytes:
    return entry(key, 9, struct.pack(f"<IQ{len(values)}I", 4, len(values), *values))


def tensor(name: str, shape: Sequence[int], kind: int = 0, offset: int = 0) -> bytes:
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


def write_model(
    path: Path,
    architecture: str = "llama",
    *,
    fields: Mapping[str, FieldValue],
    tensors: Mapping[str, Sequence[int]] | None = None,
    vocabulary: int = 1000,
    general: Mapping[str, FieldValue] | None = None,
) -> Path:
    """Write a file with these fields of its architecture; matrices are Q8_0, everything else is F32."""
    everything: dict[str, FieldValue] = {
        "general.architecture": architecture,
        "general.file_type": 7,
        **(general or {}),
    }
    everything.update({f"{architecture}.{key}": value for key, value in fields.items()})
    entries = [_entry(key, value) for key, value in everything.items()]
    if vocabulary:
        entries.append(entry("tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, vocabulary) + text("a") * vocabulary))
    infos, end = [], 0
    for name, shape in (tensors or {}).items():
        kind, values, size_bytes = _Q8_0 if len(shape) > 1 and shape[0] % 32 == 0 else _F32
        infos.append(tensor(name, shape, kind, end))
        elements = 1
        for length in shape:
            elements *= length
        end = -(-(end + elements // values * size_bytes) // _ALIGNMENT) * _ALIGNMENT
    head = b"GGUF" + struct.pack("<IQQ", 3, len(infos), len(entries)) + b"".join(entries) + b"".join(infos)
    with path.open("wb") as file:
        file.write(head)
        file.truncate(-(-len(head) // _ALIGNMENT) * _ALIGNMENT + end)
    return path


def _entry(key: str, value: FieldValue) -> bytes:
    if isinstance(value, bool):
        return entry(key, 7, struct.pack("<?", value))
    if isinstance(value, int):
        return entry(key, 4, struct.pack("<I", value))
    if isinstance(value, float):
        return entry(key, 6, struct.pack("<f", value))
    if isinstance(value, str):
        return entry(key, 8, text(value))
    return list_entry(key, value)
