"""Documents and pages as rows, for every repository that reads or writes them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import Row

from samovar.domain.document import Document
from samovar.domain.ids import BaseId, DocumentId, UserId
from samovar.domain.page import Page
from samovar.domain.page_json import decode_blocks, decode_links, decode_outline, decode_words

__all__ = ["WITHOUT_NUMBER", "described_page", "document_from", "page_from", "page_number"]

_Id = TypeVar("_Id")

#: The number of the one page of a document without pages.
WITHOUT_NUMBER: Final = 0


def page_number(number: int | None) -> int:
    """The number under which a page is stored."""
    return WITHOUT_NUMBER if number is None else number


def document_from(row: Row[Any]) -> Document:
    """Turn a row of the table into a document."""
    return Document(
        document_id=DocumentId(row.document_id),
        owner_id=UserId(row.owner_id),
        base_id=_id(BaseId, row.base_id),
        parent_id=_id(DocumentId, row.parent_id),
        name=row.name,
        path=row.path,
        kind=row.kind,
        media_type=row.media_type,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        status=row.status,
        stage=row.stage,
        error_code=row.error_code,
        error_reason=row.error_reason,
        title=row.title,
        author=row.author,
        outline=decode_outline(row.outline),
        page_count=row.page_count,
        pages_read=row.pages_read,
        chunk_count=row.chunk_count,
        replaced_by=_id(DocumentId, row.replaced_by),
        created_at=row.created_at,
    )


def page_from(row: Row[Any]) -> Page:
    """Turn a row of the table into a page."""
    return replace(
        described_page(row),
        text=row.text,
        blocks=decode_blocks(row.blocks, len(row.text)),
        words=decode_words(row.words, len(row.text)),
        links=decode_links(row.links, len(row.text)),
    )


def described_page(row: Row[Any]) -> Page:
    """Turn a row without what stands on the page into a page."""
    return Page(
        number=None if row.number == WITHOUT_NUMBER else row.number,
        text="",
        status=row.status,
        reason=row.reason,
        label=row.label,
        width=row.width,
        height=row.height,
        confidence=row.confidence,
    )


def _id(kind: Callable[[UUID], _Id], value: UUID | None) -> _Id | None:
    return None if value is None else kind(value)
