"""One page, laid out: its normalised text with blocks, and the way from there to places on the page."""

from dataclasses import dataclass
from typing import Any, Final

from pypdfium2 import PdfiumError

from samovar.domain.layout import Block
from samovar.domain.page import PageReason, PageStatus
from samovar.parsers._pdf import library
from samovar.parsers._pdf.blocks import write_blocks
from samovar.parsers._pdf.contents import Contents, Image, read_contents
from samovar.parsers._pdf.flow import Part, arrange
from samovar.parsers._pdf.frame import Frame
from samovar.parsers._pdf.line import Line
from samovar.parsers._pdf.pictures import figure_images
from samovar.parsers._pdf.plausible import is_plausible
from samovar.parsers._pdf.textlayer import TextLayer
from samovar.parsers._pdf.visible import look
from samovar.parsers._pdf.writing import Writer

__all__ = ["PageLayout", "lay_out"]

#: A page is a scan if pictures cover so much of it and it has fewer letters than this of its own.
_SCAN_SHARE: Final = 0.6
_SCAN_LETTERS: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLayout:
    """What stands on a page. ``images`` are its figures in the order of their numbers."""

    status: PageStatus
    reason: PageReason | None
    seen: Frame
    layer: TextLayer
    writer: Writer
    text: str
    blocks: tuple[Block, ...]
    images: tuple[Image, ...]


def lay_out(page: Any, textpage: Any) -> PageLayout:
    """Lay out an open page: the same page gives the same text each time. Raises: PdfiumError."""
    handle = library.argument(page.raw)
    bounds = library.page_bounds(handle)
    if bounds is None:
        raise PdfiumError("a page without a box")
    seen = Frame(bounds, library.page_turns(handle))
    layer = TextLayer(textpage, bounds)
    contents = read_contents(page)
    reading = _read(layer, contents)
    images = figure_images(contents, seen) if reading.has_figures else []
    parts: list[Part] = arrange(layer, contents, reading.lines, images) if reading.lines or images else []
    writer = Writer(layer)
    blocks = write_blocks(writer, layer, seen, parts)
    return PageLayout(
        status=reading.status,
        reason=reading.reason,
        seen=seen,
        layer=layer,
        writer=writer,
        text=writer.text,
        blocks=blocks,
        images=tuple(images),
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    status: PageStatus
    reason: PageReason | None
    lines: list[Line]
    has_figures: bool


def _read(layer: TextLayer, contents: Contents) -> _Reading:
    """Choose the lines that are read, and say whether the text layer can be trusted.

    The letters that a scanner's software has put behind its picture are read where they are likely ones. On a page
    that is a picture with a few letters of its own (a stamp, a page number) the letters are kept and OCR is asked for.
    """
    if layer.count <= 0 and contents.count == 0:
        return _Reading("no_text", "empty", [], False)
    sight = look(layer, contents, layer.lines() if layer.count > 0 else [])
    lines, hidden = sight.visible, sight.hidden
    is_scan = _pictured_share(layer, contents) >= _SCAN_SHARE
    if sight.over_pictures:
        if is_plausible(_text(layer, sight.over_pictures)):
            lines = sorted((*lines, *sight.over_pictures), key=lambda line: line.start)
            return _Reading("text", None, lines, not is_scan)
        hidden += len(sight.over_pictures)
    if not lines:
        return _Reading("waiting", "invisible_text" if hidden else "no_text_layer", [], not is_scan)
    if not is_plausible(layer.raw if not hidden and layer.is_plain else _text(layer, lines)):
        return _Reading("waiting", "broken_fonts", lines, not is_scan)
    if is_scan and sum(line.end - line.start for line in lines) < _SCAN_LETTERS:
        return _Reading("waiting", "no_text_layer", lines, False)
    reason: PageReason | None = None
    if sight.is_cut or contents.is_cut_short:
        reason = "partly_read"
    elif hidden:
        reason = "invisible_text"
    return _Reading("text", reason, lines, True)


def _text(layer: TextLayer, lines: list[Line]) -> str:
    return " ".join([layer.raw[line.start : line.end] for line in lines])


def _pictured_share(layer: TextLayer, contents: Contents) -> float:
    """The share of the page that pictures cover; those that lie on each other count twice."""
    if not contents.images:
        return 0.0
    frame = layer.frame
    covered = 0.0
    for image in contents.images:
        left, top, right, bottom = frame.place(image.box)
        covered += max(0.0, min(right, frame.width) - max(left, 0.0)) * max(
            0.0, min(bottom, frame.height) - max(top, 0.0)
        )
    return covered / (frame.width * frame.height)
