"""What travels between the reader and a confined child: frames, each a head in JSON and a body of bytes.

Shape of a frame: four bytes length of the head, eight bytes length of the body (both big-endian), head, body.
A child that reads a file answers with one frame a part, ``{"part": ...}``, as soon as the part is there, and a last
one, ``{"end": true}`` or ``{"error": ...}``; so what came last tells which page a child died of. The bytes of a
part's pictures stand in the body one after the other. Every other task is answered by one frame.
"""

import struct
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import orjson

from samovar.domain.layout import Rectangle, Word
from samovar.domain.page import Attachment, DocumentHead, Figure, ParsedPage, ParsedPart, Picture
from samovar.domain.page_json import encode_box, encode_outline, encode_page, encode_words

__all__ = [
    "END",
    "FILE_TASK",
    "LENGTHS",
    "PAGE_TASK",
    "Head",
    "encode_part",
    "encode_picture",
    "encode_rectangles",
    "encode_word_boxes",
    "pack",
]

#: What the reader writes to the zygote with the sockets of a child: the child reads a whole file, or answers at once.
FILE_TASK: Final = b"f"
PAGE_TASK: Final = b"p"

LENGTHS: Final = struct.Struct("!IQ")

#: JSON as it leaves the child; the reader takes nothing in it for granted.
Head: TypeAlias = Mapping[str, Any]

#: The last frame of a file that was read to its end.
END: Final[Head] = {"end": True}


def pack(head: Head, body_bytes: int) -> bytes:
    """Write everything that comes before the body."""
    content = orjson.dumps(head)
    return LENGTHS.pack(len(content), body_bytes) + content


def encode_part(part: ParsedPart) -> tuple[Head, bytes]:
    """Turn a part of a file into the head and the body of a frame."""
    match part:
        case ParsedPage():
            body = b"".join(figure.picture.content for figure in part.figures)
            figures = [_encode_figure(figure) for figure in part.figures]
            return {"part": "page", "page": encode_page(part.page), "figures": figures}, body
        case Attachment():
            return {"part": "attachment", "name": part.name}, part.content
        case DocumentHead():
            return {
                "part": "head",
                "kind": part.kind,
                "media_type": part.media_type,
                "page_count": part.page_count,
                "title": part.title,
                "author": part.author,
                "outline": encode_outline(part.outline),
            }, b""


def encode_picture(picture: Picture) -> tuple[Head, bytes]:
    """Turn a picture into a head and its bytes."""
    return {"media_type": picture.media_type, "width": picture.width, "height": picture.height}, picture.content


def encode_rectangles(rectangles: tuple[Rectangle, ...]) -> Head:
    """Turn boxes into lists of four numbers."""
    return {"boxes": [(box.x, box.y, box.width, box.height) for box in rectangles]}


def encode_word_boxes(words: tuple[Word, ...]) -> Head:
    """Turn words into lists of seven values."""
    return {"words": encode_words(words)}


def _encode_figure(figure: Figure) -> Head:
    head, content = encode_picture(figure.picture)
    return {**head, "bytes": len(content), "number": figure.number, "box": encode_box(figure.box), "alt": figure.alt}
