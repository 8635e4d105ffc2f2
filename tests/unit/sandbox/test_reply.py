"""A child's answer: what we write is read back, and nothing else is."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.domain.errors import DocumentError, FileTooComplex
from samovar.domain.layout import Block, Rectangle, Word
from samovar.domain.page import Attachment, DocumentHead, Figure, OutlineEntry, Page, ParsedPage, ParsedPart, Picture
from samovar.sandbox.reply import (
    ReplyError,
    decode_head,
    decode_part,
    decode_picture,
    decode_probe,
    decode_rectangles,
    decode_word_boxes,
    raise_error,
)
from samovar.sandbox.wire import (
    LENGTHS,
    encode_part,
    encode_picture,
    encode_rectangles,
    encode_word_boxes,
    pack,
)

_PNG = b"\x89PNG\r\n\x1a\nrest"
_PICTURE = Picture(media_type="image/png", content=_PNG, width=3, height=4)
_BOX = Rectangle(x=1.5, y=2.0, width=3.0, height=4.25)
_PARTS: tuple[ParsedPart, ...] = (
    DocumentHead(
        kind="pdf",
        media_type="application/pdf",
        page_count=2,
        title="Порт",
        author="А. С. Волгин",
        outline=(OutlineEntry(title="Связь", level=1, page=2),),
    ),
    ParsedPage(
        page=Page(number=2, text="words", status="text", blocks=(Block(kind="figure", start=5, end=5, figure=2),)),
        figures=(
            Figure(number=1, picture=_PICTURE, box=_BOX, alt="a circle"),
            Figure(number=2, picture=Picture(media_type="image/jpeg", content=b"\xff\xd8\xffx", width=1, height=1)),
        ),
    ),
    ParsedPage(page=Page(number=None, text="", status="failed", reason="damaged")),
    Attachment(name="folder/letter.txt", content=b"words"),
    Attachment(name="", content=b""),
)
_HEAD: Mapping[str, Any] = encode_part(_PARTS[0])[0]
_PAGE: Mapping[str, Any] = encode_part(_PARTS[1])[0]
_FIGURE: Mapping[str, Any] = {**encode_picture(_PICTURE)[0], "bytes": len(_PNG), "number": 1, "box": None, "alt": ""}

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def _read(packed: bytes) -> Mapping[str, Any]:
    return decode_head(memoryview(packed)[LENGTHS.size :])


@pytest.mark.parametrize("part", _PARTS)
def test_a_part_comes_back_as_it_was_sent(part: ParsedPart) -> None:
    head, body = encode_part(part)
    assert decode_part(_read(pack(head, len(body))), memoryview(body), most_pages=2) == part


def test_pictures_boxes_and_words_come_back_as_they_were_sent() -> None:
    head, body = encode_picture(_PICTURE)
    assert decode_picture(_read(pack(head, len(body))), memoryview(body)) == _PICTURE
    assert decode_rectangles(_read(pack(encode_rectangles((_BOX,)), 0))) == (_BOX,)
    words = (Word(start=2, end=5, box=_BOX, confidence=0.5),)
    assert decode_word_boxes(_read(pack(encode_word_boxes(words), 0)), length=5) == words
    with pytest.raises(ReplyError):
        decode_word_boxes(encode_word_boxes(words), length=4)


@pytest.mark.parametrize(
    "head",
    [
        {},
        {"part": "program"},
        {"part": ["page"]},
        {"end": False},
        {**_HEAD, "kind": "program"},
        {**_HEAD, "media_type": 7},
        {**_HEAD, "media_type": "x" * 101},
        {**_HEAD, "page_count": 11},
        {**_HEAD, "page_count": -1},
        {**_HEAD, "page_count": True},
        {**_HEAD, "title": "a\x00b"},
        {**_HEAD, "author": "x" * 2001},
        {**_HEAD, "outline": [["title", 0, 1]]},
        {**_PAGE, "page": None},
        {**_PAGE, "page": {**_PAGE["page"], "number": 11}},
        {**_PAGE, "page": {**_PAGE["page"], "status": "good"}},
        {**_PAGE, "figures": None},
        {**_PAGE, "figures": [None]},
        {"part": "attachment", "name": None},
        {"part": "attachment", "name": "x" * 2001},
    ],
    ids=str,
)
def test_a_part_that_no_parser_writes_is_refused(head: Mapping[str, Any]) -> None:
    with pytest.raises(ReplyError):
        decode_part(head, memoryview(b""), most_pages=10)


@pytest.mark.parametrize(
    "figures",
    [
        [{**_FIGURE, "media_type": "image/svg+xml"}],
        [{**_FIGURE, "media_type": "image/jpeg"}],
        [{**_FIGURE, "width": 0}],
        [{**_FIGURE, "height": True}],
        [{**_FIGURE, "bytes": len(_PNG) - 1}],
        [{**_FIGURE, "bytes": len(_PNG) + 1}],
        [{**_FIGURE, "bytes": -1}],
        [{**_FIGURE, "number": 0}],
        [{**_FIGURE, "box": [1, 2, 3]}],
        [{**_FIGURE, "alt": None}],
        [_FIGURE, _FIGURE],
        [],
    ],
    ids=str,
)
def test_pictures_that_do_not_fit_their_bytes_are_refused(figures: list[Mapping[str, Any]]) -> None:
    good = decode_part({**_PAGE, "figures": [_FIGURE]}, memoryview(_PNG), most_pages=10)
    assert isinstance(good, ParsedPage)
    with pytest.raises(ReplyError):
        decode_part({**_PAGE, "figures": figures}, memoryview(_PNG), most_pages=10)


def test_a_head_brings_no_bytes() -> None:
    with pytest.raises(ReplyError):
        decode_part(_HEAD, memoryview(b"x"), most_pages=10)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"a":NaN}', b'{"a":"\\ud800"}', b"\xff"])
def test_what_is_not_a_strict_json_object_is_refused(content: bytes) -> None:
    with pytest.raises(ReplyError):
        decode_head(memoryview(content))


def test_an_error_is_raised_under_the_name_that_the_caller_knows() -> None:
    with pytest.raises(FileTooComplex) as caught:
        raise_error({"error": "file_too_complex", "reason": "pages"}, name="mine.pdf")
    assert caught.value.values == {"name": "mine.pdf", "reason": "pages"}


@pytest.mark.parametrize(
    "head",
    [
        {"error": "not_found"},
        {"error": None},
        {"error": ["file_damaged"]},
        {"error": "file_too_complex"},
        {"error": "file_too_complex", "reason": "<b>call this number</b>"},
    ],
    ids=str,
)
def test_an_error_that_no_parser_raises_is_refused(head: Mapping[str, Any]) -> None:
    with pytest.raises(ReplyError):
        raise_error(head, name="mine.pdf")


@given(
    head=st.fixed_dictionaries(
        {},
        optional={
            "part": st.sampled_from(["head", "page", "attachment"]) | _JSON,
            "page": st.just(_PAGE["page"]) | _JSON,
            "figures": st.lists(st.just(_FIGURE), max_size=2) | _JSON,
            **dict.fromkeys(("kind", "media_type", "page_count", "name", "boxes", "words", "refused", "error"), _JSON),
        },
    ),
    body=st.binary(max_size=12) | st.just(_PNG),
)
def test_no_answer_at_all_can_do_more_than_be_refused(head: dict[str, Any], body: bytes) -> None:
    content, rest = memoryview(json.dumps(head).encode()), memoryview(body)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: raise_error(decode_head(content), name="x"),
        lambda: decode_part(decode_head(content), rest, most_pages=3),
        lambda: decode_picture(decode_head(content), rest),
        lambda: decode_rectangles(decode_head(content)),
        lambda: decode_word_boxes(decode_head(content), length=5),
        lambda: decode_probe(decode_head(content)),
    )
    for attempt in attempts:
        try:
            attempt()
        except (ReplyError, DocumentError):
            continue
