"""What a confined child does: it reads a file, or answers one question about a page of it."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path
from typing import Any, Final, cast

from samovar.domain.errors import DocumentError, FileDamaged, FileEncrypted, FileTypeUnknown
from samovar.domain.page import Attachment, Page, ParsedPage, ParsedPart
from samovar.ports.lanes import Lane
from samovar.ports.parser import LaneParser, PageParser, Parser, ParserLimits
from samovar.sandbox.probe import attempt_everything
from samovar.sandbox.progress import keep_figures
from samovar.sandbox.wire import (
    END,
    LENGTHS,
    Head,
    encode_part,
    encode_picture,
    encode_rectangles,
    encode_word_boxes,
    pack,
)

__all__ = ["OCR_ENGINE", "Bench", "serve"]

#: Loaded by the zygote where there is language data, so that no child needs the time for it.
OCR_ENGINE: Final = "samovar.ocr.engine"
#: OCR reads paper at this many pixels an inch, which Tesseract is trained for, but no page wider than so many pixels.
_OCR_DPI: Final = 300
_OCR_WIDEST_PX: Final = 2400
_POINTS_IN_AN_INCH: Final = 72
_COMPOUND_FILE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE: Final = "EncryptedPackage".encode("utf-16-le")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a child works with; ``tessdata`` is the folder of language data, None without OCR."""

    parsers: Sequence[Parser]
    limits: ParserLimits
    frame_bytes: int
    attachment_bytes: int
    tessdata: str | None
    languages: tuple[str, ...]


def serve(talk: int, bench: Bench) -> None:
    """Take one request from the socket ``talk``, a file descriptor, and answer it.

    Whatever a parser throws that is no DocumentError passes through: the child ends of it.
    """
    with open(talk, "rb", closefd=False) as stream:
        head, body = _receive(stream)
    _answer(talk, head, body, bench)


def _receive(stream: BufferedReader) -> tuple[Mapping[str, Any], bytes]:
    head_bytes, body_bytes = LENGTHS.unpack(stream.read(LENGTHS.size))
    return json.loads(stream.read(head_bytes)), stream.read(body_bytes)


def _send(talk: int, frame: tuple[Head, bytes]) -> None:
    head, body = frame
    for content in (pack(head, len(body)), body):
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(talk, rest) :]


def _answer(talk: int, head: Mapping[str, Any], body: bytes, bench: Bench) -> None:
    """Do what is asked; what a parser says about the file becomes an answer too."""
    try:
        if head["task"] == "read":
            _read(talk, head, body, bench)
        else:
            _send(talk, _work(head, body, bench))
    except DocumentError as error:
        _send(talk, ({"error": error.code, "reason": error.values.get("reason")}, b""))


def _read(talk: int, head: Mapping[str, Any], body: bytes, bench: Bench) -> None:
    """Send the parts of a file, each as soon as it is there."""
    name, first_page = head["name"], head["first_page"]
    parser = next((parser for parser in bench.parsers if parser.recognises(body, name)), None)
    if parser is None:
        raise FileEncrypted(name=name) if _is_encrypted_office_file(body) else FileTypeUnknown(name=name)
    lane = Lane(head["lane"], head["lanes"])
    if lane.of > 1 and hasattr(parser, "read_lane"):
        parts = cast("LaneParser", parser).read_lane(body, name, bench.limits, first_page=first_page, lane=lane)
    else:
        parts = parser.read(body, name, bench.limits, first_page=first_page)
    for part in parts:
        if not (isinstance(part, ParsedPage) and (part.page.number or 1) < first_page):
            _send(talk, encode_part(_fit(part, bench)))
    _send(talk, (END, b""))


def _is_encrypted_office_file(content: bytes) -> bool:
    """Tell whether this is a new office file behind a password, which is no ZIP any more. Source: MS-OFFCRYPTO, 2.3."""
    return content.startswith(_COMPOUND_FILE) and _ENCRYPTED_PACKAGE in content


def _fit(part: ParsedPart, bench: Bench) -> ParsedPart:
    """Make a part no larger than a frame may be.

    An attachment larger than any file may be is cut one byte above that: who takes it in refuses it by its size.
    """
    match part:
        case ParsedPage():
            return keep_figures(part, figures=bench.limits.figures, size_bytes=bench.frame_bytes)
        case Attachment() if len(part.content) > bench.attachment_bytes:
            return replace(part, content=part.content[: bench.attachment_bytes + 1])
        case _:
            return part


def _work(head: Mapping[str, Any], body: bytes, bench: Bench) -> tuple[Head, bytes]:
    if head["task"] == "probe":
        return {"refused": attempt_everything()}, b""
    shower = next(
        (parser for parser in bench.parsers if head["kind"] == parser.KIND and hasattr(parser, "render_page")), None
    )
    if shower is None:
        raise FileTypeUnknown(name="")
    pages = cast("PageParser", shower)  # it has what makes it one
    match head["task"]:
        case "render":
            return encode_picture(pages.render_page(body, head["page"], head["width_px"], bench.limits))
        case "words":
            return encode_word_boxes(pages.words(body, head["page"])), b""
        case "recognise":
            return encode_part(ParsedPage(page=_recognise(pages, body, head["page"], bench)))
        case _:
            return encode_rectangles(pages.locate(body, head["page"], head["start"], head["end"])), b""


def _recognise(parser: PageParser, content: bytes, number: int, bench: Bench) -> Page:
    """Draw a page as large as OCR reads best, and read it."""
    without_ocr = Page(number=number, text="", status="skipped", reason="ocr_unavailable")
    if bench.tessdata is None:
        return without_ocr
    from samovar.ocr.engine import EngineNotLoadedError, load  # the zygote has loaded it where there is its data

    try:
        engine = load(Path(bench.tessdata), bench.languages)
    except EngineNotLoadedError:
        return without_ocr
    width, height = _size_of(parser, content, number, bench)
    picture = parser.render_page(content, number, _width_for_ocr(parser, width), bench.limits)
    page = engine.read(picture, page_width=width or picture.width, page_height=height or picture.height)
    return replace(page, number=number)


def _size_of(parser: PageParser, content: bytes, number: int, bench: Bench) -> tuple[float | None, float | None]:
    """How large the page is in its own units."""
    limits = replace(bench.limits, figures=0)  # its pictures are not asked for
    for part in parser.read(content, "", limits, first_page=number):
        if isinstance(part, ParsedPage) and part.page.number in (number, None):
            return part.page.width, part.page.height
    raise FileDamaged(name=f"p. {number}")


def _width_for_ocr(parser: PageParser, width: float | None) -> int:
    if width is None or parser.KIND == "image":
        return _OCR_WIDEST_PX  # a picture is never made larger
    return min(_OCR_WIDEST_PX, round(width * _OCR_DPI / _POINTS_IN_AN_INCH))
