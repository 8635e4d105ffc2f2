"""The port to the parsers, which run confined in processes of their own."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from samovar.domain.layout import Rectangle, Word
from samovar.domain.page import DocumentKind, ParsedPage, ParsedPart, Picture
from samovar.ports.lanes import Lane

__all__ = [
    "NOT_CONFINED",
    "NOT_STARTED",
    "READER_FAULTS",
    "DocumentReader",
    "LaneParser",
    "PageParser",
    "Parser",
    "ParserLimits",
]

#: Reasons of a FileTooComplex that are no fault of the file: it may be tried again.
NOT_STARTED: Final = "the parser did not start"
NOT_CONFINED: Final = "the parser could not be confined"
READER_FAULTS: Final = frozenset({NOT_STARTED, NOT_CONFINED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ParserLimits:
    """What one file may hold before a parser gives up on it.

    ``unpacked_bytes``, ``entries`` and ``ratio`` (unpacked to packed) bound ZIP containers; ``figures`` bounds the
    pictures of one document.
    """

    pages: int
    pixels: int
    unpacked_bytes: int = 200_000_000
    entries: int = 2000
    ratio: int = 100
    figures: int = 2000


class Parser(Protocol):
    """What a file in ``parsers/`` offers to the sandbox; it raises DocumentError and nothing else on purpose."""

    @property
    def KIND(self) -> DocumentKind:  # noqa: N802 - a constant of the module
        """The kind of document that comes out: the name of the module."""
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

    def read(self, content: bytes, name: str, limits: ParserLimits, *, first_page: int = 1) -> Iterator[ParsedPart]:
        """Read the head, then the pages from ``first_page`` (counted from 1) on, one at a time.

        A page that cannot be read is a page of status ``failed``; only a file that cannot be read at all raises.
        """
        ...


class LaneParser(Parser, Protocol):
    """A parser of a format whose pages can be read without those before them."""

    def read_lane(
        self, content: bytes, name: str, limits: ParserLimits, *, first_page: int = 1, lane: Lane
    ) -> Iterator[ParsedPart]:
        """Read a share of the pages, and in lane 0 the head before them.

        Where ``lanes_for`` finds fewer lanes worth while, ``lane.of`` is that many, and lanes beyond read nothing.
        """
        ...


class PageParser(Parser, Protocol):
    """A parser of a format whose pages can be shown as they look."""

    def render_page(self, content: bytes, page: int, width_px: int, limits: ParserLimits) -> Picture:
        """Draw one page, counted from 1."""
        ...

    def words(self, content: bytes, page: int) -> tuple[Word, ...]:
        """Find the box of every word of one page's text, in order; empty where there is no text layer."""
        ...

    def locate(self, content: bytes, page: int, start: int, end: int) -> tuple[Rectangle, ...]:
        """Find the boxes of the characters ``start:end`` of one page's text, one a line where possible."""
        ...


class DocumentReader(Protocol):
    """Reads files in a sandbox. Methods raise DocumentError and nothing else."""

    @property
    def confinement(self) -> str:
        """What confines the parser: ``full`` (Landlock and seccomp), ``partial`` or ``limits``."""
        ...

    @property
    def recognises_text(self) -> bool:
        """Tell whether OCR can run here: its engine and language data are there and it is not switched off."""
        ...

    def read(self, content: bytes, *, name: str, first_page: int = 1) -> AsyncIterator[ParsedPart]:
        """Find out the type by content and hand over the parts as they come.

        A page that kills its parser comes as a page of status ``failed``; the rest of the file is still read.
        """
        ...

    async def recognise(self, content: bytes, *, kind: DocumentKind, page: int, name: str) -> ParsedPage:
        """Read one page (counted from 1) by OCR: status ``ocr``, ``picture``, ``no_text``, ``skipped`` or ``failed``.

        The page's figures are those that the parser found, none are added.
        """
        ...

    async def render_page(self, content: bytes, *, kind: DocumentKind, page: int, width_px: int) -> Picture:
        """Draw one page (counted from 1); ``width_px`` is bounded by the reader."""
        ...

    async def words(self, content: bytes, *, kind: DocumentKind, page: int) -> tuple[Word, ...]:
        """Find the box of every word of one page's text layer."""
        ...

    async def locate(
        self, content: bytes, *, kind: DocumentKind, page: int, start: int, end: int
    ) -> tuple[Rectangle, ...]:
        """Find the boxes of the characters ``start:end`` of one page's text layer."""
        ...

    async def close(self) -> None:
        """End the parser processes."""
        ...
