"""Documents, pages and pictures as JSON, the form of the API reference."""

from collections.abc import Sequence
from typing import Final, get_args

from samovar.api.problems import problem_body
from samovar.domain.document import Document, DocumentFigure, Entity, PageCount
from samovar.domain.errors import SamovarError, error_from_code
from samovar.domain.layout import Block, Rectangle
from samovar.domain.page import Page, PageStatus

__all__ = [
    "block_body",
    "box_body",
    "document_body",
    "document_error",
    "document_line",
    "entity_body",
    "figure_body",
    "page_body",
    "report_body",
]

#: Reasons to be wary of a page although there is text of it.
_DOUBTFUL: Final = frozenset({"low_confidence", "partly_read"})


def document_error(document: Document) -> SamovarError | None:
    """The error that ended the reading of a document, told again from its code; None when there is none."""
    if document.error_code is None:
        return None
    return error_from_code(document.error_code, name=document.name, reason=document.error_reason or "")


def report_body(counts: Sequence[PageCount]) -> dict[str, object]:
    """The read report of all pages together: how many were read in which way, and of how many one should be wary."""
    of_status: dict[str, int] = dict.fromkeys(get_args(PageStatus), 0)
    for count in counts:
        of_status[count.status] += count.pages
    recognised = [count for count in counts if count.status == "ocr" and count.confidence is not None]
    pages = sum(count.pages for count in recognised)
    return {
        **of_status,
        "doubtful": sum(count.pages for count in counts if count.reason in _DOUBTFUL),
        "confidence": sum((count.confidence or 0.0) * count.pages for count in recognised) / pages if pages else None,
    }


def document_line(document: Document) -> dict[str, object]:
    """A document as a line of a table: without pages, pictures and outline."""
    error = document_error(document)
    return {
        "id": str(document.document_id),
        "base_id": _id(document.base_id),
        "parent_id": _id(document.parent_id),
        "name": document.name,
        "path": document.path,
        "kind": document.kind,
        "media_type": document.media_type,
        "size_bytes": document.size_bytes,
        "status": document.status,
        "stage": document.stage,
        "error": None if error is None else problem_body(error),
        "title": document.title,
        "author": document.author,
        "page_count": document.page_count,
        "pages_read": document.pages_read,
        "chunk_count": document.chunk_count,
        "replaced_by": _id(document.replaced_by),
        "created_at": document.created_at.isoformat(),
    }


def document_body(document: Document, pages: Sequence[Page], figures: Sequence[DocumentFigure]) -> dict[str, object]:
    """A document with its read report."""
    return {
        **document_line(document),
        "outline": [{"title": entry.title, "level": entry.level, "page": entry.page} for entry in document.outline],
        "pages": [page_body(page) for page in pages],
        "figures": [figure_body(figure) for figure in figures],
    }


def page_body(page: Page) -> dict[str, object]:
    """A line of the read report."""
    return {
        "page": page.number,
        "label": page.label,
        "status": page.status,
        "reason": page.reason,
        "confidence": page.confidence,
        "width": page.width,
        "height": page.height,
    }


def figure_body(figure: DocumentFigure) -> dict[str, object]:
    """A picture of a document, and what a model says of it."""
    return {
        "page": figure.page,
        "number": figure.number,
        "width": figure.width,
        "height": figure.height,
        "box": box_body(figure.box),
        "alt": figure.alt,
        "status": figure.status,
        "reason": figure.reason,
        "description": figure.description,
        "described_by": figure.described_by,
    }


def entity_body(entity: Entity) -> dict[str, object]:
    """Something that was seen on a picture."""
    return {
        "kind": entity.kind,
        "label": entity.label,
        "box": box_body(entity.box),
        "confidence": entity.confidence,
        "found_by": entity.found_by,
    }


def block_body(block: Block) -> dict[str, object]:
    """A block of a page, with the cells of a table."""
    return {
        "kind": block.kind,
        "start": block.start,
        "end": block.end,
        "level": block.level,
        "box": box_body(block.box),
        "cells": [
            {
                "row": cell.row,
                "column": cell.column,
                "start": cell.start,
                "end": cell.end,
                "row_span": cell.row_span,
                "column_span": cell.column_span,
                "is_header": cell.is_header,
            }
            for cell in block.cells
        ],
        "figure": block.figure,
    }


def box_body(box: Rectangle | None) -> dict[str, float] | None:
    """A box, or null where there is none."""
    return None if box is None else {"x": box.x, "y": box.y, "width": box.width, "height": box.height}


def _id(found: object) -> str | None:
    return None if found is None else str(found)
