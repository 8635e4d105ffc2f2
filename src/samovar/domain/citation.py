"""A pointer from an answer to a place in a document, checked by code."""

from dataclasses import dataclass
from typing import Literal

from samovar.domain.ids import DocumentId

__all__ = ["Citation", "CitationOrigin"]

#: Who chose the place: the model wrote ``[n]``; the words of the answer were found there; or it
#: is merely the passage nearest to the question.
CitationOrigin = Literal["model", "answer", "nearest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """What ``[n]`` in an answer stands for.

    ``start`` and ``end`` are character offsets into the text of the page (of the whole document
    when ``page`` is None). ``verified`` is True only when the quote was read again from the
    stored source at exactly that place.
    """

    n: int
    document_id: DocumentId
    document: str
    page: int | None
    start: int
    end: int
    quote: str
    verified: bool
    origin: CitationOrigin
