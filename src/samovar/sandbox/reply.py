"""Read what a confined child answered as if it were an enemy: strictly, or not at all."""

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Final, cast, get_args

import orjson

from samovar.domain.document import DocumentKind, Page, PageStatus, ParsedDocument, Picture, Rectangle
from samovar.domain.errors import (
    DocumentError,
    FileDamaged,
    FileEmpty,
    FileEncrypted,
    FileTooComplex,
    FileTypeUnknown,
)

__all__ = [
    "ReplyError",
    "decode_document",
    "decode_head",
    "decode_picture",
    "decode_probe",
    "decode_rectangles",
    "raise_error",
]

_ERRORS: Final[Mapping[str, Callable[..., DocumentError]]] = {
    error.code: error for error in (FileDamaged, FileEmpty, FileEncrypted, FileTooComplex, FileTypeUnknown)
}
_REASONS: Final = frozenset({"memory", "time", "pages", "pixels"})
_SIGNATURES: Final = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
_LONGEST_REASON: Final = 200
_LONGEST_MEDIA_TYPE: Final = 100
_LARGEST_SIDE: Final = 1e7
_MOST_BOXES: Final = 10_000


class ReplyError(Exception):
    """The child answered something that no parser of ours writes."""


def decode_head(content: bytes) -> Mapping[str, Any]:
    """Read the JSON. Raises: ReplyError."""
    try:
        head = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise ReplyError from error
    _require(isinstance(head, dict))
    return cast("dict[str, Any]", head)  # JSON has no keys but strings


def raise_error(head: Mapping[str, Any], *, name: str) -> None:
    """Raise the error that the head tells of, under the name that the caller knows. Raises: DocumentError."""
    if "error" not in head:
        return
    code, reason = head["error"], head.get("reason")
    error = _ERRORS.get(code) if isinstance(code, str) else None
    if error is None:
        raise ReplyError
    if error is FileTooComplex:
        if not (isinstance(reason, str) and reason in _REASONS):
            raise ReplyError
        raise error(name=name, reason=reason)
    raise error(name=name)


def decode_document(head: Mapping[str, Any], body: bytes, *, most_pages: int) -> ParsedDocument:
    """Read a parsed document. Raises: ReplyError."""
    kind, media_type, pages = head.get("kind"), head.get("media_type"), head.get("pages")
    _require(kind in get_args(DocumentKind))
    _require(isinstance(media_type, str) and len(media_type) <= _LONGEST_MEDIA_TYPE and media_type.isascii())
    _require(isinstance(pages, list) and 1 <= len(pages) <= most_pages)
    decoded = tuple(_decode_page(page) for page in cast("list[Any]", pages))
    numbers = [page.number for page in decoded]
    _require(numbers == [None] or numbers == list(range(1, len(decoded) + 1)))
    picture = head.get("picture")
    return ParsedDocument(
        kind=cast("DocumentKind", kind),  # checked above
        media_type=cast("str", media_type),
        pages=decoded,
        picture=None if picture is None else decode_picture(picture, body),
    )


def decode_picture(head: object, body: bytes) -> Picture:
    """Read a picture; its bytes must at least begin as its type says. Raises: ReplyError."""
    _require(isinstance(head, dict))
    values = cast("dict[str, Any]", head)  # checked above
    media_type, width, height = values.get("media_type"), values.get("width"), values.get("height")
    _require(isinstance(media_type, str) and media_type in _SIGNATURES)
    _require(body.startswith(_SIGNATURES[cast("str", media_type)]))
    _require(all(type(side) is int and 1 <= side <= _LARGEST_SIDE for side in (width, height)))
    return Picture(
        media_type="image/png" if media_type == "image/png" else "image/jpeg",
        content=body,
        width=cast("int", width),
        height=cast("int", height),
    )


def decode_probe(head: Mapping[str, Any]) -> Mapping[str, bool]:
    """Read what was refused from inside. Raises: ReplyError."""
    refused = head.get("refused")
    _require(isinstance(refused, dict) and all(type(value) is bool for value in refused.values()))
    return cast("dict[str, bool]", refused)  # checked above


def decode_rectangles(head: Mapping[str, Any]) -> tuple[Rectangle, ...]:
    """Read boxes. Raises: ReplyError."""
    boxes = head.get("boxes")
    _require(isinstance(boxes, list) and len(boxes) <= _MOST_BOXES)
    return tuple(_decode_box(box) for box in cast("list[Any]", boxes))


def _decode_box(box: object) -> Rectangle:
    _require(isinstance(box, list) and len(box) == 4)
    x, y, width, height = (_number(value) for value in cast("list[Any]", box))
    return Rectangle(x=x, y=y, width=width, height=height)


def _decode_page(page: object) -> Page:
    _require(isinstance(page, dict))
    values = cast("dict[str, Any]", page)  # checked above
    number, text, status, reason = (values.get(key) for key in ("number", "text", "status", "reason"))
    width, height, exact_places = (values.get(key) for key in ("width", "height", "exact_places"))
    _require(number is None or type(number) is int)
    _require(isinstance(text, str) and "\x00" not in text)
    _require(status in get_args(PageStatus))
    _require(reason is None or (isinstance(reason, str) and len(reason) <= _LONGEST_REASON and reason.isprintable()))
    _require(type(exact_places) is bool)
    return Page(
        number=number,
        text=cast("str", text),
        status=cast("PageStatus", status),
        reason=reason,
        width=None if width is None else _number(width),
        height=None if height is None else _number(height),
        exact_places=cast("bool", exact_places),
    )


def _number(value: object) -> float:
    _require(type(value) in (int, float))
    number = float(cast("float", value))
    _require(isfinite(number) and 0 <= number <= _LARGEST_SIDE)
    return number


def _require(fact: bool) -> None:
    if not fact:
        raise ReplyError
