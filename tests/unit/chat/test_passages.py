"""Passages in reading order, and neighbours that become one."""

import random

from samovar.chat.passages import join_neighbours, put_in_reading_order
from samovar.domain.document import Chunk, Passage
from samovar.domain.ids import DocumentId, new_chunk_id, new_document_id

PAGE = "One sentence here.\n\nAnother sentence there.\nA third one follows.\n\nAnd the last one ends the page."
DOCUMENT = new_document_id()
#: Where a passage of this page may begin and end: around its sentences.
STARTS = (0, 20, 44, 66)
ENDS = (18, 43, 64, len(PAGE))


def passage(
    start: int,
    end: int,
    score: float,
    *,
    page: int | None = 1,
    figure: int | None = None,
    document_id: DocumentId = DOCUMENT,
    headings: tuple[str, ...] = (),
) -> Passage:
    chunk = Chunk(
        chunk_id=new_chunk_id(),
        document_id=document_id,
        page=page,
        start=start,
        end=end,
        text=PAGE[start:end],
        figure=figure,
        headings=headings,
    )
    return Passage(chunk=chunk, document="paper.txt", score=score)


def read_through(*passages: Passage) -> tuple[Passage, ...]:
    return join_neighbours(put_in_reading_order(passages))


def test_passages_that_overlap_become_one_with_the_exact_span_and_the_better_score() -> None:
    better = passage(20, 64, 0.9, headings=("Tea", "Water"))
    [whole] = read_through(better, passage(0, 43, 0.4, headings=("Tea", "Leaves")))
    assert (whole.chunk.start, whole.chunk.end, whole.chunk.text) == (0, 64, PAGE[:64])
    assert (whole.score, whole.chunk.chunk_id, whole.chunk.headings) == (0.9, better.chunk.chunk_id, ("Tea",))


def test_an_empty_line_between_two_passages_stands_between_them_afterwards() -> None:
    [whole] = read_through(passage(0, 18, 0.9), passage(20, 43, 0.8))
    assert whole.chunk.text == PAGE[:43]


def test_passages_with_a_sentence_between_them_stay_apart() -> None:
    found = read_through(passage(0, 18, 0.9), passage(44, 64, 0.8))
    assert [each.chunk.text for each in found] == [PAGE[:18], PAGE[44:64]]
    [whole] = read_through(passage(0, 18, 0.9), passage(44, 64, 0.8), passage(20, 43, 0.1))
    assert (whole.chunk.text, whole.score) == (PAGE[:64], 0.9), "unless it is there too"


def test_other_pages_documents_and_descriptions_stay_apart() -> None:
    passages = (
        passage(0, 43, 0.9),
        passage(20, 64, 0.7, figure=1),
        passage(20, 64, 0.8, page=2),
        passage(0, 43, 0.5, document_id=new_document_id()),
    )
    assert read_through(*passages) == passages


def test_the_document_of_the_best_passage_is_read_first_and_each_from_its_beginning() -> None:
    other = new_document_id()
    passages = (
        passage(0, 18, 0.9, page=3),
        passage(0, 18, 0.8, document_id=other, page=1),
        passage(0, 18, 0.7, page=1),
        passage(0, 18, 0.6, page=1, figure=1),
    )
    best, second, third, described = passages
    assert read_through(*passages) == (third, described, best, second)
    assert read_through() == ()


def test_whatever_is_joined_every_text_is_what_stands_at_its_span() -> None:
    dice = random.Random(7)
    for _ in range(200):
        spans = [
            (STARTS[first], ENDS[last])
            for first, last in (sorted(dice.choices(range(4), k=2)) for _ in range(dice.randint(1, 5)))
        ]
        given = [passage(start, end, 1 - place / 10) for place, (start, end) in enumerate(spans)]
        found = read_through(*given)
        for each in found:
            assert each.chunk.text == PAGE[each.chunk.start : each.chunk.end]
        shown = {place for each in found for place in range(each.chunk.start, each.chunk.end)}
        assert shown >= {place for start, end in spans for place in range(start, end)}, "nothing is lost"
        assert max(each.score for each in found) == given[0].score
