"""Pictures (JPEG, PNG): decoded, turned upright, made smaller, stripped of metadata and encoded anew."""

from collections.abc import Iterator
from typing import Final

from samovar.domain.errors import FileDamaged
from samovar.domain.layout import Rectangle, Word
from samovar.domain.page import DocumentHead, DocumentKind, Figure, Page, ParsedPage, ParsedPart, Picture
from samovar.parsers._shared import encode_picture, fit_picture, open_picture
from samovar.ports.parser import ParserLimits

__all__ = ["KIND", "MEDIA_TYPES", "SUFFIXES", "locate", "read", "recognises", "render_page", "words"]

KIND: Final[DocumentKind] = "image"
SUFFIXES: Final = (".jpg", ".jpeg", ".png")
MEDIA_TYPES: Final = ("image/jpeg", "image/png")

_SIGNATURES: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


def recognises(content: bytes, name: str) -> bool:
    """Tell by signature whether this is a JPEG or a PNG."""
    del name  # names lie
    return content.startswith(_SIGNATURES)


def read(content: bytes, name: str, limits: ParserLimits, *, first_page: int = 1) -> Iterator[ParsedPart]:
    """Read one picture. Raises: FileDamaged, FileTooComplex."""
    del first_page
    media_type = "image/png" if content.startswith(_SIGNATURES[1]) else "image/jpeg"
    picture = encode_picture(fit_picture(open_picture(content, name, pixels=limits.pixels)))
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
    image = open_picture(content, "picture", pixels=limits.pixels)
    return encode_picture(fit_picture(image, round(width_px * max(1.0, image.height / image.width))))


def words(content: bytes, page: int) -> tuple[Word, ...]:
    """A picture has no text layer: always empty."""
    del content, page
    return ()


def locate(content: bytes, page: int, start: int, end: int) -> tuple[Rectangle, ...]:
    """A picture has no characters: always empty."""
    del content, page, start, end
    return ()
