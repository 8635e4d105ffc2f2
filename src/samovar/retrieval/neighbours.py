"""Passages that follow each other on a page become one: the sentence that both hold is read once."""

from collections.abc import Sequence
from dataclasses import replace

from samovar.domain.document import Passage

__all__ = ["joined"]


def joined(passages: Sequence[Passage], *, most_characters: int) -> tuple[Passage, ...]:
    """Join passages that touch or overlap on one page, unless they are longer than ``most_characters`` together.

    A joined passage stands where the better one stood and keeps its score and evidence. Shape: best first, as given.
    """
    found: list[Passage] = []
    for passage in passages:
        place = next((at for at, other in enumerate(found) if _touch(other, passage, most_characters)), None)
        if place is None:
            found.append(passage)
        else:
            found[place] = _one(found[place], passage)
    # What was joined may touch what stood apart before.
    return tuple(found) if len(found) == len(passages) else joined(found, most_characters=most_characters)


def _touch(one: Passage, other: Passage, most_characters: int) -> bool:
    first, second = sorted((one.chunk, other.chunk), key=lambda chunk: (chunk.start, chunk.end))
    return (
        (first.document_id, first.page, first.figure) == (second.document_id, second.page, second.figure)
        and second.start <= first.end
        and max(first.end, second.end) - first.start <= most_characters
    )


def _one(better: Passage, other: Passage) -> Passage:
    first, second = sorted((better.chunk, other.chunk), key=lambda chunk: (chunk.start, chunk.end))
    rest = second.text[first.end - second.start :]
    chunk = replace(
        better.chunk,
        start=first.start,
        end=max(first.end, second.end),
        text=first.text + rest,
        headings=first.headings,
    )
    return replace(better, chunk=chunk)
