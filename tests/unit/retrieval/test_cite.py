"""Citations are found by code, and what the model claims is checked."""

import re
from collections.abc import Sequence
from uuid import uuid4

import pytest

from samovar.domain.document import Chunk, Passage
from samovar.domain.ids import ChunkId, DocumentId
from samovar.retrieval.cite import CitedAnswer, cite

PORT = "Network settings. The service listens on port 7431. Connections use TLS 1.3."
BACKUP = "Maintenance. Backups are made every night and kept for ninety days."


def passage(text: str, *, offset: int = 0, page: int = 1) -> Passage:
    chunk = Chunk(
        chunk_id=ChunkId(uuid4()),
        document_id=DocumentId(uuid4()),
        page=page,
        start=offset,
        end=offset + len(text),
        text=text,
    )
    return Passage(chunk=chunk, document="manual.pdf", score=1.0)


async def plain_stems(texts: Sequence[str]) -> tuple[frozenset[str], ...]:
    """Lower-case words without the commonest; the real stems come from PostgreSQL."""
    common = {"the", "a", "on", "is", "are", "and", "for", "of", "to", "it", "which", "does"}
    return tuple(frozenset(re.findall(r"\w+", text.lower())) - common for text in texts)


async def cited(answer: str, *passages: Passage, question: str = "Which port does the service use?") -> CitedAnswer:
    return await cite(answer, question, passages, plain_stems)


async def test_an_answer_without_marks_gets_the_passage_that_holds_its_words() -> None:
    result = await cited("The service listens on port 7431.", passage(BACKUP), passage(PORT, offset=100, page=2))
    [citation] = result.citations
    assert result.text == "The service listens on port 7431. [2]"
    assert (citation.n, citation.page, citation.origin) == (2, 2, "answer")
    assert citation.quote == "The service listens on port 7431."
    assert citation.start == 100 + PORT.index("The service")


async def test_a_label_of_the_model_is_kept_when_its_passage_bears_it_out() -> None:
    result = await cited("The service listens on port 7431 [1].", passage(PORT), passage(BACKUP))
    [citation] = result.citations
    assert (citation.n, citation.origin, citation.quote) == (1, "model", "The service listens on port 7431.")
    assert result.text == "The service listens on port 7431 [1]."


async def test_other_words_are_borne_out_by_two_sentences_together() -> None:
    result = await cited("Reach the service at 7431 over TLS [1].", passage(PORT), passage(BACKUP))
    [citation] = result.citations
    assert (citation.n, citation.origin) == (1, "model")
    assert citation.quote == "The service listens on port 7431. Connections use TLS 1.3."


async def test_a_wrong_label_gives_way_to_the_right_one_and_is_told_of() -> None:
    result = await cited("The service listens on port 7431 [2].", passage(PORT), passage(BACKUP))
    [right] = result.citations
    [claim] = result.grounding.claims
    assert result.text == "The service listens on port 7431 [1]."
    assert (right.n, right.quote) == (1, "The service listens on port 7431.")
    assert (claim.verdict, claim.labels, claim.faults) == ("supported", (1,), ("wrong_place",))


async def test_the_passage_nearest_to_the_question_is_shown_beside_other_sources() -> None:
    result = await cited("Backups are kept for ninety days.", passage(PORT), passage(BACKUP))
    assert [(citation.n, citation.origin) for citation in result.citations] == [(1, "nearest"), (2, "answer")]


async def test_a_claim_of_one_common_word_stands_on_nothing() -> None:
    result = await cited("Service", passage(BACKUP), passage(PORT))
    assert [citation.origin for citation in result.citations] == ["nearest"]


async def test_a_word_divided_at_a_line_end_is_quoted_whole() -> None:
    result = await cited("The port is 7431.", passage("The ser\u00advice listens on port \n7431."))
    assert result.citations[0].quote == "The service listens on port 7431."


async def test_a_number_that_the_source_does_not_have_is_not_supported() -> None:
    result = await cited("The service listens on port 8080.", passage(PORT))
    assert "[1]" not in result.text
    assert [citation.origin for citation in result.citations] == ["nearest"]


async def test_an_answer_about_something_else_gets_only_the_nearest_passage() -> None:
    result = await cited("I like tea with jam.", passage(BACKUP), passage(PORT))
    [citation] = result.citations
    assert citation.origin == "nearest"
    assert citation.quote == "The service listens on port 7431."


async def test_a_label_beyond_the_passages_points_at_nothing() -> None:
    result = await cited("The sky is green [7].", passage(PORT))
    assert all(citation.n == 1 for citation in result.citations)


async def test_no_passages_mean_no_citations_and_nothing_to_check() -> None:
    assert await cite("Anything [1].", "What?", (), plain_stems) == CitedAnswer(text="Anything [1].", citations=())


@pytest.mark.parametrize(
    "answer", ["```\nThe service listens on port 7431.\n", "| The service listens on port 7431. |"]
)
async def test_marks_are_not_written_into_code_or_tables(answer: str) -> None:
    result = await cited(answer, passage(PORT))
    assert result.text == answer


async def test_each_place_is_cited_once() -> None:
    result = await cited("The service listens on port 7431. The service listens on port 7431.", passage(PORT))
    assert len(result.citations) == 1
