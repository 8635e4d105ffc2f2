"""PDF papers with pictures: plain, masked, turned, inside forms, beside text; and scans with a layer of text."""

from importlib.resources import as_file, files
from io import BytesIO
from typing import Any, Final

from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from tests.corpus.paper import Paper, Sheet
from tests.corpus.pdf_drawing import BOLD, HEIGHT, LEFT, PLAIN, WIDTH, draw_lines, draw_pdf, photograph, scheme, wrap

from samovar.domain.layout import Rectangle

__all__ = ["PAPERS"]

_FULL: Final = WIDTH - 2 * LEFT
_ABOUT_RU: Final = (
    "На пристани стоят два крана: старый, с ручной лебёдкой, и новый, с электрическим приводом. Ниже показано, как они "
    "расположены и как выглядит берег с воды в ясный день."
)
_ABOUT_EN: Final = (
    "The sign over the gate was painted by a sailor who had lost his ship. It has been touched up twice since "
    "then, and "
    "each time the colours came out a little brighter than anyone had wished for."
)


def _box(left: float, bottom: float, width: float, height: float) -> Rectangle:
    return Rectangle(x=left, y=HEIGHT - bottom - height, width=width, height=height)


def _captions_ru() -> bytes:
    """A PNG and a JPEG with captions, and a dot and a hairline that are no figures."""

    def draw(canvas: Any) -> None:
        top = draw_lines(canvas, ["Краны пристани"], LEFT, 760, size=16, font=BOLD)
        draw_lines(canvas, wrap(_ABOUT_RU, _FULL), LEFT, top - 4)
        canvas.drawImage(ImageReader(scheme()), LEFT, 520, 240, 160)
        draw_lines(canvas, ["Рис. 1. Расположение кранов"], LEFT, 502, size=10)
        canvas.drawImage(ImageReader(BytesIO(photograph())), LEFT, 270, 320, 200)
        draw_lines(canvas, ["Рисунок 2 — Берег с воды"], LEFT, 252, size=10)
        canvas.drawImage(ImageReader(Image.new("RGB", (4, 4), "black")), LEFT, 235, 3, 3)
        canvas.drawImage(ImageReader(Image.new("RGB", (400, 2), "black")), LEFT, 225, 400, 1)

    return draw_pdf(draw)


def _masked_en() -> bytes:
    """A transparent picture, and one that is turned by 30 degrees."""
    sign = scheme().convert("RGBA")
    hole = Image.new("L", sign.size, 255)
    ImageDraw.Draw(hole).rectangle((0, 0, 60, 60), fill=0)
    sign.putalpha(hole)

    def draw(canvas: Any) -> None:
        draw_lines(canvas, wrap(_ABOUT_EN, _FULL), LEFT, 760)
        canvas.drawImage(ImageReader(sign), LEFT, 520, 240, 160, mask="auto")
        canvas.saveState()
        canvas.translate(300, 200)
        canvas.rotate(30)
        canvas.drawImage(ImageReader(scheme()), 0, 0, 200, 100)
        canvas.restoreState()

    return draw_pdf(draw)


def _turned_box() -> Rectangle:
    """A box of 200 by 100 turned by 30 degrees about its lower left corner at (300, 200)."""
    cosine, sine = 3**0.5 / 2, 0.5
    return _box(300 - 100 * sine, 200, 200 * cosine + 100 * sine, 200 * sine + 100 * cosine)


def _in_forms_en() -> bytes:
    """A picture inside a form inside a form, each of which moves and scales it."""

    def draw(canvas: Any) -> None:
        canvas.beginForm("inner")
        canvas.drawImage(ImageReader(scheme()), 10, 10, 120, 80)
        canvas.endForm()
        canvas.beginForm("outer")
        canvas.translate(50, 40)
        canvas.doForm("inner")
        canvas.endForm()
        draw_lines(canvas, wrap(_ABOUT_EN, _FULL), LEFT, 760)
        canvas.saveState()
        canvas.translate(60, 300)
        canvas.scale(2, 2)
        canvas.doForm("outer")
        canvas.restoreState()
        draw_lines(canvas, ["Figure 3: The gate of the yard"], LEFT, 380, size=10)

    return draw_pdf(draw)


def _in_column_en() -> bytes:
    """A picture at the head of the second of two columns."""

    def draw(canvas: Any) -> None:
        draw_lines(canvas, wrap(_ABOUT_EN + " " + _ABOUT_EN, 212), LEFT, 760)
        canvas.drawImage(ImageReader(scheme()), WIDTH - LEFT - 212, 660, 180, 110)
        draw_lines(canvas, wrap(_ABOUT_EN, 212), WIDTH - LEFT - 212, 640)

    return draw_pdf(draw)


_STAMP: Final = "Received on 14 March, number 118"


def _page_picture(text: str) -> Image.Image:
    """A page at 200 dots an inch as a scanner sees it."""
    picture = Image.new("L", (1654, 2339), 255)
    pen = ImageDraw.Draw(picture)
    with as_file(files("fontpkg_pt_sans") / "files" / "PT_Sans-Web-Regular.ttf") as path:
        font = ImageFont.truetype(str(path), 36)
    for place, line in enumerate(wrap(text, _FULL, size=13)):
        pen.text((200, 220 + 56 * place), line, fill=0, font=font)
    return picture


def _scan(text: str) -> bytes:
    return draw_pdf(lambda canvas: canvas.drawImage(ImageReader(_page_picture(text)), 0, 0, WIDTH, HEIGHT))


def _searchable_scan(text: str) -> bytes:
    """A scan with the invisible letters that a scanner's own OCR has put there."""

    def draw(canvas: Any) -> None:
        canvas.drawImage(ImageReader(_page_picture(text)), 0, 0, WIDTH, HEIGHT)
        letters = canvas.beginText(LEFT, HEIGHT - 90)
        letters.setFont(PLAIN, 13)
        letters.setTextRenderMode(3)
        for line in wrap(text, _FULL, size=13):
            letters.textLine(line)
        canvas.drawText(letters)

    return draw_pdf(draw)


def _stamped_scan() -> bytes:
    """A scan on which a program has put a short line of real letters."""

    def draw(canvas: Any) -> None:
        canvas.drawImage(ImageReader(_page_picture(_ABOUT_EN)), 0, 0, WIDTH, HEIGHT)
        draw_lines(canvas, [_STAMP], LEFT, 120, size=12)

    return draw_pdf(draw)


def _mixed_ru() -> bytes:
    """A page of text, a scanned page, a page with nothing on it."""
    return draw_pdf(
        lambda canvas: draw_lines(canvas, wrap(_ABOUT_RU, _FULL), LEFT, 760),
        lambda canvas: canvas.drawImage(ImageReader(_page_picture(_ABOUT_RU)), 0, 0, WIDTH, HEIGHT),
        lambda canvas: None,
    )


PAPERS: Final = (
    Paper(
        name="pdf_captions_ru", file_name="krany.pdf", make=_captions_ru, kind="pdf",
        sheets=(Sheet(
            text=f"Краны пристани\n{_ABOUT_RU}\nРис. 1. Расположение кранов\nРисунок 2 — Берег с воды",
            headings=("Краны пристани",), pictures=(_box(LEFT, 520, 240, 160), _box(LEFT, 270, 320, 200)),
        ),),
    ),
    Paper(
        name="pdf_masked_and_turned_pictures_en", file_name="sign.pdf", make=_masked_en, kind="pdf",
        sheets=(Sheet(text=_ABOUT_EN, pictures=(_box(LEFT, 520, 240, 160), _turned_box())),),
    ),
    Paper(
        name="pdf_picture_in_forms_en", file_name="gate.pdf", make=_in_forms_en, kind="pdf",
        sheets=(Sheet(
            text=f"{_ABOUT_EN}\nFigure 3: The gate of the yard",
            pictures=(_box(60 + 2 * 60, 300 + 2 * 50, 240, 160),),
        ),),
    ),
    Paper(
        name="pdf_picture_in_column_en", file_name="column.pdf", make=_in_column_en, kind="pdf",
        sheets=(Sheet(
            text=f"{_ABOUT_EN}\n{_ABOUT_EN}\n{_ABOUT_EN}", pictures=(_box(WIDTH - LEFT - 212, 660, 180, 110),),
        ),),
    ),
    Paper(
        name="pdf_searchable_scan_ru", file_name="skan.pdf", make=lambda: _searchable_scan(_ABOUT_RU), kind="pdf",
        sheets=(Sheet(text=_ABOUT_RU),),
    ),
    Paper(
        name="pdf_scan_en", file_name="scan.pdf", make=lambda: _scan(_ABOUT_EN), kind="pdf",
        sheets=(Sheet(text=_ABOUT_EN, way="scan"),),
    ),
    Paper(
        name="pdf_stamped_scan_en", file_name="stamped.pdf", make=_stamped_scan, kind="pdf",
        sheets=(Sheet(text=f"{_ABOUT_EN}\n{_STAMP}", way="scan"),),
    ),
    Paper(
        name="pdf_mixed_pages_ru", file_name="raznoe.pdf", make=_mixed_ru, kind="pdf",
        sheets=(Sheet(text=_ABOUT_RU), Sheet(text=_ABOUT_RU, way="scan"), Sheet(text="")),
    ),
)  # fmt: skip
