"""HTML and XHTML out of bytes: what they declare about their encoding, and the pictures inside addresses."""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote_to_bytes

from samovar.domain.errors import DocumentError
from samovar.domain.page import Picture
from samovar.parsers._shared import encode_picture, fit_picture, open_picture
from samovar.parsers._shared.text import decode_bytes
from samovar.ports.parser import ParserLimits

__all__ = ["PictureFinder", "decode_html"]

_HEAD_BYTES: Final = 8192
_PROLOG: Final = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})""")
_META: Final = re.compile(rb"""<meta\b[^>]{0,500}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)
_DATA: Final = re.compile(r"data:image/(?:png|jpe?g|gif|bmp|webp)(?:;[\w=.-]{1,50}){0,5}?(;base64)?,", re.IGNORECASE)
_FORMATS: Final = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
#: Dots that count readers, and lines that divide, are no pictures.
_SMALLEST_SIDE_PX: Final = 8
_LARGEST_PICTURE_BYTES: Final = 30_000_000


def decode_html(content: bytes, declared: str | None = None) -> str:
    """Decode HTML by the first of: its mark, ``declared`` from outside, its prolog, its meta; all checked."""
    if declared is None:
        head = content[:_HEAD_BYTES]
        found = _PROLOG.search(head) or _META.search(head)
        declared = found.group(1).decode("ascii", "replace") if found else None
    return decode_bytes(content, declared)


class PictureFinder:
    """Finds pictures by address: in the address itself (``data:``), or among the parts that came with the text."""

    def __init__(self, limits: ParserLimits, part_of: Callable[[str], bytes | None] = lambda _: None) -> None:
        """Keep the limits; ``part_of`` hands over the bytes of an address, or None."""
        self._limits = limits
        self._part_of = part_of
        self._count = 0
        self.left_out = False

    def __call__(self, address: str) -> Picture | None:
        """Decode the picture at an address; None for what is elsewhere, damaged, tiny or one too many."""
        is_inside = address[:11].lower() == "data:image/"
        content = _inside(address) if is_inside else self._part_of(address)
        self.left_out = self.left_out or (is_inside and content is None)
        return None if content is None else self.decode(content)

    def decode(self, content: bytes) -> Picture | None:
        """Decode a picture; None for what is damaged, tiny or one too many."""
        if len(content) > _LARGEST_PICTURE_BYTES:
            self.left_out = True
            return None
        if self._count >= self._limits.figures:
            self.left_out = True
            return None
        try:
            image = open_picture(content, "picture", pixels=self._limits.pixels, formats=_FORMATS)
        except DocumentError:
            self.left_out = True
            return None
        if min(image.size) < _SMALLEST_SIDE_PX:
            return None
        self._count += 1
        return encode_picture(fit_picture(image))


def _inside(address: str) -> bytes | None:
    found = _DATA.match(address)
    if found is None:
        return None
    rest = address[found.end() :]
    try:
        return b64decode(unquote_to_bytes(rest), validate=False) if found.group(1) else unquote_to_bytes(rest)
    except (Base64Error, ValueError):
        return None
