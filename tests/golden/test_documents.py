"""What the parsers read from our papers, word for word. ``make golden`` rewrites; read the difference."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final

import pytest
from tests.support import papers

from samovar.domain.document import ParsedDocument
from samovar.domain.ids import new_document_id
from samovar.ingest.chunk import chunk_document
from samovar.parsers import image, markdown, pdf, text
from samovar.ports.parser import Parser, ParserLimits

_FOLDER: Final = Path(__file__).parent / "documents"
_LIMITS: Final = ParserLimits(pages=2000, pixels=25_000_000)
_NOTES: Final = (
    "# Порядок работы\n\nСлужба отвечает на порту **7431**.\n\n"
    "- приём заявок: с 9 до 18 часов;\n- выходной день: воскресенье.\n"
)
_CASES: Final[dict[str, tuple[Parser, Callable[[], bytes]]]] = {
    "english_pdf": (pdf, papers.english_pdf),
    "russian_pdf": (pdf, papers.russian_pdf),
    "columns_pdf": (pdf, papers.columns_pdf),
    "cropped_pdf": (pdf, papers.cropped_pdf),
    "hyphenated_pdf": (pdf, papers.hyphenated_pdf),
    "mixed_pdf": (pdf, papers.mixed_pdf),
    "damaged_page_pdf": (pdf, papers.damaged_page_pdf),
    "rotated_pdf": (pdf, lambda: papers.rotated_pdf(90)),
    "sideways_pdf": (pdf, papers.sideways_pdf),
    "red_circle_png": (image, papers.red_circle_png),
    "tagged_jpeg": (image, papers.tagged_jpeg),
    "windows_text": (text, lambda: _NOTES.encode("cp1251")),
    "markdown": (markdown, _NOTES.encode),
}


def _written(document: ParsedDocument) -> str:
    """Everything except pixels, which may change with a library that encodes them."""
    picture = document.picture and {
        "media_type": document.picture.media_type,
        "width": document.picture.width,
        "height": document.picture.height,
    }
    pages = [
        {name: round(value, 2) if isinstance(value, float) else value for name, value in asdict(page).items()}
        for page in document.pages
    ]
    chunks = [[chunk.page, chunk.start, chunk.end] for chunk in chunk_document(document, new_document_id())]
    whole = {"kind": document.kind, "media_type": document.media_type, "picture": picture, "pages": pages}
    return json.dumps(whole | {"chunks": chunks}, ensure_ascii=False, indent=1) + "\n"


@pytest.mark.parametrize("name", _CASES)
def test_a_document_is_read_as_before(name: str) -> None:
    parser, make = _CASES[name]
    path = _FOLDER / f"{name}.json"
    read = _written(parser.parse(make(), "paper", _LIMITS))
    if os.environ.get("SAMOVAR_WRITE_GOLDEN"):
        path.write_text(read, encoding="utf-8")
    assert read == path.read_text(encoding="utf-8")


def test_every_golden_file_belongs_to_a_document() -> None:
    assert {path.stem for path in _FOLDER.iterdir()} == set(_CASES)
