"""A prompt that was cut is noticed, and one that was not is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.domain.tripwire import least_tokens, was_cut

ENGLISH = "The quick brown fox jumps over the lazy dog, and the dog does not mind at all. "
RUSSIAN = "Самовар кипятит воду для чая, а сверху греется заварочный чайник. "
CHINESE = "茶炊在桌上冒着热气。"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), (ENGLISH, 17), (RUSSIAN, 10), (CHINESE, 2), ("1234567890 --- ###", 0), ("    \n\n   ", 0), ("ёлка", 1)],
)
def test_each_run_of_letters_takes_a_token_or_more(text: str, tokens: int) -> None:
    assert least_tokens(text) == tokens


def test_a_quarter_read_is_a_cut() -> None:
    assert was_cut([ENGLISH * 1000], 2050)


def test_a_prompt_of_which_every_word_was_read_is_no_cut() -> None:
    words = ENGLISH * 1000
    assert not was_cut([words], least_tokens(words))
    assert not was_cut([words], 20 * 1000)


def test_an_exact_count_notices_less() -> None:
    assert was_cut(["x"], 8000, counted_tokens=10_000)
    assert not was_cut(["x"], 9_500, counted_tokens=10_000)


def test_a_short_prompt_raises_no_alarm() -> None:
    assert not was_cut(["Tell me about the history of tea in Russia."], 0)


@given(st.lists(st.text()))
def test_the_least_is_never_more_than_the_characters(texts: list[str]) -> None:
    assert sum(map(least_tokens, texts)) <= sum(map(len, texts))
    assert not was_cut(texts, sum(map(len, texts)))
