"""A child's reply: what we write is read back, and nothing else is."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.domain.document import Page, ParsedDocument, Picture, Rectangle
from samovar.domain.errors import DocumentError, FileTooComplex
from samovar.sandbox.reply import (
    ReplyError,
    decode_document,
    decode_head,
    decode_picture,
    decode_probe,
    decode_rectangles,
    raise_error,
)
from samovar.sandbox.wire import LENGTHS, encode_document, encode_picture, encode_rectangles, pack

_PNG = b"\x89PNG\r\n\x1a\nrest"
_PAGE: Mapping[str, Any] = {
    "number": 1,
    "text": "words",
    "status": "text",
    "reason": None,
    "width": 595.0,
    "height": 842.0,
    "exact_places": True,
}
_DOCUMENT: Mapping[str, Any] = {"kind": "pdf", "media_type": "application/pdf", "pages": [_PAGE], "picture": None}

_SIZES = st.none() | st.floats(min_value=0, max_value=1e6)
_TEXTS = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40)
_PAGES = st.builds(
    Page,
    number=st.none(),
    text=_TEXTS,
    status=st.sampled_from(["text", "no_text", "picture", "failed"]),
    reason=st.none() | st.just("the page is damaged"),
    width=_SIZES,
    height=_SIZES,
    exact_places=st.booleans(),
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def _read(packed: bytes) -> Mapping[str, Any]:
    return decode_head(packed[LENGTHS.size :])


@given(st.lists(_PAGES, min_size=1, max_size=4))
def test_a_document_comes_back_as_it_was_sent(pages: list[Page]) -> None:
    numbered = tuple(
        Page(
            number=None if len(pages) == 1 else number,
            text=page.text,
            status=page.status,
            reason=page.reason,
            width=page.width,
            height=page.height,
            exact_places=page.exact_places,
        )
        for number, page in enumerate(pages, start=1)
    )
    picture = Picture(media_type="image/png", content=_PNG, width=3, height=4)
    document = ParsedDocument(kind="pdf", media_type="application/pdf", pages=numbered, picture=picture)
    head, body = encode_document(document)
    assert decode_document(_read(pack(head, len(body))), body, most_pages=10) == document


def test_pictures_and_boxes_come_back_as_they_were_sent() -> None:
    picture = Picture(media_type="image/png", content=_PNG, width=3, height=4)
    head, body = encode_picture(picture)
    assert decode_picture(_read(pack(head, len(body))), body) == picture
    boxes = (Rectangle(x=1.5, y=2, width=3, height=4.25),)
    assert decode_rectangles(_read(pack(encode_rectangles(boxes), 0))) == boxes


@pytest.mark.parametrize(
    "change",
    [
        {"number": 2},
        {"number": True},
        {"text": None},
        {"text": "a\x00b"},
        {"status": "good"},
        {"reason": "x" * 300},
        {"reason": "two\nlines"},
        {"width": -1},
        {"width": "595"},
        {"width": 1e300},
        {"height": True},
        {"exact_places": 1},
    ],
    ids=str,
)
def test_a_page_that_no_parser_writes_is_refused(change: Mapping[str, Any]) -> None:
    head = {**_DOCUMENT, "pages": [{**_PAGE, **change}]}
    with pytest.raises(ReplyError):
        decode_document(head, b"", most_pages=10)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "program"},
        {"media_type": 7},
        {"media_type": "x" * 101},
        {"pages": []},
        {"pages": [_PAGE] * 11},
        {"pages": [_PAGE, _PAGE]},
        {"pages": {"0": _PAGE}},
        {"pages": ["page"]},
        {"picture": {"media_type": "image/svg+xml", "width": 1, "height": 1}},
        {"picture": {"media_type": "image/jpeg", "width": 1, "height": 1}},
        {"picture": {"media_type": "image/png", "width": 0, "height": 1}},
        {"picture": {"media_type": "image/png", "width": True, "height": 1}},
    ],
    ids=str,
)
def test_a_document_that_no_parser_writes_is_refused(change: Mapping[str, Any]) -> None:
    with pytest.raises(ReplyError):
        decode_document({**_DOCUMENT, **change}, _PNG, most_pages=10)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"a":NaN}', b'{"a":"\\ud800"}', b"\xff"])
def test_what_is_not_a_strict_json_object_is_refused(content: bytes) -> None:
    with pytest.raises(ReplyError):
        decode_head(content)


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
        optional=dict.fromkeys(("kind", "media_type", "pages", "picture", "boxes", "refused", "error"), _JSON),
    ),
    body=st.binary(max_size=12),
)
def test_no_reply_at_all_can_do_more_than_be_refused(head: dict[str, Any], body: bytes) -> None:
    content = json.dumps(head).encode()
    for decode in (
        lambda: raise_error(decode_head(content), name="x"),
        lambda: decode_document(decode_head(content), body, most_pages=3),
        lambda: decode_picture(decode_head(content), body),
        lambda: decode_rectangles(decode_head(content)),
        lambda: decode_probe(decode_head(content)),
    ):
        try:
            decode()
        except (ReplyError, DocumentError):
            continue
