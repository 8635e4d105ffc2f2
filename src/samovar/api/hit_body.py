"""Passages that search has found, as JSON."""

from collections.abc import Mapping

from samovar.domain.document import Passage
from samovar.domain.search import ArmHit, Evidence

__all__ = ["evidence_body", "hit_body"]


def hit_body(passage: Passage, *, explain: bool) -> Mapping[str, object]:
    """A passage with its place; ``explain`` tells why it was found."""
    chunk = passage.chunk
    return {
        "chunk_id": str(chunk.chunk_id),
        "document_id": str(chunk.document_id),
        "document": passage.document,
        "title": passage.title,
        "path": passage.path,
        "page": chunk.page,
        "start": chunk.start,
        "end": chunk.end,
        "figure": chunk.figure,
        "headings": list(chunk.headings),
        "text": chunk.text,
        "score": round(passage.score, 4),
        "taken_in_at": passage.taken_in_at.isoformat() if passage.taken_in_at else None,
        "evidence": evidence_body(passage.evidence) if explain and passage.evidence is not None else None,
    }


def evidence_body(evidence: Evidence) -> Mapping[str, object]:
    """Why a passage was found."""
    return {
        "lexical": _arm(evidence.lexical),
        "dense": _arm(evidence.dense),
        "fused": round(evidence.fused, 4),
        "reranked": None if evidence.reranked is None else round(evidence.reranked, 4),
        "matched": list(evidence.matched),
        "searched": evidence.searched,
    }


def _arm(hit: ArmHit | None) -> Mapping[str, object] | None:
    return None if hit is None else {"rank": hit.rank, "score": round(hit.score, 4)}
