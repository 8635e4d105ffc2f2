"""The head of a GGUF file, read and checked before the engine is trusted with the file."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from samovar.domain.errors import ModelFileInvalid, ModelFileMissing
from samovar.weights.gguf_file import FileHead, MalformedError, read_head
from samovar.weights.metadata import Scalar, read_shape
from samovar.weights.shape import ModelShape, ModelWeights, SizedModel

__all__ = ["GgufHeader", "part_names", "read_gguf", "size_gguf"]

_MAX_PARTS: Final = 1000

#: ``general.file_type``. Source: llama.h, enum llama_ftype, 2026.
_FILE_TYPES: Final = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S",
    12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K",
    19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL",
    26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16",
    36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
}  # fmt: skip

#: How the parts of a model in several files are called. Source: llama.cpp, gguf-split, 2024.
_PART: Final = re.compile(r"(?P<stem>.*)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf")


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufHeader:
    """What a GGUF file, or all files of a model in parts, say about themselves.

    ``shape`` is None for projectors and for models of which it does not follow from the header.
    """

    architecture: str
    name: str
    quantisation: str | None
    context_tokens: int | None
    size_bytes: int
    is_projector: bool
    parts: int
    weights: ModelWeights
    shape: ModelShape | None


def read_gguf(path: Path) -> GgufHeader:
    """Read the head of a GGUF file and check that the tensors it announces are all there.

    Of a model in parts, name the first; all of them are read. Memory stays within a few megabytes whatever
    the files say.

    Raises: ModelFileMissing, ModelFileInvalid.
    Source: docs/gguf.md of github ggml-org/ggml, versions 2 and 3.
    """
    first = _read_file(path)
    if first.part != 1:
        raise ModelFileInvalid(path=str(path), reason=f"it is part {first.part} of {first.parts}: name the first")
    others = [_read_file(path.with_name(name)) for name in part_names(path.name)[1:]] if first.parts > 1 else []
    return _describe(path, first, others)


def size_gguf(header: GgufHeader, name: str, *, projector: GgufHeader | None = None) -> SizedModel:
    """What of a header memory depends on; ``name`` is for the error.

    Raises: ModelFileInvalid for a projector, and where the header does not give the model's measures.
    """
    if header.is_projector:
        raise ModelFileInvalid(path=name, reason="it is a vision projector: name the model that it belongs to")
    if header.shape is None:
        raise ModelFileInvalid(path=name, reason="its header does not give the model's measures")
    return SizedModel(
        name=header.name,
        quantisation=header.quantisation,
        shape=header.shape,
        weights=header.weights,
        projector_bytes=projector.size_bytes if projector else 0,
    )


def part_names(name: str) -> tuple[str, ...]:
    """The names of all files of a model, first part first; a name that tells of no parts stands alone."""
    found = _PART.fullmatch(name)
    if found is None or not 0 < int(found["count"]) <= _MAX_PARTS:
        return (name,)
    return tuple(
        f"{found['stem']}-{number:05}-of-{found['count']}.gguf" for number in range(1, int(found["count"]) + 1)
    )


def _read_file(path: Path) -> FileHead:
    try:
        if path.exists() and not path.is_file():
            raise ModelFileInvalid(path=str(path), reason="it is not a file")
        with path.open("rb") as file:
            head = read_head(file, path.stat().st_size)
        if not 0 < head.parts <= _MAX_PARTS:
            raise MalformedError(f"it claims to be one of {head.parts} parts")
        if head.parts > 1 and (len(part_names(path.name)) != head.parts or head.part != _part_number(path.name)):
            raise MalformedError(f"it is part {head.part} of {head.parts}, but its name does not say so")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ModelFileMissing(path=str(path)) from error
    except MalformedError as error:
        raise ModelFileInvalid(path=str(path), reason=str(error)) from error
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "it cannot be read"
        raise ModelFileInvalid(path=str(path), reason=reason) from error
    return head


def _part_number(name: str) -> int:
    found = _PART.fullmatch(name)
    return int(found["number"]) if found else 1


def _describe(path: Path, first: FileHead, others: list[FileHead]) -> GgufHeader:
    """Put the parts together. All that is said about the model stands in the first."""
    metadata = first.metadata
    architecture = metadata.architecture
    if architecture is None:
        raise ModelFileInvalid(path=str(path), reason="it does not name its architecture")
    sums, layers = replace(first.sums), dict(first.layer_bytes)
    for other in others:
        sums.add(other.sums)
        for layer, size_bytes in other.layer_bytes.items():
            layers[layer] = layers.get(layer, 0) + size_bytes
    shape = read_shape(metadata)
    size_bytes = first.size_bytes + sum(other.size_bytes for other in others)
    file_type = metadata.number("general.file_type")
    return GgufHeader(
        architecture=architecture[:64],
        name=_display_name(metadata.scalar("general.name")) or _display_name(path.stem) or "model",
        quantisation=None if file_type is None else _FILE_TYPES.get(file_type),
        context_tokens=metadata.own("context_length") or None,
        size_bytes=size_bytes,
        is_projector=metadata.is_projector,
        parts=1 + len(others),
        weights=ModelWeights(
            # The engine maps whole files into memory, heads included.
            total_bytes=size_bytes,
            parameters=sums.parameters,
            layer_bytes=tuple(layers.get(layer, 0) for layer in range(len(shape.layers))) if shape else (),
            embedding_bytes=sums.embedding_bytes,
            output_bytes=sums.output_bytes,
            expert_bytes=sums.expert_bytes,
        ),
        shape=shape,
    )


def _display_name(name: Scalar) -> str:
    """Keep what can be shown on one line; a name is data from a file of unknown origin."""
    if not isinstance(name, str):
        return ""
    return " ".join("".join(character if character.isprintable() else " " for character in name).split())[:100]
