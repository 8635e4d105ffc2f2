"""A pointer from an answer to a place in a document, checked by code."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal
from uuid import UUID

from samovar.domain.ids import DocumentId

__all__ = ["Citation", "CitationOrigin", "citation_from_json", "citation_to_json"]

#: Who chose the place: the model wrote ``[n]``; the words of the answer were found there; or it
#: is merely the passage nearest to the question.
CitationOrigin = Literal["model", "answer", "nearest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """What ``[n]`` in an answer stands for.

    ``start`` and ``end`` are character offsets into the text of the page (of the whole document
    when ``page`` is None); with ``figure`` set, into the description of that picture of the page, which
    the model ``described_by`` wrote and not the author. ``verified`` is True only when the quote was read
    again from the stored source at exactly that place.
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
    figure: int | None = None
    described_by: str | None = None


def citation_to_json(citation: Citation) -> dict[str, object]:
    """A citation as events, the API and storage have it."""
    return {**asdict(citation), "document_id": str(citation.document_id)}


def citation_from_json(stored: Mapping[str, Any]) -> Citation:
    """Turn what ``citation_to_json`` made back into a citation."""
    return Citation(**{**stored, "document_id": DocumentId(UUID(stored["document_id"]))})
