"""Lines of a page: stretches of PDFium's characters on one baseline without a wide gap."""

from __future__ import annotations

from typing import Final

__all__ = ["PLAIN", "SMALLEST_TYPE", "Face", "Item", "Line"]

#: Nobody reads smaller type, in points.
SMALLEST_TYPE: Final = 1.0


class Face:
    """What the look of a font says about its text."""

    __slots__ = ("is_bold", "is_monospaced")

    def __init__(self, *, is_bold: bool, is_monospaced: bool) -> None:
        self.is_bold = is_bold
        self.is_monospaced = is_monospaced


PLAIN: Final = Face(is_bold=False, is_monospaced=False)


class Item:
    """Something with a place in the frame in which the page is laid out. Units: points."""

    __slots__ = ("bottom", "left", "right", "top")

    def __init__(self, left: float, top: float, right: float, bottom: float) -> None:
        self.left = left
        self.top = top
        self.right = right
        self.bottom = bottom


class Line(Item):
    """A piece of a line, or (with ``parts``) a whole row of such pieces, from left to right.

    ``start`` and ``end`` count PDFium's characters; ``size`` is the size of type as it is seen and ``base`` the
    height of the baseline. ``turned`` lines do not run as the page does.
    """

    __slots__ = ("base", "end", "face", "parts", "size", "start", "turned")

    def __init__(
        self, start: int, end: int, box: tuple[float, float, float, float], size: float, face: Face, base: float
    ) -> None:
        self.left, self.top, self.right, self.bottom = box
        self.start = start
        self.end = end
        self.size = size
        self.face = face
        self.base = base
        self.turned = False
        self.parts: tuple[Line, ...] = ()
