"""The light re-ranker sees where words stand, other forms of them, names in the other alphabet, and the page."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from samovar.domain.ids import ChunkId
from samovar.ports.search import StemmedWord
from samovar.retrieval.light import Candidate, rerank_light
from samovar.retrieval.skeleton import skeleton


def chunk(number: int) -> ChunkId:
    return ChunkId(UUID(int=number))


A, B = chunk(1), chunk(2)


def words(stems: str) -> tuple[StemmedWord, ...]:
    """Stems with a blank between them; a dot stands for a word that is not looked at."""
    return tuple(
        StemmedWord(stem, position, 0, 0) for position, stem in enumerate(stems.split(), start=1) if stem != "."
    )


def places(stems: str) -> dict[str, list[int]]:
    """The same as the index has it."""
    found: dict[str, list[int]] = {}
    for word in words(stems):
        found.setdefault(word.stem, []).append(word.position)
    return found


def best(question: str, first: Candidate, second: Candidate) -> ChunkId:
    """The better one of two; two more hold nothing, so that a rare word is rare."""
    asked = words(question)
    rarity = {word.stem: 3.0 for word in asked}
    others = {chunk(number): Candidate(fused=0.1, places=places("xyz")) for number in (3, 4)}
    return next(iter(rerank_light(asked, rarity, {A: first, B: second, **others})))


def test_words_that_stand_together_come_first() -> None:
    apart = Candidate(fused=0.5, places=places("договор " + ". " * 40 + "аренд"))
    together = Candidate(fused=0.5, places=places(". " * 40 + "договор . аренд"))
    assert best("договор аренд", apart, together) == B


def test_more_words_of_the_question_come_first() -> None:
    assert best("a b c", Candidate(fused=0.5, places=places("a b")), Candidate(fused=0.5, places=places("a b c"))) == B


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    scores = rerank_light(
        words("сво патент"),
        {"сво": 0.5, "патент": 5.0},
        {A: Candidate(fused=0.5, places=places("сво")), B: Candidate(fused=0.5, places=places("патент"))},
    )
    assert scores[B] > scores[A]


def test_another_form_of_a_word_counts_for_less_than_the_word() -> None:
    plain, form, nothing = (Candidate(fused=0.5, places=places(text)) for text in ("завоева", "завоеван", "друг"))
    assert best("завоева", nothing, form) == B
    assert best("завоева", form, plain) == B


def test_a_name_in_the_other_alphabet_is_recognised() -> None:
    name = Candidate(fused=0.5, places=places("изобретен никол тесл"))
    assert best("invent tesla", Candidate(fused=0.5, places=places("никол")), name) == B


def test_numbers_are_not_taken_for_forms_of_each_other() -> None:
    first, other = Candidate(fused=0.5, places=places("123456")), Candidate(fused=0.5, places=places("слов"))
    assert best("123457", first, other) == A  # the order stays: neither holds it


def test_words_of_a_heading_count_for_less_than_words_of_the_text() -> None:
    nothing = Candidate(fused=0.5, places=places("цен"))
    headed = Candidate(fused=0.5, places=places("цен"), titles={"достав"})
    said = Candidate(fused=0.5, places=places("цен достав"))
    assert best("цен достав", nothing, headed) == B
    assert best("цен достав", headed, said) == B


def test_a_good_page_lifts_what_stands_on_it() -> None:
    scores = rerank_light(
        (),
        {},
        {
            A: Candidate(fused=0.9, places={}, page=("one", 1)),
            B: Candidate(fused=0.5, places={}, page=("two", 1)),
            chunk(3): Candidate(fused=0.49, places={}, page=("one", 1)),
        },
    )
    assert list(scores) == [A, chunk(3), B]


def test_words_that_no_weight_is_known_of_change_nothing() -> None:
    candidates = {A: Candidate(fused=0.4, places=places("a")), B: Candidate(fused=0.3, places=places("b"))}
    assert rerank_light(words("b"), {}, candidates) == {A: 0.4, B: 0.3}


def test_a_text_of_one_word_over_and_over_is_read_in_bounds() -> None:
    flood = {"слов": [min(place, 16383) for place in range(1, 50_000)]}
    scores = rerank_light(words("слов друг"), {"слов": 1.0, "друг": 1.0}, {A: Candidate(fused=0.5, places=flood)})
    assert 0.5 <= scores[A] <= 0.6


def test_skeletons_are_alike_in_both_alphabets() -> None:
    pairs = {"тесл": "tesla", "лютер": "luther", "филипп": "philip", "маркс": "marx"}
    assert {skeleton(one) for one in pairs} == {skeleton(other) for other in pairs.values()}
    assert skeleton("тесл") == "tsl"
    assert skeleton("1995") == skeleton("щ" * 41) == ""


_STEM = st.sampled_from(["договор", "договорн", "tesla", "тесл", "1995", "a", "лютер", "luther"])
_STEMS = st.lists(_STEM, max_size=30).map(" ".join)


@given(
    question=_STEMS.map(words),
    rarity=st.dictionaries(_STEM, st.floats(0, 14)),
    candidates=st.dictionaries(
        st.integers(0, 20).map(chunk),
        st.builds(
            Candidate,
            fused=st.floats(0, 1),
            places=_STEMS.map(places),
            titles=st.frozensets(_STEM),
            page=st.none() | st.integers(0, 3),
        ),
    ),
)
def test_every_candidate_gets_one_score_from_0_to_1_best_first(
    question: tuple[StemmedWord, ...], rarity: dict[str, float], candidates: dict[ChunkId, Candidate]
) -> None:
    scores = rerank_light(question, rarity, candidates)
    assert scores.keys() == candidates.keys()
    assert all(0 <= score <= 1 + 1e-9 for score in scores.values())
    assert list(scores.values()) == sorted(scores.values(), reverse=True)
