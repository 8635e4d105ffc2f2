"""Lines put together to pieces of a page: headings, paragraphs, items of lists, tables, in reading order."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from samovar.domain.layout import BlockKind
from samovar.ocr.lines import Box, ReadLine, ReadWord, typical_height, union

__all__ = ["Piece", "ReadCell", "TablePiece", "TextPiece", "ordered_pieces"]

_ITEM: Final = re.compile(r"(?:[•●▪■◦‣*·–—-]|\(?\d{1,2}[.)]|\(?[a-zа-я]\))$")
_PAGE_NUMBER: Final = re.compile(
    r"(?:[-–—]\s*)?(?:(?:стр|с|page|p)\.?\s*)?\d{1,4}(?:\s*(?:из|of|/)\s*\d{1,4})?(?:\s*[-–—])?", re.IGNORECASE
)
#: Lines of a heading are higher than the page's usual line by so much, for levels 1, 2 and 3.
_HEADING_RATIOS: Final = (1.7, 1.42, 1.2)
_LONGEST_HEADING_LINES: Final = 3
#: A gap between lines, in heights of a line, that parts paragraphs.
_GAP: Final = 0.85
_INDENT: Final = 0.7
#: A line that ends so much before the others is the last of its paragraph, if it ends a sentence too.
_SHORT: Final = 0.25
_SIZE_CHANGE: Final = 1.25
#: Page numbers stand in this share of the page, above and below.
_EDGE_SHARE: Final = 0.09


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPiece:
    """A piece of running text."""

    kind: BlockKind
    lines: tuple[ReadLine, ...]
    box: Box
    level: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCell:
    """A cell of a table with its words in order."""

    row: int
    column: int
    row_span: int
    column_span: int
    words: tuple[ReadWord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePiece:
    """A table; its cells row by row."""

    cells: tuple[ReadCell, ...]
    box: Box


Piece: TypeAlias = TextPiece | TablePiece


def ordered_pieces(lines: Sequence[ReadLine], tables: Sequence[TablePiece], page_height: float) -> list[Piece]:
    """The pieces of a page as a person reads them; ``page_height`` in pixels, like the boxes."""
    usual = typical_height(lines)
    pieces: list[Piece] = []
    for stretch in _stretches(lines, tables):
        if isinstance(stretch, TablePiece):
            pieces.append(stretch)
        else:
            pieces += [_piece(group, usual, page_height) for group in _paragraphs(stretch)]
    return pieces


def _stretches(lines: Sequence[ReadLine], tables: Sequence[TablePiece]) -> list[list[ReadLine] | TablePiece]:
    """The lines in their order, each table before the first line that stands below it in its own column."""
    before: dict[int, list[TablePiece]] = {}
    for table in tables:
        before.setdefault(_place_of(table, lines), []).append(table)
    stretches: list[list[ReadLine] | TablePiece] = []
    current: list[ReadLine] = []
    for place in range(len(lines) + 1):
        if place in before:
            stretches += [current, *before[place]]
            current = []
        if place < len(lines):
            current.append(lines[place])
    stretches.append(current)
    return [stretch for stretch in stretches if stretch]


def _place_of(table: TablePiece, lines: Sequence[ReadLine]) -> int:
    above = -1
    for place, line in enumerate(lines):
        if min(line.box.right, table.box.right) <= max(line.box.left, table.box.left):
            continue
        if line.box.middle[1] > table.box.middle[1]:
            return place
        above = place
    if above >= 0:
        return above + 1
    return next((place for place, line in enumerate(lines) if line.box.top > table.box.top), len(lines))


def _paragraphs(lines: Sequence[ReadLine]) -> list[list[ReadLine]]:
    groups: list[list[ReadLine]] = []
    for block in _blocks(lines):
        left, right = min(line.box.left for line in block), max(line.box.right for line in block)
        for place, line in enumerate(block):
            if place == 0 or _begins(line, block[place - 1], left, right):
                groups.append([])
            groups[-1].append(line)
    return groups


def _blocks(lines: Sequence[ReadLine]) -> list[list[ReadLine]]:
    blocks: list[list[ReadLine]] = []
    for place, line in enumerate(lines):
        if place == 0 or line.block != lines[place - 1].block or line.box.bottom < lines[place - 1].box.top:
            blocks.append([])
        blocks[-1].append(line)
    return blocks


def _begins(line: ReadLine, above: ReadLine, left: float, right: float) -> bool:
    """Tell whether a paragraph begins at ``line``."""
    height = min(line.box.height, above.box.height)
    if line.box.top - above.box.bottom > _GAP * height:
        return True
    if max(line.box.height, above.box.height) > _SIZE_CHANGE * height and _is_larger_type(line, above):
        return True
    if _ITEM.match(line.words[0].text) and len(line.words) > 1:
        return True
    indented = line.box.left - left > _INDENT * height and above.box.left - left < _INDENT * height / 2
    ends_early = right - above.box.right > _SHORT * (right - left)
    return above.text.endswith((".", "!", "?", ":", ";", "»", "”", '"')) and (indented or ends_early)


def _is_larger_type(one: ReadLine, other: ReadLine) -> bool:
    """Lines without high and low letters are lower too; only lines with enough letters tell the size of type."""
    return min(len(one.text), len(other.text)) >= 8


def _piece(lines: Sequence[ReadLine], usual: float, page_height: float) -> TextPiece:
    box = union(line.box for line in lines)
    text = " ".join(line.text for line in lines)
    if _PAGE_NUMBER.fullmatch(text):
        if box.bottom < _EDGE_SHARE * page_height:
            return TextPiece(kind="header", lines=tuple(lines), box=box)
        if box.top > (1 - _EDGE_SHARE) * page_height:
            return TextPiece(kind="footer", lines=tuple(lines), box=box)
    level = _heading_level(lines, text, usual)
    if level is not None:
        return TextPiece(kind="heading", lines=tuple(lines), box=box, level=level)
    if _ITEM.match(lines[0].words[0].text) and len(text.split()) > 1:
        return TextPiece(kind="list_item", lines=tuple(lines), box=box, level=1)
    return TextPiece(kind="paragraph", lines=tuple(lines), box=box)


def _heading_level(lines: Sequence[ReadLine], text: str, usual: float) -> int | None:
    if len(lines) > _LONGEST_HEADING_LINES or text.endswith((".", ",", ";")) or not any(map(str.isalpha, text)):
        return None
    ratio = typical_height(lines) / usual if usual else 1.0
    return next((level for level, least in enumerate(_HEADING_RATIOS, start=1) if ratio >= least), None)
