"""Documents, knowledge bases, and the chunks that search works on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from samovar.domain.ids import BaseId, ChunkId, DocumentId, UserId
from samovar.domain.layout import Rectangle
from samovar.domain.page import DocumentKind, OutlineEntry, PageReason, PageStatus
from samovar.domain.search import Evidence

__all__ = [
    "FILE_FAULTS",
    "Chunk",
    "Document",
    "DocumentFigure",
    "DocumentStage",
    "DocumentStatus",
    "Entity",
    "EntityKind",
    "FigureStatus",
    "KnowledgeBase",
    "PageCount",
    "Passage",
]

#: ``replaced``: a newer version of the file took its place; its text stays readable for old citations.
DocumentStatus = Literal["reading", "ready", "failed", "cancelled", "replaced"]
#: Where a document that is being read has got to.
DocumentStage = Literal["queued", "parsing", "recognising", "indexing"]
#: ``found``: no description was asked for; ``skipped`` and ``failed`` have a reason.
FigureStatus = Literal["found", "waiting", "described", "skipped", "failed"]
EntityKind = Literal["text", "face", "object", "table", "chart", "stamp", "signature"]
#: How the codes of errors begin that are about a file itself.
FILE_FAULTS: Final = "file_"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeBase:
    """A collection of documents that chats can search.

    ``describes_figures`` sends its pictures to a vision model. One that ``is_shared`` may be read and searched by every
    user of the installation; only its owner changes it.
    """

    base_id: BaseId
    owner_id: UserId
    name: str
    describes_figures: bool = False
    is_shared: bool = False
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file as it was taken in; its bytes are the blob ``sha256`` (hex).

    It belongs to a knowledge base or, without one, to chats. ``path`` is its place in the folder or archive that
    it came from, with forward slashes, and names its versions: a file of the same path in the same base replaces
    the earlier one. ``parent_id`` is the document that it was attached to. ``pages_read`` counts pages whose
    status is final. A ``failed`` document keeps no bytes when the file itself was at fault.
    """

    document_id: DocumentId
    owner_id: UserId
    base_id: BaseId | None = None
    parent_id: DocumentId | None = None
    name: str
    path: str | None = None
    kind: DocumentKind | None
    media_type: str
    size_bytes: int
    sha256: str
    status: DocumentStatus
    stage: DocumentStage | None = None
    error_code: str | None = None
    error_reason: str | None = None
    title: str | None = None
    author: str | None = None
    outline: tuple[OutlineEntry, ...] = ()
    page_count: int = 0
    pages_read: int = 0
    chunk_count: int = 0
    replaced_by: DocumentId | None = None
    created_at: datetime

    @property
    def keeps_bytes(self) -> bool:
        """Tell whether its bytes are stored: those of a file that was itself at fault are not."""
        return not (self.status == "failed" and (self.error_code or "").startswith(FILE_FAULTS))


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFigure:
    """A stored picture of a page (None: of a document without pages); its bytes are the blob ``sha256``.

    ``description`` was written by the model ``described_by``, not by the author of the document. ``asked_of`` is
    the model that a person has asked for it by name.
    """

    document_id: DocumentId
    page: int | None
    number: int
    sha256: str
    media_type: str
    width: int
    height: int
    box: Rectangle | None = None
    alt: str = ""
    status: FigureStatus = "found"
    reason: str | None = None
    description: str | None = None
    described_by: str | None = None
    asked_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """Something seen on a figure; the box is in pixels of the stored picture.

    ``found_by`` is ``ocr``, ``centerface`` or the name of the vision model. ``confidence``: 0 to 1.
    """

    kind: EntityKind
    label: str
    box: Rectangle | None
    confidence: float | None
    found_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCount:
    """How many pages of a document were read in one way; ``confidence`` is the mean of OCR's, 0 to 1."""

    status: PageStatus
    reason: PageReason | None
    pages: int
    confidence: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A stretch of one page, the unit of search: ``page text[start:end] == text``.

    With ``figure`` set, it is a stretch of the model's description of that figure instead of the page's text.
    ``headings`` is the path of headings above it, the highest first.
    """

    chunk_id: ChunkId
    document_id: DocumentId
    page: int | None
    start: int
    end: int
    text: str
    figure: int | None = None
    headings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A chunk that search found, with the name of its document and its score, from 0 to 1 (higher is better).

    ``taken_in_at`` and ``path`` tell versions of one paper apart. ``evidence`` is why it was found; None for a
    neighbour that was joined to one that was.
    """

    chunk: Chunk
    document: str
    score: float
    path: str | None = None
    title: str | None = None
    taken_in_at: datetime | None = None
    evidence: Evidence | None = None
