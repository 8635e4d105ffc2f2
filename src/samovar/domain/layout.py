"""What stands on a page and where: blocks, cells, words, links, each a span of the page's text.

Boxes have their origin at the top left of the page and are counted in the page's own units: points
(1/72 inch) for paper, pixels for pictures.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["Block", "BlockKind", "Cell", "Link", "Rectangle", "Word", "heading_paths"]

BlockKind = Literal[
    "heading",
    "paragraph",
    "list_item",
    "table",
    "figure",
    "caption",
    "code",
    "footnote",
    "header",
    "footer",
]

#: What makes a line a heading in Markdown, whose text is kept as it was written, is no part of the title.
_MARKS: Final = re.compile(r"^#{1,6} | #+$| (?:={3,}|-{3,})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectangle:
    """A box on a page, origin at the top left, in the page's own units."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of a table; ``row`` and ``column`` are counted from 0, the text is ``page text[start:end]``."""

    row: int
    column: int
    start: int
    end: int
    row_span: int = 1
    column_span: int = 1
    is_header: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One piece of a page in reading order; its text is ``page text[start:end]``.

    Blocks follow each other without overlap. ``level`` is 1 to 6 for a heading and the depth, from 1,
    for a list item. ``box`` is None where the format has no places. ``figure`` is the number of the
    picture that a block of kind ``figure`` stands for; such a block may be empty (start == end).
    """

    kind: BlockKind
    start: int
    end: int
    level: int | None = None
    box: Rectangle | None = None
    cells: tuple[Cell, ...] = ()
    figure: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A stretch of the page's text with its box; ``confidence`` (0 to 1) where OCR has read it."""

    start: int
    end: int
    box: Rectangle
    confidence: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A stretch of the page's text that leads to an address, or to a page of the same document."""

    start: int
    end: int
    target: str | None = None
    page: int | None = None


def heading_paths(
    text: str, blocks: tuple[Block, ...], above: tuple[str, ...] = ()
) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
    """Under which headings each block stands.

    ``above`` are the headings in force where the page begins. Shape: a path for each block (a heading's
    own path does not name itself), and the path in force at the end of the page, one place a level with
    empty text for levels that were left out.
    """
    levels = list(above)
    paths: list[tuple[str, ...]] = []
    for block in blocks:
        if block.kind != "heading":
            paths.append(tuple(title for title in levels if title))
            continue
        level = block.level or 1
        del levels[level - 1 :]
        paths.append(tuple(title for title in levels if title))
        levels.extend([""] * (level - 1 - len(levels)))
        levels.append(_MARKS.sub("", " ".join(text[block.start : block.end].split())))
    return tuple(paths), tuple(levels)
