"""How the made PDF papers are drawn: with PT Sans on A4, in points, line by line, at places that the maker knows."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.resources import as_file, files
from io import BytesIO
from typing import Any, Final, TypeAlias

from PIL import Image, ImageDraw
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

__all__ = [
    "BOLD",
    "HEIGHT",
    "ITALIC",
    "LEFT",
    "PLAIN",
    "WIDTH",
    "Draw",
    "band",
    "draw_lines",
    "draw_pdf",
    "photograph",
    "ruled",
    "scheme",
    "with_objects",
    "wrap",
]

PLAIN: Final = "PTSans-Regular"
BOLD: Final = "PTSans-Bold"
ITALIC: Final = "PTSans-Italic"
WIDTH, HEIGHT = A4
LEFT: Final = 72

#: Draws one page on reportlab's canvas, which has no types.
Draw: TypeAlias = Callable[[Any], object]

_FILES: Final = {PLAIN: "Regular", BOLD: "Bold", ITALIC: "Italic"}


@cache
def _register() -> None:
    for name, file in _FILES.items():
        with as_file(files("fontpkg_pt_sans") / "files" / f"PT_Sans-Web-{file}.ttf") as path:
            pdfmetrics.registerFont(TTFont(name, str(path)))


def draw_pdf(*pages: Draw, size: tuple[float, float] = A4, **options: Any) -> bytes:
    """Make a PDF of which each function draws one page."""
    _register()
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=size, invariant=1, **options)
    for draw in pages:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def wrap(text: str, width: float, *, size: float = 11, font: str = PLAIN, indent: float = 0) -> list[str]:
    """Break a text into lines that are no wider than that, as a typesetter does; the first one has an indent."""
    _register()
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        room = width - (indent if len(lines) == 1 else 0)
        if pdfmetrics.stringWidth(longer, font, size) <= room or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def draw_lines(
    canvas: Any,
    lines: Iterable[str],
    left: float,
    top: float,
    *,
    size: float = 11,
    leading: float = 0,
    font: str = PLAIN,
    indent: float = 0,
) -> float:
    """Draw lines under each other, each as one string. Gives the height at which the next one would stand."""
    canvas.setFont(font, size)
    for place, line in enumerate(lines):
        canvas.drawString(left + (indent if place == 0 else 0), top, line)
        top -= leading or 1.3 * size
    return top


def ruled(
    canvas: Any, columns: Sequence[float], rows: Sequence[float], holes: Sequence[tuple[int, int, str]] = ()
) -> None:
    """Draw a grid edge by edge; a hole (row, column, "right" or "below") leaves out one edge of a cell."""
    missing = set(holes)
    for row in range(len(rows)):
        for column in range(len(columns) - 1):
            if (row - 1, column, "below") not in missing:
                canvas.line(columns[column], rows[row], columns[column + 1], rows[row])
    for column in range(len(columns)):
        for row in range(len(rows) - 1):
            if (row, column - 1, "right") not in missing:
                canvas.line(columns[column], rows[row], columns[column], rows[row + 1])


def scheme(width: int = 240, height: int = 160) -> Image.Image:
    """A drawing of few colours."""
    picture = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, width - 1, height - 1), outline="black", width=3)
    pen.ellipse((width // 6, height // 6, width // 2, height - height // 6), fill="red")
    pen.rectangle((width // 2 + 10, height // 4, width - 20, height // 2), fill="blue")
    return picture


def photograph(width: int = 320, height: int = 200) -> bytes:
    """A JPEG of many soft colours."""
    across = Image.linear_gradient("L").resize((width, height))
    down = Image.linear_gradient("L").rotate(90).resize((width, height))
    middle = Image.radial_gradient("L").resize((width, height))
    buffer = BytesIO()
    Image.merge("RGB", (across, down, middle)).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def band(lines: Sequence[str]) -> str:
    """Lines as running text: words that are divided with a hyphen at the end of a line are whole again."""
    return re.sub(r"(?<=[^\W\d])-\n(?=[^\W\d_])", "", "\n".join(lines)).replace("\n", " ")


def with_objects(objects: Sequence[bytes]) -> bytes:
    """Write a PDF of numbered objects, of which the first is the catalogue. Source: ISO 32000-1, 7.5."""
    output = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(output))
        output += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(output)
    output += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    output += b"".join(b"%010d 00000 n \n" % place for place in places)
    output += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, table)
    return bytes(output)
