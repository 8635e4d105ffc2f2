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

__all__ = ["scanned", "text_pdf"]

_ROOT: Final = Path(__file__).resolve().parents[1]
_LINES: Final = 55
_LINE_CHARACTERS: Final = 82
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
