"""For each parser a few good files: from the corpus of made documents, and small ones made here."""

import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import cache
from io import BytesIO
from pathlib import PurePath
from typing import Final

import docx
import openpyxl
import pptx
from PIL import Image
from tests.corpus import all_papers
from tests.support import papers

from samovar import registry

__all__ = ["Sample", "samples", "zip_of"]

_EACH: Final = 5
_MOST_SHEETS: Final = 30
_WORDS: Final = "Служба отвечает на порту 7431. The service listens on port 7431."


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A good file of one kind under its usual name."""

    kind: str
    name: str
    make: Callable[[], bytes] = field(repr=False)


@cache
def samples() -> tuple[Sample, ...]:
    """At most so many papers of the corpus for each kind, and the small ones of endings that are read."""
    read = {suffix for kind in registry.kinds("parsers") for suffix in registry.module("parsers", kind).SUFFIXES}
    chosen = [
        Sample(kind=kind, name=name, make=make)
        for (kind, name), make in _SMALL.items()
        if PurePath(name).suffix in read
    ]
    counts: dict[str, int] = {}
    for paper in all_papers():
        counts[paper.kind] = counts.get(paper.kind, 0) + (len(paper.sheets) <= _MOST_SHEETS)
        if counts[paper.kind] <= _EACH and len(paper.sheets) <= _MOST_SHEETS:
            chosen.append(Sample(kind=paper.kind, name=paper.file_name, make=cache(paper.make)))
    return tuple(chosen)


def zip_of(files: Mapping[str, bytes]) -> bytes:
    """A ZIP container in which every entry has the same date."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as container:
        for name, content in files.items():
            container.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, compresslevel=1)
    return buffer.getvalue()


@cache
def _docx() -> bytes:
    document = docx.Document()
    document.add_heading("Порт", level=1)
    document.add_paragraph(_WORDS)
    table = document.add_table(2, 2)
    for place, cell in enumerate(cell for row in table.rows for cell in row.cells):
        cell.text = f"cell {place}"
    buffer = BytesIO()
    document.save(buffer)
    return buffer.getvalue()


@cache
def _xlsx() -> bytes:
    workbook = openpyxl.Workbook()
    for title in ("Порты", "Ports"):
        sheet = workbook.create_sheet(title)
        sheet.append(["name", "port"])
        sheet.append(["Служба", 7431])
    buffer = BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


@cache
def _pptx() -> bytes:
    presentation = pptx.Presentation()
    for title in ("Порт", "The port"):
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = _WORDS
    buffer = BytesIO()
    presentation.save(buffer)
    return buffer.getvalue()


def _letter() -> bytes:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "a@example.org", "b@example.org", "Порт"
    letter["Date"], letter["Message-ID"] = "Sun, 22 Nov 2026 12:00:00 +0000", "<7431@example.org>"
    letter.set_content(_WORDS)
    letter.add_attachment(b"words inside", maintype="text", subtype="plain", filename="inside.txt")
    letter.set_boundary("=_boundary")
    return letter.as_bytes()


def _book() -> bytes:
    container = (
        '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
        '<rootfiles><rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    package = (
        '<?xml version="1.0"?><package version="3.0" unique-identifier="i" xmlns="http://www.idpf.org/2007/opf">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="i">7431</dc:identifier>'
        "<dc:title>Порт</dc:title><dc:language>ru</dc:language></metadata><manifest>"
        '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="b" href="b.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="a"/><itemref idref="b"/></spine></package>'
    )
    chapter = (
        f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body><h1>A</h1><p>{_WORDS}</p></body></html>'
    )
    return zip_of(
        {
            "mimetype": b"application/epub+zip",
            "META-INF/container.xml": container.encode(),
            "book.opf": package.encode(),
            "a.xhtml": chapter.encode(),
            "b.xhtml": chapter.encode(),
        }
    )


def _open_document(kind: str, body: str) -> Callable[[], bytes]:
    """A file of the OpenDocument family. Source: OASIS OpenDocument 1.3, part 2 and 3."""
    media_type = f"application/vnd.oasis.opendocument.{kind}"
    names = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{urn}:1.0"'
        for name, urn in {"office": "office", "text": "text", "table": "table", "draw": "drawing"}.items()
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{names} office:version="1.3">'
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    manifest = (
        '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{media_type}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    return lambda: zip_of(
        {
            "mimetype": media_type.encode(),
            "content.xml": content.encode(),
            "META-INF/manifest.xml": manifest.encode(),
        }
    )


_TEXT_BODY: Final = f'<text:h text:outline-level="1">Порт</text:h><text:p>{_WORDS}</text:p>'
_CELL: Final = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
_SHEETS: Final = "".join(
    f'<table:table table:name="{title}">'
    + f"<table:table-row>{_CELL.format('Служба')}{_CELL.format('7431')}</table:table-row>" * 2
    + "</table:table>"
    for title in ("Порты", "Ports")
)
_SLIDES: Final = "".join(
    f'<draw:page draw:name="{title}"><draw:frame><draw:text-box><text:p>{_WORDS}</text:p></draw:text-box></draw:frame>'
    "</draw:page>"
    for title in ("Порт", "Port")
)


def _picture(form: str) -> Callable[[], bytes]:
    @cache
    def make() -> bytes:
        buffer = BytesIO()
        Image.open(BytesIO(papers.photograph_jpeg(160, 120))).save(buffer, form)
        return buffer.getvalue()

    return make


_SMALL: Final[Mapping[tuple[str, str], Callable[[], bytes]]] = {
    ("archive", "files.zip"): lambda: zip_of({"a/letter.eml": _letter(), "порт.txt": _WORDS.encode()}),
    ("delimited", "ports.csv"): 'имя;порт\nСлужба;7431\nBackup;"a;b"\n'.encode,
    ("docx", "report.docx"): _docx,
    ("eml", "letter.eml"): _letter,
    ("epub", "book.epub"): _book,
    ("html", "page.html"): f"<!doctype html><title>P</title><h1>Порт</h1><p>{_WORDS}</p>".encode,
    ("image", "photograph.jpg"): papers.photograph_jpeg,
    ("image", "circle.png"): papers.red_circle_png,
    ("image", "photograph.webp"): _picture("WEBP"),
    ("image", "photograph.tiff"): _picture("TIFF"),
    ("image", "photograph.bmp"): _picture("BMP"),
    ("json", "ports.json"): lambda: json.dumps({"Служба": {"port": 7431, "list": [1, None, "x"]}}).encode(),
    ("markdown", "notes.md"): f"# Порт\n\n{_WORDS}\n\n- one\n- two\n".encode,
    ("odp", "talk.odp"): _open_document("presentation", _SLIDES),
    ("ods", "ports.ods"): _open_document("spreadsheet", _SHEETS),
    ("odt", "report.odt"): _open_document("text", _TEXT_BODY),
    ("pdf", "paper.pdf"): papers.english_pdf,
    ("pdf", "положение.pdf"): papers.russian_pdf,
    ("pptx", "talk.pptx"): _pptx,
    ("rtf", "letter.rtf"): lambda: rb"{\rtf1\ansi\ansicpg1251 {\b Port}\par " + _WORDS[31:].encode() + rb"\par}",
    ("text", "notes.txt"): f"Порт\n\n{_WORDS}\n".encode,
    ("xlsx", "ports.xlsx"): _xlsx,
}
