"""Citations as JSON, the way messages keep them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from samovar.domain.citation import Citation
from samovar.domain.ids import DocumentId

__all__ = ["read_citations", "write_citations"]


def write_citations(citations: Sequence[Citation]) -> list[dict[str, object]]:
    """Turn citations into plain JSON."""
    return [
        {
            "n": citation.n,
            "document_id": str(citation.document_id),
            "document": citation.document,
            "page": citation.page,
            "start": citation.start,
            "end": citation.end,
            "quote": citation.quote,
            "verified": citation.verified,
            "origin": citation.origin,
        }
        for citation in citations
    ]


def read_citations(stored: Sequence[Mapping[str, Any]]) -> tuple[Citation, ...]:
    """Turn stored JSON, which ``write_citations`` made, back into citations."""
    return tuple(Citation(**{**fields, "document_id": DocumentId(UUID(fields["document_id"]))}) for fields in stored)
