"""Where the blocks of a Markdown text stand: spans of the text as it was written, marks included."""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Final

from markdown_it import MarkdownIt

from samovar.domain.layout import Block, BlockKind, Cell, Link
from samovar.parsers._markup.page_writer import is_safe_target

__all__ = ["find_blocks", "find_links", "find_title"]

#: The grammar is applied to pieces of about so many characters, cut before a heading or after a blank line.
_PIECE_CHARACTERS: Final = 200_000
_LONGEST_PIECE: Final = 300_000
#: Beyond that the file is a listing, and only its paragraphs are found.
_LONGEST_PARSED: Final = 3_000_000
_MOST_BLOCKS: Final = 100_000
_MOST_LINKS: Final = 20_000
_MOST_CELLS: Final = 200_000
_LONGEST_TITLE: Final = 500
_DEEPEST: Final = 20

_FRONT_MATTER: Final = re.compile(r"---[ \t]*\n(?:(?!---|\.\.\.).*\n){0,200}(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_TITLE_LINE: Final = re.compile(r"^title:[ \t]*(\S.{0,500})$", re.MULTILINE | re.IGNORECASE)
_FOOTNOTE: Final = re.compile(r"\[\^[^\]\n]{1,50}\]:")
_LINK: Final = re.compile(
    r"\[[^\[\]\n]{1,300}\]\(<?([^\s()<>]{1,2000}(?:\([^\s()<>]{0,200}\))?)>?(?:\s[^()\n]{0,300})?\)"
    r"|<(https?://[^\s<>]{1,2000}|mailto:[^\s<>]{1,300})>"
)
_PARAGRAPH: Final = re.compile(r"\S(?:[^\n]|\n(?!\s*\n))*+")
_PIPE: Final = re.compile(r"(?<!\\)\|")

_PARSER: Final = MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable("table")
_PARSER.core.ruler.enableOnly(["normalize", "block"])  # spans need no more than lines
_PARSER.disable("reference")  # what it takes is text that a reader sees

_LEAVES: Final[dict[str, BlockKind]] = {
    "heading_open": "heading",
    "paragraph_open": "paragraph",
    "fence": "code",
    "code_block": "code",
    "html_block": "paragraph",
    "table_open": "table",
}


def find_blocks(text: str) -> tuple[Block, ...]:
    """Find headings, paragraphs, list items, tables with their cells, code and footnotes.

    Shape: in order, without overlap, each from its first to its last visible character.
    """
    if len(text) > _LONGEST_PARSED:
        return tuple(_paragraphs(text))
    blocks: list[Block] = []
    start = 0
    front = _FRONT_MATTER.match(text)
    if front is not None:
        blocks.append(Block(kind="code", start=0, end=len(front.group().rstrip())))
        start = front.end()
    for first, last in _pieces(text, start):
        piece = text[first:last]
        blocks.extend(_piece_blocks(piece, first) if last - first <= _LONGEST_PIECE else _paragraphs(piece, first))
        if len(blocks) > _MOST_BLOCKS:
            return tuple(_paragraphs(text))
    return tuple(blocks)


def find_links(text: str, blocks: Sequence[Block]) -> tuple[Link, ...]:
    """Find inline links and addresses in angle brackets, outside code."""
    links: list[Link] = []
    for block in blocks:
        if block.kind == "code":
            continue
        for found in _LINK.finditer(text, block.start, block.end):
            target = found.group(1) or found.group(2)
            if is_safe_target(target) and len(links) < _MOST_LINKS:
                links.append(Link(start=found.start(), end=found.end(), target=target))
    return tuple(links)


def find_title(text: str, blocks: Sequence[Block]) -> str | None:
    """The title that the front matter names, or else the first heading of level 1 where it opens the text."""
    if blocks and blocks[0].kind == "code" and blocks[0].start == 0 and text.startswith("---"):
        named = _TITLE_LINE.search(text, 0, blocks[0].end)
        if named is not None:
            return named.group(1).strip().strip("\"'")[:_LONGEST_TITLE]
    for block in blocks[:2]:
        if block.kind == "heading" and block.level == 1:
            return text[block.start : block.end].strip("#= \n")[:_LONGEST_TITLE] or None
    return None


def _pieces(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Cut a long text where a new block surely begins: before a heading that stands behind a blank line."""
    while len(text) - start > _PIECE_CHARACTERS:
        end = text.find("\n\n#", start + _PIECE_CHARACTERS // 2, start + 2 * _PIECE_CHARACTERS)
        if end < 0:
            end = text.find("\n\n", start + _PIECE_CHARACTERS)
        if end < 0:
            break
        yield start, end + 2
        start = end + 2
    yield start, len(text)


def _piece_blocks(piece: str, offset: int) -> Iterator[Block]:
    lines = piece.split("\n")
    starts = [0, *(min(end, len(piece)) for end in accumulate(len(line) + 1 for line in lines))]
    depth = 0
    opens_item = False
    end_before = 0
    for token in _PARSER.parse(piece):
        if token.type == "list_item_open":
            depth, opens_item = depth + 1, True
        elif token.type == "list_item_close":
            depth, opens_item = depth - 1, False
        kind = _LEAVES.get(token.type)
        if kind is None or token.map is None:
            continue
        start, end = _trimmed(piece, max(end_before, starts[token.map[0]]), starts[min(token.map[1], len(lines))])
        if start >= end:
            continue
        end_before = end
        level = None
        cells: tuple[Cell, ...] = ()
        if kind == "heading":
            level = int(token.tag[1])
        elif kind == "table":
            cells = tuple(_cells(piece, start, end, offset))
        elif kind == "paragraph" and opens_item:
            kind, level, opens_item = "list_item", depth, False
        elif kind == "paragraph" and _FOOTNOTE.match(piece, start):
            kind = "footnote"
        yield Block(kind=kind, start=offset + start, end=offset + end, level=level, cells=cells)


def _cells(piece: str, start: int, end: int, offset: int) -> Iterator[Cell]:
    """The cells of a table; the line of dashes under the header is no row. Source: GitHub Flavored Markdown, 4.10."""
    columns = 0
    row = 0
    line_start = start
    for number, line in enumerate(piece[start:end].split("\n")):
        if number == 1:
            line_start += len(line) + 1
            continue
        spans = _cell_spans(line)
        columns = columns or len(spans)
        for column, (first, last) in enumerate(spans[:columns]):
            if row * columns + column >= _MOST_CELLS:
                return
            yield Cell(
                row=row,
                column=column,
                start=offset + line_start + first,
                end=offset + line_start + last,
                is_header=row == 0,
            )
        row += 1
        line_start += len(line) + 1


def _cell_spans(line: str) -> list[tuple[int, int]]:
    bars = [found.start() for found in _PIPE.finditer(line)]
    edges = [-1, *bars, len(line)]
    spans = [_trimmed(line, first + 1, last) for first, last in pairwise(edges)]
    if bars and not line[: bars[0]].strip(" >"):
        del spans[0]
    if bars and not line[bars[-1] + 1 :].strip():
        del spans[-1]
    return spans


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while end > start and text[end - 1].isspace():
        end -= 1
    while start < end and text[start].isspace():
        start += 1
    return start, end


def _paragraphs(text: str, offset: int = 0) -> Iterator[Block]:
    """Paragraphs alone, several together where there are too many."""
    spans = [(found.start(), found.end()) for found in _PARAGRAPH.finditer(text)]
    step = 1 + len(spans) // _MOST_BLOCKS
    for place in range(0, len(spans), step):
        group = spans[place : place + step]
        start, end = _trimmed(text, group[0][0], group[-1][1])
        yield Block(kind="paragraph", start=offset + start, end=offset + end)
