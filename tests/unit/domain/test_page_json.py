"""Pages as JSON: what is written is read back, and nothing else is."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.domain.layout import Block, Cell, Link, Rectangle, Word
from samovar.domain.page import OutlineEntry, Page
from samovar.domain.page_json import (
    decode_blocks,
    decode_box,
    decode_links,
    decode_outline,
    decode_page,
    decode_words,
    encode_blocks,
    encode_box,
    encode_links,
    encode_outline,
    encode_page,
    encode_words,
)

_LENGTH = 40
_TEXTS = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
_SIDES = st.integers(min_value=-1_000_000, max_value=1_000_000).map(lambda side: side / 100)
_SHARES = st.integers(min_value=0, max_value=1000).map(lambda share: share / 1000)
_BOXES = st.builds(Rectangle, x=_SIDES, y=_SIDES, width=_SIDES, height=_SIDES)
_SPANS = st.tuples(st.integers(0, _LENGTH), st.integers(0, _LENGTH)).map(sorted)
_CELLS = st.builds(
    lambda span, **rest: Cell(start=span[0], end=span[1], **rest),
    span=_SPANS,
    row=st.integers(0, 50),
    column=st.integers(0, 50),
    row_span=st.integers(1, 3),
    column_span=st.integers(1, 3),
    is_header=st.booleans(),
)
_WORDS = st.builds(
    lambda span, **rest: Word(start=span[0], end=span[1], **rest),
    span=_SPANS,
    box=_BOXES,
    confidence=st.none() | _SHARES,
)
_LINKS = st.builds(
    lambda span, **rest: Link(start=span[0], end=span[1], **rest),
    span=_SPANS,
    target=st.none() | _TEXTS,
    page=st.none() | st.integers(1, 2000),
)
_ENTRIES = st.builds(OutlineEntry, title=_TEXTS, level=st.integers(1, 9), page=st.none() | st.integers(1, 2000))


@st.composite
def _blocks(draw: st.DrawFn) -> tuple[Block, ...]:
    places = sorted(draw(st.lists(st.integers(0, _LENGTH), max_size=8)))
    return tuple(
        Block(
            kind=draw(st.sampled_from(["heading", "paragraph", "table", "figure", "footer"])),
            start=start,
            end=end,
            level=draw(st.none() | st.integers(1, 6)),
            box=draw(st.none() | _BOXES),
            cells=tuple(draw(st.lists(_CELLS, max_size=3))),
            figure=draw(st.none() | st.integers(1, 9)),
        )
        for start, end in zip(places[::2], places[1::2], strict=False)
    )


_PAGES = st.builds(
    Page,
    number=st.none() | st.integers(1, 2000),
    text=st.just("т" * _LENGTH),
    status=st.sampled_from(["text", "ocr", "waiting", "picture", "no_text", "skipped", "failed"]),
    reason=st.none() | st.sampled_from(["empty", "damaged", "partly_read"]),
    label=st.none() | _TEXTS,
    width=st.none() | _SIDES.map(abs),
    height=st.none() | _SIDES.map(abs),
    confidence=st.none() | _SHARES,
    blocks=_blocks(),
    words=st.lists(_WORDS, max_size=3).map(tuple),
    links=st.lists(_LINKS, max_size=3).map(tuple),
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=20,
)
_FIELDS = ("number", "text", "status", "reason", "label", "size", "confidence", "blocks", "words", "links")
_DECODERS: tuple[Callable[[object], object], ...] = (
    decode_page,
    decode_box,
    decode_outline,
    lambda value: decode_blocks(value, _LENGTH),
    lambda value: decode_words(value, _LENGTH),
    lambda value: decode_links(value, _LENGTH),
)


@given(_PAGES)
def test_a_page_comes_back_as_it_was_written(page: Page) -> None:
    assert decode_page(orjson.loads(orjson.dumps(encode_page(page)))) == page


@given(st.lists(_ENTRIES, max_size=4).map(tuple))
def test_a_table_of_contents_comes_back_as_it_was_written(outline: tuple[OutlineEntry, ...]) -> None:
    assert decode_outline(json.loads(json.dumps(encode_outline(outline)))) == outline


def test_places_are_kept_to_a_hundredth_and_confidence_to_a_thousandth() -> None:
    word = Word(start=0, end=1, box=Rectangle(x=1.23456, y=2, width=3, height=4), confidence=0.98765)
    (kept,) = decode_words(encode_words((word,)), 1)
    assert (kept.box.x, kept.confidence) == (1.23, 0.988)
    assert encode_box(word.box) == [1.23, 2, 3, 4]


@given(_JSON)
def test_no_json_at_all_raises_anything_but_value_error(value: object) -> None:
    for decode in _DECODERS:
        try:
            decode(value)
        except ValueError:
            continue


@given(_PAGES, st.sampled_from(_FIELDS), _JSON)
def test_a_page_with_one_foreign_field_is_read_or_refused(page: Page, field: str, value: object) -> None:
    try:
        decoded = decode_page({**encode_page(page), field: value})
    except ValueError:
        return
    assert all(0 <= block.start <= block.end <= len(decoded.text) for block in decoded.blocks)


@given(_PAGES, st.data())
def test_a_page_with_one_number_changed_is_read_or_refused(page: Page, data: st.DataObject) -> None:
    encoded = encode_page(page)
    lists = [encoded["blocks"], encoded["words"], encoded["links"], encoded["size"]]
    rows = [row for rows in lists if isinstance(rows, list) for row in ([rows] if rows is lists[3] else rows)]
    row = data.draw(st.sampled_from([row for row in rows if isinstance(row, list)]))
    row[data.draw(st.integers(0, len(row) - 1))] = data.draw(_JSON)
    try:
        decode_page(encoded)
    except ValueError:
        return


_BLOCK: list[Any] = ["table", 0, 5, None, None, [], None]
_CELL = [0, 0, 0, 5, 1, 1, 0]


def _page(**change: object) -> Mapping[str, object]:
    return {**encode_page(Page(number=1, text="words", status="text")), **change}


@pytest.mark.parametrize(
    "page",
    [
        None,
        [],
        {},
        _page(number=0),
        _page(number=True),
        _page(number=2**31),
        _page(text=None),
        _page(text="a\x00b"),
        _page(text="\ud800"),
        _page(status="good"),
        _page(status=["text"]),
        _page(reason="<b>call this number</b>"),
        _page(label="x" * 501),
        _page(size=[595.0]),
        _page(size=[-1, 842.0]),
        _page(size=["595", 842.0]),
        _page(size=[1e300, 842.0]),
        _page(size=[10**400, 842.0]),
        _page(size=[float("nan"), 842.0]),
        _page(confidence=1.1),
        _page(confidence=True),
        _page(blocks=None),
        _page(blocks=[["program", *_BLOCK[1:]]]),
        _page(blocks=[["table", 0, 6, *_BLOCK[3:]]]),
        _page(blocks=[["table", 3, 2, *_BLOCK[3:]]]),
        _page(blocks=[_BLOCK, _BLOCK]),
        _page(blocks=[[*_BLOCK[:4], [0, 0, 1], [], None]]),
        _page(blocks=[[*_BLOCK[:5], [[0, 0, 0, 6, 1, 1, 0]], None]]),
        _page(blocks=[[*_BLOCK[:5], [[0, 0, 0, 5, 0, 1, 0]], None]]),
        _page(blocks=[[*_BLOCK[:5], [[2**30, 0, 0, 5, 1, 1, 0], _CELL], None]]),
        _page(blocks=[[*_BLOCK[:5], [[3000, 3000, 0, 5, 1, 1, 0]], None]]),
        _page(blocks=[[*_BLOCK[:5], [_CELL] * 200_001, None]]),
        _page(words=[[0, 1, 0, 0, 1, 1, 2.0]]),
        _page(links=[[0, 1, "x" * 4001, None]]),
        _page(links=[[0, 1, None, 0]]),
    ],
)
def test_a_page_that_is_never_written_is_refused(page: object) -> None:
    with pytest.raises(ValueError, match="not what is written"):
        decode_page(page)


def test_every_part_has_its_way_back() -> None:
    box = Rectangle(x=1, y=2, width=3, height=4)
    blocks = (Block(kind="paragraph", start=0, end=5, box=box),)
    links = (Link(start=0, end=5, target="https://example.org"),)
    assert decode_box(encode_box(box)) == box
    assert decode_box(encode_box(None)) is None
    assert decode_blocks(encode_blocks(blocks), 5) == blocks
    assert decode_links(encode_links(links), 5) == links
