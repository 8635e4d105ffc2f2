"""Scanned papers with known text: as they leave a good scanner, and a poor one."""

from collections.abc import Callable, Sequence
from functools import partial
from io import BytesIO
from typing import Final

import numpy as np
from PIL import Image, ImageFilter
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from tests.corpus.paper import Paper, Sheet, Way
from tests.corpus.scan_texts import (
    ENGLISH,
    ENGLISH_DIVIDED,
    ENGLISH_TABLE,
    MIXED,
    RUSSIAN,
    RUSSIAN_DIVIDED,
    RUSSIAN_TABLE,
    whole,
)
from tests.corpus.typeset import A4_PT, Leaf, TableCell, Typeface

__all__ = ["PAPERS", "article", "columns"]

_Change = Callable[[Image.Image], Image.Image]
_GUTTER_PT: Final = 24.0
_BOLD: Final[dict[str, Typeface]] = {"serif": "serif bold", "sans": "sans bold"}
_RUSSIAN_WIDTHS: Final = (150.0, 60.0, 70.0, 70.0, 90.0)
_ENGLISH_WIDTHS: Final = (90.0, 60.0, 70.0, 100.0, 150.0)


def article(text: Sequence[str], typeface: Typeface = "serif", dpi: int = 200) -> Leaf:
    """A heading and paragraphs over the whole width."""
    leaf = Leaf(dpi=dpi)
    leaf.paragraph(text[0], typeface=_BOLD[typeface], size=16)
    for paragraph in text[1:]:
        leaf.paragraph(paragraph, typeface=typeface)
    return leaf


def columns(text: Sequence[str], divided: Sequence[str]) -> Leaf:
    """A heading over two columns; words of the first are divided at line ends."""
    leaf = Leaf(dpi=200)
    leaf.paragraph(text[0], typeface="serif bold", size=16)
    width, top = (leaf.right - leaf.left - _GUTTER_PT) / 2, leaf.top
    for paragraph in (*text[1:3], *divided):
        leaf.paragraph(paragraph, typeface="serif", size=10, width=width)
    leaf.top = top
    for paragraph in text[3:6]:
        leaf.paragraph(paragraph, typeface="serif", size=10, width=width, left=leaf.left + width + _GUTTER_PT)
    return leaf


def _table(
    text: Sequence[str], rows: Sequence[Sequence[TableCell | None]], widths: Sequence[float], *, ruled: bool = True
) -> Leaf:
    """A table between two paragraphs."""
    leaf = Leaf(dpi=200)
    leaf.paragraph(text[1])
    leaf.table(rows, widths, ruled=ruled)
    leaf.paragraph(text[5])
    return leaf


def _png(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _jpeg(image: Image.Image, quality: int) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _skewed(image: Image.Image, degrees: float) -> Image.Image:
    return image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255)


def _noisy(image: Image.Image, grain: float = 25, specks: float = 0.01) -> Image.Image:
    """Grain over everything, and black and white dots."""
    random = np.random.default_rng(7)
    tones = np.asarray(image).astype(float) + random.normal(0, grain, (image.height, image.width))
    dice = random.random(tones.shape)
    tones[dice < specks / 2] = 0
    tones[dice > 1 - specks / 2] = 255
    return Image.fromarray(tones.clip(0, 255).astype(np.uint8))


def _greyed(image: Image.Image) -> Image.Image:
    """Grey paper, darker towards one corner, as under a lid that does not close."""
    tones = np.asarray(image).astype(float)
    down, across = np.mgrid[0 : image.height, 0 : image.width]
    paper = 150 + 80 * (across / image.width) * (1 - down / image.height)
    return Image.fromarray((tones / 255 * paper).astype(np.uint8))


def _pdf(leaves: Sequence[Image.Image]) -> bytes:
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=A4_PT, invariant=True)
    for leaf in leaves:
        canvas.drawImage(ImageReader(BytesIO(_jpeg(leaf, 80))), 0, 0, *A4_PT)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _tiff(leaves: Sequence[Image.Image]) -> bytes:
    """Pages of one bit in group 4, as office copiers send them."""
    buffer = BytesIO()
    pages = [leaf.point(lambda tone: 255 if tone > 150 else 0).convert("1") for leaf in leaves]
    pages[0].save(buffer, "TIFF", save_all=True, append_images=pages[1:], compression="group4", dpi=(200, 200))
    return buffer.getvalue()


def _photograph() -> Image.Image:
    """Hills in a haze: tones without edges, and nothing to read."""
    down, across = np.mgrid[0:900, 0:1200]
    ridge = 450 + 120 * np.sin(across / 190) + 60 * np.sin(across / 71)
    tones = np.where(down > ridge, 70 + 60 * np.sin(across / 300) + down / 20, 215 - down / 10)
    return _noisy(Image.fromarray(tones.clip(0, 255).astype(np.uint8)), 6, 0).filter(ImageFilter.GaussianBlur(2))


def _read_as(text: Sequence[str], way: Way = "scan") -> Sheet:
    return Sheet(text="\n\n".join(text), way=way, headings=(text[0],))


def _columns_sheet(text: Sequence[str], divided: Sequence[str]) -> Sheet:
    return _read_as([text[0], *text[1:3], *map(whole, divided), *text[3:6]])


def _table_sheet(text: Sequence[str], rows: Sequence[Sequence[TableCell | None]]) -> Sheet:
    cells = tuple(
        tuple(cell if isinstance(cell, str) else cell[0] if cell is not None else "" for cell in row) for row in rows
    )
    lines = ["\t".join(cell for cell in row if cell) for row in cells]
    return Sheet(text="\n".join([text[1], *lines, text[5]]), way="scanned_table", tables=(cells,))


def _scan(
    name: str,
    make: Callable[[], Leaf],
    sheet: Sheet,
    change: _Change = lambda image: image,
    encode: Callable[[Image.Image], bytes] = _png,
) -> Paper:
    return Paper(
        name=f"scan_{name}",
        file_name=f"{name}.png",
        make=lambda: encode(change(make().image)),
        sheets=(sheet,),
        kind="image",
    )


def _both(
    name: str,
    way: Way = "scan",
    change: _Change = lambda image: image,
    *,
    typeface: Typeface = "serif",
    dpi: int = 200,
    encode: Callable[[Image.Image], bytes] = _png,
) -> tuple[Paper, Paper]:
    """The same scan of the Russian and of the English article."""
    russian, english = (partial(article, text, typeface, dpi) for text in (RUSSIAN, ENGLISH))
    return (
        _scan(f"russian_{name}", russian, _read_as(RUSSIAN, way), change, encode),
        _scan(f"english_{name}", english, _read_as(ENGLISH, way), change, encode),
    )


PAPERS: Final = (
    *_both("serif"),
    *_both("sans", typeface="sans"),
    _scan("mixed_serif", partial(article, MIXED, "serif"), _read_as(MIXED)),
    _scan("mixed_sans", partial(article, MIXED, "sans"), _read_as(MIXED)),
    _scan("russian_columns", partial(columns, RUSSIAN, RUSSIAN_DIVIDED), _columns_sheet(RUSSIAN, RUSSIAN_DIVIDED)),
    _scan("english_columns", partial(columns, ENGLISH, ENGLISH_DIVIDED), _columns_sheet(ENGLISH, ENGLISH_DIVIDED)),
    _both("on_its_side", change=lambda image: image.transpose(Image.Transpose.ROTATE_90))[0],
    _both("on_its_other_side", change=lambda image: image.transpose(Image.Transpose.ROTATE_270))[1],
    _both("upside_down", change=lambda image: image.transpose(Image.Transpose.ROTATE_180))[0],
    _both("300_dpi", dpi=300)[0],
    *_both("150_dpi", "poor_scan", dpi=150),
    *_both("noise", "poor_scan", _noisy),
    *_both("blur", "poor_scan", lambda image: image.filter(ImageFilter.GaussianBlur(1.6))),
    _both("skew_1", "poor_scan", partial(_skewed, degrees=-1.2))[1],
    *_both("skew_3", "poor_scan", partial(_skewed, degrees=3)),
    *_both("jpeg", "poor_scan", encode=partial(_jpeg, quality=20)),
    *_both("grey_paper", "poor_scan", _greyed),
    _scan(
        "russian_table", partial(_table, RUSSIAN, RUSSIAN_TABLE, _RUSSIAN_WIDTHS), _table_sheet(RUSSIAN, RUSSIAN_TABLE)
    ),
    _scan(
        "english_table", partial(_table, ENGLISH, ENGLISH_TABLE, _ENGLISH_WIDTHS), _table_sheet(ENGLISH, ENGLISH_TABLE)
    ),
    _scan(
        "russian_table_poor",
        partial(_table, RUSSIAN, RUSSIAN_TABLE, _RUSSIAN_WIDTHS),
        _table_sheet(RUSSIAN, RUSSIAN_TABLE),
        lambda image: _noisy(_skewed(image, 1.5), 15, 0.004),
    ),
    _scan(
        "russian_table_unruled",
        partial(_table, RUSSIAN, RUSSIAN_TABLE[2:7], _RUSSIAN_WIDTHS, ruled=False),
        _table_sheet(RUSSIAN, RUSSIAN_TABLE[2:7]),
    ),
    _scan(
        "english_table_unruled",
        partial(_table, ENGLISH, ENGLISH_TABLE, _ENGLISH_WIDTHS, ruled=False),
        _table_sheet(ENGLISH, ENGLISH_TABLE),
    ),
    Paper(
        name="scan_pdf",
        file_name="Договор.pdf",
        make=lambda: _pdf([article(RUSSIAN).image, article(ENGLISH, "sans").image]),
        sheets=(_read_as(RUSSIAN), _read_as(ENGLISH)),
        kind="pdf",
    ),
    Paper(
        name="scan_tiff",
        file_name="Copier0007.tif",
        make=lambda: _tiff([article(ENGLISH).image, article(RUSSIAN, "sans").image]),
        sheets=(_read_as(ENGLISH), _read_as(RUSSIAN)),
        kind="image",
    ),
    Paper(
        name="scan_without_words",
        file_name="hills.jpg",
        make=lambda: _jpeg(_photograph(), 85),
        sheets=(Sheet(text="", way="scan"),),
        kind="image",
    ),
    Paper(
        name="scan_blank",
        file_name="blank.png",
        make=lambda: _png(Leaf(dpi=150).image),
        sheets=(Sheet(text="", way="scan"),),
        kind="image",
    ),
)
