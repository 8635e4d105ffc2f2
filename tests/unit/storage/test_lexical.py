"""Operators that people type, and the choice of the chunks that are scored."""

import pytest

from samovar.storage.lexical import KnownWord, TypedQuery, candidate_query, read_typed_query


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("plain words", TypedQuery(words="plain words")),
        ('the "lease term" ends', TypedQuery(words='the "lease term" ends', phrases=("lease term",))),
        (
            "«срок аренды» и “lease term”",
            TypedQuery(words="«срок аренды» и “lease term”", phrases=("срок аренды", "lease term")),
        ),
        ('one "word" alone', TypedQuery(words='one "word" alone')),
        ("tea -green", TypedQuery(words="tea  ", excluded=("green",))),
        ("-зелёный чай", TypedQuery(words="  чай", excluded=("зелёный",))),
        ("a well-known thing", TypedQuery(words="a well-known thing")),
        ("from 10 -20 degrees", TypedQuery(words="from 10 -20 degrees")),
        ("dash - alone", TypedQuery(words="dash - alone")),
        ('5" pipe and 6" pipe', TypedQuery(words='5" pipe and 6" pipe')),
        ('"tea -green leaves"', TypedQuery(words='"tea -green leaves"', phrases=("tea -green leaves",))),
        ('"never closed', TypedQuery(words='"never closed')),
        ("", TypedQuery(words="")),
    ],
)
def test_only_what_is_meant_as_an_operator_is_one(typed: str, expected: TypedQuery) -> None:
    read = read_typed_query(typed)
    assert (read.phrases, read.excluded) == (expected.phrases, expected.excluded)
    assert read.words.split() == expected.words.split()


def known(lexeme: str, frequency: float) -> KnownWord:
    return KnownWord(lexeme=lexeme, dimension=1, frequency=frequency, rarity=1.0)


def test_rare_words_bring_all_their_chunks_and_common_ones_only_together() -> None:
    words = [known("rare", 10), known("common", 5_000), known("everywhere", 8_000)]
    # Together about 5,000 * 8,000 / 10,000 = 4,000: more than what the rare word has left of 1,000.
    assert candidate_query(words, 10_000, budget=1_000) == "'rare'"
    assert candidate_query(words, 10_000, budget=4_500) == "'rare' | ('common' & 'everywhere')"
    assert candidate_query(words, 10_000, budget=20_000) == "'rare' | 'common' | 'everywhere'"


def test_words_that_are_all_too_common_are_looked_for_together() -> None:
    words = [known("a", 6_000), known("b", 7_000), known("c", 8_000)]
    assert candidate_query(words, 10_000, budget=3_500) == "'a' & 'b' & 'c'"
    assert candidate_query(words, 10_000, budget=4_300) == "('a' & 'b')"
    assert candidate_query(words, 10_000, budget=10) == "'a' & 'b' & 'c'", "when they never are few enough, all of them"


def test_a_lexeme_cannot_leave_its_quotes() -> None:
    assert candidate_query([known("o'brien\\path' | 'x", 1)], 10, budget=100) == "'o''brien\\\\path'' | ''x'"
