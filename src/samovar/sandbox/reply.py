"""Read what a confined child answered as if it were an enemy: strictly, or not at all."""

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Final, cast, get_args

import orjson

from samovar.domain.errors import (
    DocumentError,
    FileDamaged,
    FileEmpty,
    FileEncrypted,
    FileTooComplex,
    FileTypeUnknown,
)
from samovar.domain.layout import Rectangle, Word
from samovar.domain.page import Attachment, DocumentHead, DocumentKind, Figure, ParsedPage, ParsedPart, Picture
from samovar.domain.page_json import decode_box, decode_outline, decode_page, decode_words

__all__ = [
    "ReplyError",
    "decode_head",
    "decode_part",
    "decode_picture",
    "decode_probe",
    "decode_rectangles",
    "decode_word_boxes",
    "raise_error",
]

_ERRORS: Final[Mapping[str, Callable[..., DocumentError]]] = {
    error.code: error for error in (FileDamaged, FileEmpty, FileEncrypted, FileTooComplex, FileTypeUnknown)
}
_REASONS: Final = frozenset({"memory", "time", "pages", "pixels", "unpacked"})
_SIGNATURES: Final = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
_KINDS: Final = frozenset(get_args(DocumentKind))
_LONGEST_MEDIA_TYPE: Final = 100
_LONGEST_NAME: Final = 2000
_LONGEST_ALT: Final = 10_000
_LARGEST_SIDE: Final = 1e7
_MOST_BOXES: Final = 10_000
_MOST_FIGURES: Final = 10_000


class ReplyError(Exception):
    """The child answered something that no parser of ours writes."""


def decode_head(content: memoryview) -> Mapping[str, Any]:
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


def decode_part(head: Mapping[str, Any], body: memoryview, *, most_pages: int) -> ParsedPart:
    """Read the part of one frame. Raises: ReplyError."""
    try:
        match head.get("part"):
            case "page":
                return _decode_page(head, body, most_pages)
            case "attachment":
                return Attachment(name=_text(head.get("name"), _LONGEST_NAME), content=bytes(body))
            case "head":
                _require(not body)
                return _decode_document_head(head, most_pages)
            case _:
                raise ReplyError
    except ValueError as error:
        raise ReplyError from error


def decode_picture(head: object, body: memoryview) -> Picture:
    """Read a picture; its bytes must at least begin as its type says. Raises: ReplyError."""
    _require(isinstance(head, dict))
    values = cast("dict[str, Any]", head)  # checked above
    media_type, width, height = values.get("media_type"), values.get("width"), values.get("height")
    _require(isinstance(media_type, str) and media_type in _SIGNATURES)
    signature = _SIGNATURES[cast("str", media_type)]
    _require(body[: len(signature)] == signature)
    _require(all(type(side) is int and 1 <= side <= _LARGEST_SIDE for side in (width, height)))
    return Picture(
        media_type="image/png" if media_type == "image/png" else "image/jpeg",
        content=bytes(body),
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
    return tuple(_decode_rectangle(box) for box in cast("list[Any]", boxes))


def decode_word_boxes(head: Mapping[str, Any], *, length: int) -> tuple[Word, ...]:
    """Read words; their spans must lie within ``length`` characters. Raises: ReplyError."""
    try:
        return decode_words(head.get("words"), length)
    except ValueError as error:
        raise ReplyError from error


def _decode_page(values: Mapping[str, Any], body: memoryview, most_pages: int) -> ParsedPage:
    page = decode_page(values.get("page"))
    _require(page.number is None or page.number <= most_pages)
    listed = values.get("figures")
    _require(isinstance(listed, list) and len(listed) <= _MOST_FIGURES)
    figures: list[Figure] = []
    for values_of_figure in cast("list[object]", listed):
        figure, body = _decode_figure(values_of_figure, body)
        figures.append(figure)
    _require(not body)
    return ParsedPage(page=page, figures=tuple(figures))


def _decode_document_head(values: Mapping[str, Any], most_pages: int) -> DocumentHead:
    kind, media_type, page_count = values.get("kind"), values.get("media_type"), values.get("page_count")
    _require(isinstance(kind, str) and kind in _KINDS)
    _require(isinstance(media_type, str) and len(media_type) <= _LONGEST_MEDIA_TYPE and media_type.isascii())
    _require(type(page_count) is int and 0 <= page_count <= most_pages)
    title, author = values.get("title"), values.get("author")
    return DocumentHead(
        kind=cast("DocumentKind", kind),
        media_type=cast("str", media_type),
        page_count=cast("int", page_count),
        title=None if title is None else _text(title, _LONGEST_NAME),
        author=None if author is None else _text(author, _LONGEST_NAME),
        outline=decode_outline(values.get("outline")),
    )


def _decode_figure(figure: object, body: memoryview) -> tuple[Figure, memoryview]:
    """Read a figure whose bytes stand at the start of ``body``. Shape: the figure, the rest of the body."""
    _require(isinstance(figure, dict))
    values = cast("dict[str, Any]", figure)  # checked above
    number, size_bytes = values.get("number"), values.get("bytes")
    _require(type(number) is int and 1 <= number <= _MOST_FIGURES)
    _require(type(size_bytes) is int and 0 <= size_bytes <= len(body))
    length = cast("int", size_bytes)  # checked above
    decoded = Figure(
        number=cast("int", number),
        picture=decode_picture(values, body[:length]),
        box=decode_box(values.get("box")),
        alt=_text(values.get("alt"), _LONGEST_ALT),
    )
    return decoded, body[length:]


def _decode_rectangle(box: object) -> Rectangle:
    _require(isinstance(box, list) and len(box) == 4)
    x, y, width, height = (_number(value) for value in cast("list[Any]", box))
    return Rectangle(x=x, y=y, width=width, height=height)


def _text(value: object, longest: int) -> str:
    _require(isinstance(value, str) and len(value) <= longest and "\x00" not in value)
    return cast("str", value)


def _number(value: object) -> float:
    _require(type(value) in (int, float))
    number = float(cast("float", value))
    _require(isfinite(number) and 0 <= number <= _LARGEST_SIDE)
    return number


def _require(fact: bool) -> None:
    if not fact:
        raise ReplyError
