"""Pages as compact JSON: how they leave the sandbox, and how their layout is stored.

Reading is strict, because the writer may be a hostile file that took over its parser: every type, number and
span is checked, and ValueError tells of anything that ``encode_*`` never writes. Places are kept to a hundredth
of a unit, confidence to a thousandth.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final, TypeVar, cast, get_args

from samovar.domain.layout import Block, BlockKind, Cell, Link, Rectangle, Word
from samovar.domain.page import OutlineEntry, Page, PageReason, PageStatus

__all__ = [
    "decode_blocks",
    "decode_box",
    "decode_links",
    "decode_outline",
    "decode_page",
    "decode_words",
    "encode_blocks",
    "encode_box",
    "encode_links",
    "encode_outline",
    "encode_page",
    "encode_words",
]

_LARGEST_SIDE: Final = 1e7
_LARGEST_COUNT: Final = 2**31 - 1
_MOST_ITEMS: Final = 200_000
#: Rows by columns of one table: who lays it out may make a list of that length.
_LARGEST_TABLE: Final = 4_000_000
_LONGEST_LABEL: Final = 500
_LONGEST_TITLE: Final = 2000
_LONGEST_TARGET: Final = 4000

_Item = TypeVar("_Item")
_STATUSES: Final = frozenset(get_args(PageStatus))
_REASONS: Final = frozenset(get_args(PageReason))
_KINDS: Final = frozenset(get_args(BlockKind))


def encode_page(page: Page) -> dict[str, object]:
    """Turn a page into JSON."""
    return {
        "number": page.number,
        "text": page.text,
        "status": page.status,
        "reason": page.reason,
        "label": page.label,
        "size": [_hundredths(page.width), _hundredths(page.height)],
        "confidence": _thousandths(page.confidence),
        "blocks": encode_blocks(page.blocks),
        "words": encode_words(page.words),
        "links": encode_links(page.links),
    }


def decode_page(page: object) -> Page:
    """Turn what ``encode_page`` made back into a page. Raises: ValueError."""
    values = cast("dict[str, Any]", _typed(page, dict))
    text = cast("str", _typed(values.get("text"), str))
    _require(_is_storable(text))
    status, reason = values.get("status"), values.get("reason")
    _require(isinstance(status, str) and status in _STATUSES)
    _require(reason is None or (isinstance(reason, str) and reason in _REASONS))
    number = values.get("number")
    width, height = _list(values.get("size"), 2)
    confidence = values.get("confidence")
    return Page(
        number=None if number is None else _count(number, least=1),
        text=text,
        status=cast("PageStatus", status),
        reason=cast("PageReason | None", reason),
        label=_text(values.get("label"), _LONGEST_LABEL),
        width=None if width is None else _size(width),
        height=None if height is None else _size(height),
        confidence=None if confidence is None else _share(confidence),
        blocks=decode_blocks(values.get("blocks"), len(text)),
        words=decode_words(values.get("words"), len(text)),
        links=decode_links(values.get("links"), len(text)),
    )


def encode_blocks(blocks: Sequence[Block]) -> list[list[object]]:
    """Turn blocks into lists: kind, start, end, level, box, cells, figure."""
    return [
        [
            block.kind,
            block.start,
            block.end,
            block.level,
            encode_box(block.box),
            [
                [cell.row, cell.column, cell.start, cell.end, cell.row_span, cell.column_span, int(cell.is_header)]
                for cell in block.cells
            ],
            block.figure,
        ]
        for block in blocks
    ]


def decode_blocks(blocks: object, length: int) -> tuple[Block, ...]:
    """Turn them back; spans lie within ``length`` and follow each other. Raises: ValueError."""
    decoded = _each(blocks, lambda block: _decode_block(block, length))
    for one, following in pairwise(decoded):
        _require(one.end <= following.start)
    return decoded


def encode_words(words: Sequence[Word]) -> list[list[object]]:
    """Turn words into lists: start, end, x, y, width, height, confidence."""
    return [[word.start, word.end, *_sides(word.box), _thousandths(word.confidence)] for word in words]


def decode_words(words: object, length: int) -> tuple[Word, ...]:
    """Turn them back; spans lie within ``length``. Raises: ValueError."""
    return _each(words, lambda word: _decode_word(word, length))


def encode_links(links: Sequence[Link]) -> list[list[object]]:
    """Turn links into lists: start, end, target, page."""
    return [[link.start, link.end, link.target, link.page] for link in links]


def decode_links(links: object, length: int) -> tuple[Link, ...]:
    """Turn them back; spans lie within ``length``. Raises: ValueError."""
    return _each(links, lambda link: _decode_link(link, length))


def encode_outline(outline: Sequence[OutlineEntry]) -> list[list[object]]:
    """Turn a table of contents into lists: title, level, page."""
    return [[entry.title, entry.level, entry.page] for entry in outline]


def decode_outline(outline: object) -> tuple[OutlineEntry, ...]:
    """Turn it back. Raises: ValueError."""
    return _each(outline, _decode_entry)


def encode_box(box: Rectangle | None) -> list[float] | None:
    """Turn a box into four numbers: x, y, width, height."""
    return None if box is None else _sides(box)


def decode_box(box: object) -> Rectangle | None:
    """Turn four numbers back into a box. Raises: ValueError."""
    if box is None:
        return None
    x, y, width, height = _numbers(box, 4)
    return Rectangle(x=x, y=y, width=width, height=height)


def _decode_block(block: object, length: int) -> Block:
    kind, start, end, level, box, cells, figure = _list(block, 7)
    _require(isinstance(kind, str) and kind in _KINDS)
    first, last = _span(start, end, length)
    decoded_cells: tuple[Cell, ...] = ()
    if cells != []:  # as those of most blocks are
        decoded_cells = _each(cells, lambda cell: _decode_cell(cell, length))
        _require_size(decoded_cells)
    return Block(
        kind=cast("BlockKind", kind),
        start=first,
        end=last,
        level=None if level is None else _count(level, least=1),
        box=decode_box(box),
        cells=decoded_cells,
        figure=None if figure is None else _count(figure, least=1),
    )


def _require_size(cells: tuple[Cell, ...]) -> None:
    rows = max((cell.row + cell.row_span for cell in cells), default=0)
    columns = max((cell.column + cell.column_span for cell in cells), default=0)
    _require(rows * columns <= _LARGEST_TABLE)


def _decode_cell(cell: object, length: int) -> Cell:
    row, column, start, end, row_span, column_span, is_header = _counts(cell, 7)
    _require(start <= end <= length and row_span >= 1 and column_span >= 1 and is_header <= 1)
    return Cell(
        row=row,
        column=column,
        start=start,
        end=end,
        row_span=row_span,
        column_span=column_span,
        is_header=bool(is_header),
    )


def _decode_word(word: object, length: int) -> Word:
    values = _list(word, 7)
    start, end = _counts(values[:2], 2)
    _require(start <= end <= length)
    x, y, width, height = _numbers(values[2:6], 4)
    confidence = None if values[6] is None else _share(values[6])
    return Word(start=start, end=end, box=Rectangle(x=x, y=y, width=width, height=height), confidence=confidence)


def _decode_link(link: object, length: int) -> Link:
    start, end, target, page = _list(link, 4)
    first, last = _span(start, end, length)
    return Link(
        start=first,
        end=last,
        target=_text(target, _LONGEST_TARGET),
        page=None if page is None else _count(page, least=1),
    )


def _decode_entry(entry: object) -> OutlineEntry:
    title, level, page = _list(entry, 3)
    return OutlineEntry(
        title=_text(title, _LONGEST_TITLE) or "",
        level=_count(level, least=1),
        page=None if page is None else _count(page, least=1),
    )


def _sides(box: Rectangle) -> list[float]:
    return [round(side, 2) for side in (box.x, box.y, box.width, box.height)]


def _hundredths(side: float | None) -> float | None:
    return None if side is None else round(side, 2)


def _thousandths(share: float | None) -> float | None:
    return None if share is None else round(share, 3)


def _each(items: object, decode: Callable[[object], _Item]) -> tuple[_Item, ...]:
    listed = cast("list[object]", _typed(items, list))
    _require(len(listed) <= _MOST_ITEMS)
    return tuple(decode(item) for item in listed)


def _span(start: object, end: object, length: int) -> tuple[int, int]:
    if type(start) is not int or type(end) is not int or not 0 <= start <= end <= length:
        raise _foreign()
    return start, end


def _counts(values: object, length: int) -> list[int]:
    """So many whole numbers at once: most of a page is spans."""
    listed = _list(values, length)
    for value in listed:
        if type(value) is not int or not 0 <= value <= _LARGEST_COUNT:
            raise _foreign()
    return listed


def _numbers(values: object, length: int) -> list[float]:
    """So many numbers at once: every box is four of them."""
    listed = _list(values, length)
    for value in listed:
        # Compared before it is converted: JSON may hold whole numbers that no float can.
        if (type(value) is not float and type(value) is not int) or abs(value) > _LARGEST_SIDE:
            raise _foreign()
    return list(map(float, listed))


def _count(value: object, *, least: int = 0) -> int:
    number = cast("int", value)
    _require(type(value) is int and least <= number <= _LARGEST_COUNT)
    return number


def _share(value: object) -> float:
    number = _number(value)
    _require(0.0 <= number <= 1.0)
    return number


def _size(value: object) -> float:
    number = _number(value)
    _require(number >= 0)
    return number


def _number(value: object) -> float:
    return _numbers([value], 1)[0]


def _text(value: object, longest: int) -> str | None:
    _require(value is None or (isinstance(value, str) and len(value) <= longest and _is_storable(value)))
    return cast("str | None", value)


def _is_storable(text: str) -> bool:
    """Tell whether PostgreSQL takes the text: no zero character, no half of a surrogate pair."""
    if "\x00" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _list(value: object, length: int) -> list[Any]:
    if type(value) is not list or len(value) != length:
        raise _foreign()
    return value


def _typed(value: object, wanted: type) -> object:
    _require(isinstance(value, wanted))
    return value


def _require(fact: bool) -> None:
    if not fact:
        raise _foreign()


def _foreign() -> ValueError:
    return ValueError("not what is written here")
