"""The words on a picture, as OCR has read them, line by line with their boxes."""

from collections.abc import Iterator, Sequence
from typing import Final

from samovar.domain.document import Entity
from samovar.domain.layout import Rectangle, Word
from samovar.domain.page import Page

__all__ = ["lines_of"]

_MOST_LINES: Final = 300
_LONGEST_LABEL: Final = 500


def lines_of(page: Page, *, width: int, height: int) -> tuple[Entity, ...]:
    """The lines of a page as entities, in pixels of a picture of ``width`` × ``height``; at most 300."""
    if not page.width or not page.height:
        return ()
    across, down = width / page.width, height / page.height
    return tuple(_entity(page.text, line, across, down) for line in list(_lines(page))[:_MOST_LINES])


def _lines(page: Page) -> Iterator[Sequence[Word]]:
    """Words that follow each other without a line end between them."""
    line: list[Word] = []
    for word in page.words:
        if line and "\n" in page.text[line[-1].end : word.start]:
            yield line
            line = []
        line.append(word)
    if line:
        yield line


def _entity(text: str, line: Sequence[Word], across: float, down: float) -> Entity:
    left = min(word.box.x for word in line)
    top = min(word.box.y for word in line)
    right = max(word.box.x + word.box.width for word in line)
    bottom = max(word.box.y + word.box.height for word in line)
    sure = [word.confidence for word in line if word.confidence is not None]
    return Entity(
        kind="text",
        label=" ".join(text[line[0].start : line[-1].end].split())[:_LONGEST_LABEL],
        box=Rectangle(x=left * across, y=top * down, width=(right - left) * across, height=(bottom - top) * down),
        confidence=sum(sure) / len(sure) if sure else None,
        found_by="ocr",
    )
