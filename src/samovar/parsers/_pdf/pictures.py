"""The pictures of a page, drawn anew at a bounded size."""

from ctypes import byref, c_uint, cast
from typing import Any, Final

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image as PillowImage

from samovar.domain.page import Picture
from samovar.parsers._pdf import library
from samovar.parsers._pdf.contents import Contents, Image
from samovar.parsers._pdf.frame import Frame
from samovar.parsers._pdf.matrix import moved, multiplied
from samovar.parsers._shared import LONGER_SIDE_PX, PICTURE_DAMAGE, encode_picture, plain_picture

__all__ = ["draw_image", "figure_images"]

#: Smaller pictures are decorations: bullets, lines, dots.
_SMALLEST_PX: Final = 16
_SMALLEST_PT: Final = 8.0
_TURNS: Final = {
    1: PillowImage.Transpose.ROTATE_270,
    2: PillowImage.Transpose.ROTATE_180,
    3: PillowImage.Transpose.ROTATE_90,
}


def figure_images(contents: Contents, seen: Frame) -> list[Image]:
    """Choose the pictures that are figures, from top to bottom of the page as it is seen."""
    found: list[tuple[float, float, Image]] = []
    for image in contents.images:
        box = seen.rectangle(seen.place(image.box))
        if box is None or min(box.width, box.height) < _SMALLEST_PT:
            continue
        width, height = _pixels(image)
        if min(width, height) >= _SMALLEST_PX:
            found.append((box.y, box.x, image))
    found.sort(key=lambda entry: entry[:2])
    return [image for _, _, image in found]


def _pixels(image: Image) -> tuple[int, int]:
    width, height = c_uint(), c_uint()
    handle = cast(image.handle, pdfium_c.FPDF_PAGEOBJECT)
    if not pdfium_c.FPDFImageObj_GetImagePixelSize(handle, byref(width), byref(height)):
        return 0, 0
    return width.value, height.value


def draw_image(document: Any, page: Any, image: Image, seen: Frame, *, pixels: int) -> Picture | None:
    """Draw one picture as it is seen, masks and turns included, on white.

    None for a picture that is damaged or has more than ``pixels``.
    """
    width, height = _pixels(image)
    if not 0 < width * height <= pixels:
        return None
    handle = cast(image.handle, pdfium_c.FPDF_PAGEOBJECT)
    own = library.object_matrix(image.handle)
    matrix = multiplied(own, image.form)
    corners = [moved((*matrix[:4], 0.0, 0.0), x, y) for x, y in ((0, 0), (1, 0), (0, 1), (1, 1))]
    across = max(x for x, _ in corners) - min(x for x, _ in corners)
    down = max(y for _, y in corners) - min(y for _, y in corners)
    if across <= 0 or down <= 0:
        return None
    sides = ((matrix[0] ** 2 + matrix[1] ** 2) ** 0.5, (matrix[2] ** 2 + matrix[3] ** 2) ** 0.5)
    scale = min(width / max(sides[0], 0.01), height / max(sides[1], 0.01), LONGER_SIDE_PX / max(across, down))
    wanted = pdfium_c.FS_MATRIX(*(number * scale for number in matrix[:4]), 0.0, 0.0)
    before = pdfium_c.FS_MATRIX(*own)
    pdfium_c.FPDFPageObj_SetMatrix(handle, byref(wanted))
    try:
        bitmap = pdfium_c.FPDFImageObj_GetRenderedBitmap(document, page, handle)
    finally:
        pdfium_c.FPDFPageObj_SetMatrix(handle, byref(before))
    if not bitmap:
        return None
    try:
        drawn = pdfium.PdfBitmap.from_raw(bitmap).to_pil()
        upright = _on_white(drawn)
        turn = _TURNS.get(seen.turns)
        return encode_picture(plain_picture(upright if turn is None else upright.transpose(turn)))
    except PICTURE_DAMAGE:
        return None


def _on_white(image: PillowImage.Image) -> PillowImage.Image:
    """Lay a picture on white paper, as the page does."""
    if image.mode != "RGBA":
        return image
    paper = PillowImage.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    return paper
