"""What is read of the made documents, against what was written on them, and against what was read before.

``make golden`` rewrites the files of ``corpus/``; a person reads the difference.
"""

import json
import os
from pathlib import Path
from typing import Final

import pytest
from tests.corpus import all_papers
from tests.corpus.measures import overlap, word_agreement
from tests.corpus.paper import Paper, Sheet
from tests.corpus.reading import body_of, read

from samovar.domain.layout import Block
from samovar.domain.page import DocumentHead, ParsedPage

_FOLDER: Final = Path(__file__).parent / "corpus"
_LEAST_AGREEMENT: Final = 0.99
_LEAST_OVERLAP: Final = 0.9
_DIGITAL: Final = [paper for paper in all_papers() if all(sheet.way == "digital" for sheet in paper.sheets)]


def _each(papers: list[Paper]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("paper", papers, ids=lambda paper: paper.name)


def _texts(page: ParsedPage, *kinds: str) -> list[str]:
    text = page.page.text
    return [" ".join(text[block.start : block.end].split()) for block in page.page.blocks if block.kind in kinds]


def _rows(page: ParsedPage, block: Block) -> tuple[tuple[str, ...], ...]:
    height = 1 + max(cell.row + cell.row_span - 1 for cell in block.cells)
    width = 1 + max(cell.column + cell.column_span - 1 for cell in block.cells)
    rows = [[""] * width for _ in range(height)]
    for cell in block.cells:
        rows[cell.row][cell.column] = " ".join(page.page.text[cell.start : cell.end].split())
    return tuple(tuple(row) for row in rows)


@_each(_DIGITAL)
def test_what_is_read_is_what_was_written(paper: Paper) -> None:
    head, pages = read(paper)
    assert head.kind == paper.kind
    assert len(pages) == len(paper.sheets)
    for sheet, page in zip(paper.sheets, pages, strict=True):
        _compare(sheet, page)


def _compare(sheet: Sheet, page: ParsedPage) -> None:
    body = body_of(page)
    assert word_agreement(body, sheet.text) >= _LEAST_AGREEMENT, body
    assert word_agreement(" ".join(_texts(page, "header")), sheet.header) == 1.0
    assert word_agreement(" ".join(_texts(page, "footer")), sheet.footer) == 1.0
    assert tuple(_texts(page, "heading")) == sheet.headings
    assert tuple(_texts(page, "footnote")) == sheet.footnotes
    tables = tuple(_rows(page, block) for block in page.page.blocks if block.kind == "table")
    assert tables == sheet.tables
    assert len(page.figures) == len(sheet.pictures)
    for box, figure in zip(sheet.pictures, page.figures, strict=True):
        assert (box is None) == (figure.box is None)
        if box is not None and figure.box is not None:
            assert overlap(box, figure.box) >= _LEAST_OVERLAP


@_each(_DIGITAL)
def test_a_paper_is_read_as_before(paper: Paper) -> None:
    path = _FOLDER / f"{paper.name}.json"
    found = _written(*read(paper))
    if os.environ.get("SAMOVAR_WRITE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


def _written(head: DocumentHead, pages: tuple[ParsedPage, ...]) -> str:
    """Everything that a person can check by reading, without pixels; of long papers the first and last pages."""
    shown = pages if len(pages) <= 6 else (*pages[:3], *pages[-3:])
    return (
        json.dumps(
            {
                "kind": head.kind,
                "media_type": head.media_type,
                "title": head.title,
                "author": head.author,
                "outline": [[entry.level, entry.title, entry.page] for entry in head.outline],
                "page_count": head.page_count,
                "pages": [_written_page(page) for page in shown],
            },
            ensure_ascii=False,
            indent=1,
        )
        + "\n"
    )


def _written_page(parsed: ParsedPage) -> dict[str, object]:
    page = parsed.page
    return {
        "page": page.number,
        "label": page.label,
        "status": page.status,
        "reason": page.reason,
        "size": [page.width, page.height],
        "blocks": [
            {
                "kind": block.kind if block.level is None else f"{block.kind} {block.level}",
                "text": page.text[block.start : block.end],
                "box": block.box
                and [round(side) for side in (block.box.x, block.box.y, block.box.width, block.box.height)],
                "cells": [
                    [cell.row, cell.column, cell.row_span, cell.column_span, page.text[cell.start : cell.end]]
                    for cell in block.cells
                ],
            }
            for block in page.blocks
        ],
        "links": [[page.text[link.start : link.end], link.target, link.page] for link in page.links],
        "figures": [
            [
                figure.box
                and [round(side) for side in (figure.box.x, figure.box.y, figure.box.width, figure.box.height)],
                figure.alt,
            ]
            for figure in parsed.figures
        ],
    }


def test_every_golden_file_belongs_to_a_paper() -> None:
    assert {path.stem for path in _FOLDER.glob("*.json")} == {paper.name for paper in _DIGITAL}


def test_the_corpus_is_large_enough() -> None:
    papers = all_papers()
    assert len(papers) >= 60
    assert len({paper.name for paper in papers}) == len(papers)
