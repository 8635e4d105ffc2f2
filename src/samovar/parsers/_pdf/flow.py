"""The parts of a page in the order in which they are read: paragraphs, tables and pictures."""

from collections.abc import Sequence
from typing import Final, TypeAlias

from samovar.parsers._pdf.columns import BESIDE, regions, rows_of
from samovar.parsers._pdf.contents import Contents, Image
from samovar.parsers._pdf.furniture import set_apart
from samovar.parsers._pdf.line import PLAIN, Face, Item, Line
from samovar.parsers._pdf.paragraphs import LIST_MARK, Paragraph, classify, paragraphs, usual_size
from samovar.parsers._pdf.ruled import ruled_tables
from samovar.parsers._pdf.tables import LEAST_ROWS, Box, Table, aligned_table
from samovar.parsers._pdf.textlayer import TextLayer

__all__ = ["Part", "arrange", "in_one_column", "in_rows", "merged_row", "run_downwards"]

Part: TypeAlias = Paragraph | Table | Box

_TYPESCRIPT_SHARE: Final = 0.8
_BOLD: Final = Face(is_bold=True, is_monospaced=False)
#: A picture with more lines of text on it than this is a background.
_MOST_LINES_ON_A_PICTURE: Final = 3
_ENDS: Final = ".!?:;…"


def arrange(layer: TextLayer, contents: Contents, lines: list[Line], images: Sequence[Image]) -> list[Part]:
    """Put everything on a page in order: heads, text, footnotes, what runs another way, feet."""
    _forget_typescript(lines)
    upright = [line for line in lines if not line.turned]
    body = usual_size(upright or lines)
    tables: list[Table] = []
    if contents.rules:
        tables, rest = ruled_tables(contents.rules, layer.frame, lines, lambda line, walls: _cut(layer, line, walls))
        upright = [line for line in rest if not line.turned]
        lines = rest
    turned = [line for line in lines if line.turned]
    boxes, backgrounds = _boxes(layer, images, upright)
    others: list[Item] = [*tables, *boxes]
    heads, text, feet = set_apart(layer, upright, others, contents.rules, body)
    # Most pages are one column of text, where columns and aligned tables need not be looked for.
    if not others and run_downwards(text):
        parts = in_one_column(layer, text, body)
    else:
        parts = _in_regions(layer, text, others, body)
    found = [part for part in parts if isinstance(part, Paragraph)]
    classify(found, text, body, layer.frame.height)
    footnotes = [part for part in found if part.kind == "footnote"]
    if footnotes:
        parts = [part for part in parts if not (isinstance(part, Paragraph) and part.kind == "footnote")]
    return [
        *_furniture(layer, heads, "header"),
        *parts,
        *backgrounds,
        *footnotes,
        *_turned(layer, turned),
        *_furniture(layer, feet, "footer"),
    ]


def _forget_typescript(lines: list[Line]) -> None:
    """On a page that is written in type of one width, that is no sign of code."""
    wide = sum(line.end - line.start for line in lines if line.face.is_monospaced)
    if wide and wide > _TYPESCRIPT_SHARE * sum(line.end - line.start for line in lines):
        for line in lines:
            line.face = _BOLD if line.face.is_bold else PLAIN


def _cut(layer: TextLayer, line: Line, walls: Sequence[float]) -> list[Line]:
    """Cut a line where it crosses the rules of a table."""
    if line.turned:
        return [line]
    pieces: list[Line] = []
    start = line.start
    left = list(walls)
    for index in range(line.start, line.end):
        if layer.raw[index] == " ":
            continue
        box = layer.char_place(index)
        middle = (box[0] + box[2]) / 2
        if left and middle > left[0]:
            while left and middle > left[0]:
                left.pop(0)
            if index > start:
                pieces.append(layer.cut(line, start, index))
            start = index
    pieces.append(layer.cut(line, start, line.end))
    return [piece for piece in pieces if piece.start < piece.end]


def _boxes(layer: TextLayer, images: Sequence[Image], lines: list[Line]) -> tuple[list[Box], list[Box]]:
    """The places of pictures; those with text on them stand apart."""
    inside: list[Box] = []
    behind: list[Box] = []
    for number, image in enumerate(images, start=1):
        box = Box(*layer.frame.place(image.box), number)
        on_it = sum(
            box.left < (line.left + line.right) / 2 < box.right and box.top < (line.top + line.bottom) / 2 < box.bottom
            for line in lines
        )
        (inside if on_it <= _MOST_LINES_ON_A_PICTURE else behind).append(box)
    return inside, behind


def in_one_column(layer: TextLayer, lines: list[Line], body: float) -> list[Part]:
    """The parts of lines that ``run_downwards``: those that ``in_rows`` gives, in a fifth of the time."""
    return list(_paragraphs(layer, lines, body)) if lines else []


def _in_regions(layer: TextLayer, lines: list[Line], others: list[Item], body: float) -> list[Part]:
    """The parts of lines and ``others``, which are tables and pictures, wherever they stand."""
    parts: list[Part] = []
    for region in regions([*lines, *others], body):
        lines_alone = _lines(region)
        if len(lines_alone) == len(region) and run_downwards(lines_alone):
            found = in_one_column(layer, lines_alone, body)
        else:
            found = in_rows(layer, region, body)
        _join(layer, parts, found)
        parts.extend(found)
    return parts


def run_downwards(lines: list[Line]) -> bool:
    """Tell whether each line stands under the one before, so that nothing is side by side."""
    last = top = bottom = float("-inf")
    for line in lines:
        middle = (line.top + line.bottom) / 2
        if middle <= last or line.top < max(top, last - 0.3 * line.size):
            return False
        if line.top < bottom and bottom - line.top >= BESIDE * min(bottom - top, line.bottom - line.top):
            return False
        top, bottom = line.top, line.bottom
        last = line.bottom - 0.25 * line.size if line.bottom - 0.25 * line.size > middle else middle
    return True


def in_rows(layer: TextLayer, region: list[Item], body: float) -> list[Part]:
    """The parts of one region from top to bottom, where things may stand side by side."""
    parts: list[Part] = []
    waiting: list[Line] = []
    for entry in _with_aligned_tables(layer, rows_of(region), body):
        if isinstance(entry, Line):
            waiting.append(entry)
            continue
        if waiting:
            parts.extend(_paragraphs(layer, waiting, body))
            waiting = []
        parts.append(entry)
    if waiting:
        parts.extend(_paragraphs(layer, waiting, body))
    return parts


def _with_aligned_tables(layer: TextLayer, rows: list[list[Item]], body: float) -> list[Line | Table | Box]:
    entries: list[Line | Table | Box] = []
    place = 0
    rows = [_without_mark(layer, row) if len(row) == 2 else row for row in rows]
    while place < len(rows):
        row = rows[place]
        if isinstance(row[0], Table | Box):
            entries.append(row[0])
            place += 1
            continue
        if len(row) > 1:
            end, table = _aligned_from(layer, rows, place, body)
            if table is not None:
                entries.append(table)
                place = end
                continue
        entries.append(merged_row(_lines(row)))
        place += 1
    return entries


def _without_mark(layer: TextLayer, row: list[Item]) -> list[Item]:
    """Make the mark of a list item and its text, a row of two, one piece, so that lists are not taken for tables."""
    if isinstance(row[0], Line) and _is_mark(layer, row[0]):
        return [merged_row(_lines(row))]
    return row


def _aligned_from(layer: TextLayer, rows: list[list[Item]], place: int, body: float) -> tuple[int, Table | None]:
    """Try the rows from one of several pieces on: as many as may belong to a table."""
    end = place + 1
    while end < len(rows) and (len(rows[end]) > 1 or _may_continue(rows, end)):
        end += 1
    while end > place and len(rows[end - 1]) < 2 and not _may_continue(rows, end - 1):
        end -= 1
    if end - place < LEAST_ROWS:
        return place, None
    lines = [_lines(row) for row in rows[place:end]]
    # Where rows of one piece make no table, those above the first of them may.
    for last in {end: None, next((at for at in range(place, end) if len(rows[at]) < 2), end): None}:
        table = aligned_table(lines[: last - place], body, lambda line: _is_mark(layer, line))
        if table is not None:
            return last, table
    return place, None


def _may_continue(rows: list[list[Item]], place: int) -> bool:
    """Tell whether a row of one piece may continue a cell of the row above it."""
    item = rows[place][0]
    above = rows[place - 1]
    return (
        isinstance(item, Line)
        and any(abs(item.left - piece.left) < 1.0 for piece in above if isinstance(piece, Line))
        and item.top - max(piece.bottom for piece in above) < item.size
    )


def _is_mark(layer: TextLayer, line: Line) -> bool:
    return LIST_MARK.fullmatch(layer.raw, line.start, line.end) is not None


def _lines(row: list[Item]) -> list[Line]:
    return [item for item in row if isinstance(item, Line)]


def merged_row(pieces: list[Line]) -> Line:
    """One row of several pieces; its size and look are those of the longest."""
    if len(pieces) == 1:
        return pieces[0]
    longest = max(pieces, key=lambda piece: piece.end - piece.start)
    box = (
        pieces[0].left,
        min(piece.top for piece in pieces),
        max(piece.right for piece in pieces),
        max(piece.bottom for piece in pieces),
    )
    row = Line(pieces[0].start, pieces[0].end, box, longest.size, longest.face, longest.base)
    row.parts = tuple(pieces)
    return row


def _paragraphs(layer: TextLayer, rows: list[Line], body: float) -> list[Paragraph]:
    raw = layer.raw
    texts = [
        " ".join([raw[part.start : part.end] for part in row.parts]) if row.parts else raw[row.start : row.end]
        for row in rows
    ]
    return paragraphs(rows, texts, body)


def _join(layer: TextLayer, parts: list[Part], found: list[Part]) -> None:
    """Continue a paragraph that goes on in the next column."""
    if not parts or not found or not isinstance(found[0], Paragraph):
        return
    first = found[0]
    # Small print at the foot of a column does not interrupt what goes on at the top of the next one.
    last = next(
        (part for part in reversed(parts) if not (isinstance(part, Paragraph) and part.size < first.size)), None
    )
    if not isinstance(last, Paragraph) or last.size != first.size or not first.head[:1].islower():
        return
    if first.rows[0].top > last.rows[-1].top:
        return
    row = last.rows[-1]
    end = row.parts[-1].end if row.parts else row.end
    if layer.raw[end - 1] in _ENDS or row.face is not first.rows[0].face:
        return
    shift = len(last.rows)
    last.rows.extend(first.rows)
    last.breaks.extend(place + shift for place in first.breaks)
    del found[0]


def _furniture(layer: TextLayer, lines: list[Line], kind: str) -> list[Part]:
    if not lines:
        return []
    rows = [merged_row(_lines(row)) for row in rows_of(sorted(lines, key=lambda line: line.top))]
    paragraph = Paragraph(rows[0], layer.raw[rows[0].start : rows[0].end], rows[0].left, rows[0].right)
    paragraph.rows = rows
    paragraph.breaks = list(range(1, len(rows)))
    paragraph.kind = "header" if kind == "header" else "footer"
    return [paragraph]


def _turned(layer: TextLayer, lines: list[Line]) -> list[Part]:
    """Lines that run another way than the page: each one a paragraph."""
    return [Paragraph(line, layer.raw[line.start : line.end], line.left, line.right) for line in lines]
