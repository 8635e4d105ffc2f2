"""A PDF as a whole: opened, its head, its pages."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from samovar.domain.errors import FileDamaged, FileEmpty, FileEncrypted
from samovar.domain.page import DocumentHead, OutlineEntry
from samovar.parsers._shared import clean_characters

__all__ = ["Sheet", "opened", "opened_page", "opened_sheet", "page_name", "read_head"]

#: PDFium's own codes (fpdfview.h).
_CODE_PASSWORD: Final = 4
_CODE_SECURITY: Final = 5
_MOST_OUTLINE_ENTRIES: Final = 5000
_DEEPEST_OUTLINE: Final = 15
_LONGEST_TITLE: Final = 500
#: What programs write when nobody has given a name.
_NO_NAMES: Final = ("", "untitled", "anonymous", "unspecified", "без имени")


@contextmanager
def opened(content: bytes, name: str) -> Iterator[pdfium.PdfDocument]:
    """Open a file. Raises: FileEncrypted, FileEmpty (no pages at all), FileDamaged."""
    try:
        document = pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        if error.err_code in (_CODE_PASSWORD, _CODE_SECURITY):
            raise FileEncrypted(name=name) from error
        if error.err_code == pdfium_c.FPDF_ERR_SUCCESS:
            raise FileEmpty(name=name) from error
        raise FileDamaged(name=name) from error
    with closing(document):
        yield document


@contextmanager
def opened_page(document: pdfium.PdfDocument, number: int) -> Iterator[pdfium.PdfPage]:
    """Open one page, counted from 1. Raises: FileDamaged."""
    if not 1 <= number <= len(document):
        raise FileDamaged(name=page_name(number))
    try:
        page = document.get_page(number - 1)
    except pdfium.PdfiumError as error:
        raise FileDamaged(name=page_name(number)) from error
    with closing(page):
        yield page


class Sheet:
    """A page or its text, open. PDFium's functions take it as they take pypdfium2's own helpers."""

    __slots__ = ("_as_parameter_", "raw")

    def __init__(self, raw: Any) -> None:
        self.raw = self._as_parameter_ = raw


@contextmanager
def opened_sheet(document: pdfium.PdfDocument, number: int) -> Iterator[tuple[Sheet, Sheet]]:
    """Open one page, counted from 1, and its text. Raises: PdfiumError.

    The helpers of pypdfium2 keep lists of each other and finalizers, which cost as much as a tenth of a page's text.
    """
    page = pdfium_c.FPDF_LoadPage(document, number - 1)
    if not page:
        raise pdfium.PdfiumError("a page that cannot be loaded")
    try:
        text = pdfium_c.FPDFText_LoadPage(page)
        if not text:
            raise pdfium.PdfiumError("a page whose text cannot be loaded")
        try:
            yield Sheet(page), Sheet(text)
        finally:
            pdfium_c.FPDFText_ClosePage(text)
    finally:
        pdfium_c.FPDF_ClosePage(page)


def page_name(number: int) -> str:
    """How errors name one page."""
    return f"p. {number}"


def read_head(document: pdfium.PdfDocument, media_type: str) -> DocumentHead:
    """What is known before the pages are read."""
    return DocumentHead(
        kind="pdf",
        media_type=media_type,
        page_count=len(document),
        title=_metadata(document, "Title"),
        author=_metadata(document, "Author"),
        outline=tuple(_outline(document)),
    )


def _metadata(document: pdfium.PdfDocument, key: str) -> str | None:
    try:
        text = _title(document.get_metadata_value(key))
    except (pdfium.PdfiumError, UnicodeDecodeError):
        return None
    return None if text.strip("()").casefold() in _NO_NAMES else text


def _title(text: str) -> str:
    return " ".join(clean_characters(text).split())[:_LONGEST_TITLE]


def _outline(document: pdfium.PdfDocument) -> Iterator[OutlineEntry]:
    try:
        for count, bookmark in enumerate(document.get_toc(max_depth=_DEEPEST_OUTLINE)):
            if count >= _MOST_OUTLINE_ENTRIES:
                return
            target = bookmark.get_dest()
            index = target.get_index() if target is not None else None
            title = _title(bookmark.get_title())
            if title:
                page = index + 1 if index is not None and index >= 0 else None
                yield OutlineEntry(title=title, level=bookmark.level + 1, page=page)
    except (pdfium.PdfiumError, UnicodeDecodeError):
        return
