"""Documents and their pages in PostgreSQL."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Row,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    union,
    update,
)

from samovar.domain.actor import Actor
from samovar.domain.document import Document, Page
from samovar.domain.errors import NotFound
from samovar.domain.ids import ChatId, DocumentId, UserId
from samovar.storage.connection import Connection
from samovar.storage.tables import chat_documents, chats, documents, pages

__all__ = ["PostgresDocuments", "delete_documents"]

_WITHOUT_NUMBER = 0
#: The first half of the advisory lock on a blob; the second is a hash of its name.
_BLOB_LOCKS: Final = 0x5A31


class PostgresDocuments:
    """Implements the port ``Documents``."""

    def __init__(self, connection: Connection) -> None:
        """Work on the connection of one transaction."""
        self._connection = connection

    async def add(self, actor: Actor, document: Document, *, chat_id: ChatId | None) -> None:
        """Store a document and attach it to a chat, or put it into the library. Raises: NotFound."""
        await self._connection.execute(
            insert(documents).values(
                document_id=document.document_id,
                owner_id=actor.user_id,
                name=document.name,
                kind=document.kind,
                media_type=document.media_type,
                size_bytes=document.size_bytes,
                sha256=document.sha256,
                status=document.status,
                error_code=document.error_code,
                page_count=document.page_count,
                in_library=chat_id is None,
                created_at=document.created_at,
            )
        )
        if chat_id is None:
            return
        source = select(chats.c.chat_id, literal(document.document_id, documents.c.document_id.type)).where(
            chats.c.chat_id == chat_id, chats.c.owner_id == actor.user_id
        )
        attach = insert(chat_documents).from_select(["chat_id", "document_id"], source)
        attached = await self._connection.execute(attach.returning(chat_documents.c.chat_id))
        if attached.one_or_none() is None:
            raise NotFound(what="chat")

    async def access(self, actor: Actor, document_id: DocumentId) -> Document:
        """Read one document. Raises: NotFound."""
        row = (await self._connection.execute(select(documents).where(_own(actor, document_id)))).one_or_none()
        if row is None:
            raise NotFound(what="document")
        return _document(row)

    async def of_chat(self, actor: Actor, chat_id: ChatId) -> tuple[Document, ...]:
        """List the documents attached to a chat, oldest first. Raises: NotFound."""
        rows = (await self._connection.execute(_OF_CHAT, {"of_chat": chat_id, "of_owner": actor.user_id})).all()
        if not rows:
            raise NotFound(what="chat")
        return tuple(_document(row) for row in rows if row.document_id is not None)

    async def by_content(self, actor: Actor, sha256: str, *, chat_id: ChatId | None) -> Document | None:
        """Find a ready document of the same bytes in the same chat (or library)."""
        place: ColumnElement[bool] = documents.c.in_library
        if chat_id is not None:
            place = exists().where(
                chat_documents.c.document_id == documents.c.document_id,
                chat_documents.c.chat_id == chat_id,
                chats.c.chat_id == chat_documents.c.chat_id,
                chats.c.owner_id == actor.user_id,
            )
        statement = (
            select(documents)
            .where(
                documents.c.owner_id == actor.user_id,
                documents.c.sha256 == sha256,
                documents.c.status == "ready",
                place,
            )
            .order_by(documents.c.position)
            .limit(1)
        )
        row = (await self._connection.execute(statement)).one_or_none()
        return _document(row) if row else None

    async def add_pages(self, document_id: DocumentId, pages: Sequence[Page]) -> None:
        """Store the pages of a document. Raises: NotFound when it was deleted."""
        if pages:
            await self._connection.execute(insert(_pages), [_page_columns(document_id, page) for page in pages])

    async def pages(self, actor: Actor, document_id: DocumentId) -> tuple[Page, ...]:
        """Read all pages, in order. Raises: NotFound."""
        statement = (
            select(_pages)
            .join(documents, documents.c.document_id == _pages.c.document_id)
            .where(_own(actor, document_id))
            .order_by(_pages.c.number)
        )
        found = tuple(_page(row) for row in await self._connection.execute(statement))
        if not found:
            await self.access(actor, document_id)
        return found

    async def page(self, actor: Actor, document_id: DocumentId, number: int | None) -> Page:
        """Read one page (None: the document has no pages). Raises: NotFound."""
        statement = (
            select(_pages)
            .join(documents, documents.c.document_id == _pages.c.document_id)
            .where(_own(actor, document_id), _pages.c.number == (_WITHOUT_NUMBER if number is None else number))
        )
        row = (await self._connection.execute(statement)).one_or_none()
        if row is None or number == _WITHOUT_NUMBER:
            raise NotFound(what="page")
        return _page(row)

    async def remove(self, actor: Actor, document_id: DocumentId) -> tuple[str, ...]:
        """Delete a document everywhere; return the hashes of blobs left without reference."""
        await self.access(actor, document_id)
        return await delete_documents(self._connection, _own(actor, document_id))

    async def hold_blob(self, sha256: str) -> bool:
        """Hold a blob until the transaction ends; return whether a document refers to it."""
        await self._connection.execute(select(func.pg_advisory_xact_lock(_BLOB_LOCKS, func.hashtext(sha256))))
        used = select(exists().where(or_(documents.c.sha256 == sha256, documents.c.picture_sha256 == sha256)))
        return bool((await self._connection.execute(used)).scalar_one())

    async def set_picture(self, document_id: DocumentId, sha256: str, media_type: str) -> None:
        """Remember the blob of the re-encoded picture. Raises: NotFound when the document was deleted."""
        statement = (
            update(documents)
            .where(documents.c.document_id == document_id)
            .values(picture_sha256=sha256, picture_media_type=media_type)
        )
        if (await self._connection.execute(statement)).rowcount == 0:
            raise NotFound(what="document")

    async def picture(self, actor: Actor, document_id: DocumentId) -> tuple[str, str]:
        """Read (sha256, media type) of the re-encoded picture. Raises: NotFound."""
        statement = select(documents.c.picture_sha256, documents.c.picture_media_type).where(_own(actor, document_id))
        row = (await self._connection.execute(statement)).one_or_none()
        if row is None:
            raise NotFound(what="document")
        if row.picture_sha256 is None:
            raise NotFound(what="picture")
        return row.picture_sha256, row.picture_media_type


async def delete_documents(connection: Connection, condition: ColumnElement[bool]) -> tuple[str, ...]:
    """Delete the documents that match; return the hashes of blobs nothing refers to any more."""
    statement = delete(documents).where(condition).returning(documents.c.sha256, documents.c.picture_sha256)
    rows = (await connection.execute(statement)).all()
    hashes = {sha256 for row in rows for sha256 in row if sha256 is not None}
    if not hashes:
        return ()
    needed = union(
        *(select(column).where(column.in_(hashes)) for column in (documents.c.sha256, documents.c.picture_sha256))
    )
    return tuple(sorted(hashes.difference((await connection.execute(needed)).scalars())))


# Inside the class the name of the table is taken by the method.
_pages = pages


def _own(actor: Actor, document_id: DocumentId) -> ColumnElement[bool]:
    return and_(documents.c.document_id == document_id, documents.c.owner_id == actor.user_id)


def _document(row: Row[Any]) -> Document:
    return Document(
        document_id=DocumentId(row.document_id),
        owner_id=UserId(row.owner_id),
        name=row.name,
        kind=row.kind,
        media_type=row.media_type,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        status=row.status,
        error_code=row.error_code,
        page_count=row.page_count,
        created_at=row.created_at,
    )


def _page_columns(document_id: DocumentId, page: Page) -> dict[str, Any]:
    return {
        "document_id": document_id,
        "number": _WITHOUT_NUMBER if page.number is None else page.number,
        "text": page.text,
        "status": page.status,
        "reason": page.reason,
        "width": page.width,
        "height": page.height,
        "exact_places": page.exact_places,
    }


def _page(row: Row[Any]) -> Page:
    return Page(
        number=None if row.number == _WITHOUT_NUMBER else row.number,
        text=row.text,
        status=row.status,
        reason=row.reason,
        width=row.width,
        height=row.height,
        exact_places=row.exact_places,
    )


# A chat without documents is one row without a document; a chat of somebody else is none.
_OF_CHAT: Final = (
    select(documents)
    .select_from(chats)
    .outerjoin(chat_documents, chat_documents.c.chat_id == chats.c.chat_id)
    .outerjoin(
        documents,
        and_(documents.c.document_id == chat_documents.c.document_id, documents.c.owner_id == bindparam("of_owner")),
    )
    .where(chats.c.chat_id == bindparam("of_chat"), chats.c.owner_id == bindparam("of_owner"))
    .order_by(documents.c.position)
)
