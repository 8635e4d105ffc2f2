"""What every parser must do; a new file in ``parsers/`` is tested the moment it exists."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Final, cast, get_args

import pytest
from tests.support.samples import Sample, samples

from samovar import registry
from samovar.domain.errors import DocumentError, FileDamaged, FileTooComplex
from samovar.domain.layout import Rectangle
from samovar.domain.page import Attachment, DocumentHead, DocumentKind, ParsedPage, ParsedPart
from samovar.ports.parser import PageParser, Parser, ParserLimits
from samovar.sandbox.reply import decode_head, decode_part
from samovar.sandbox.wire import LENGTHS, encode_part, pack

_LIMITS: Final = ParserLimits(pages=2000, pixels=25_000_000)
_KINDS: Final = registry.kinds("parsers")
_SAMPLES: Final = tuple(sample for sample in samples() if sample.kind in _KINDS)
#: What no text of a page may hold: controls, halves of pairs, marks of byte order, what is no character.
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
#: Formats that begin with a signature or are containers: their names say nothing.
_SIGNED: Final = ("archive", "docx", "epub", "image", "odp", "ods", "odt", "pdf", "pptx", "rtf", "xlsx")
_JUNK: Final = (
    b"",
    b"\x00",
    b"PK\x03\x04",
    b"%PDF-1.7",
    b"<",
    b"{",
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"II*\x00",
    b"RIFF",
)
#: A word's box may stand out of the page by so much of it.
_TOLERANCE: Final = 0.02


def _parser(kind: str) -> Parser:
    return cast("Parser", registry.module("parsers", kind))  # the contract is what this file tests


def _page_parsers() -> tuple[str, ...]:
    return tuple(kind for kind in _KINDS if hasattr(_parser(kind), "render_page"))


def _read(sample: Sample, limits: ParserLimits = _LIMITS, first_page: int = 1) -> tuple[ParsedPart, ...]:
    return tuple(_parser(sample.kind).read(sample.make(), sample.name, limits, first_page=first_page))


@cache
def _parts(sample: Sample) -> tuple[ParsedPart, ...]:
    """A file as it is read, once for all tests: a test of this file says that it is read the same again."""
    return _read(sample)


def _pages(sample: Sample) -> tuple[ParsedPage, ...]:
    return tuple(part for part in _parts(sample) if isinstance(part, ParsedPage))


def _head(sample: Sample) -> DocumentHead:
    head = _parts(sample)[0]
    assert isinstance(head, DocumentHead)
    return head


def _each(chosen: Sequence[Sample] = _SAMPLES) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("sample", chosen, ids=lambda sample: f"{sample.kind}-{sample.name}")


def _shown() -> tuple[Sample, ...]:
    return tuple(sample for sample in _SAMPLES if sample.kind in _page_parsers())


def test_every_parser_has_samples() -> None:
    assert {sample.kind for sample in _SAMPLES} == set(_KINDS)


@pytest.mark.parametrize("kind", _KINDS)
def test_a_parser_says_what_it_reads(kind: str) -> None:
    parser = _parser(kind)
    assert kind == parser.KIND
    assert kind in get_args(DocumentKind)
    assert parser.SUFFIXES
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in parser.SUFFIXES)
    assert parser.MEDIA_TYPES
    assert all(re.fullmatch(r"[\w.+-]+/[\w.+-]+", media_type) for media_type in parser.MEDIA_TYPES)


@_each()
def test_exactly_one_parser_recognises_a_good_file(sample: Sample) -> None:
    content = sample.make()
    assert [kind for kind in _KINDS if _parser(kind).recognises(content, sample.name)] == [sample.kind]
    assert sample.name.lower().endswith(_parser(sample.kind).SUFFIXES)


@_each([sample for sample in _SAMPLES if sample.kind in _SIGNED])
@pytest.mark.parametrize("lie", ["report.txt", "README.md", "photo.png", "paper.pdf", "a.csv", "", "..\\..\\x.exe"])
def test_the_type_is_found_by_content_whatever_the_name(sample: Sample, lie: str) -> None:
    content = sample.make()
    assert [kind for kind in _KINDS if _parser(kind).recognises(content, lie)] == [sample.kind]


@_each()
def test_at_most_one_parser_recognises_a_file_under_any_name(sample: Sample) -> None:
    content = sample.make()
    for suffix in (_parser(kind).SUFFIXES[0] for kind in _KINDS):
        found = [kind for kind in _KINDS if _parser(kind).recognises(content, f"a{suffix}")]
        assert len(found) == 1, (suffix, found)


@pytest.mark.parametrize("junk", _JUNK, ids=repr)
@pytest.mark.parametrize("kind", _KINDS)
def test_junk_is_recognised_or_not_without_an_error(kind: str, junk: bytes) -> None:
    for name in ("", f"a{_parser(kind).SUFFIXES[0]}", "x" * 5000):
        for content in (junk, junk + b"\x00\x01\x02" * 50, junk + b" words" * 50):
            assert _parser(kind).recognises(content, name) in (True, False)


@_each()
def test_a_head_comes_first_and_the_pages_in_order(sample: Sample) -> None:
    head, *rest = _parts(sample)
    assert isinstance(head, DocumentHead)
    assert head.kind == sample.kind
    assert head.media_type in _parser(sample.kind).MEDIA_TYPES
    assert not any(isinstance(part, DocumentHead) for part in rest)
    numbers = [part.page.number for part in rest if isinstance(part, ParsedPage)]
    may_lack_pages = any(isinstance(part, Attachment) for part in rest) and head.page_count <= 1
    assert (
        numbers == list(range(1, head.page_count + 1))
        or (head.page_count == 1 and numbers == [None])
        or (may_lack_pages and not numbers)
    )


@_each()
def test_every_part_passes_the_checks_of_the_reader(sample: Sample) -> None:
    for part in _parts(sample):
        head, body = encode_part(part)
        packed = memoryview(pack(head, len(body)))[LENGTHS.size :]
        decoded = decode_part(decode_head(packed), memoryview(body), most_pages=_LIMITS.pages)
        assert type(decoded) is type(part)
        if isinstance(decoded, ParsedPage) and isinstance(part, ParsedPage):
            assert decoded.page.text == part.page.text
            assert len(decoded.page.blocks) == len(part.page.blocks)


@_each()
def test_reading_twice_gives_the_same(sample: Sample) -> None:
    assert _read(sample) == _parts(sample)


@_each()
def test_reading_begins_at_the_page_that_is_asked_for(sample: Sample) -> None:
    pages = _pages(sample)
    count = _head(sample).page_count
    for first_page in {2, count, count + 1} - {1}:
        head, *rest = _read(sample, first_page=first_page)
        assert isinstance(head, DocumentHead)
        later = [part for part in rest if isinstance(part, ParsedPage)]
        if pages and pages[0].page.number is not None:
            assert later == [page for page in pages if (page.page.number or 0) >= first_page]


@_each()
def test_texts_hold_only_characters_that_can_be_stored(sample: Sample) -> None:
    for parsed in _pages(sample):
        assert _FORBIDDEN.search(parsed.page.text) is None


@_each()
def test_blocks_follow_each_other_with_blank_lines_between(sample: Sample) -> None:
    for parsed in _pages(sample):
        text, blocks = parsed.page.text, parsed.page.blocks
        assert all(0 <= block.start <= block.end <= len(text) for block in blocks)
        for one, following in pairwise(blocks):
            assert one.end <= following.start
            assert not text[one.end : following.start].strip()
            if one.start < one.end and following.start < following.end:
                assert text[one.end : following.start].isspace()
        outside = list(text)
        for block in blocks:
            outside[block.start : block.end] = [" "] * (block.end - block.start)
        assert not blocks or not "".join(outside).strip()


@_each()
def test_cells_stand_in_their_table_and_its_text_is_rows_and_tabs(sample: Sample) -> None:
    for parsed in _pages(sample):
        for block in parsed.page.blocks:
            assert block.kind == "table" or not block.cells
            assert all(block.start <= cell.start <= cell.end <= block.end for cell in block.cells)
            places = [(cell.row, cell.column) for cell in block.cells]
            assert places == sorted(set(places))
            for one, following in pairwise(block.cells):
                between = parsed.page.text[one.end : following.start]
                assert one.end <= following.start
                assert between
                if sample.kind != "markdown":  # which keeps the bars that its author wrote
                    assert set(between) <= ({"\t"} if one.row == following.row else {"\t", "\n"})


@_each()
def test_headings_have_levels_and_figures_have_pictures(sample: Sample) -> None:
    for parsed in _pages(sample):
        numbers = [figure.number for figure in parsed.figures]
        assert numbers == sorted(set(numbers))
        assert not numbers or numbers[0] >= 1
        for block in parsed.page.blocks:
            assert block.kind != "heading" or 1 <= (block.level or 0) <= 6
            assert block.kind != "list_item" or (block.level or 0) >= 1
            assert block.figure is None or (block.kind == "figure" and block.figure in numbers)


@_each()
def test_words_and_links_of_a_page_are_spans_of_its_text(sample: Sample) -> None:
    for parsed in _pages(sample):
        text = parsed.page.text
        words = [(word.start, word.end) for word in parsed.page.words]
        for start, end in words + [(link.start, link.end) for link in parsed.page.links]:
            assert 0 <= start < end <= len(text)
            assert text[start:end].strip()
        for link in parsed.page.links:
            assert (link.target is None) != (link.page is None)
            assert link.target is None or re.match(r"(?i)(https?://|mailto:|tel:|#)", link.target)


@_each()
def test_no_more_pages_and_pictures_come_than_the_limits_allow(sample: Sample) -> None:
    count = _head(sample).page_count
    refusal = None
    try:
        parts = _read(sample, replace(_LIMITS, pages=1))
    except FileTooComplex as error:
        refusal = error
    if refusal is not None:
        assert count > 1
        assert refusal.values["reason"] == "pages"
    else:
        assert sum(isinstance(part, ParsedPage) for part in parts) <= 1
    if sample.kind != "image":
        few = _read(sample, replace(_LIMITS, figures=0))
        assert sum(len(part.figures) for part in few if isinstance(part, ParsedPage)) == 0


def _cut(content: bytes) -> Iterator[bytes]:
    for share in (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.999):
        yield content[: int(len(content) * share)]
    middle = len(content) // 2
    yield content[:middle] + b"\x00" * 64 + content[middle + 64 :]
    yield content[:middle] + content[middle + 64 :]


@_each()
def test_a_damaged_file_is_read_or_refused_and_nothing_else(sample: Sample) -> None:
    for content in _cut(sample.make()):
        refusal, parts = _outcome(_parser(sample.kind), content)
        assert refusal is None or refusal.values["name"] == "given name"
        assert refusal is not None or isinstance(parts[0], DocumentHead)


def _outcome(parser: Parser, content: bytes) -> tuple[DocumentError | None, list[ParsedPart]]:
    parts: list[ParsedPart] = []
    try:
        parts.extend(parser.read(content, "given name", _LIMITS))
    except DocumentError as error:
        return error, parts
    return None, parts


@_each(_shown())
def test_a_page_can_be_shown(sample: Sample) -> None:
    parser = cast("PageParser", _parser(sample.kind))
    content = sample.make()
    picture = parser.render_page(content, 1, 300, _LIMITS)
    assert 1 <= picture.width <= 300
    assert picture.content
    for page in (0, -1, _head(sample).page_count + 1):
        with pytest.raises(FileDamaged):
            parser.render_page(content, page, 300, _LIMITS)


@_each(_shown())
def test_words_with_their_boxes_agree_with_the_text(sample: Sample) -> None:
    parser = cast("PageParser", _parser(sample.kind))
    content = sample.make()
    for parsed in _pages(sample):
        page = parsed.page
        found = parser.words(content, page.number or 1)
        assert page.status != "text" or found or not page.text
        for one, following in pairwise(found):
            assert one.end <= following.start
        for word in found:
            assert 0 <= word.start < word.end <= len(page.text)
            assert not re.search(r"\s", page.text[word.start : word.end])
            assert _is_on_page(word.box, page.width or 0, page.height or 0)
        covered = sum(word.end - word.start for word in found)
        if page.status == "text":
            assert covered >= 0.98 * len("".join(page.text.split()))


@_each(_shown())
def test_places_of_characters_agree_with_the_boxes_of_words(sample: Sample) -> None:
    parser = cast("PageParser", _parser(sample.kind))
    content = sample.make()
    for parsed in _pages(sample)[:3]:
        for word in parser.words(content, parsed.page.number or 1)[::17]:
            boxes = parser.locate(content, parsed.page.number or 1, word.start, word.end)
            assert boxes
            assert any(_overlap(box, word.box) for box in boxes)
        assert parser.locate(content, parsed.page.number or 1, 0, 0) == ()
        beyond = len(parsed.page.text)
        assert parser.locate(content, parsed.page.number or 1, beyond, beyond + 10) == ()


def _is_on_page(box: Rectangle, width: float, height: float) -> bool:
    across, down = _TOLERANCE * width, _TOLERANCE * height
    return (
        box.width > 0
        and box.height > 0
        and -across <= box.x
        and box.x + box.width <= width + across
        and -down <= box.y
        and box.y + box.height <= height + down
    )


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    return across > 0 and down > 0
