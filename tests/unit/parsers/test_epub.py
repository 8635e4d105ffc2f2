"""Books: chapters in the order of the spine, contents, pictures, damage and locks."""

import io
import zipfile
from collections.abc import Mapping

import pytest
from tests.support import papers

from samovar.domain.errors import FileDamaged, FileEmpty, FileEncrypted, FileTooComplex
from samovar.domain.page import DocumentHead, ParsedPage
from samovar.parsers import epub
from samovar.ports.parser import ParserLimits

_LIMITS = ParserLimits(pages=5, pixels=1_000_000)
_CONTAINER = (
    "<container xmlns='urn:oasis:names:tc:opendocument:xmlns:container'><rootfiles><rootfile full-path='OPS/book.opf' "
    "media-type='application/oebps-package+xml'/></rootfiles></container>"
)


def _book(chapters: Mapping[str, str], extra: Mapping[str, bytes] | None = None, head: str = "") -> bytes:
    buffer = io.BytesIO()
    items = "".join(f"<item id='{name}' href='{name}'/>" for name in chapters)
    spine = "".join(f"<itemref idref='{name}'/>" for name in chapters)
    package = (
        "<package xmlns='http://www.idpf.org/2007/opf' xmlns:dc='http://purl.org/dc/elements/1.1/'><metadata>"
        f"<dc:title>Книга</dc:title>{head}</metadata><manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("mimetype", "application/epub+zip")
        made.writestr("META-INF/container.xml", _CONTAINER)
        made.writestr("OPS/book.opf", package)
        for name, words in chapters.items():
            if words != "missing":
                made.writestr(f"OPS/{name}", f"<html xmlns='http://www.w3.org/1999/xhtml'><body>{words}</body></html>")
        for name, content in (extra or {}).items():
            made.writestr(name, content)
    return buffer.getvalue()


def _read(content: bytes, first_page: int = 1) -> tuple[DocumentHead, list[ParsedPage]]:
    head, *rest = epub.read(content, "a.epub", _LIMITS, first_page=first_page)
    assert isinstance(head, DocumentHead)
    return head, [part for part in rest if isinstance(part, ParsedPage)]


def test_a_chapter_is_a_page() -> None:
    creator = "<dc:creator>А. Волгин</dc:creator><dc:creator>J. Grey</dc:creator>"
    head, pages = _read(_book({"2.html": "<h1>Первая</h1>", "1.html": "<p>Вторая</p>"}, head=creator))
    assert (head.title, head.author, head.page_count) == ("Книга", "А. Волгин, J. Grey", 2)
    assert [(page.page.number, page.page.text) for page in pages] == [(1, "Первая"), (2, "Вторая")]
    assert [page.page.number for page in _read(_book({"a": "x", "b": "y"}), first_page=2)[1]] == [2]


def test_a_missing_chapter_fails_alone() -> None:
    _, pages = _read(_book({"a": "missing", "b": "<p>слово</p>"}))
    assert [page.page.status for page in pages] == ["failed", "text"]


def test_pictures_are_taken_from_the_book_only() -> None:
    words = "<p>x<img src='../OPS/p.png'/><img src='../../../etc/passwd'/><img src='http://e.example/p.png'/></p>"
    _, (page,) = _read(_book({"a": words}, {"OPS/p.png": papers.red_circle_png()}))
    assert len(page.figures) == 1


def test_entities_in_the_package_stand_for_nothing() -> None:
    bomb = b"<!DOCTYPE p [<!ENTITY a 'xxxxxxxxxx'><!ENTITY b '&a;&a;&a;'><!ENTITY f SYSTEM 'file:///etc/passwd'>]>"
    package = bomb + (
        b"<package><metadata><title>&b;&f;</title></metadata><manifest><item id='a' href='a'/></manifest>"
        b"<spine><itemref idref='a'/></spine></package>"
    )
    container = _CONTAINER.replace("book.opf", "bomb.opf").encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("mimetype", "application/epub+zip")
        made.writestr("META-INF/container.xml", container)
        made.writestr("OPS/bomb.opf", package)
        made.writestr("OPS/a", "<html><p>слово</p></html>")
    head, pages = _read(buffer.getvalue())
    assert "root:" not in (head.title or "")
    assert pages[0].page.text == "слово"


_LOCK = (
    "<encryption><EncryptedData><EncryptionMethod Algorithm='{}'/><CipherData><CipherReference URI='OPS/a'/>"
    "</CipherData></EncryptedData></encryption>"
)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (_book({}), FileEmpty),
        (_book({str(number): "x" for number in range(9)}), FileTooComplex),
        (_book({"a": "x"}, {"META-INF/encryption.xml": _LOCK.format("aes256").encode()}), FileEncrypted),
        (_book({"a": "x"}).replace(b"OPS/book.opf", b"OPS/cook.opf", 1), FileDamaged),
    ],
)
def test_books_that_cannot_be_read_say_why(content: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        _read(content)


def test_scrambled_fonts_lock_nothing() -> None:
    lock = _LOCK.format("http://www.idpf.org/2008/embedding").encode()
    assert _read(_book({"a": "слово"}, {"META-INF/encryption.xml": lock}))[1][0].page.text == "слово"
