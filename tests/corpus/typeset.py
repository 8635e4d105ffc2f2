"""Draws pages of text and tables as a scanner would see them, and remembers where each word stands.

Sizes are given in points (1/72 inch) and drawn at the page's resolution.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import as_file, files
from io import BytesIO
from typing import Final, Literal

from PIL import Image, ImageDraw, ImageFont

from samovar.domain.layout import Rectangle

__all__ = ["A4_PT", "Leaf", "TableCell", "Typeface"]

A4_PT: Final = (595.0, 842.0)
Typeface = Literal["serif", "sans", "serif bold", "sans bold", "serif italic"]
_FILES: Final = {
    "serif": ("fontpkg_pt_serif", "PT_Serif-Web-Regular.ttf"),
    "serif bold": ("fontpkg_pt_serif", "PT_Serif-Web-Bold.ttf"),
    "serif italic": ("fontpkg_pt_serif", "PT_Serif-Web-Italic.ttf"),
    "sans": ("fontpkg_pt_sans", "PT_Sans-Web-Regular.ttf"),
    "sans bold": ("fontpkg_pt_sans", "PT_Sans-Web-Bold.ttf"),
}
_INK: Final = 25
_LEADING: Final = 1.35
_RULE_PT: Final = 0.75
_PADDING_PT: Final = 4.0

#: Text, and how many rows and columns it spans.
TableCell = str | tuple[str, int, int]


@cache
def _font(typeface: Typeface, size_px: float) -> ImageFont.FreeTypeFont:
    package, name = _FILES[typeface]
    with as_file(files(package) / "files" / name) as path:
        return ImageFont.truetype(str(path), size_px, layout_engine=ImageFont.Layout.BASIC)


class Leaf:
    """One sheet of paper, white, in grey tones; text goes on below what was written last."""

    def __init__(self, *, dpi: int, size_pt: tuple[float, float] = A4_PT, margin_pt: float = 57) -> None:
        self.scale = dpi / 72
        self.image = Image.new("L", (round(size_pt[0] * self.scale), round(size_pt[1] * self.scale)), 255)
        #: Words as they were drawn, with their boxes in pixels.
        self.words: list[tuple[str, Rectangle]] = []
        self._draw = ImageDraw.Draw(self.image)
        self.left, self.right, self.top = margin_pt, size_pt[0] - margin_pt, margin_pt

    def line(self, text: str, *, x: float, y: float, typeface: Typeface = "sans", size: float = 11) -> float:
        """Draw one line whose letters begin at ``x`` and whose top is ``y``. Returns its width in points."""
        font = _font(typeface, size * self.scale)
        at = x
        for word in text.split(" "):
            place = (at * self.scale, y * self.scale)
            if word:
                self._draw.text(place, word, fill=_INK, font=font)
                left, top, right, bottom = self._draw.textbbox(place, word, font=font)
                self.words.append((word, Rectangle(x=left, y=top, width=right - left, height=bottom - top)))
            at += font.getlength(word + " ") / self.scale
        return at - x

    def wrapped(self, text: str, width: float, typeface: Typeface, size: float) -> list[str]:
        """Divide a text into lines; a soft hyphen is a place where a word may be divided."""
        font = _font(typeface, size * self.scale)
        lines, line = [], ""
        for word in text.split(" "):
            pieces = word.split("\u00ad")
            for count in range(len(pieces), -1, -1):
                head, tail = "".join(pieces[:count]), "".join(pieces[count:])
                tried = f"{line} {head}".strip() + ("-" if tail and head else "")
                if font.getlength(tried) <= width * self.scale and (head or not tail):
                    break
            else:
                tried, tail = line, "".join(pieces)
            if tail:
                lines.append(tried)
                line = tail
            else:
                line = tried
        return [*lines, line]

    def paragraph(
        self,
        text: str,
        *,
        typeface: Typeface = "sans",
        size: float = 11,
        left: float | None = None,
        width: float | None = None,
        after: float = 7,
    ) -> None:
        """Write a paragraph below what stands already."""
        left = self.left if left is None else left
        for line in self.wrapped(text, width or self.right - left, typeface, size):
            self.line(line, x=left, y=self.top, typeface=typeface, size=size)
            self.top += size * _LEADING
        self.top += after

    def table(
        self,
        rows: Sequence[Sequence[TableCell | None]],
        widths: Sequence[float],
        *,
        typeface: Typeface = "sans",
        size: float = 10,
        ruled: bool = True,
    ) -> None:
        """Draw a table; None stands for a place that a cell above or to the left covers."""
        heights = [self._row_height(row, widths, typeface, size) for row in rows]
        xs = [self.left + sum(widths[:place]) for place in range(len(widths) + 1)]
        ys = [self.top + sum(heights[:place]) for place in range(len(heights) + 1)]
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                if cell is None:
                    continue
                text, row_span, column_span = cell if isinstance(cell, tuple) else (cell, 1, 1)
                right, bottom = xs[column + column_span], ys[row + row_span]
                if ruled:
                    self._box(xs[column], ys[row], right, bottom)
                width = right - xs[column] - 2 * _PADDING_PT
                for place, line in enumerate(self.wrapped(text, width, typeface, size)):
                    y = ys[row] + _PADDING_PT + place * size * _LEADING
                    self.line(line, x=xs[column] + _PADDING_PT, y=y, typeface=typeface, size=size)
        self.top = ys[-1] + 12

    def _row_height(
        self, row: Sequence[TableCell | None], widths: Sequence[float], typeface: Typeface, size: float
    ) -> float:
        lines = [1]
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                lines.append(len(self.wrapped(cell, widths[column] - 2 * _PADDING_PT, typeface, size)))
        return max(lines) * size * _LEADING + 2 * _PADDING_PT

    def _box(self, left: float, top: float, right: float, bottom: float) -> None:
        corners = [round(side * self.scale) for side in (left, top, right, bottom)]
        self._draw.rectangle(corners, outline=_INK, width=max(1, round(_RULE_PT * self.scale)))

    def png(self) -> bytes:
        """The page as it is."""
        buffer = BytesIO()
        self.image.save(buffer, "PNG", compress_level=1)
        return buffer.getvalue()
