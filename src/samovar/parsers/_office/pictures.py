"""Pictures inside office papers: decoded and encoded anew, each once, within a bound for the whole page."""

from typing import Final

from PIL import Image, TiffImagePlugin, WebPImagePlugin

from samovar.domain.errors import DocumentError
from samovar.domain.page import Picture
from samovar.parsers._shared import encode_picture, fit_picture, open_picture
from samovar.ports.parser import ParserLimits

__all__ = ["PictureShelf"]

_FORMATS: Final = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")
_LARGEST_FILE_BYTES: Final = 40_000_000
#: So many pixels take a few seconds, well within what a parser has for one page.
_PIXELS_A_PAGE: Final = 200_000_000
_KEPT: Final = 64

# Everything that a plugin would load later must be here before the process is confined.
Image.preinit()
assert TiffImagePlugin.TiffImageFile.format
assert WebPImagePlugin.WebPImageFile.format


class PictureShelf:
    """Hands out the pictures of one document; those that come again (a logo on every slide) are decoded once."""

    def __init__(self, file_name: str, limits: ParserLimits) -> None:
        self._file_name = file_name
        self._limits = limits
        self._kept: dict[bytes, Picture | None] = {}
        self._handed_out = 0
        self._pixels_left = _PIXELS_A_PAGE

    def turn_page(self) -> None:
        """Begin a page: it has pixels of its own."""
        self._pixels_left = _PIXELS_A_PAGE

    def picture(self, content: bytes) -> Picture | None:
        """Encode anew; None for what cannot be decoded (EMF, WMF, SVG, damage) or goes beyond the limits."""
        if self._handed_out >= self._limits.figures or not content or len(content) > _LARGEST_FILE_BYTES:
            return None
        if content not in self._kept:
            if len(self._kept) >= _KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[content] = self._encoded(content)
        found = self._kept[content]
        self._handed_out += found is not None
        return found

    def _encoded(self, content: bytes) -> Picture | None:
        pixels = min(self._limits.pixels, self._pixels_left)
        try:
            image = open_picture(content, self._file_name, pixels=pixels, formats=_FORMATS)
        except DocumentError:
            return None
        self._pixels_left -= image.width * image.height
        return encode_picture(fit_picture(image))
