"""Painted areas: they show white text that is drawn on them, and hide text that they are drawn over."""

from typing import Final

import pypdfium2.raw as pdfium_c

from samovar.parsers._pdf import library
from samovar.parsers._pdf.library import Box, Handle, Matrix
from samovar.parsers._pdf.matrix import moved_box, multiplied

__all__ = ["MOST_STEPS", "Area", "is_nearly_white", "painted_area"]

#: The outline of a shape with more steps than this is no outline of an area or of a table's cell.
MOST_STEPS: Final = 200

_MOVE: Final = pdfium_c.FPDF_SEGMENT_MOVETO
#: The longer side, in points.
_SMALLEST: Final = 20.0
_OPAQUE: Final = 255
_NEARLY_WHITE: Final = 245
#: A shape that fills so much of its box hides what lies in the box.
_FULL: Final = 0.9
#: Two sides that are this much out of square, by the numbers of a transformation, are turned.
_TURNED: Final = 0.001


class Area:
    """A painted area with its order of drawing: it shows white text drawn after it, unless it is white itself.

    ``hides`` is True where it hides what was drawn before: a slice of a pie has a box with much beside it.
    """

    __slots__ = ("box", "hides", "is_white", "order")

    def __init__(self, box: Box, order: int, *, is_white: bool, hides: bool) -> None:
        self.box = box
        self.order = order
        self.is_white = is_white
        self.hides = hides


def painted_area(item: Handle, order: int, form: Matrix, box: Box, *, is_after_text: bool) -> Area | None:
    """The area that a filled path paints; None for a small one, or one that something is seen through."""
    left, bottom, right, top = box
    if max(right - left, top - bottom) < _SMALLEST:
        return None
    colour = library.fill_colour(item)
    if colour[3] != _OPAQUE or library.has_transparency(item):
        return None
    hides = is_after_text and _fills_its_box(item, form)
    if hides and (clip := library.clip_box(item)) is not None:
        # Programs paint a whole page white and let a small part of that be seen.
        clip = moved_box(form, clip)
        box = max(left, clip[0]), max(bottom, clip[1]), min(right, clip[2]), min(top, clip[3])
    return Area(box, order, is_white=is_nearly_white(colour), hides=hides)


def is_nearly_white(colour: tuple[int, int, int, int]) -> bool:
    """Tell whether a colour (red, green, blue, opacity, 0 to 255 each) cannot be told from paper."""
    return min(colour[:3]) >= _NEARLY_WHITE


def _fills_its_box(item: Handle, form: Matrix) -> bool:
    """Tell whether a path of straight lines is one shape that leaves next to nothing of its box free."""
    points = library.path_points(item, MOST_STEPS)
    if points is None or any(kind == _MOVE for kind, _, _ in points[1:]):
        return False
    a, b, c, d, _, _ = multiplied(library.object_matrix(item), form)
    if min(abs(b) + abs(c), abs(a) + abs(d)) > _TURNED:
        return False
    across, down = [x for _, x, _ in points], [y for _, _, y in points]
    box = (max(across) - min(across)) * (max(down) - min(down))
    # The shape's own area. Source: https://en.wikipedia.org/wiki/Shoelace_formula
    doubled = sum(
        x * next_y - next_x * y
        for x, y, next_x, next_y in zip(across, down, [*across[1:], across[0]], [*down[1:], down[0]], strict=True)
    )
    return abs(doubled) >= 2 * _FULL * box
