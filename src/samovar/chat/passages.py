"""Put the passages of a turn in the order in which people would read them, and join those that belong together."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from samovar.domain.document import Passage

__all__ = ["join_neighbours", "put_in_reading_order"]

#: Between two blocks of a page stands one line end or two; whatever was left out between two chunks is longer.
_WIDEST_GAP: Final = 2


def put_in_reading_order(passages: Sequence[Passage]) -> tuple[Passage, ...]:
    """Order passages as they stand in their documents; the document of the best passage comes first.

    Shape: passages best first to the same passages.
    """
    places: dict[object, int] = {}
    for passage in passages:
        places.setdefault(passage.chunk.document_id, len(places))
    return tuple(sorted(passages, key=lambda passage: (places[passage.chunk.document_id], *_place(passage))))


def join_neighbours(passages: Sequence[Passage]) -> tuple[Passage, ...]:
    """Make one passage of those that touch or overlap on a page; it has the score and the evidence of the better one.

    Shape: passages in reading order to at most as many, in the same order.
    """
    joined: list[Passage] = []
    for passage in passages:
        if joined and _touch(joined[-1], passage):
            joined[-1] = _join(joined[-1], passage)
        else:
            joined.append(passage)
    return tuple(joined)


def _place(passage: Passage) -> tuple[int, int, int, int]:
    chunk = passage.chunk
    # What a model wrote about the pictures of a page comes after the page's own text.
    return (chunk.page or 0, chunk.figure or 0, chunk.start, chunk.end)


def _touch(first: Passage, second: Passage) -> bool:
    one, two = first.chunk, second.chunk
    same_text = (one.document_id, one.page, one.figure) == (two.document_id, two.page, two.figure)
    return same_text and two.start - one.end <= _WIDEST_GAP


def _join(first: Passage, second: Passage) -> Passage:
    one, two = first.chunk, second.chunk
    better = second if second.score > first.score else first
    gap = "\n" * (two.start - one.end)
    text = one.text if two.end <= one.end else one.text + gap + two.text[max(0, one.end - two.start) :]
    headings = _common(one.headings, two.headings)
    chunk = replace(better.chunk, start=one.start, end=max(one.end, two.end), text=text, headings=headings)
    return replace(better, chunk=chunk)


def _common(first: Sequence[str], second: Sequence[str]) -> tuple[str, ...]:
    """The headings that stand above both."""
    shared = 0
    while shared < min(len(first), len(second)) and first[shared] == second[shared]:
        shared += 1
    return tuple(first[:shared])
