"""From rows to paragraphs, and what each paragraph is: text, heading, list item, caption, footnote, code."""

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Final

from samovar.domain.layout import BlockKind
from samovar.parsers._pdf.line import Line

__all__ = ["LIST_MARK", "Paragraph", "classify", "paragraphs", "usual_size"]

LIST_MARK: Final = re.compile(r"(?:[•◦▪‣●○■□∙·\uf0b7–—-]|\(?\d{1,3}(?:\.\d{1,3}){0,4}[.)]|\(?[A-Za-zА-Яа-я]\))(?=\s|$)")
_BULLET: Final = re.compile(r"[•◦▪‣●○■□∙·\uf0b7–—-]\s")
_CAPTION: Final = re.compile(
    r"(?:рис(?:\.|унок)|табл(?:\.|ица)|схема|график|диаграмма|fig(?:\.|ure)|table|chart|scheme)\s*"
    r"[A-ZА-Я]?\.?\d+(?:\.\d+)*\s*(?:[.:—–-]\s|$)",
    re.IGNORECASE,
)
_FOOTNOTE: Final = re.compile(r"(?:\d{1,3}|[*†‡§]{1,3}|[¹²³⁰⁴-⁹]{1,3})\)?\s*\D")
#: The dots between a title and its page in a table of contents.
_LEADER: Final = re.compile(r"(?:\.\s?){4,}")
_NUMBERED: Final = re.compile(r"(\d{1,3}(?:\.\d{1,3}){0,5})\.?\s+\S")
_ENDS: Final = ".!?:;…"

#: Steps from row to row, in sizes of type: the usual one, the largest that is still one text, and that of code.
_USUAL_STEP: Final = 1.25
_LARGEST_STEP: Final = 2.2
_CODE_STEP: Final = 3.0
_OTHER_SIZE: Final = 0.08
#: A row that begins so many sizes of type further to the right may be the first of a paragraph.
_INDENT: Final = 0.8
_HEADING_SIZE: Final = 1.12
_HEADING_LEVELS: Final = ((1.7, 1), (1.3, 2))
_LOWEST_BY_SIZE: Final = 3
_MOST_HEADING_ROWS: Final = 3
_LONGEST_HEADING: Final = 200
_FOOTNOTE_SIZE: Final = 0.93
_DEEPEST: Final = 6


class Paragraph:
    """Rows that belong together, with the text of the first one to tell what it is.

    ``breaks`` are the places of rows that begin a new line of their own.
    """

    __slots__ = ("breaks", "head", "is_listed", "kind", "left", "level", "right", "rows", "size")

    def __init__(self, row: Line, head: str, left: float, right: float) -> None:
        self.rows = [row]
        self.breaks: list[int] = []
        self.head = head
        self.is_listed = _starts_list(head)
        self.size = row.size
        self.left = left
        self.right = right
        self.kind: BlockKind = "paragraph"
        self.level: int | None = None


def _starts_list(text: str) -> bool:
    """Tell whether a row begins with a bullet or a number; two letters are looked for first, which is quick."""
    return not text[:2].isalpha() and LIST_MARK.match(text) is not None


def usual_size(lines: Sequence[Line]) -> float:
    """The size of most characters. Units: points."""
    exact: dict[float, int] = {}
    for line in lines:
        size = line.size
        exact[size] = exact.get(size, 0) + line.end - line.start
    sizes: dict[float, int] = {}
    for size, characters in exact.items():
        rounded = round(size, 1)
        sizes[rounded] = sizes.get(rounded, 0) + characters
    return max(sizes, key=sizes.__getitem__, default=10.0) or 1.0


class _Column:
    """How the rows of one region run: their edges, the usual step from row to row, the page's usual size of type."""

    __slots__ = ("body", "largest_step", "left", "pitch", "right")

    def __init__(self, rows: Sequence[Line], body: float) -> None:
        self.left = min([row.left for row in rows])
        self.right = max([row.right for row in rows])
        steps = [
            step
            for above, below in pairwise(rows)
            if 0 < (step := below.base - above.base) < _LARGEST_STEP * below.size
        ]
        self.pitch = median(steps) if steps else _USUAL_STEP * rows[0].size
        self.largest_step = 1.3 * self.pitch
        self.body = body


def paragraphs(rows: Sequence[Line], texts: Sequence[str], body: float) -> list[Paragraph]:
    """Group the rows of one region; ``texts`` are the rows' own, ``body`` is the usual size of type."""
    column = _Column(rows, body)
    left, right = column.left, column.right
    widest, small = column.largest_step, _FOOTNOTE_SIZE * body
    shortest = right - 0.25 * (right - left)
    current = Paragraph(rows[0], texts[0], left, right)
    found = [current]
    above, text_above = rows[0], texts[0]
    for place in range(1, len(rows)):
        row, text = rows[place], texts[place]
        size, face = row.size, row.face
        # Most rows look like the one above them, and need none of the questions.
        if (
            size != above.size
            or face is not above.face
            or face.is_monospaced
            or not -0.5 * size <= row.base - above.base <= widest
            or size < small
            or current.is_listed
            or not text[:2].isalpha()
            or row.left - left > _INDENT * size
            or (above.right < shortest and text_above[-1:] in _ENDS)
            or ". ." in text_above
            or "..." in text_above
        ) and (_is_apart(column, above, row) or _begins(column, current, above, row, text_above, text)):
            current = Paragraph(row, text, left, right)
            found.append(current)
        else:
            if right - above.right > size and _has_room(above, row, text, right):
                current.breaks.append(len(current.rows))
            current.rows.append(row)
        above, text_above = row, text
    return found


def _is_apart(column: _Column, above: Line, row: Line) -> bool:
    """Tell by the space between two rows, and by their sizes, that they are two paragraphs."""
    step = row.base - above.base
    if row.face.is_monospaced and above.face.is_monospaced:
        return not 0 <= step <= _CODE_STEP * row.size
    if (step > column.largest_step and step > 1.43 * row.size) or step < -0.5 * row.size:
        return True
    return row.size != above.size and abs(row.size - above.size) > _OTHER_SIZE * above.size


def _begins(column: _Column, current: Paragraph, above: Line, row: Line, text_above: str, text: str) -> bool:
    """Tell by its look and by its words that a row begins a paragraph."""
    if row.face is not above.face and _looks_other(current, above, row, text):
        return True
    if row.face.is_monospaced:
        return False
    if row.size < _FOOTNOTE_SIZE * column.body and _FOOTNOTE.match(text) and _is_raised(row):
        return True
    ends = text_above[-1:] in _ENDS
    if (". ." in text_above or "..." in text_above) and _LEADER.search(text_above):
        return True
    if _starts_list(text):
        is_in_line = current.is_listed and abs(row.left - current.rows[0].left) < 0.7 * row.size
        if is_in_line or ends or _has_room(above, row, text, column.right):
            return True
    if current.is_listed:
        if row.left < current.rows[0].left - 0.5 * row.size:
            return True
        is_new = text[:1].isupper() or (ends and row.left <= current.rows[0].left + 1)
        return is_new and _has_room(above, row, text, column.right)
    if _is_indented(column, above, row) and (len(current.rows) > 1 or ends or text[:1].isupper()):
        return True
    return ends and above.right < column.right - 0.25 * (column.right - column.left) and not text[:1].islower()


def _is_indented(column: _Column, above: Line, row: Line) -> bool:
    """Tell whether a row begins further to the right, as the first of a paragraph does; centred rows do not count."""
    if row.left - column.left <= _INDENT * row.size:
        return False
    indent = row.left - max(column.left, above.left)
    if not _INDENT * row.size < indent < 8 * row.size:
        return False
    return not (_is_centred(row, column) and _is_centred(above, column))


def _looks_other(current: Paragraph, above: Line, row: Line, text: str) -> bool:
    if row.face.is_monospaced != above.face.is_monospaced:
        return True
    if row.face.is_bold == above.face.is_bold:
        return False
    return not text[:1].islower() or len(current.rows) > 1


def _is_raised(row: Line) -> bool:
    """Tell whether a row begins with a small raised mark, or with a mark alone."""
    if not row.parts:
        return True
    return row.parts[0].size < 0.95 * row.size or row.parts[0].end - row.parts[0].start <= 3


def _is_centred(row: Line, column: _Column) -> bool:
    before, after = row.left - column.left, column.right - row.right
    return before > row.size and abs(before - after) < row.size


def _has_room(above: Line, row: Line, text: str, right: float) -> bool:
    """Tell whether the first word of a row would have stood in the one above: that one was ended on purpose."""
    length = text.find(" ")
    if length < 0:
        length = len(text)
    mean = (row.right - row.left) / max(1, row.end - row.start)
    return right - above.right > (length + 2) * mean + row.size


def classify(found: Sequence[Paragraph], lines: Sequence[Line], body: float, height: float) -> None:
    """Say what each paragraph of a page is."""
    characters = sum(line.end - line.start for line in lines)
    bold = sum(line.end - line.start for line in lines if line.face.is_bold)
    is_bold_page = bold > 0.5 * characters
    for paragraph in found:
        row = paragraph.rows[0]
        if row.face.is_monospaced and all(line.face.is_monospaced for line in paragraph.rows):
            paragraph.kind = "code"
        elif _CAPTION.match(paragraph.head) and len(paragraph.rows) <= 4:
            paragraph.kind = "caption"
        elif _is_footnote(paragraph, body, height):
            paragraph.kind = "footnote"
        elif level := _heading_level(paragraph, body, is_bold_page=is_bold_page):
            paragraph.kind, paragraph.level = "heading", level
        elif paragraph.is_listed and len(found) > 1:
            paragraph.kind = "list_item"
    _keep_footnotes_at_the_end(found)
    _keep_lists(found)


def _is_footnote(paragraph: Paragraph, body: float, height: float) -> bool:
    row = paragraph.rows[0]
    return (
        paragraph.size < _FOOTNOTE_SIZE * body
        and row.top > 0.45 * height
        and _FOOTNOTE.match(paragraph.head) is not None
    )


def _keep_footnotes_at_the_end(found: Sequence[Paragraph]) -> None:
    """Small print in the middle of a column is no footnote."""
    below_is_body = False
    right = float("-inf")
    for paragraph in reversed(found):
        if paragraph.right != right:
            below_is_body, right = False, paragraph.right
        if paragraph.kind == "footnote" and below_is_body:
            paragraph.kind = "paragraph"
        below_is_body = below_is_body or paragraph.kind != "footnote"


def _keep_lists(found: Sequence[Paragraph]) -> None:
    """Give list items their depth; numbered paragraphs as long as prose stay paragraphs."""
    lefts: list[float] = []
    for paragraph in found:
        if paragraph.kind != "list_item":
            lefts.clear()
            continue
        left = paragraph.rows[0].left
        lefts = [known for known in lefts if known < left - 0.5 * paragraph.size] + [left]
        paragraph.level = min(len(lefts), _DEEPEST)


def _heading_level(paragraph: Paragraph, body: float, *, is_bold_page: bool) -> int | None:
    """The level of a heading, 1 to 6, by its number or its size; None for text."""
    rows = paragraph.rows
    ratio = paragraph.size / body
    # Most paragraphs are neither large nor bold, and need none of the questions.
    if ratio < _HEADING_SIZE and (is_bold_page or not rows[0].face.is_bold):
        return None
    characters = sum(row.end - row.start for row in rows)
    if len(rows) > _MOST_HEADING_ROWS or characters > _LONGEST_HEADING or not any(map(str.isalpha, paragraph.head)):
        return None
    if _LEADER.search(paragraph.head):
        return None
    is_bold = all(row.face.is_bold for row in rows) and not is_bold_page
    if ratio < _HEADING_SIZE and (not is_bold or ratio < 1 - _OTHER_SIZE or _BULLET.match(paragraph.head)):
        return None
    if ratio < _HEADING_SIZE and len(rows) == 1 and paragraph.head.rstrip()[-1:] in ",;":
        return None
    numbered = _NUMBERED.match(paragraph.head)
    if numbered is not None:
        return min(numbered.group(1).count(".") + 1, _DEEPEST)
    return next((level for least, level in _HEADING_LEVELS if ratio >= least), _LOWEST_BY_SIZE)
