"""From PDFium's places (origin at the bottom left, before the viewer turns the page) to places on the page as seen."""

from samovar.domain.layout import Rectangle
from samovar.parsers._pdf.library import Box

__all__ = ["Frame"]


class Frame:
    """One way of looking at a page: cropped to ``bounds`` and turned clockwise by quarter ``turns``.

    Places in a frame have their origin at its top left and are (left, top, right, bottom) in points.
    """

    __slots__ = ("bottom", "height", "left", "right", "top", "turns", "width")

    def __init__(self, bounds: Box, turns: int) -> None:
        self.left, self.bottom, self.right, self.top = bounds
        self.turns = turns % 4
        across, down = max(1.0, self.right - self.left), max(1.0, self.top - self.bottom)
        self.width, self.height = (across, down) if self.turns % 2 == 0 else (down, across)

    def place(self, box: Box) -> Box:
        """Where a box of PDFium's lies in this frame."""
        left, bottom, right, top = box
        if self.turns == 0:
            return left - self.left, self.top - top, right - self.left, self.top - bottom
        if self.turns == 1:
            return bottom - self.bottom, left - self.left, top - self.bottom, right - self.left
        if self.turns == 2:
            return self.right - right, bottom - self.bottom, self.right - left, top - self.bottom
        return self.top - top, self.right - right, self.top - bottom, self.right - left

    def origin(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of PDFium's lies in this frame."""
        left, top, _, _ = self.place((x, y, x, y))
        return left, top

    def back(self, box: Box) -> Box:
        """The box of PDFium's that lies at a place of this frame."""
        left, top, right, bottom = box
        if self.turns == 0:
            return left + self.left, self.top - bottom, right + self.left, self.top - top
        if self.turns == 1:
            return top + self.left, left + self.bottom, bottom + self.left, right + self.bottom
        if self.turns == 2:
            return self.right - right, top + self.bottom, self.right - left, bottom + self.bottom
        return self.right - bottom, self.top - right, self.right - top, self.top - left

    def rectangle(self, place: Box) -> Rectangle | None:
        """The part of a place that lies on the page, or None."""
        left, top, right, bottom = place
        if 0.0 < left < right <= self.width and 0.0 < top < bottom <= self.height:
            return Rectangle(x=left, y=top, width=right - left, height=bottom - top)
        left, top = max(0.0, place[0]), max(0.0, place[1])
        right, bottom = min(self.width, place[2]), min(self.height, place[3])
        if right <= left or bottom <= top:
            return None
        return Rectangle(x=left, y=top, width=right - left, height=bottom - top)
