"""Pictures of every usual kind: decoded, turned upright, made smaller, stripped of metadata and encoded anew.

A picture has no text of its own: its page waits for OCR. A TIFF may hold many pages; of other moving or stacked
pictures the first is read.
"""

import struct
from collections.abc import Iterator
from typing import Final

import pi_heif
from PIL import BmpImagePlugin, GifImagePlugin, Image, MpoImagePlugin, TiffImagePlugin, WebPImagePlugin

from samovar.domain.errors import DocumentError, FileDamaged, FileTooComplex
from samovar.domain.layout import Rectangle, Word
from samovar.domain.page import DocumentHead, DocumentKind, Figure, Page, PageReason, ParsedPage, ParsedPart, Picture
from samovar.parsers._shared.one_thread import forbid_decoder_threads
from samovar.parsers._shared.pictures import (
    LONGER_SIDE_PX,
    PICTURE_DAMAGE,
    encode_picture,
    fit_picture,
    open_picture,
    plain_picture,
    silent_opener,
)
from samovar.ports.parser import ParserLimits

__all__ = ["KIND", "MEDIA_TYPES", "SUFFIXES", "locate", "read", "recognises", "render_page", "words"]

KIND: Final[DocumentKind] = "image"
SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".heic", ".heif", ".gif")
MEDIA_TYPES: Final = (
    "image/jpeg", "image/png", "image/webp", "image/tiff", "image/bmp", "image/heic", "image/heif", "image/gif",
)  # fmt: skip

#: Brands of HEIF files whose pictures are coded by HEVC. Source: ISO/IEC 23008-12:2022, annex B; mif1 is any HEIF.
_HEIF_BRANDS: Final = (b"heic", b"heix", b"heim", b"heis", b"mif1")
_TIFF_STARTS: Final = {b"II*\0": "<", b"MM\0*": ">", b"II+\0": "<", b"MM\0+": ">"}
#: Sizes that the second header of a BMP file may have. Source: BITMAPINFOHEADER and its kin, Windows SDK (2023).
_BMP_HEADERS: Final = frozenset({12, 16, 40, 52, 56, 64, 108, 124})

# Everything that a plugin would load later must be here before the process is confined; it may start no thread then.
Image.preinit()
pi_heif.register_heif_opener(decode_threads=0, thumbnails=False, depth_images=False, aux_images=False)
forbid_decoder_threads()
assert all(
    plugin.format
    for plugin in (
        BmpImagePlugin.BmpImageFile, GifImagePlugin.GifImageFile, MpoImagePlugin.MpoImageFile,
        TiffImagePlugin.TiffImageFile, WebPImagePlugin.WebPImageFile,
    )
)  # fmt: skip


def recognises(content: bytes, name: str) -> bool:
    """Tell by signature whether this is a picture of a kind that is read here."""
    del name  # names lie
    return _format(content) is not None


def read(content: bytes, name: str, limits: ParserLimits, *, first_page: int = 1) -> Iterator[ParsedPart]:
    """Read one picture, or the pages of a TIFF. Raises: FileDamaged, FileTooComplex."""
    media_type, pillow_format = _format(content) or ("image/jpeg", "JPEG")
    count = len(_tiff_pages(content, limits.pages, name)) if pillow_format == "TIFF" else 1
    if count == 1:
        image = open_picture(content, name, pixels=limits.pixels, formats=(pillow_format,))
        yield DocumentHead(kind=KIND, media_type=media_type, page_count=1)
        yield _page(image, None, limits)
        return
    yield DocumentHead(kind=KIND, media_type=media_type, page_count=count)
    with silent_opener(content, name, (pillow_format,)) as opened:
        for number in range(first_page, count + 1):
            try:
                image = _frame(opened, number, limits, name)
            except DocumentError as error:
                reason: PageReason = "pixels" if isinstance(error, FileTooComplex) else "damaged"
                yield ParsedPage(page=Page(number=number, text="", status="failed", reason=reason))
            else:
                yield _page(image, number, limits)


def render_page(content: bytes, page: int, width_px: int, limits: ParserLimits) -> Picture:
    """Draw a page at most ``width_px`` wide, and never larger than it is. Raises: FileDamaged, FileTooComplex."""
    name = f"p. {page}"
    _, pillow_format = _format(content) or ("image/jpeg", "JPEG")
    if pillow_format == "TIFF" and page <= len(_tiff_pages(content, limits.pages, name)):
        with silent_opener(content, name, (pillow_format,)) as opened:
            image = _frame(opened, page, limits, name)
    elif page == 1:
        image = open_picture(content, name, pixels=limits.pixels, formats=(pillow_format,))
    else:
        raise FileDamaged(name=name)
    return encode_picture(fit_picture(image, round(width_px * max(1.0, image.height / image.width))))


def words(content: bytes, page: int) -> tuple[Word, ...]:
    """A picture has no text layer: always empty."""
    del content, page
    return ()


def locate(content: bytes, page: int, start: int, end: int) -> tuple[Rectangle, ...]:
    """A picture has no characters: always empty."""
    del content, page, start, end
    return ()


def _page(image: Image.Image, number: int | None, limits: ParserLimits) -> ParsedPage:
    """The page of a picture: it waits for OCR, and its only figure is the picture itself."""
    picture = encode_picture(fit_picture(image, LONGER_SIDE_PX))
    width, height = float(picture.width), float(picture.height)
    box = Rectangle(x=0.0, y=0.0, width=width, height=height)
    return ParsedPage(
        page=Page(number=number, text="", status="waiting", reason="no_text_layer", width=width, height=height),
        figures=(Figure(number=1, picture=picture, box=box),) if limits.figures else (),
    )


def _frame(opened: Image.Image, number: int, limits: ParserLimits, name: str) -> Image.Image:
    """One page of a TIFF. Raises: FileDamaged, FileTooComplex."""
    try:
        opened.seek(number - 1)
        if opened.width * opened.height > limits.pixels:
            raise FileTooComplex(name=name, reason="pixels")
        opened.load()
        return plain_picture(opened.copy())
    except PICTURE_DAMAGE as error:
        raise FileDamaged(name=name) from error


def _format(content: bytes) -> tuple[str, str] | None:
    """The media type, and the name that Pillow has for the format."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg", "JPEG"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png", "PNG"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp", "WEBP"
    if content[:4] in _TIFF_STARTS:
        return "image/tiff", "TIFF"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif", "GIF"
    if content[4:8] == b"ftyp" and content[8:12] in _HEIF_BRANDS:
        return ("image/heif" if content[8:12] == b"mif1" else "image/heic"), "HEIF"
    if content.startswith(b"BM") and len(content) > 18 and int.from_bytes(content[14:18], "little") in _BMP_HEADERS:
        return "image/bmp", "BMP"
    return None


def _tiff_pages(content: bytes, most: int, name: str) -> tuple[int, ...]:
    """Where the directories of a TIFF lie, one a page, without decoding anything; a loop ends it.

    Source: TIFF 6.0 (1992), section 2; BigTIFF (2007). Raises: FileTooComplex, FileDamaged (no directory at all).
    """
    order = _TIFF_STARTS[content[:4]]
    is_big = content[2:4] in (b"+\0", b"\0+")
    count_form, offset_form, entry_bytes = ("Q", "Q", 20) if is_big else ("H", "I", 12)
    counts, offsets = struct.Struct(order + count_form), struct.Struct(order + offset_form)
    found: dict[int, None] = {}
    try:
        (place,) = offsets.unpack_from(content, 8 if is_big else 4)
        while place and place not in found:
            (entries,) = counts.unpack_from(content, place)
            found[place] = None
            if len(found) > most:
                raise FileTooComplex(name=name, reason="pages")
            (place,) = offsets.unpack_from(content, place + counts.size + entries * entry_bytes)
    except struct.error:
        pass  # the chain is cut: what was found is what there is
    if not found:
        raise FileDamaged(name=name)
    return tuple(found)
