"""Pictures: decoded within bounds, turned upright, stripped of metadata, made smaller and encoded anew."""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Final

from PIL import Image, ImageOps, JpegImagePlugin, PngImagePlugin, UnidentifiedImageError

from samovar.domain.errors import FileDamaged, FileTooComplex
from samovar.domain.page import Picture

__all__ = [
    "LONGER_SIDE_PX",
    "PICTURE_DAMAGE",
    "encode_picture",
    "fit_picture",
    "open_picture",
    "plain_picture",
    "silent_opener",
]

#: Above this vision models make pictures smaller themselves.
LONGER_SIDE_PX: Final = 1568
#: What Pillow raises for pictures that are damaged or made to do harm.
PICTURE_DAMAGE: Final = (
    UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError,
    OverflowError, struct.error, zlib.error,
)  # fmt: skip

_FEW_COLOURS: Final = 256
_JPEG_QUALITY: Final = 90
_PNG_COMPRESSION: Final = 4

# Everything that a plugin would load later must be here before the process is confined.
Image.preinit()
assert PngImagePlugin.PngImageFile.format
assert JpegImagePlugin.JpegImageFile.format


@contextmanager
def silent_opener(content: bytes, name: str, formats: tuple[str, ...]) -> Iterator[Image.Image]:
    """Open a picture without decoding it; Pillow's own warnings and its own limit do not apply. Raises: FileDamaged."""
    Image.MAX_IMAGE_PIXELS = None  # our own limit is checked before anything is decoded
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            opened = Image.open(BytesIO(content), formats=formats)
        except PICTURE_DAMAGE as error:
            raise FileDamaged(name=name) from error
        with opened:
            yield opened


def open_picture(content: bytes, name: str, *, pixels: int, formats: tuple[str, ...] = ("PNG", "JPEG")) -> Image.Image:
    """Decode one picture of at most ``pixels``, upright and in mode L, RGB or RGBA.

    Raises: FileDamaged, FileTooComplex.
    """
    Image.MAX_IMAGE_PIXELS = None  # our own limit is checked before anything is decoded
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(content), formats=formats) as checked:
                if checked.width * checked.height > pixels:
                    raise FileTooComplex(name=name, reason="pixels")
                checked.verify()
            image = Image.open(BytesIO(content), formats=formats)
            image.load()
            return plain_picture(ImageOps.exif_transpose(image))
    except PICTURE_DAMAGE as error:
        raise FileDamaged(name=name) from error


def plain_picture(image: Image.Image) -> Image.Image:
    """Bring any mode to L, RGB or RGBA, without metadata."""
    if image.mode.startswith(("I", "F")):
        highest = 65535 if image.mode.startswith("I") else 255
        image = image.convert("F").point(lambda value: value * (255 / highest)).convert("L")
    elif "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        image = image.convert("RGBA")
    elif image.mode in ("1", "L"):
        image = image.convert("L")
    else:
        image = image.convert("RGB")
    image.info = {}
    return image


def fit_picture(image: Image.Image, longer_side_px: int = LONGER_SIDE_PX) -> Image.Image:
    """Make a picture of mode L, RGB or RGBA smaller, if its longer side is longer than that."""
    if max(image.size) <= longer_side_px:
        return image
    few = image.mode != "RGBA" and image.getcolors(_FEW_COLOURS) is not None
    scale = longer_side_px / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    smaller = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    # Resizing blends colours; a drawing stays a drawing, so that it is not smeared by JPEG.
    return smaller.quantize(_FEW_COLOURS).convert(image.mode) if few and image.mode == "RGB" else smaller


def encode_picture(image: Image.Image) -> Picture:
    """Write PNG for drawings and transparency, JPEG for photographs; the mode is L, RGB or RGBA."""
    buffer = BytesIO()
    if image.mode == "RGBA" or image.getcolors(_FEW_COLOURS) is not None:
        image.save(buffer, "PNG", compress_level=_PNG_COMPRESSION)
        return Picture(media_type="image/png", content=buffer.getvalue(), width=image.width, height=image.height)
    image.save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return Picture(media_type="image/jpeg", content=buffer.getvalue(), width=image.width, height=image.height)
