"""Pictures of every kind that is read, as cameras, scanners and office programs write them.

They hold drawings, so the text is empty: what stands on scans is in ``scan_papers``.
"""

from base64 import b64decode
from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import Any, Final

import numpy as np
from PIL import Image, ImageDraw
from tests.corpus.paper import Paper, Sheet

from samovar.domain.layout import Rectangle

__all__ = ["PAPERS", "drawing", "heic", "multi_page_tiff", "saved"]

_WIDTH: Final = 96
_HEIGHT: Final = 64
#: EXIF: the camera was held so that its right side was up; what is stored must be turned clockwise (TIFF/EP, tag 274).
_TURN_CLOCKWISE: Final = 6
_ORIENTATION: Final = 274
#: The drawing below as HEIC, written once by libheif 1.21 with x265, which no package here brings along.
_HEIC: Final = (
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAVZtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJpbG9jAA"
    "AAAERAAAEAAQAAAAABegABAAAAAAAAAHsAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRtAAAAAAABAAAA1mlwcnAA"
    "AAC3aXBjbwAAAHhodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQArQgEBA3AAAAMAkA"
    "AAAwAAAwAeoDCBBZbqSSmubgIaDAgAAAMAyAAAAwAIQGIAAQAHRAHBcrAiQAAAABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAABgAAAA"
    "QAAAABBwaXhpAAAAAAMICAgAAAAXaXBtYQAAAAAAAAABAAEEgQIDBAAAAINtZGF0AAAAdygBrxOAeSTLZJd//NAwfm//e/OP/KugH6QibxRU3T"
    "/hnI57e6Ri5VO0AhXVcDT0I/wv/S1cfwIcamyUogTvIaKQdn/xrqsxn5//N6kP6c9F+Ixf6D75lPYa7im0ng2qszGOmeOHdX1v5Mr+H/5Js9R9"
    "Ktz/KE/A"
)


def drawing(mode: str = "RGB", size: tuple[int, int] = (_WIDTH, _HEIGHT)) -> Image.Image:
    """A red and a blue rectangle on white."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    width, height = size
    draw.rectangle((width // 6, height // 4, width // 2 - 1, height * 3 // 4 - 1), fill=(220, 30, 30))
    draw.rectangle((width * 2 // 3, height // 2, width - 1, height - 1), fill=(30, 60, 200))
    return image if mode == "RGB" else image.convert(mode)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The bytes of a picture file."""
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def heic() -> bytes:
    """The drawing as a telephone stores it."""
    return b64decode(_HEIC)


def multi_page_tiff(pages: int = 3) -> bytes:
    """A fax: pages of one bit in group 4, each a little larger than the one before."""
    leaves = [drawing(size=(_WIDTH + 8 * place, _HEIGHT)).convert("1") for place in range(pages)]
    return saved(leaves[0], "TIFF", save_all=True, append_images=leaves[1:], compression="group4")


def _turned_jpeg() -> bytes:
    exif = Image.Exif()
    exif[_ORIENTATION] = _TURN_CLOCKWISE
    return saved(drawing().transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif)


def _sixteen_bits() -> bytes:
    levels = np.asarray(drawing("L")).astype(np.uint16) * 257
    return saved(Image.fromarray(levels), "PNG")


def _alpha() -> bytes:
    image = drawing("RGBA")
    image.putalpha(drawing("L").point(lambda tone: 0 if tone > 250 else 255))
    return saved(image, "PNG")


def _sheet(width: float = _WIDTH, height: float = _HEIGHT) -> Sheet:
    return Sheet(text="", pictures=(Rectangle(x=0, y=0, width=width, height=height),))


def _paper(name: str, file_name: str, make: Callable[[], bytes], *sheets: Sheet) -> Paper:
    return Paper(name=f"image_{name}", file_name=file_name, make=make, sheets=sheets or (_sheet(),), kind="image")


PAPERS: Final = (
    _paper("png", "Снимок экрана.png", lambda: saved(drawing(), "PNG")),
    _paper("jpeg_turned", "IMG_0412.JPG", _turned_jpeg),
    _paper("jpeg_cmyk", "print.jpg", lambda: saved(drawing("CMYK"), "JPEG")),
    _paper("jpeg_progressive", "web.jpeg", lambda: saved(drawing(), "JPEG", progressive=True)),
    _paper("png_sixteen_bits", "x-ray.png", _sixteen_bits),
    _paper("png_palette", "chart.png", lambda: saved(drawing().quantize(8), "PNG")),
    _paper("png_alpha", "logo.png", _alpha),
    _paper("webp", "photo.webp", lambda: saved(drawing(), "WEBP", lossless=True)),
    _paper("bmp", "Рисунок.bmp", lambda: saved(drawing(), "BMP")),
    _paper("gif", "button.gif", lambda: saved(drawing().quantize(16), "GIF")),
    _paper("heic", "IMG_7003.HEIC", heic),
    _paper("tiff_lzw", "scan.tif", lambda: saved(drawing(), "TIFF", compression="tiff_lzw")),
    _paper("tiff_pages", "Факс.tiff", partial(multi_page_tiff, 3), _sheet(), _sheet(_WIDTH + 8), _sheet(_WIDTH + 16)),
    _paper("large", "poster.png", lambda: saved(drawing(size=(3136, 1600)), "PNG"), _sheet(1568, 800)),
)
