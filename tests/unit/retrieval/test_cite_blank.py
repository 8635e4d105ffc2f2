"""Passages in which nothing is written."""

from collections.abc import Sequence
from uuid import uuid4

from samovar.domain.document import Chunk, Passage
from samovar.domain.ids import ChunkId, DocumentId
from samovar.retrieval.cite import cite


async def lower_case_words(texts: Sequence[str]) -> tuple[frozenset[str], ...]:
    """Words as they are; the real stems come from PostgreSQL."""
    return tuple(frozenset(text.lower().split()) for text in texts)


async def test_a_blank_passage_is_a_source_of_nothing_although_the_model_names_it() -> None:
    chunk = Chunk(chunk_id=ChunkId(uuid4()), document_id=DocumentId(uuid4()), page=1, start=0, end=5, text=" \n\t\n ")
    blank = Passage(chunk=chunk, document="scan.pdf", score=1.0)
    answer = "The service listens on port 7431 [1]."
    cited = await cite(answer, "Which port?", (blank,), lower_case_words)
    [claim] = cited.grounding.claims
    assert (cited.text, cited.citations) == ("The service listens on port 7431.", ())
    assert (claim.verdict, claim.labels) == ("unsupported", ())
