"""Whatever a model and a document say, citing adds marks to the answer and changes nothing else."""

import re
from collections.abc import Sequence
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from samovar.domain.document import Chunk, Passage
from samovar.domain.ids import ChunkId, DocumentId
from samovar.retrieval.cite import cite, normalise_quote

WORDS = st.sampled_from(
    ["tea", "boils", "7680", "[1]", "[2]", "[99]", "```", "|", ".", "!", "\n", "\n\n", "порт", "\u00ad", "3.5", "- x"]
)
texts = st.lists(WORDS, max_size=25).map(" ".join)


async def stems(given_texts: Sequence[str]) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(re.findall(r"\w+", text.lower())) for text in given_texts)


def passage(text: str, start: int) -> Passage:
    chunk = Chunk(
        chunk_id=ChunkId(UUID(int=1)),
        document_id=DocumentId(UUID(int=2)),
        page=1,
        start=start,
        end=start + len(text),
        text=text,
    )
    return Passage(chunk=chunk, document="tea.txt", score=1.0)


def without_marks(text: str) -> list[str]:
    return re.sub(r"\[\d+\]", "", text).split()


@given(texts, texts, st.lists(texts.filter(str.strip), max_size=3), st.integers(0, 1000))
async def test_only_marks_are_added_and_every_quote_stands_in_its_passage(
    answer: str, question: str, sources: list[str], start: int
) -> None:
    passages = [passage(text, start) for text in sources]
    cited = await cite(answer, question, passages, stems)
    assert without_marks(cited.text) == without_marks(answer)
    assert len(cited.citations) <= 60
    for citation in cited.citations:
        assert 1 <= citation.n <= len(passages)
        place = passages[citation.n - 1].chunk
        assert place.start <= citation.start <= citation.end <= place.end
        stood = place.text[citation.start - place.start : citation.end - place.start]
        assert citation.quote in ("", normalise_quote(stood))
