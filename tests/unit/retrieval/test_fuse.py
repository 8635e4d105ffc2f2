"""Two arms become one score that can be compared between questions."""

from collections.abc import Mapping
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.domain.ids import ChunkId
from samovar.domain.search import ArmHits, FusionMethod
from samovar.retrieval.fuse import fuse


def chunk(number: int) -> ChunkId:
    return ChunkId(UUID(int=number))


A, B, C = chunk(1), chunk(2), chunk(3)


def lexical(scores: Mapping[ChunkId, float], perfect: float = 10.0) -> ArmHits:
    return ArmHits(arm="lexical", scores=scores, perfect=perfect)


def dense(scores: Mapping[ChunkId, float]) -> ArmHits:
    return ArmHits(arm="dense", scores=scores, perfect=1.0)


def test_what_both_arms_find_comes_before_what_one_finds() -> None:
    fused = fuse(lexical({A: 9, B: 9}), dense({A: 0.85, C: 0.85}), more_lexical={C: 0.0}, more_dense={B: 0.75})
    assert next(iter(fused)) == A


def test_one_common_word_does_not_outweigh_the_meaning() -> None:
    fused = fuse(lexical({A: 2}), dense({B: 0.80, A: 0.79}), more_lexical={B: 0.0})
    assert list(fused) == [B, A]


def test_ranks_let_one_common_word_outweigh_the_meaning() -> None:
    fused = fuse(lexical({A: 2}), dense({B: 0.80, A: 0.79}), more_lexical={B: 0.0}, method="rrf")
    assert list(fused) == [A, B]


def test_all_words_of_the_question_outweigh_a_slightly_nearer_meaning() -> None:
    fused = fuse(lexical({A: 11}), dense({B: 0.80, A: 0.78}), more_lexical={B: 1.0})
    assert list(fused) == [A, B]


def test_a_chunk_without_a_vector_is_scored_by_its_words() -> None:
    without = fuse(lexical({A: 10, B: 5}), dense({B: 0.8}))
    assert without[A] == fuse(lexical({A: 10, B: 5}), None)[A]
    assert without[A] > fuse(lexical({A: 10}), dense({A: 0.7}))[A]


def test_scores_of_an_arm_that_left_a_chunk_out_count() -> None:
    bare = fuse(lexical({A: 10}), dense({B: 0.85}), more_dense={A: 0.8})
    exact = fuse(lexical({A: 10}), dense({B: 0.85}), more_dense={A: 0.8}, more_lexical={B: 9.0})
    assert exact[B] > bare[B]
    assert exact[A] == bare[A]


def test_the_same_evidence_scores_the_same_whatever_else_was_found() -> None:
    alone = fuse(lexical({A: 8}), dense({A: 0.8}))
    among = fuse(lexical({B: 12, A: 8}), dense({B: 0.9, A: 0.8}))
    assert alone[A] == among[A]


def test_another_embedder_is_measured_from_its_own_floor() -> None:
    near = fuse(lexical({}, 0.0), dense({A: 0.6}), unrelated=0.2)
    assert near[A] > fuse(lexical({}, 0.0), dense({A: 0.6}))[A] == 0.0


@pytest.mark.parametrize("method", ["weighted", "rrf"])
def test_nothing_found_is_nothing(method: FusionMethod) -> None:
    assert fuse(lexical({}, 0.0), None, method=method) == {}
    assert fuse(lexical({}, 0.0), dense({}), method=method) == {}


_BM25 = st.floats(0, 100)
_COSINE = st.floats(-1, 1)
_CHUNKS = st.integers(0, 30).map(chunk)


def _ranked(scores: Mapping[ChunkId, float]) -> dict[ChunkId, float]:
    return dict(sorted(scores.items(), key=lambda one: -one[1]))


@given(
    words=st.dictionaries(_CHUNKS, _BM25).map(_ranked),
    meant=st.none() | st.dictionaries(_CHUNKS, _COSINE).map(_ranked),
    more_words=st.dictionaries(_CHUNKS, _BM25),
    more_meant=st.dictionaries(_CHUNKS, _COSINE),
    perfect=st.floats(0, 50),
    method=st.sampled_from(["weighted", "rrf"]),
)
def test_every_chunk_found_gets_one_score_from_0_to_1_best_first(
    words: dict[ChunkId, float],
    meant: dict[ChunkId, float] | None,
    more_words: dict[ChunkId, float],
    more_meant: dict[ChunkId, float],
    perfect: float,
    method: FusionMethod,
) -> None:
    fused = fuse(
        lexical(words, perfect),
        None if meant is None else dense(meant),
        more_lexical=more_words,
        more_dense=more_meant,
        method=method,
    )
    assert fused.keys() == words.keys() | (meant or {}).keys()
    assert all(0 <= score <= 1 for score in fused.values())
    assert list(fused.values()) == sorted(fused.values(), reverse=True)


@given(words=st.dictionaries(_CHUNKS, _BM25, min_size=1), more=st.floats(0, 20))
def test_a_better_score_in_an_arm_never_makes_a_chunk_worse(words: dict[ChunkId, float], more: float) -> None:
    one = next(iter(words))
    meant = dict.fromkeys(words, 0.8)
    better = fuse(lexical({**words, one: words[one] + more}), dense(meant))
    assert better[one] >= fuse(lexical(words), dense(meant))[one]
