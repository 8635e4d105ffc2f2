"""What every parser must do; a new file in ``parsers/`` is tested the moment it exists."""

import importlib
from collections.abc import Callable, Mapping
from typing import Final, cast, get_args

import pytest
from tests.support import papers

from samovar.domain.document import DocumentKind, ParsedDocument
from samovar.domain.errors import DocumentError, FileDamaged, FileEmpty, FileEncrypted, FileTooComplex, FileTypeUnknown
from samovar.parsers import image, markdown, pdf, text
from samovar.ports.parser import PageParser, Parser, ParserLimits
from samovar.sandbox.launch import parser_modules

# The type checker compares the modules with the port here.
_PARSERS: Final[tuple[Parser, ...]] = (image, markdown, pdf, text)
_PAGE_PARSERS: Final[tuple[PageParser, ...]] = (image, pdf)

_LIMITS: Final = ParserLimits(pages=2000, pixels=25_000_000)
_TIGHT: Final = ParserLimits(pages=2, pixels=1000)
_WORDS: Final = "# Порт\n\nСлужба отвечает на порту 7431.\n".encode()

#: For each parser: a good file and its usual name, then bad files with the error that each must give.
_GOOD: Final[Mapping[str, tuple[Callable[[], bytes], str]]] = {
    "samovar.parsers.image": (papers.photograph_jpeg, "photograph.jpg"),
    "samovar.parsers.markdown": (lambda: _WORDS, "notes.md"),
    "samovar.parsers.pdf": (papers.english_pdf, "paper.pdf"),
    "samovar.parsers.text": (lambda: _WORDS, "notes.txt"),
}
_BAD: Final[Mapping[str, Mapping[str, tuple[Callable[[], bytes], type[DocumentError]]]]] = {
    "samovar.parsers.image": {
        "empty": (lambda: papers.red_circle_png()[:8], FileDamaged),
        "damaged": (lambda: papers.photograph_jpeg()[:3000], FileDamaged),
        "huge": (papers.photograph_jpeg, FileTooComplex),
    },
    "samovar.parsers.markdown": {
        "empty": (lambda: b" \n", FileEmpty),
        "damaged": (lambda: b"# title\x00", FileTypeUnknown),
    },
    "samovar.parsers.pdf": {
        "empty": (papers.empty_pdf, FileEmpty),
        "damaged": (papers.truncated_pdf, FileDamaged),
        "huge": (papers.english_pdf, FileTooComplex),
        "encrypted": (papers.encrypted_pdf, FileEncrypted),
    },
    "samovar.parsers.text": {
        "empty": (lambda: b"\xef\xbb\xbf", FileEmpty),
        "damaged": (lambda: b"\xff\xfe\x00\xd8\x00", FileTypeUnknown),
    },
}
_NAMES: Final = parser_modules()
_CASES: Final = [(name, case) for name in _NAMES for case in _BAD[name]]


def _parser(name: str) -> Parser:
    return cast("Parser", importlib.import_module(name))  # the contract is what this file tests


def _parse(name: str, content: bytes, limits: ParserLimits = _LIMITS) -> ParsedDocument:
    return _parser(name).parse(content, "given name", limits)


def test_every_parser_has_its_samples_here() -> None:
    assert set(_NAMES) == set(_GOOD) == set(_BAD) == {f"samovar.parsers.{part}" for part in _names_of_modules()}


def _names_of_modules() -> set[str]:
    return {str(getattr(parser, "__name__", "")).rsplit(".", 1)[-1] for parser in _PARSERS}


@pytest.mark.parametrize("name", _NAMES)
def test_a_parser_says_what_it_reads(name: str) -> None:
    parser = _parser(name)
    assert parser.KIND in get_args(DocumentKind)
    assert parser.SUFFIXES
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in parser.SUFFIXES)
    assert all("/" in media_type for media_type in parser.MEDIA_TYPES)
    assert _GOOD[name][1].endswith(parser.SUFFIXES)


@pytest.mark.parametrize("name", _NAMES)
def test_a_good_file_is_read_with_its_pages(name: str) -> None:
    parser = _parser(name)
    document = _parse(name, _GOOD[name][0]())
    assert document.kind == parser.KIND
    assert document.media_type in parser.MEDIA_TYPES
    numbers = [page.number for page in document.pages]
    assert numbers == [None] or numbers == list(range(1, len(numbers) + 1))
    assert (document.picture is not None) == (document.kind == "image")
    assert "7431" in "".join(page.text for page in document.pages) or document.kind == "image"


@pytest.mark.parametrize("name", _NAMES)
def test_exactly_one_parser_recognises_a_good_file(name: str) -> None:
    make, usual_name = _GOOD[name]
    content = make()
    assert [other for other in _NAMES if _parser(other).recognises(content, usual_name)] == [name]


@pytest.mark.parametrize("name", ["samovar.parsers.image", "samovar.parsers.pdf"])
@pytest.mark.parametrize("lie", ["report.txt", "README.md", "photo.png", "paper.pdf", "", "..\\..\\x.exe"])
def test_the_type_is_found_by_content_whatever_the_name(name: str, lie: str) -> None:
    content = _GOOD[name][0]()
    assert [other for other in _NAMES if _parser(other).recognises(content, lie)] == [name]


@pytest.mark.parametrize("lie", ["photo.png", "paper.pdf", "", "notes.TXT"])
def test_text_is_text_whatever_the_name(lie: str) -> None:
    assert [other for other in _NAMES if _parser(other).recognises(_WORDS, lie)] == ["samovar.parsers.text"]


@pytest.mark.parametrize(
    "content",
    [b"PK\x03\x04\x14\x00", b"<svg onload='x'/>", b"<html>%PDF-1.4", b"GIF89a\x01", b"\x00\x00", b"MZ\x90\x00"],
    ids=["zip", "svg", "html", "gif", "zeros", "program"],
)
@pytest.mark.parametrize("lie", ["a.txt", "a.md", "a.pdf", "a.png"])
def test_no_parser_recognises_what_is_not_read_yet(content: bytes, lie: str) -> None:
    assert [name for name in _NAMES if _parser(name).recognises(content, lie)] == []


@pytest.mark.parametrize(("name", "case"), _CASES)
def test_a_bad_file_gets_its_error_and_its_name(name: str, case: str) -> None:
    make, error = _BAD[name][case]
    with pytest.raises(error) as caught:
        _parse(name, make(), _TIGHT if case == "huge" else _LIMITS)
    assert type(caught.value) is error
    assert caught.value.values["name"] == "given name"


@pytest.mark.parametrize("parser", _PAGE_PARSERS)
def test_a_page_can_be_shown(parser: PageParser) -> None:
    content = _GOOD[str(getattr(parser, "__name__", ""))][0]()
    picture = parser.render_page(content, 1, 400, _LIMITS)
    assert picture.width == 400
    assert picture.content
    assert isinstance(parser.locate(content, 1, 0, 5), tuple)
    with pytest.raises(FileDamaged):
        parser.render_page(content, 99, 400, _LIMITS)
