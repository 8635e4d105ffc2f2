"""The port to the parsers, which run confined in processes of their own."""

from dataclasses import dataclass
from typing import Protocol

from samovar.domain.document import DocumentKind, ParsedDocument, Picture, Rectangle

__all__ = ["DocumentReader", "PageParser", "Parser", "ParserLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParserLimits:
    """What one file may hold before a parser gives up on it."""

    pages: int
    pixels: int


class Parser(Protocol):
    """What a file in ``parsers/`` offers to the sandbox; it raises DocumentError and nothing else on purpose."""

    @property
    def KIND(self) -> DocumentKind:  # noqa: N802 - a constant of the module
        """The kind of document that comes out."""
        ...

    @property
    def SUFFIXES(self) -> tuple[str, ...]:  # noqa: N802 - a constant of the module
        """The usual endings of file names, with the dot."""
        ...

    @property
    def MEDIA_TYPES(self) -> tuple[str, ...]:  # noqa: N802 - a constant of the module
        """The media types that it reads."""
        ...

    def recognises(self, content: bytes, name: str) -> bool:
        """Tell by content whether this parser is the one; at most one parser says yes."""
        ...

    def parse(self, content: bytes, name: str, limits: ParserLimits) -> ParsedDocument:
        """Read the whole file."""
        ...


class PageParser(Parser, Protocol):
    """A parser of a format whose pages can be shown."""

    def render_page(self, content: bytes, page: int, width_px: int, limits: ParserLimits) -> Picture:
        """Draw one page, counted from 1."""
        ...

    def locate(self, content: bytes, page: int, start: int, end: int) -> tuple[Rectangle, ...]:
        """Find the boxes of the characters ``start:end`` of one page."""
        ...


class DocumentReader(Protocol):
    """Reads files in a sandbox. Methods raise DocumentError and nothing else."""

    @property
    def confinement(self) -> str:
        """What confines the parser: ``full`` (Landlock and seccomp), ``partial`` or ``limits``."""
        ...

    async def parse(self, content: bytes, *, name: str) -> ParsedDocument:
        """Find out the type by content and read the text with its places."""
        ...

    async def render_page(self, content: bytes, *, kind: DocumentKind, page: int, width_px: int) -> Picture:
        """Draw one page (counted from 1); ``width_px`` is bounded by the reader."""
        ...

    async def locate(self, content: bytes, *, page: int, start: int, end: int) -> tuple[Rectangle, ...]:
        """Find the boxes of the characters ``start:end`` of one page of a PDF."""
        ...

    async def close(self) -> None:
        """End the parser processes."""
        ...
