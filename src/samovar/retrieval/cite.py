"""Tie an answer to the places it stands on, by code and without trusting the model.

Each sentence of the answer is compared with each sentence of the passages by the weight of the
stems that they share. A label ``[n]`` that the model wrote is kept only as a claim to be checked;
a sentence without a label gets the passage that holds its words; when nothing fits, the passage
nearest to the question is named as such.
"""

import math
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from samovar.domain.citation import Citation, CitationOrigin
from samovar.domain.document import Passage
from samovar.domain.sentences import sentences

__all__ = ["SOFT_HYPHEN", "CitedAnswer", "Stemmer", "cite", "normalise_quote"]

Stemmer = Callable[[Sequence[str]], Awaitable[tuple[frozenset[str], ...]]]

_LABEL: Final = re.compile(r"\[(\d{1,2})\]")
_NUMBER: Final = re.compile(r"\d+(?:[.,:]\d+)*")
#: Share of a claim's weight that a source sentence must hold to count as its support.
_SUPPORT: Final = 0.6
#: The same where the model itself names the passage: people and models put things in their own words.
_LABELLED_SUPPORT: Final = 0.35
_FEWEST_SHARED_STEMS: Final = 2
_MOST_CITATIONS: Final = 12
#: Marks where a word is divided at the end of a line (PDF); it is no part of the word.
SOFT_HYPHEN: Final = "\u00ad"
#: Share of the question's weight from which a sentence is worth showing beside other sources.
_NEAR: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedAnswer:
    """The answer with its marks filled in, and what the marks stand for."""

    text: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    number: int
    passage: Passage
    start: int
    end: int
    text: str
    stems: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Claim:
    end: int
    labels: tuple[int, ...]
    words: str
    stems: frozenset[str]


def normalise_quote(text: str) -> str:
    """A quote as people read it: white space runs become one space, divided words become whole."""
    return " ".join(text.replace(SOFT_HYPHEN, "").split())


async def cite(answer: str, question: str, passages: Sequence[Passage], stems: Stemmer) -> CitedAnswer:
    """Find what each sentence of the answer stands on. Shape: passages in prompt order, [1] first.

    The citations are not verified yet: the caller reads each quote again from the stored source.
    """
    if not passages:
        return CitedAnswer(text=answer, citations=())
    claim_spans = [(start, end) for start, end in sentences(answer) if answer[start:end].strip()]
    claim_words = [_LABEL.sub(" ", answer[start:end]) for start, end in claim_spans]
    spans = [
        (number, passage, start, end)
        for number, passage in enumerate(passages, start=1)
        for start, end in sentences(passage.chunk.text)
        if passage.chunk.text[start:end].strip()
    ]
    stemmed = await stems([question, *claim_words, *(p.chunk.text[start:end] for _, p, start, end in spans)])
    places = [
        _Place(number, passage, start, end, passage.chunk.text[start:end], found)
        for (number, passage, start, end), found in zip(spans, stemmed[1 + len(claim_words) :], strict=True)
    ]
    claims = [
        _Claim(
            end=end,
            labels=tuple(int(label) for label in _LABEL.findall(answer[start:end])),
            words=words,
            stems=found,
        )
        for (start, end), words, found in zip(claim_spans, claim_words, stemmed[1:], strict=False)
    ]
    weigher = _Weigher(places)
    found_citations: list[Citation] = []
    marks: list[tuple[int, int]] = []
    for claim in claims:
        _cite_claim(claim, places, weigher, found_citations, marks)
    _add_nearest(stemmed[0], places, weigher, found_citations)
    return CitedAnswer(text=_mark(answer, marks), citations=_without_repeats(found_citations))


class _Weigher:
    """Weighs stems by how rare they are among the sentences of the passages."""

    def __init__(self, places: Sequence[_Place]) -> None:
        counts = Counter(stem for place in places for stem in place.stems)
        self._weights = {stem: math.log(1 + len(places) / count) for stem, count in counts.items()}
        # A word that no source has may be the model's own way of saying it: half of a rare word.
        self._unseen = math.log(1 + len(places)) / 2 if places else 1.0

    def share(self, stems: frozenset[str], place: _Place) -> float:
        """How much of the weight of these stems the place holds, from 0 to 1."""
        whole = sum(self._weights.get(stem, self._unseen) for stem in stems)
        return sum(self._weights[stem] for stem in stems & place.stems) / whole if whole else 0.0

    def supports(self, claim: _Claim, place: _Place, *, at_least: float = _SUPPORT) -> float:
        """The share, or 0 when it is small, too little is shared or a number of the claim is not there."""
        shared = claim.stems & place.stems
        if len(shared) < _FEWEST_SHARED_STEMS and not any(_NUMBER.fullmatch(stem) for stem in shared):
            return 0.0
        if not set(_NUMBER.findall(claim.words)) <= set(_NUMBER.findall(place.passage.chunk.text)):
            return 0.0
        share = self.share(claim.stems, place)
        return share if share >= at_least else 0.0


def _cite_claim(
    claim: _Claim,
    places: Sequence[_Place],
    weigher: _Weigher,
    citations: list[Citation],
    marks: list[tuple[int, int]],
) -> None:
    if not claim.stems:
        return
    supported = False
    for label in claim.labels:
        of_label = [place for place in places if place.number == label]
        if not of_label:
            continue
        best = max(of_label, key=lambda place: weigher.share(claim.stems, place))
        if weigher.supports(claim, best, at_least=_LABELLED_SUPPORT):
            citations.append(_citation(best, "model"))
            supported = True
        else:
            citations.append(_unsupported(of_label[0]))
    if supported or not places:
        return
    best = max(places, key=lambda place: weigher.supports(claim, place))
    if weigher.supports(claim, best):
        citations.append(_citation(best, "answer"))
        marks.append((claim.end, best.number))


def _add_nearest(
    question: frozenset[str], places: Sequence[_Place], weigher: _Weigher, citations: list[Citation]
) -> None:
    """Show the passage nearest to the question, unless the answer stands on it already."""
    nearest = max(places, key=lambda place: weigher.share(question, place), default=None)
    if nearest is None:
        return
    supported = {citation.n for citation in citations if citation.quote}
    is_near = weigher.share(question, nearest) >= _NEAR and nearest.number not in supported
    if is_near or not supported:
        citations.append(_citation(nearest, "nearest"))


def _citation(place: _Place, origin: CitationOrigin) -> Citation:
    chunk = place.passage.chunk
    return Citation(
        n=place.number,
        document_id=chunk.document_id,
        document=place.passage.document,
        page=chunk.page,
        start=chunk.start + place.start,
        end=chunk.start + place.end,
        quote=normalise_quote(place.text),
        verified=False,
        origin=origin,
        figure=chunk.figure,
    )


def _unsupported(place: _Place) -> Citation:
    """A label of the model that its passage does not bear out: it has no quote to show."""
    chunk = place.passage.chunk
    return Citation(
        n=place.number,
        document_id=chunk.document_id,
        document=place.passage.document,
        page=chunk.page,
        start=chunk.start,
        end=chunk.end,
        quote="",
        verified=False,
        origin="model",
        figure=chunk.figure,
    )


def _mark(answer: str, marks: Sequence[tuple[int, int]]) -> str:
    """Write ``[n]`` behind each claim that had none; code blocks and tables are left alone."""
    for end, number in reversed(marks):
        before = answer[:end]
        line = before.rsplit("\n", 1)[-1]
        if before.count("```") % 2 or line.lstrip().startswith("|"):
            continue
        stem = before.rstrip()
        answer = f"{stem} [{number}]{before[len(stem) :]}{answer[end:]}"
    return answer


def _without_repeats(citations: Sequence[Citation]) -> tuple[Citation, ...]:
    seen: dict[tuple[int, int, int], Citation] = {}
    for citation in citations:
        seen.setdefault((citation.n, citation.start, citation.end), citation)
    return tuple(sorted(seen.values(), key=lambda citation: citation.n))[:_MOST_CITATIONS]
