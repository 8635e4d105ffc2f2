"""Of chunks that say the same, one stays in front."""

from collections.abc import Sequence
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from samovar.domain.ids import ChunkId
from samovar.retrieval.diversity import push_down_repeats


def chunk(number: int) -> ChunkId:
    return ChunkId(UUID(int=number))


A, B, C, D = (chunk(number) for number in range(4))
TEXT = [f"stem{number}" for number in range(40)]
OTHER = [f"other{number}" for number in range(40)]


def test_a_copy_moves_behind_what_says_something_else() -> None:
    assert push_down_repeats([A, B, C], {A: TEXT, B: TEXT, C: OTHER}) == [A, C, B]


def test_a_copy_with_a_few_words_changed_is_a_copy() -> None:
    changed = [*TEXT[:20], "changed", *TEXT[21:]]
    assert push_down_repeats([A, B, C], {A: TEXT, B: changed, C: OTHER}) == [A, C, B]


def test_a_part_of_a_better_chunk_is_a_repeat() -> None:
    assert push_down_repeats([A, B, C], {A: TEXT, B: TEXT[5:25], C: OTHER}) == [A, C, B]


def test_a_chunk_that_says_more_than_a_better_one_is_no_repeat() -> None:
    assert push_down_repeats([A, B, C], {A: TEXT[:10], B: TEXT, C: OTHER}) == [A, B, C]


def test_an_overlap_of_two_sentences_is_no_repeat() -> None:
    assert push_down_repeats([A, B], {A: TEXT[:30], B: TEXT[20:] + OTHER[:10]}) == [A, B]


def test_the_same_words_in_another_order_are_no_repeat() -> None:
    assert push_down_repeats([A, B, C], {A: TEXT, B: TEXT[::-1], C: OTHER}) == [A, B, C]


def test_short_texts_are_repeats_only_when_they_are_equal() -> None:
    stems = {A: ["да"], B: ["да"], C: ["нет"]}
    assert push_down_repeats([A, B, C], stems) == [A, C, B]


def test_behind_as_many_as_are_wanted_nothing_is_looked_at() -> None:
    texts = {A: TEXT, B: OTHER, C: TEXT, D: OTHER[::-1]}
    assert push_down_repeats([A, B, C, D], texts, wanted=2) == [A, B, C, D]
    assert push_down_repeats([A, B, C, D], texts, wanted=3) == [A, B, D, C]


def test_repeats_come_behind_what_was_not_looked_at() -> None:
    texts = {A: TEXT, B: TEXT, C: OTHER, D: OTHER[::-1]}
    assert push_down_repeats([A, B, C, D], texts, wanted=2) == [A, C, D, B]


def test_a_chunk_without_known_words_repeats_nothing() -> None:
    assert push_down_repeats([A, B, C], {A: [], C: []}) == [A, B, C]


@given(
    texts=st.dictionaries(
        st.integers(0, 12).map(chunk), st.lists(st.sampled_from(["a", "b", "c"]), max_size=12), max_size=12
    )
)
def test_nothing_is_lost_and_the_best_stays_first(texts: dict[ChunkId, Sequence[str]]) -> None:
    ranked = list(texts)
    spread = push_down_repeats(ranked, texts)
    assert sorted(spread) == sorted(ranked)
    assert spread[:1] == ranked[:1]
    assert push_down_repeats(spread, texts) == spread
