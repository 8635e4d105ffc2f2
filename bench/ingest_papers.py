"""PDFs for the benchmark of reading: made on the spot, the same in every run."""

import random
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import as_file, files
from io import BytesIO
from pathlib import Path
from typing import Final

import pypdfium2
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

__all__ = ["dense_pdf", "scanned", "text_pdf"]

_ROOT: Final = Path(__file__).resolve().parents[1]
_LINES: Final = 55
_LINE_CHARACTERS: Final = 82
_COLUMN_LINES: Final = 48
_COLUMN_CHARACTERS: Final = 48
_SCAN_DPI: Final = 200


@cache
def _words(language: str) -> tuple[str, ...]:
    """Words of a text of ours, as often as they occur in it."""
    text = (_ROOT / ("README.ru.md" if language == "ru" else "README.md")).read_text(encoding="utf-8")
    pattern = r"[а-яё]{2,}" if language == "ru" else r"[a-z]{2,}"
    return tuple(re.findall(pattern, text, re.IGNORECASE))


def _lines(dice: random.Random, language: str) -> Iterator[str]:
    words = _words(language)
    for _ in range(_LINES):
        line = dice.choice(words).capitalize()
        while len(line) < _LINE_CHARACTERS - 10:
            line += " " + dice.choice(words)
        yield line + ("." if dice.random() < 0.4 else "")


@cache
def _font() -> str:
    with as_file(files("fontpkg_pt_sans") / "files" / "PT_Sans-Web-Regular.ttf") as path:
        pdfmetrics.registerFont(TTFont("PTSans", str(path)))
    return "PTSans"


def text_pdf(pages: int, *, language: str, seed: int) -> bytes:
    """A PDF of so many pages of prose, about 4,500 characters each."""
    dice = random.Random(seed)
    font = _font()
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=1)
    for _ in range(pages):
        text = canvas.beginText(50, A4[1] - 50)
        text.setFont(font, 10, leading=13)
        for line in _lines(dice, language):
            text.textLine(line)
        canvas.drawText(text)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def dense_pdf(pages: int, *, seed: int) -> bytes:
    """A PDF as reports are: a heading, two columns of small type, a ruled table; about 4,500 characters a page."""
    dice = random.Random(seed)
    font = _font()
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=1)
    for number in range(1, pages + 1):
        lines = _lines(dice, "ru")
        canvas.setFont(font, 14)
        canvas.drawString(50, A4[1] - 50, f"{number}. {next(lines)[:40]}")
        for left in (50, 310):
            column = canvas.beginText(left, A4[1] - 80)
            column.setFont(font, 8, leading=10)
            for _ in range(_COLUMN_LINES):
                column.textLine(_column_line(dice))
            canvas.drawText(column)
        _draw_table(canvas, dice, font)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _column_line(dice: random.Random) -> str:
    line = ""
    while len(line) < _COLUMN_CHARACTERS - 8:
        line += dice.choice(_words("ru")) + " "
    return line.strip() + ("." if dice.random() < 0.2 else "")


def _draw_table(canvas: Canvas, dice: random.Random, font: str) -> None:
    columns, rows = [50 + 100 * place for place in range(6)], [60 + 15 * place for place in range(13)]
    canvas.setLineWidth(0.5)
    canvas.grid(columns, rows)
    canvas.setFont(font, 8)
    for x in columns[:-1]:
        for y in rows[:-1]:
            shown = dice.choice(_words("ru"))[:16] if x == columns[0] else f"{dice.randrange(100_000):,}"
            canvas.drawString(x + 3, y + 4, shown)


def scanned(content: bytes) -> bytes:
    """The same pages as pictures without a text layer."""
    document = pypdfium2.PdfDocument(content)
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=1)
    for page in document:
        picture: Image.Image = page.render(scale=_SCAN_DPI / 72, grayscale=True).to_pil()
        packed = BytesIO()
        picture.save(packed, "JPEG", quality=85)
        packed.seek(0)
        canvas.drawImage(ImageReader(packed), 0, 0, A4[0], A4[1])
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()
