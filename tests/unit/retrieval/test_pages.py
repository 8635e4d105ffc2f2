"""A chunk leans on the best one of its page."""

from uuid import UUID

import pytest

from samovar.domain.ids import ChunkId
from samovar.retrieval.pages import lean_on_page

A, B, C, ALONE = (ChunkId(UUID(int=number)) for number in range(1, 5))


def test_a_quarter_of_a_score_is_that_of_the_best_of_the_page() -> None:
    scores = lean_on_page({A: 0.9, B: 0.5, C: 0.48, ALONE: 0.45}, {A: 1, B: 2, C: 1, ALONE: None})
    assert list(scores) == [A, C, B, ALONE], "the third has a good neighbour"
    assert scores == pytest.approx({A: 0.9, C: 0.585, B: 0.5, ALONE: 0.45})


def test_of_equals_the_order_stays() -> None:
    assert list(lean_on_page({B: 0.5, A: 0.5}, {A: None, B: 1})) == [B, A]
