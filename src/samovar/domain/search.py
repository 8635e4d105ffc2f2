"""Search: what is looked for, where, and what was found by which arm."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from samovar.domain.ids import BaseId, ChatId, ChunkId, DocumentId
from samovar.domain.page import DocumentKind

__all__ = [
    "Arm",
    "ArmHit",
    "ArmHits",
    "DenseState",
    "Evidence",
    "FusionMethod",
    "SearchScope",
    "SearchText",
    "SearchTextOrigin",
]

#: The two ways of finding a chunk: by the stems of words (BM25), and by the vectors of an embedding model.
Arm = Literal["lexical", "dense"]
FusionMethod = Literal["weighted", "rrf"]
#: Whether vectors took part in a search: ``filling`` says that some chunks have none yet, ``failed`` that the
#: embedder could not be asked.
DenseState = Literal["used", "filling", "off", "failed"]
#: ``question`` as it was asked; ``follow_up`` made whole with the words of earlier turns; ``side`` one side of a
#: comparison.
SearchTextOrigin = Literal["question", "follow_up", "side"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchScope:
    """Where to search; always within what the actor may read, and only in documents that are ready.

    With ``chat_id`` in the files and bases of that chat, with ``base_ids`` in those bases, with both in all of them;
    with neither in everything that the actor may read. Every other field narrows that down: ``document_ids`` to these
    documents, ``folder`` to paths below it, ``kinds`` to kinds of files, ``since`` and ``until`` to the time at which
    documents were taken in (until: exclusive).
    """

    chat_id: ChatId | None = None
    base_ids: tuple[BaseId, ...] = ()
    document_ids: tuple[DocumentId, ...] = ()
    name: str | None = None
    folder: str | None = None
    kinds: frozenset[DocumentKind] = frozenset()
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchText:
    """One text that is searched for; a question may bring several."""

    text: str
    origin: SearchTextOrigin = "question"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmHit:
    """What one arm says of one chunk. ``rank`` counts from 1; the scores of two arms cannot be compared."""

    rank: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmHits:
    """What one arm has found for one text, best first.

    ``scores``: chunk to score, in order. ``perfect`` is the BM25 score that a chunk of average length with every word
    of the text once would have (0 when no word is known), or 1 for cosines. ``stems`` are the words looked for with
    their rarity (lexical arm only), those that no chunk holds as well. ``state`` is about vectors (dense arm only).
    """

    arm: Arm
    scores: Mapping[ChunkId, float]
    perfect: float
    stems: Mapping[str, float] = field(default_factory=dict)
    state: DenseState = "used"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why a passage was found: what ``samovar search --explain`` and the panel "why these passages" show.

    ``fused`` and ``reranked`` are from 0 to 1 and comparable between questions; ``reranked`` is None where nothing
    ranked again. ``matched`` are the words of the passage, as written there, whose stems were looked for.
    ``searched`` is the text that found it.
    """

    lexical: ArmHit | None = None
    dense: ArmHit | None = None
    fused: float = 0.0
    reranked: float | None = None
    matched: tuple[str, ...] = ()
    searched: str = ""
