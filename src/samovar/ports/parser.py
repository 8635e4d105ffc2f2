"""The port to the parsers, which run confined in processes of their own."""

from typing import Protocol

from samovar.domain.document import DocumentKind, ParsedDocument, Picture, Rectangle

__all__ = ["DocumentReader"]


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
