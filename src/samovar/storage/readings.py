"""How far the reading of documents has got, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Integer,
    Text,
    TextClause,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from samovar.domain.document import Chunk, Document, DocumentFigure, DocumentStage, DocumentStatus
from samovar.domain.errors import NotFound
from samovar.domain.ids import DocumentId
from samovar.domain.page import DocumentHead, Page, PageReason
from samovar.domain.page_json import encode_blocks, encode_links, encode_outline, encode_words
from samovar.ports.library import AfterPages
from samovar.storage.chunks import INSERT_CHUNKS, chunks_as_json
from samovar.storage.connection import Connection
from samovar.storage.document_rows import document_from, page_from, page_number
from samovar.storage.documents import PostgresDocuments, unused_blobs
from samovar.storage.figures import figure_columns
from samovar.storage.plain import write_json
from samovar.storage.queue import ANNOUNCE, announce, announcement, news_of
from samovar.storage.tables import (
    chat_documents,
    chunks,
    documents,
    figures,
    knowledge_bases,
    pages,
)

__all__ = ["PostgresReadings"]


class PostgresReadings:
    """Implements the port ``Readings``."""

    def __init__(self, connection: Connection) -> None:
        """Work on the connection of one transaction."""
        self._connection = connection

    async def document(self, document_id: DocumentId) -> Document:
        """Read the document's row and hold it until the transaction ends. Raises: NotFound."""
        row = (await self._connection.execute(_HELD, {"document": document_id})).one_or_none()
        if row is None:
            raise NotFound(what="document")
        return document_from(row)

    async def look_at(self, document_id: DocumentId) -> Document:
        """Read the document's row as it is at the moment. Raises: NotFound."""
        row = (await self._connection.execute(_LOOKED_AT, {"document": document_id})).one_or_none()
        if row is None:
            raise NotFound(what="document")
        return document_from(row)

    async def set_head(self, document_id: DocumentId, head: DocumentHead) -> Document:
        """Store kind, type, number of pages and metadata: the document is being parsed.

        Return the row, which is held until the transaction ends. Raises: NotFound when it is not being read any more.
        """
        columns = {
            "document": document_id,
            "kind": head.kind,
            "media_type": head.media_type,
            "page_count": head.page_count,
            "title": head.title,
            "author": head.author,
            "outline": encode_outline(head.outline),
        }
        row = (await self._connection.execute(_SET_HEAD, columns)).one_or_none()
        if row is None:
            raise NotFound(what="document")
        return document_from(row)

    async def set_stage(self, document_id: DocumentId, stage: DocumentStage) -> None:
        """Store where the reading has got to. Raises: NotFound."""
        await self._update(document_id, stage=stage)

    async def describes_figures(self, document_id: DocumentId) -> bool:
        """Tell whether the base of a document has its pictures described."""
        statement = (
            select(knowledge_bases.c.describes_figures)
            .join(documents, documents.c.base_id == knowledge_bases.c.base_id)
            .where(documents.c.document_id == document_id)
        )
        return bool((await self._connection.execute(statement)).scalar_one_or_none())

    async def save_pages(
        self,
        document_id: DocumentId,
        pages: Sequence[Page],
        figures: Sequence[DocumentFigure],
        chunks: Sequence[Chunk] = (),
        *,
        are_new: bool = False,
        is_durable: bool = True,
        then: AfterPages | None = None,
    ) -> None:
        """Store pages, their pictures and their chunks, in the place of earlier ones of the same number.

        With ``are_new`` earlier ones are not looked for; if there are any, it is a Conflict. Unless ``is_durable``, a
        crash of the machine may lose the transaction as a whole, though it was committed. ``then`` comes after the last
        pages: as ``finish`` does, or ``set_stage``.
        Source: PostgreSQL 18 documentation, 28.4 Asynchronous Commit. Raises: NotFound, Conflict.
        """
        if not pages and then is None:
            return
        pages_gone, chunks_gone = 0, 0
        if not are_new:
            numbers = [page_number(page.number) for page in pages]
            gone = await self._connection.execute(_CLEAR, {"document": document_id, "numbers": numbers})
            cleared = gone.one()
            pages_gone, chunks_gone = cleared.pages_read, cleared.chunks
        stored: dict[str, object] = {
            "document": document_id,
            "pages": write_json([_page_columns(page) for page in pages]),
            "chunks": chunks_as_json(chunks),
            "pages_read": sum(page.status != "waiting" for page in pages) - pages_gone,
            "chunk_count": len(chunks) - chunks_gone,
            "durable": is_durable,
        }
        if then == "ready":
            stored["news"] = news_of("ended", document_id)
        row = (await self._connection.execute(_STORE[then], stored)).one_or_none()
        if row is None:
            raise NotFound(what="document")
        if figures:
            await self._connection.execute(insert(_figures), [figure_columns(figure) for figure in figures])
        if then == "ready" and row.has_versions:
            await self._replace_earlier(document_id)

    async def save_recognised(self, document_id: DocumentId, page: Page) -> None:
        """Store what OCR has read of a page; its pictures stay. Raises: NotFound when there is no such page."""
        columns = {
            "text": page.text,
            "status": page.status,
            "reason": page.reason,
            "confidence": page.confidence,
            "blocks": encode_blocks(page.blocks),
            "words": encode_words(page.words),
            "links": encode_links(page.links),
        }
        statement = (
            update(_pages)
            .where(
                _pages.c.document_id == document_id,
                _pages.c.number == page_number(page.number),
                _pages.c.status == "waiting",
            )
            .values(
                **columns,
                # A page is measured when it is parsed; only one without measures takes those of its picture.
                width=func.coalesce(_pages.c.width, page.width),
                height=func.coalesce(_pages.c.height, page.height),
            )
        )
        if (await self._connection.execute(statement)).rowcount == 0:
            raise NotFound(what="page")
        await self._update(document_id, pages_read=documents.c.pages_read + 1)

    async def skip_waiting(self, document_id: DocumentId, reason: PageReason) -> int:
        """Give up on every page that waits for OCR; return how many there were."""
        statement = (
            update(_pages)
            .where(_pages.c.document_id == document_id, _pages.c.status == "waiting")
            .values(status="skipped", reason=reason)
        )
        skipped = (await self._connection.execute(statement)).rowcount
        await self._update(document_id, pages_read=documents.c.pages_read + skipped)
        return skipped

    async def add_part(self, part: Document) -> bool:
        """Store a document that was inside ``part.parent_id``, in the same base and chats; False if it is there."""
        known = select(documents.c.document_id).where(
            documents.c.parent_id == part.parent_id, documents.c.path == part.path, documents.c.sha256 == part.sha256
        )
        if (await self._connection.execute(known.limit(1))).one_or_none() is not None:
            return False
        await PostgresDocuments(self._connection).add_unchecked(part)
        chats_of_parent = select(
            chat_documents.c.chat_id, literal(part.document_id, documents.c.document_id.type)
        ).where(chat_documents.c.document_id == part.parent_id)
        await self._connection.execute(insert(chat_documents).from_select(["chat_id", "document_id"], chats_of_parent))
        return True

    async def nesting(self, document_id: DocumentId) -> tuple[int, int]:
        """Tell how deep a document lies inside others (0: it is no part), and how many parts the outermost has."""
        row = (await self._connection.execute(_NESTING, {"document": document_id})).one()
        return row.depth, row.parts

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
        done = (
            update(documents)
            .where(documents.c.document_id == document_id)
            .values(status="ready", stage=None, error_code=None, error_reason=None)
            .returning(text(_HAS_VERSIONS), announcement("ended", document_id))
        )
        row = (await self._connection.execute(done)).one_or_none()
        if row is None:
            raise NotFound(what="document")
        if row.has_versions:
            await self._replace_earlier(document_id)

    async def _replace_earlier(self, document_id: DocumentId) -> None:
        newer = documents.alias("newer")
        replaced = (
            update(documents)
            .where(
                newer.c.document_id == document_id,
                documents.c.document_id != document_id,
                documents.c.parent_id.is_(None),
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
            await self._connection.execute(_REPLACE_PARTS, {"newer": document_id, "earlier": earlier})

    async def end(
        self, document_id: DocumentId, status: DocumentStatus, *, error_code: str | None, error_reason: str | None
    ) -> tuple[str, ...]:
        """Mark a document failed or cancelled and forget what was read. Raises: NotFound.

        Return the hashes of blobs that nothing refers to any more.
        """
        hashes = await self._forget(document_id)
        await self._update(
            document_id,
            status=status,
            stage=None,
            error_code=error_code,
            error_reason=error_reason,
            pages_read=0,
            chunk_count=0,
        )
        if status == "cancelled":
            await announce(self._connection, "stopped", document_id)
        await announce(self._connection, "ended", document_id)
        own = select(documents.c.sha256).where(documents.c.document_id == document_id)
        hashes.add((await self._connection.execute(own)).scalar_one())
        return await unused_blobs(self._connection, hashes)

    async def start_again(self, document_id: DocumentId) -> tuple[str, ...]:
        """Forget pages, pictures and chunks, so that the document is read anew. Raises: NotFound.

        Return the hashes of blobs that nothing refers to any more.
        """
        hashes = await self._forget(document_id)
        await self._update(
            document_id,
            status="reading",
            stage="queued",
            error_code=None,
            error_reason=None,
            pages_read=0,
            chunk_count=0,
            has_vectors=False,
        )
        await announce(self._connection, "waiting", document_id)
        return await unused_blobs(self._connection, hashes)

    async def unfinished(self) -> tuple[DocumentId, ...]:
        """List the documents being read, oldest first."""
        statement = (
            select(documents.c.document_id).where(documents.c.status == "reading").order_by(documents.c.position)
        )
        return tuple(DocumentId(found) for found in (await self._connection.execute(statement)).scalars())

    async def _forget(self, document_id: DocumentId) -> set[str]:
        removed = delete(_figures).where(_figures.c.document_id == document_id).returning(_figures.c.sha256)
        hashes = set((await self._connection.execute(removed)).scalars())
        for table in (_pages, chunks):
            await self._connection.execute(delete(table).where(table.c.document_id == document_id))
        return hashes

    async def _update(self, document_id: DocumentId, **values: object) -> None:
        statement = update(documents).where(documents.c.document_id == document_id).values(**values)
        if (await self._connection.execute(statement)).rowcount == 0:
            raise NotFound(what="document")


# Inside the class these names are taken by parameters.
_pages = pages
_figures = figures

_CLEAR: Final = text("""
WITH page AS (
    DELETE FROM pages WHERE document_id = :document AND number = ANY(:numbers) RETURNING status
), figure AS (
    DELETE FROM figures WHERE document_id = :document AND page = ANY(:numbers)
), chunk AS (
    DELETE FROM chunks WHERE document_id = :document AND coalesce(page, 0) = ANY(:numbers) RETURNING chunk_id
)
SELECT (SELECT count(*) FROM page WHERE status <> 'waiting') AS pages_read, (SELECT count(*) FROM chunk) AS chunks
""").bindparams(bindparam("document", type_=Uuid), bindparam("numbers", type_=ARRAY(Integer)))

_LOOKED_AT: Final = select(documents).where(documents.c.document_id == bindparam("document"))
_HELD: Final = _LOOKED_AT.with_for_update()

# Its condition is looked at once more when the row was held by another, so this is as good as holding it first: who was
# cancelled or deleted meanwhile is not found.
_SET_HEAD: Final = (
    update(documents)
    .where(documents.c.document_id == bindparam("document"), documents.c.status == "reading")
    .values(
        stage="parsing",
        **{name: bindparam(name) for name in ("kind", "media_type", "page_count", "title", "author", "outline")},
    )
    .returning(*documents.c)
)

_NESTING: Final = text("""
WITH RECURSIVE above AS (
    SELECT document_id, parent_id, 0 AS depth FROM documents WHERE document_id = :document
    UNION ALL
    SELECT documents.document_id, documents.parent_id, depth + 1
    FROM documents JOIN above ON documents.document_id = above.parent_id
), below AS (
    SELECT document_id FROM above WHERE parent_id IS NULL
    UNION ALL
    SELECT documents.document_id FROM documents JOIN below ON documents.parent_id = below.document_id
)
SELECT (SELECT max(depth) FROM above) AS depth, (SELECT count(*) - 1 FROM below) AS parts
""").bindparams(bindparam("document", type_=Uuid))

# The parts of the new version take the place of those of the earlier one together with it, whether they are read yet
# or not: a member that an archive has lost must not be found any more.
_REPLACE_PARTS: Final = text("""
WITH RECURSIVE part AS (
    SELECT document_id FROM documents WHERE document_id = ANY(:earlier)
    UNION ALL
    SELECT documents.document_id FROM documents JOIN part ON documents.parent_id = part.document_id
), gone AS (
    UPDATE documents SET status = 'replaced', stage = NULL, replaced_by = :newer, chunk_count = 0
    WHERE document_id IN (SELECT document_id FROM part) AND document_id <> :newer
)
DELETE FROM chunks WHERE document_id IN (SELECT document_id FROM part)
""").bindparams(bindparam("newer", type_=Uuid), bindparam("earlier", type_=ARRAY(Uuid)))

# Two letters of one name may each hold a file of the same name: parts go with their whole only.
_HAS_VERSIONS: Final = "base_id IS NOT NULL AND path IS NOT NULL AND parent_id IS NULL AS has_versions"

# As JSON, which is written in one go and read in one go: parameters of their own cost more than the pages. And in one
# statement, for each has its price here and there.
_INSERT: Final = """
WITH page AS (
    INSERT INTO pages (
        document_id, number, text, status, reason, label, width, height, confidence, blocks, words, links
    )
    SELECT :document, given.* FROM json_to_recordset(CAST(:pages AS json)) AS given (
        number integer, text text, status text, reason text, label text, width double precision,
        height double precision, confidence real, blocks jsonb, words jsonb, links jsonb
    )
), chunk AS (
    {chunks}
)
UPDATE documents SET pages_read = pages_read + :pages_read, chunk_count = chunk_count + :chunk_count{changes}
WHERE document_id = :document AND (:durable OR set_config('synchronous_commit', 'off', true) IS NOT NULL)
RETURNING {returned}
"""


def _store(changes: str, returned: str) -> TextClause:
    return text(_INSERT.format(chunks=INSERT_CHUNKS, changes=changes, returned=returned)).bindparams(
        bindparam("document", type_=Uuid),
        bindparam("pages", type_=Text),
        bindparam("chunks", type_=Text),
        bindparam("pages_read", type_=Integer),
        bindparam("chunk_count", type_=Integer),
        bindparam("durable", type_=Boolean),
    )


_STORE: Final[Mapping[AfterPages | None, TextClause]] = {
    None: _store("", _HAS_VERSIONS),
    "recognising": _store(", stage = 'recognising'", _HAS_VERSIONS),
    "ready": _store(
        ", status = 'ready', stage = NULL, error_code = NULL, error_reason = NULL", f"{_HAS_VERSIONS}, {ANNOUNCE}"
    ),
}


def _page_columns(page: Page) -> dict[str, Any]:
    return {
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
