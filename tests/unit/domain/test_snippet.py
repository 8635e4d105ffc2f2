"""The part of a text around words that were looked for."""

import random
import re

import pytest

from samovar.domain.snippet import Snippet, likely_region, snippet_around


def _words(text: str, *looked_for: str) -> list[tuple[str, int, int]]:
    return [
        (word.group().lower(), word.start(), word.end())
        for word in re.finditer(r"\w+", text)
        if word.group().lower() in looked_for
    ]


def test_a_short_text_is_shown_whole() -> None:
    text = "Чай\nс молоком"
    assert snippet_around(text, _words(text, "молоком")) == Snippet("Чай с молоком", ((6, 13),))


def test_without_words_it_is_the_beginning() -> None:
    shown = snippet_around("слово " * 100, [])
    assert shown.text.startswith("слово слово")
    assert shown.text.endswith("слово …")
    assert shown.marks == ()
    assert snippet_around("", []) == Snippet("")


def test_the_place_with_the_most_different_words_is_shown() -> None:
    text = f"чай чай чай {'вода ' * 100}чай молоко сахар{' вода' * 100}"
    shown = snippet_around(text, _words(text, "чай", "молоко", "сахар"))
    assert [shown.text[start:end] for start, end in shown.marks] == ["чай", "молоко", "сахар"]
    assert shown.text.startswith("…")
    assert shown.text.endswith("…")


def test_a_word_longer_than_a_snippet_is_cut_and_not_marked() -> None:
    shown = snippet_around("щ" * 1_000, [("щ", 0, 1_000)])
    assert shown == Snippet("щ" * 240 + "…")


@pytest.mark.parametrize("seed", range(20))
def test_marks_always_stand_on_the_words(seed: int) -> None:
    rng = random.Random(seed)
    text = "".join(rng.choices("аб c\n\t🫖", k=rng.randint(0, 900)))
    looked_for = {"а", "б", "аб", "c", "абa", "ба"}
    words = _words(text, *looked_for)
    shown = snippet_around(text, words)
    assert len(shown.text) <= 242
    assert all(shown.text[start:end].lower() in looked_for for start, end in shown.marks)
    assert bool(shown.marks) == bool(words)


def test_of_a_long_text_the_part_is_taken_where_the_words_stand_together() -> None:
    filler = "погода хороша " * 2_000
    text = f"договор {filler}Договоры о складе{filler}склад"
    start, end = likely_region(text, {"договор", "склад"})
    assert "Договоры о складе" in text[start:end]
    assert end - start <= 4_000
    assert likely_region("коротко", {"длинно"}) == (0, 7)
    start, end = likely_region(text, {"ничего"})
    assert (start, end) == (0, 4_000)
