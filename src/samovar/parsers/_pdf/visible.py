"""Which lines can be seen: text may be switched off, white on white, covered, or outside of the page."""

from typing import Final

from samovar.parsers._pdf import library
from samovar.parsers._pdf.areas import Area
from samovar.parsers._pdf.contents import Contents
from samovar.parsers._pdf.library import Box, Handle
from samovar.parsers._pdf.line import SMALLEST_TYPE, Line
from samovar.parsers._pdf.textlayer import TextLayer

__all__ = ["Sight", "look"]

#: So much of a line must be covered to be hidden.
_COVERED: Final = 0.7
_EDGE: Final = 1.0


class Sight:
    """The lines of a page by how they are seen; ``over_pictures`` are unseen lines where a picture is seen instead.

    ``hidden`` is the number of lines that nobody sees; ``is_cut`` is True where others run over the edge of the page.
    """

    def __init__(self) -> None:
        self.visible: list[Line] = []
        self.over_pictures: list[Line] = []
        self.hidden = 0
        self.is_cut = False


def look(layer: TextLayer, contents: Contents, lines: list[Line]) -> Sight:
    """Divide the lines of a page; what lies outside of it is hidden, as a viewer hides it."""
    sight = Sight()
    lines = _on_the_page(layer, lines, sight)
    covers = contents.covers
    if not contents.faint and not covers:
        sight.visible = [line for line in lines if line.size >= SMALLEST_TYPE]
        sight.hidden += len(lines) - len(sight.visible)
        return sight
    orders = dict(contents.texts)
    for line in lines:
        for piece in _runs(layer, contents, line) if contents.faint else [line]:
            _sort(sight, layer, contents, covers, piece, orders)
    return sight


def _on_the_page(layer: TextLayer, lines: list[Line], sight: Sight) -> list[Line]:
    """The lines, or parts of them, that lie on the page, with note of the others."""
    width, height = layer.frame.width + _EDGE, layer.frame.height + _EDGE
    found: list[Line] = []
    for line in lines:
        if line.left >= -_EDGE and line.right <= width and line.top >= -_EDGE and line.bottom <= height:
            found.append(line)
            continue
        middle = (line.top + line.bottom) / 2
        if not 0 <= middle <= layer.frame.height or line.right < 0 or line.left > width:
            sight.hidden += 1
            continue
        inside = [
            index
            for index in range(line.start, line.end)
            if layer.raw[index] != " " and 0 <= sum(layer.char_place(index)[::2]) / 2 <= layer.frame.width
        ]
        if not inside:
            sight.hidden += 1
            continue
        sight.is_cut |= (inside[0], inside[-1] + 1) != (line.start, line.end)
        found.append(layer.cut(line, inside[0], inside[-1] + 1))
    return found


def _runs(layer: TextLayer, contents: Contents, line: Line) -> list[Line]:
    """Cut a line where faint text begins or ends."""
    cuts = [line.start]
    was_faint: bool | None = None
    for index in range(line.start, line.end):
        if layer.raw[index] == " ":
            continue
        is_faint = library.text_object(layer.handle, index) in contents.faint
        if was_faint is not None and is_faint != was_faint:
            cuts.append(index)
        was_faint = is_faint
    if len(cuts) == 1:
        return [line]
    return [layer.cut(line, start, end) for start, end in zip(cuts, [*cuts[1:], line.end], strict=True)]


def _sort(
    sight: Sight, layer: TextLayer, contents: Contents, covers: list[Area], line: Line, orders: dict[Handle, int]
) -> None:
    text = library.text_object(layer.handle, line.start)
    order = orders.get(text, 0)
    box = layer.frame.back((line.left, line.top, line.right, line.bottom))
    is_drawn = text not in contents.invisible and line.size >= SMALLEST_TYPE
    if is_drawn and text in contents.faint:
        # Two cells of a ruled head may hold what is one line here.
        last = orders.get(library.text_object(layer.handle, line.end - 1), order)
        shows = [area.box for area in contents.areas if not area.is_white and area.order < last]
        shows += [image.box for image in contents.images if image.order < last]
        is_drawn = sum(_share(area, box) for area in shows) >= _COVERED
    if is_drawn and not any(area.order > order and _covers(area.box, box) for area in covers):
        sight.visible.append(line)
    elif any(_covers(image.box, box) for image in contents.images):
        sight.over_pictures.append(line)
    else:
        sight.hidden += 1


def _covers(area: Box, box: Box) -> bool:
    return _share(area, box) >= _COVERED


def _share(area: Box, box: Box) -> float:
    """How much of a box lies in an area, 0 to 1."""
    # A page may have hundreds of areas and of lines, and most of them do not meet.
    if area[1] >= box[3] or area[3] <= box[1] or area[0] >= box[2] or area[2] <= box[0]:
        return 0.0
    across = min(area[2], box[2]) - max(area[0], box[0])
    down = min(area[3], box[3]) - max(area[1], box[1])
    return across * down / max(0.01, (box[2] - box[0]) * (box[3] - box[1]))
