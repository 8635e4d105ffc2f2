"""What travels between the reader and a confined child: a head in JSON and a body of bytes.

Shape: four bytes length of the head, eight bytes length of the body (both big-endian), head, body.
"""

import json
import struct
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from samovar.domain.document import Page, ParsedDocument, Picture, Rectangle

__all__ = ["LENGTHS", "Head", "encode_document", "encode_picture", "encode_rectangles", "pack"]

LENGTHS: Final = struct.Struct("!IQ")

#: JSON as it leaves the child; the reader takes nothing in it for granted.
Head: TypeAlias = Mapping[str, Any]


def pack(head: Head, body_bytes: int) -> bytes:
    """Write everything that comes before the body."""
    content = json.dumps(head, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    return LENGTHS.pack(len(content), body_bytes) + content


def encode_document(document: ParsedDocument) -> tuple[Head, bytes]:
    """Turn a parsed document into a head and, where there is one, the picture's bytes."""
    picture, body = encode_picture(document.picture) if document.picture else (None, b"")
    pages = [_encode_page(page) for page in document.pages]
    return {"kind": document.kind, "media_type": document.media_type, "pages": pages, "picture": picture}, body


def encode_picture(picture: Picture) -> tuple[Head, bytes]:
    """Turn a picture into a head and its bytes."""
    return {"media_type": picture.media_type, "width": picture.width, "height": picture.height}, picture.content


def encode_rectangles(rectangles: tuple[Rectangle, ...]) -> Head:
    """Turn boxes into lists of four numbers."""
    return {"boxes": [(box.x, box.y, box.width, box.height) for box in rectangles]}


def _encode_page(page: Page) -> Head:
    return {
        "number": page.number,
        "text": page.text,
        "status": page.status,
        "reason": page.reason,
        "width": page.width,
        "height": page.height,
        "exact_places": page.exact_places,
    }
