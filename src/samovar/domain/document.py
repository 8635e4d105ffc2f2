"""Documents, their pages, and the chunks that search works on."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from samovar.domain.ids import ChunkId, DocumentId, UserId

__all__ = [
    "Chunk",
    "Document",
    "DocumentKind",
    "DocumentStatus",
    "Page",
    "PageStatus",
    "ParsedDocument",
    "Passage",
    "Picture",
    "Rectangle",
]

DocumentKind = Literal["text", "pdf", "image"]
DocumentStatus = Literal["reading", "ready", "failed"]
PageStatus = Literal["text", "no_text", "picture", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file as it was taken in; its bytes are the blob ``sha256`` (hex)."""

    document_id: DocumentId
    owner_id: UserId
    name: str
    kind: DocumentKind
    media_type: str
    size_bytes: int
    sha256: str
    status: DocumentStatus
    error_code: str | None = None
    page_count: int = 0
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The text of one page, or of a whole document without pages (``number`` None).

    Chunks and citations count characters in ``text``. ``exact_places`` tells whether those
    counts are also the format's own character indexes. Sizes are in points (1/72 inch), for
    pictures in pixels.
    """

    number: int | None
    text: str
    status: PageStatus
    reason: str | None = None
    width: float | None = None
    height: float | None = None
    exact_places: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture re-encoded by the parser, safe to show and to send to a model."""

    media_type: Literal["image/png", "image/jpeg"]
    content: bytes = field(repr=False)
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedDocument:
    """What a parser read from one file."""

    kind: DocumentKind
    media_type: str
    pages: tuple[Page, ...]
    picture: Picture | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectangle:
    """A box on a page, origin at the top left, in the page's own units."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A stretch of one page, the unit of search: ``page text[start:end] == text``."""

    chunk_id: ChunkId
    document_id: DocumentId
    page: int | None
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A chunk that search found, with the name of its document and its score (higher is better)."""

    chunk: Chunk
    document: str
    score: float
