"""How far the reading of documents has got, in PostgreSQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from samovar.domain.document import Document, DocumentFigure, DocumentStage, DocumentStatus
from samovar.domain.errors import NotFound
from samovar.domain.ids import DocumentId
from samovar.domain.page import DocumentHead, Page
from samovar.domain.page_json import encode_blocks, encode_links, encode_outline, encode_words
from samovar.storage.connection import Connection
from samovar.storage.documents import document_from, page_from, page_number, unused_blobs
from samovar.storage.figures import figure_columns
from samovar.storage.tables import chunks, documents, figures, pages

__all__ = ["PostgresReadings"]


class PostgresReadings:
    """Implements the port ``Readings``."""

    def __init__(self, connection: Connection) -> None:
        """Work on the connection of one transaction."""
        self._connection = connection

    async def document(self, document_id: DocumentId) -> Document:
        """Read the document's row and hold it until the transaction ends. Raises: NotFound."""
        statement = select(documents).where(documents.c.document_id == document_id).with_for_update()
        row = (await self._connection.execute(statement)).one_or_none()
        if row is None:
            raise NotFound(what="document")
        return document_from(row)

    async def set_head(self, document_id: DocumentId, head: DocumentHead) -> None:
        """Store kind, type, number of pages and metadata. Raises: NotFound."""
        await self._update(
            document_id,
            kind=head.kind,
            media_type=head.media_type,
            page_count=head.page_count,
            title=head.title,
            author=head.author,
            outline=encode_outline(head.outline),
        )

    async def set_stage(self, document_id: DocumentId, stage: DocumentStage) -> None:
        """Store where the reading has got to. Raises: NotFound."""
        await self._update(document_id, stage=stage)

    async def save_pages(
        self, document_id: DocumentId, pages: Sequence[Page], figures: Sequence[DocumentFigure]
    ) -> None:
        """Store pages and their pictures, in the place of earlier ones of the same number. Raises: NotFound."""
        numbers = [page_number(page.number) for page in pages]
        for table, column in ((_pages, _pages.c.number), (_figures, _figures.c.page)):
            await self._connection.execute(delete(table).where(table.c.document_id == document_id, column.in_(numbers)))
        if pages:
            await self._connection.execute(insert(_pages), [_page_columns(document_id, page) for page in pages])
        if figures:
            await self._connection.execute(insert(_figures), [figure_columns(figure) for figure in figures])
        read = (
            select(func.count())
            .where(_pages.c.document_id == document_id, _pages.c.status != "waiting")
            .scalar_subquery()
        )
        await self._update(document_id, pages_read=read)

    async def all_pages(self, document_id: DocumentId, *, first: int = 0, limit: int) -> tuple[Page, ...]:
        """Read pages with everything on them, from the page ``first`` on."""
        statement = (
            select(_pages)
            .where(_pages.c.document_id == document_id, _pages.c.number >= first)
            .order_by(_pages.c.number)
            .limit(limit)
        )
        return tuple(page_from(row) for row in await self._connection.execute(statement))

    async def last_page(self, document_id: DocumentId) -> int | None:
        """Tell the number of the last stored page; None when none is stored."""
        statement = select(func.max(_pages.c.number)).where(_pages.c.document_id == document_id)
        number: int | None = (await self._connection.execute(statement)).scalar_one()
        return number

    async def waiting_pages(self, document_id: DocumentId) -> tuple[int, ...]:
        """List the numbers of the pages that wait for OCR, in order."""
        statement = (
            select(_pages.c.number)
            .where(_pages.c.document_id == document_id, _pages.c.status == "waiting")
            .order_by(_pages.c.number)
        )
        return tuple((await self._connection.execute(statement)).scalars())

    async def finish(self, document_id: DocumentId) -> None:
        """Mark a document ready, and the earlier versions of its path in its base as replaced. Raises: NotFound."""
        await self._update(document_id, status="ready", stage=None, error_code=None, error_reason=None)
        newer = documents.alias("newer")
        replaced = (
            update(documents)
            .where(
                newer.c.document_id == document_id,
                documents.c.document_id != document_id,
                documents.c.owner_id == newer.c.owner_id,
                documents.c.base_id == newer.c.base_id,
                documents.c.path == newer.c.path,
                documents.c.position < newer.c.position,
                documents.c.status.in_(("ready", "reading")),
            )
            .values(status="replaced", stage=None, replaced_by=document_id, chunk_count=0)
            .returning(documents.c.document_id)
        )
        earlier = (await self._connection.execute(replaced)).scalars().all()
        if earlier:
            await self._connection.execute(delete(chunks).where(chunks.c.document_id.in_(earlier)))

    async def end(
        self, document_id: DocumentId, status: DocumentStatus, *, error_code: str | None, error_reason: str | None
    ) -> tuple[str, ...]:
        """Mark a document failed or cancelled and forget what was read. Raises: NotFound.

        Return the hashes of the blobs of pictures that nothing refers to any more.
        """
        unused = await self._forget(document_id)
        await self._update(
            document_id,
            status=status,
            stage=None,
            error_code=error_code,
            error_reason=error_reason,
            pages_read=0,
            chunk_count=0,
        )
        return unused

    async def start_again(self, document_id: DocumentId) -> None:
        """Forget pages, pictures and chunks, so that the document is read anew. Raises: NotFound."""
        await self._forget(document_id)
        await self._update(
            document_id,
            status="reading",
            stage="queued",
            error_code=None,
            error_reason=None,
            pages_read=0,
            chunk_count=0,
        )

    async def unfinished(self) -> tuple[DocumentId, ...]:
        """List the documents being read, oldest first."""
        statement = (
            select(documents.c.document_id).where(documents.c.status == "reading").order_by(documents.c.position)
        )
        return tuple(DocumentId(found) for found in (await self._connection.execute(statement)).scalars())

    async def _forget(self, document_id: DocumentId) -> tuple[str, ...]:
        removed = delete(_figures).where(_figures.c.document_id == document_id).returning(_figures.c.sha256)
        hashes = set((await self._connection.execute(removed)).scalars())
        for table in (_pages, chunks):
            await self._connection.execute(delete(table).where(table.c.document_id == document_id))
        return await unused_blobs(self._connection, hashes)

    async def _update(self, document_id: DocumentId, **values: object) -> None:
        statement = update(documents).where(documents.c.document_id == document_id).values(**values)
        if (await self._connection.execute(statement)).rowcount == 0:
            raise NotFound(what="document")


# Inside the class these names are taken by parameters.
_pages = pages
_figures = figures


def _page_columns(document_id: DocumentId, page: Page) -> dict[str, Any]:
    return {
        "document_id": document_id,
        "number": page_number(page.number),
        "text": page.text,
        "status": page.status,
        "reason": page.reason,
        "label": page.label,
        "width": page.width,
        "height": page.height,
        "confidence": page.confidence,
        "blocks": encode_blocks(page.blocks),
        "words": encode_words(page.words),
        "links": encode_links(page.links),
    }
