"""The light re-ranker: reads the stems of a question and of each candidate together, without a model.

Fusion knows which words a chunk has. This one sees whether they stand together, whether a word that is missing is
there in another form, whether a name is there in the other alphabet, and what else its page says. What each of these
brings is measured in docs/adr/0019-fusion.md.
"""

import math
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from samovar.domain.ids import ChunkId
from samovar.ports.search import StemmedWord
from samovar.retrieval.pages import lean_on_page
from samovar.retrieval.skeleton import is_cyrillic, skeleton

__all__ = ["Candidate", "rerank_light"]

#: How much of a score is what is read here; the rest is fusion's. 0.15 to 0.3 differ by less than 0.003.
_READ_SHARE: Final = 0.15
#: About a sentence, function words counted.
_WINDOW_WORDS: Final = 20
#: Stems that begin with the same letters, so many, are taken for forms of one word: Snowball leaves many Russian ones
#: apart. Such a match counts for half.
_PREFIX_LETTERS: Final = 5
_OTHER_FORM: Final = 0.5
#: A name in the other alphabet, recognised by at least three consonants.
_OTHER_ALPHABET: Final = 0.7
_NAME_LETTERS: Final = 3
#: A word that stands in a heading or in the title, but not beside the others.
_IN_TITLE: Final = 0.5
#: Hostile text repeats a word: no more places of a text are looked at.
_MOST_PLACES: Final = 500

#: Stems of the question that a stem of a text stands for, each with how surely (0 to 1).
_Matches = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A chunk to be read again.

    ``fused``: its score from fusion, 0 to 1. ``places``: its stems, each with the numbers of its words. ``titles``:
    the stems of its headings and of the title of its document. ``page``: the same for chunks of one page, as in
    ``(document, page)``; None for a chunk that stands alone.
    """

    fused: float
    places: Mapping[str, Sequence[int]]
    titles: Collection[str] = ()
    page: Hashable | None = None


def rerank_light(
    question: Sequence[StemmedWord], rarity: Mapping[str, float], candidates: Mapping[ChunkId, Candidate]
) -> dict[ChunkId, float]:
    """Score candidates anew, best first, each from 0 to 1; of equals the order stays. Meant for the best 40 or so.

    ``question``: its stemmed words in order. ``rarity``: the weight of each of its stems (``ArmHits.stems``), also of
    those that no chunk holds; a stem that is missing there counts as nothing.

    A candidate is worth the part of the question's weight that its best stretch of 20 words covers, added to what
    fusion gave it; and a quarter of each score is that of the best candidate of the same page, so that a sentence
    is seen with what stands around it.
    """
    weights = {word.stem: weight for word in question if (weight := rarity.get(word.stem, 0.0)) > 0}
    own = _read(weights, candidates) if weights else {chunk: one.fused for chunk, one in candidates.items()}
    return lean_on_page(own, {chunk: one.page for chunk, one in candidates.items()})


def _read(weights: Mapping[str, float], candidates: Mapping[ChunkId, Candidate]) -> dict[ChunkId, float]:
    matches = _find_matches(weights, set().union(*(one.places for one in candidates.values())))
    places = {chunk: _places(one, matches) for chunk, one in candidates.items()}
    loose = _loose_weights(weights, places)
    whole = sum(weights.values())
    scores: dict[ChunkId, float] = {}
    for chunk, one in candidates.items():
        valued = [
            (position, stem, weights[stem] if sure == 1 else sure * loose[stem])
            for position, stem, sure in places[chunk]
        ]
        titles = {stem: _IN_TITLE * weights[stem] for stem in weights.keys() & set(one.titles)}
        covered = min(1.0, _best_window(valued, titles) / whole)
        scores[chunk] = (1 - _READ_SHARE) * one.fused + _READ_SHARE * covered
    return scores


def _find_matches(weights: Mapping[str, float], stems: Iterable[str]) -> _Matches:
    """For each of the stems that stands for some of the question: which, and how surely."""
    prefixes: dict[str, list[str]] = {}
    #: By the alphabet that it is looked for in, Cyrillic or not, and the consonants.
    names: dict[bool, dict[str, list[str]]] = {}
    for stem in weights:
        if len(stem) >= _PREFIX_LETTERS and stem.isalpha():
            prefixes.setdefault(stem[:_PREFIX_LETTERS], []).append(stem)
        if len(consonants := skeleton(stem)) >= _NAME_LETTERS:
            names.setdefault(not is_cyrillic(stem), {}).setdefault(consonants, []).append(stem)
    in_cyrillic, in_latin = names.get(True), names.get(False)
    matches: dict[str, dict[str, float]] = {}
    for stem in stems:
        forms = prefixes.get(stem[:_PREFIX_LETTERS])
        spellings = in_cyrillic if is_cyrillic(stem) else in_latin
        spelt = spellings.get(skeleton(stem)) if spellings else None
        if forms or spelt or stem in weights:
            matches[stem] = dict.fromkeys(forms or (), _OTHER_FORM) | dict.fromkeys(spelt or (), _OTHER_ALPHABET)
            if stem in weights:
                matches[stem][stem] = 1.0
    return matches


def _places(candidate: Candidate, matches: _Matches) -> list[tuple[int, str, float]]:
    """Where stems of the question are matched, in order: position, stem, how surely."""
    found = [
        (position, stem, sure)
        for held in candidate.places
        if held in matches
        for position in candidate.places[held]
        for stem, sure in matches[held].items()
    ]
    return sorted(found)[:_MOST_PLACES]


def _loose_weights(
    weights: Mapping[str, float], places: Mapping[ChunkId, Sequence[tuple[int, str, float]]]
) -> dict[str, float]:
    """What a match in another form can weigh: no more than its rarity among the candidates (as BM25 has it).

    How many chunks of all hold some form is not known here.
    """
    total = len(places)
    holding = Counter(stem for found in places.values() for stem in {stem for _, stem, _ in found})
    return {
        stem: min(weights[stem], math.log(1 + (total - count + 0.5) / (count + 0.5))) for stem, count in holding.items()
    }


def _best_window(places: Sequence[tuple[int, str, float]], titles: Mapping[str, float]) -> float:
    """The most weight that stretches of 20 words cover, each stem counted once; ``titles`` lie in all of them."""
    best = sum(titles.values())
    for first, (start, _, _) in enumerate(places):
        covered = dict(titles)
        for position, stem, value in places[first:]:
            if position > start + _WINDOW_WORDS:
                break
            covered[stem] = max(value, covered.get(stem, 0.0))
        best = max(best, sum(covered.values()))
    return best
