"""One slide of an ODP: its frames with their places in points."""

import re
from collections.abc import Iterator
from math import cos, sin
from typing import Final

from samovar.domain.layout import BlockKind, Rectangle
from samovar.parsers._office.elements import Element, local, name
from samovar.parsers._office.inline import Inline
from samovar.parsers._office.odf.package import OdfPackage
from samovar.parsers._office.odf.story import OdfStory
from samovar.parsers._office.odf.styles import StyleBook, points
from samovar.parsers._office.reading_order import reading_order
from samovar.parsers._office.writing import PageWriter

__all__ = ["OdfSlide", "page_sizes"]

_SHAPES: Final = frozenset(
    {"frame", "custom-shape", "rect", "ellipse", "circle", "polygon", "path", "caption", "regular-polygon", "polyline",
     "line", "connector"}
)  # fmt: skip
_RUNNING: Final[dict[str, BlockKind]] = {
    "footer": "footer", "date-time": "footer", "page-number": "footer", "header": "header",
}  # fmt: skip
_DEEPEST: Final = 40
_TURN: Final = re.compile(r"rotate\s*\(\s*(-?[0-9.eE+-]+)\s*\)")
_MOVE: Final = re.compile(r"translate\s*\(\s*(\S+?)(?:[\s,]+(\S+?))?\s*\)")


class OdfSlide:
    """Writes a slide."""

    def __init__(self, package: OdfPackage, styles: StyleBook) -> None:
        self.writer = PageWriter()
        self.title = ""
        self._styles = styles
        self._story = OdfStory(self.writer, package, styles)

    def read(self, page: Element) -> None:
        """Read the frames, then the notes of the speaker and the remarks. Raises: DocumentError."""
        self.writer.is_hidden = self._styles.is_hidden("drawing-page", page.get(name("draw:style-name"), ""))
        shapes = [shape for shape in _shapes(page, 0) if shape.get(name("presentation:placeholder")) != "true"]
        titles = [shape for shape in shapes if _kind(shape) == "title"]
        running = [shape for shape in shapes if _kind(shape) in _RUNNING]
        body = [shape for shape in shapes if shape not in titles and shape not in running]
        placed = [(box, shape) for shape in body if (box := box_of(shape)) is not None]
        unplaced = [shape for shape in body if box_of(shape) is None]
        for shape in titles:
            self._title(shape)
        for shape in (*reading_order(placed), *unplaced, *running):
            self._story.kind = _RUNNING.get(_kind(shape))
            self._story.box = box_of(shape)
            self._story.shape(shape)
            self._story.read(())
        self._story.kind = self._story.box = None
        self._story.write_notes()
        self._behind(page)

    def _title(self, shape: Element) -> None:
        title = Inline()
        for paragraph in shape.iter(name("text:p"), name("text:h")):
            title.add(self._story.words.read(paragraph).text, between=" ")
        self.title = self.title or " ".join(title.text.split())
        self.writer.block("heading", title, level=1, box=box_of(shape))

    def _behind(self, page: Element) -> None:
        for notes in page.iterfind(name("presentation:notes")):
            whole = Inline()
            for shape in _shapes(notes, 0):
                if _kind(shape) == "notes" and shape.get(name("presentation:placeholder")) != "true":
                    for paragraph in shape.iter(name("text:p")):
                        whole.add(self._story.words.read(paragraph).text, between="\n")
            self.writer.block("footnote", whole)
        for remark in page.iterfind(name("office:annotation")):
            author = remark.find(name("dc:creator"))
            who = "" if author is None else " ".join("".join(author.itertext()).split())
            words = Inline(f"[{who}] " if who else "")
            begun = len(words)
            for paragraph in remark.iter(name("text:p")):
                words.add(self._story.words.read(paragraph).text, between=" " if len(words) > begun else "")
            if len(words) > begun:
                self.writer.block("footnote", words)


def page_sizes(common: Element | None) -> dict[str, tuple[float, float]]:
    """The size in points of the pages of each master."""
    if common is None:
        return {}
    layouts = {}
    for layout in common.iter(name("style:page-layout")):
        for properties in layout.iterfind(name("style:page-layout-properties")):
            width, height = (points(properties.get(name(side))) for side in ("fo:page-width", "fo:page-height"))
            if width and height and width > 0 and height > 0:
                layouts[layout.get(name("style:name"))] = (width, height)
    return {
        master.get(name("style:name"), ""): layouts[master.get(name("style:page-layout-name"))]
        for master in common.iter(name("style:master-page"))
        if master.get(name("style:page-layout-name")) in layouts
    }


def box_of(shape: Element) -> Rectangle | None:
    """Where a shape stands, in points; a turned one has the upright box around it."""
    x, y, width, height = (points(shape.get(name(f"svg:{side}"))) for side in ("x", "y", "width", "height"))
    if width is None or height is None:
        return None
    turned = shape.get(name("draw:transform"), "")
    if turned:
        return _turned(turned, width, height, (x or 0.0, y or 0.0))
    return None if x is None or y is None else Rectangle(x=x, y=y, width=width, height=height)


def _turned(transform: str, width: float, height: float, corner: tuple[float, float]) -> Rectangle | None:
    """Turn about the origin, then move: as LibreOffice writes ``rotate (1.57) translate (2cm 3cm)``."""
    turn, move = _TURN.search(transform), _MOVE.search(transform)
    try:
        angle = -float(turn[1]) if turn else 0.0
    except ValueError:
        return None
    across = points(move[1]) if move else 0.0
    down = points(move[2]) if move and move[2] else 0.0
    if across is None or down is None or not abs(angle) < 1000:
        return None
    corners = [
        (x * cos(angle) - y * sin(angle) + across, x * sin(angle) + y * cos(angle) + down)
        for x in (corner[0], corner[0] + width)
        for y in (corner[1], corner[1] + height)
    ]
    left, top = min(x for x, _ in corners), min(y for _, y in corners)
    right, bottom = max(x for x, _ in corners), max(y for _, y in corners)
    return Rectangle(x=left, y=top, width=right - left, height=bottom - top)


def _shapes(held: Element, depth: int) -> Iterator[Element]:
    for element in held:
        kind = local(element)
        if kind in _SHAPES:
            yield element
        elif kind in ("g", "a") and depth < _DEEPEST:
            yield from _shapes(element, depth + 1)


def _kind(shape: Element) -> str:
    return str(shape.get(name("presentation:class"), ""))
