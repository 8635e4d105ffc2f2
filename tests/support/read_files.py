"""Files read to their end."""

from dataclasses import dataclass

from samovar.domain.page import Attachment, DocumentHead, Page, ParsedPage
from samovar.ports.parser import DocumentReader

__all__ = ["ReadFile", "read_whole"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """Everything that a reader hands over of one file."""

    head: DocumentHead
    parsed: tuple[ParsedPage, ...]
    attachments: tuple[Attachment, ...]

    @property
    def pages(self) -> tuple[Page, ...]:
        """The pages without their pictures."""
        return tuple(parsed.page for parsed in self.parsed)

    @property
    def text(self) -> str:
        """The text of all pages."""
        return "\n".join(page.text for page in self.pages)


async def read_whole(reader: DocumentReader, content: bytes, name: str, *, first_page: int = 1) -> ReadFile:
    """Read a file to its end. Raises: DocumentError."""
    parts = [part async for part in reader.read(content, name=name, first_page=first_page)]
    head = parts[0]
    assert isinstance(head, DocumentHead)
    return ReadFile(
        head=head,
        parsed=tuple(part for part in parts if isinstance(part, ParsedPage)),
        attachments=tuple(part for part in parts if isinstance(part, Attachment)),
    )
