"""Pages and pictures as they were read, and the parts in which a parser hands a file over."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from samovar.domain.layout import Block, Link, Rectangle, Word

__all__ = [
    "Attachment",
    "DocumentHead",
    "DocumentKind",
    "Figure",
    "OutlineEntry",
    "Page",
    "PageReason",
    "PageStatus",
    "ParsedPage",
    "ParsedPart",
    "Picture",
]

#: The name of the parser's file.
DocumentKind = Literal[
    "archive",
    "delimited",
    "docx",
    "eml",
    "epub",
    "html",
    "image",
    "json",
    "markdown",
    "odp",
    "ods",
    "odt",
    "pdf",
    "pptx",
    "rtf",
    "text",
    "xlsx",
]

#: How the text of a page was come by. ``waiting`` needs OCR that has not run yet; ``picture`` is a picture
#: in which no words were found.
PageStatus = Literal["text", "ocr", "waiting", "picture", "no_text", "skipped", "failed"]

#: Why a page has no text, or less than could be expected.
PageReason = Literal[
    "empty",  # nothing stands on it
    "no_text_layer",  # a scan or a drawing
    "invisible_text",  # the text layer is not what is seen
    "broken_fonts",  # the text layer does not name the characters that are seen
    "no_words_found",  # OCR ran and found nothing
    "low_confidence",  # OCR ran and is not sure
    "ocr_unavailable",  # no OCR engine or no language data on this machine
    "ocr_off",  # switched off in the settings
    "damaged",
    "memory",
    "time",
    "pixels",
    "hidden",  # read, but its own program does not show it: a sheet or slide put out of sight
    "partly_read",  # only a part was read: see the notice of the page's parser
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The text of one page, or of a whole document without pages (``number`` None).

    Pages are what the format has: sheets of paper, slides, sheets of a workbook, chapters of a book; ``label``
    is the name that the format gives one ("Sheet1", "iv"). ``text`` is normalised: in reading order, words
    divided at line ends joined, no characters that cannot be stored. Blocks, words, links, chunks and citations
    count characters in it, and it is a function of this page of the file alone. Sizes are in points (1/72 inch),
    for pictures in pixels. ``words`` are kept only where they cannot be found again quickly (OCR).
    ``confidence`` is OCR's own, the mean over words, 0 to 1.
    """

    number: int | None
    text: str
    status: PageStatus
    reason: PageReason | None = None
    label: str | None = None
    width: float | None = None
    height: float | None = None
    confidence: float | None = None
    blocks: tuple[Block, ...] = ()
    words: tuple[Word, ...] = ()
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture re-encoded by the parser, safe to show and to send to a model."""

    media_type: Literal["image/png", "image/jpeg"]
    content: bytes = field(repr=False)
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A picture that stands on a page; ``number`` counts from 1 on each page, ``alt`` is the author's own words."""

    number: int
    picture: Picture
    box: Rectangle | None = None
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineEntry:
    """A line of the table of contents that the file carries; ``level`` counts from 1."""

    title: str
    level: int
    page: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentHead:
    """What is known of a file before its pages are read; ``page_count`` is 1 for a format without pages."""

    kind: DocumentKind
    media_type: str
    page_count: int
    title: str | None = None
    author: str | None = None
    outline: tuple[OutlineEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedPage:
    """One page with its pictures. The page of an image document has one figure: the picture itself."""

    page: Page
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file inside the file (a letter's attachment, an archive's member), to be read as a document of its own.

    ``name`` may hold folders, with forward slashes; it is never used as a path.
    """

    name: str
    content: bytes = field(repr=False)


#: What a parser hands over, in this order: one head, then pages in order, attachments at any place after the head.
ParsedPart: TypeAlias = DocumentHead | ParsedPage | Attachment
