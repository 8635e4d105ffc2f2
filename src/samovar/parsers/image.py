"""Pictures (JPEG, PNG): decoded, turned upright, made smaller, stripped of metadata and encoded anew."""

import struct
import warnings
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Final

from PIL import Image, ImageOps, JpegImagePlugin, PngImagePlugin, UnidentifiedImageError

from samovar.domain.errors import FileDamaged, FileTooComplex
from samovar.domain.layout import Rectangle, Word
from samovar.domain.page import DocumentHead, DocumentKind, Figure, Page, ParsedPage, ParsedPart, Picture
from samovar.ports.parser import ParserLimits

__all__ = ["KIND", "MEDIA_TYPES", "SUFFIXES", "locate", "read", "recognises", "render_page", "words"]

KIND: Final[DocumentKind] = "image"
SUFFIXES: Final = (".jpg", ".jpeg", ".png")
MEDIA_TYPES: Final = ("image/jpeg", "image/png")

_SIGNATURES: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
#: Above this vision models make pictures smaller themselves.
_LONGER_SIDE_PX: Final = 1568
_FEW_COLOURS: Final = 256
_JPEG_QUALITY: Final = 90
_PNG_COMPRESSION: Final = 4
_DAMAGE: Final = (
    UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError,
    OverflowError, struct.error, zlib.error,
)  # fmt: skip

# Everything that a plugin would load later must be here before the process is confined.
Image.preinit()
assert PngImagePlugin.PngImageFile.format
assert JpegImagePlugin.JpegImageFile.format


def recognises(content: bytes, name: str) -> bool:
    """Tell by signature whether this is a JPEG or a PNG."""
    del name  # names lie
    return content.startswith(_SIGNATURES)


def read(content: bytes, name: str, limits: ParserLimits, *, first_page: int = 1) -> Iterator[ParsedPart]:
    """Read one picture. Raises: FileDamaged, FileTooComplex."""
    del first_page
    media_type = "image/png" if content.startswith(_SIGNATURES[1]) else "image/jpeg"
    picture = _encode(_fit(_open(content, name, limits), _LONGER_SIDE_PX))
    width, height = float(picture.width), float(picture.height)
    yield DocumentHead(kind=KIND, media_type=media_type, page_count=1)
    yield ParsedPage(
        page=Page(number=None, text="", status="picture", width=width, height=height),
        figures=(Figure(number=1, picture=picture, box=Rectangle(x=0.0, y=0.0, width=width, height=height)),),
    )


def render_page(content: bytes, page: int, width_px: int, limits: ParserLimits) -> Picture:
    """Draw the picture at most ``width_px`` wide. Raises: FileDamaged, FileTooComplex."""
    if page != 1:
        raise FileDamaged(name="picture")
    image = _open(content, "picture", limits)
    return _encode(_fit(image, round(width_px * max(1.0, image.height / image.width))))


def words(content: bytes, page: int) -> tuple[Word, ...]:
    """A picture has no text layer: always empty."""
    del content, page
    return ()


def locate(content: bytes, page: int, start: int, end: int) -> tuple[Rectangle, ...]:
    """A picture has no characters: always empty."""
    del content, page, start, end
    return ()


def _open(content: bytes, name: str, limits: ParserLimits) -> Image.Image:
    """Decode one picture, upright and in a plain mode."""
    Image.MAX_IMAGE_PIXELS = None  # our own limit is checked before anything is decoded
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(content), formats=("PNG", "JPEG")) as checked:
                if checked.width * checked.height > limits.pixels:
                    raise FileTooComplex(name=name, reason="pixels")
                checked.verify()
            image = Image.open(BytesIO(content), formats=("PNG", "JPEG"))
            image.load()
            return _plain(ImageOps.exif_transpose(image))
    except _DAMAGE as error:
        raise FileDamaged(name=name) from error


def _plain(image: Image.Image) -> Image.Image:
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


def _fit(image: Image.Image, longer_side_px: int) -> Image.Image:
    if max(image.size) <= longer_side_px:
        return image
    few = image.mode != "RGBA" and image.getcolors(_FEW_COLOURS) is not None
    scale = longer_side_px / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    smaller = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    # Resizing blends colours; a drawing stays a drawing, so that it is not smeared by JPEG.
    return smaller.quantize(_FEW_COLOURS).convert(image.mode) if few and image.mode == "RGB" else smaller


def _encode(image: Image.Image) -> Picture:
    """Write PNG for drawings and transparency, JPEG for photographs."""
    buffer = BytesIO()
    if image.mode == "RGBA" or image.getcolors(_FEW_COLOURS) is not None:
        image.save(buffer, "PNG", compress_level=_PNG_COMPRESSION)
        return Picture(media_type="image/png", content=buffer.getvalue(), width=image.width, height=image.height)
    image.save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return Picture(media_type="image/jpeg", content=buffer.getvalue(), width=image.width, height=image.height)
