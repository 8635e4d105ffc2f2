"""Documents and their pages in PostgreSQL."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    DateTime,
    Text,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    text,
    union,
)
from sqlalchemy.types import Uuid

from samovar.domain.actor import Actor
from samovar.domain.document import FILE_FAULTS, Document, DocumentStatus, PageCount
from samovar.domain.errors import NotFound
from samovar.domain.ids import BaseId, ChatId, DocumentId
from samovar.domain.page import Page
from samovar.domain.page_json import encode_outline
from samovar.storage.connection import Connection
from samovar.storage.document_rows import WITHOUT_NUMBER, described_page, document_from, page_from, page_number
from samovar.storage.queue import announce, announcement_of, news_of
from samovar.storage.rights import readable_base, readable_document
from samovar.storage.tables import StoredText, chat_documents, chats, documents, figures, knowledge_bases, pages

__all__ = ["PostgresDocuments", "delete_documents", "unused_blobs"]

#: The first half of the advisory lock on a blob; the second is a hash of its name.
_BLOB_LOCKS: Final = 0x5A31


class PostgresDocuments:
    """Implements the port ``Documents``."""

    def __init__(self, connection: Connection) -> None:
        """Work on the connection of one transaction."""
        self._connection = connection

    async def add(self, actor: Actor, document: Document, *, chat_id: ChatId | None) -> None:
        """Store a document, in the base that it names, and attach it to a chat (None: to none). Raises: NotFound."""
        is_in_own_base = await self.add_unchecked(replace(document, owner_id=actor.user_id))
        # The row is there by now: raising takes it back with the transaction.
        if document.base_id is not None and not is_in_own_base:
            raise NotFound(what="knowledge base")
        if chat_id is None:
            return
        source = select(chats.c.chat_id, literal(document.document_id, documents.c.document_id.type)).where(
            chats.c.chat_id == chat_id, chats.c.owner_id == actor.user_id
        )
        attach = insert(chat_documents).from_select(["chat_id", "document_id"], source)
        attached = await self._connection.execute(attach.returning(chat_documents.c.chat_id))
        if attached.one_or_none() is None:
            raise NotFound(what="chat")

    async def add_unchecked(self, document: Document) -> bool:
        """Store a document for its owner, in the base that it names; not in the port, for nobody is asked.

        Return whether it lies in a base of its owner.
        """
        columns = {
            "document_id": document.document_id,
            "owner_id": document.owner_id,
            "base_id": document.base_id,
            "parent_id": document.parent_id,
            "name": document.name,
            "path": document.path,
            "kind": document.kind,
            "media_type": document.media_type,
            "size_bytes": document.size_bytes,
            "sha256": document.sha256,
            "status": document.status,
            "stage": document.stage,
            "error_code": document.error_code,
            "error_reason": document.error_reason,
            "title": document.title,
            "author": document.author,
            "outline": encode_outline(document.outline),
            "page_count": document.page_count,
            "pages_read": document.pages_read,
            "created_at": document.created_at,
        }
        if document.status == "reading":
            news = {"news": news_of("waiting", document.document_id)}
            added = await self._connection.execute(_ADD_AND_ANNOUNCE, columns | news)
        else:
            added = await self._connection.execute(_ADD, columns)
        return bool(added.one().is_in_own_base)

    async def access(self, actor: Actor, document_id: DocumentId) -> Document:
        """Read one document of the actor's own. Raises: NotFound."""
        row = (await self._connection.execute(_ACCESS, _named(actor, document_id))).one_or_none()
        if row is None:
            raise NotFound(what="document")
        return document_from(row)

    async def view(self, actor: Actor, document_id: DocumentId) -> Document:
        """Read one document, which may be somebody else's. Raises: NotFound."""
        row = (await self._connection.execute(select(documents).where(_readable(actor, document_id)))).one_or_none()
        if row is None:
            raise NotFound(what="document")
        return document_from(row)

    async def of_chat(self, actor: Actor, chat_id: ChatId) -> tuple[Document, ...]:
        """List the documents attached to a chat, oldest first, without replaced ones. Raises: NotFound."""
        rows = (await self._connection.execute(_OF_CHAT, {"of_chat": chat_id, "of_owner": actor.user_id})).all()
        if not rows:
            raise NotFound(what="chat")
        return tuple(document_from(row) for row in rows if row.document_id is not None)

    async def view_base(
        self,
        actor: Actor,
        base_id: BaseId,
        *,
        status: DocumentStatus | None = None,
        name: str | None = None,
        before: DocumentId | None = None,
        limit: int,
    ) -> tuple[Document, ...]:
        """List the documents of a base, newest first. Raises: NotFound."""
        await self._require_base(base_id, readable_base(actor))
        statement = select(documents).where(documents.c.base_id == base_id, readable_document(actor))
        if status is None:
            statement = statement.where(documents.c.status != "replaced")
        else:
            statement = statement.where(documents.c.status == status)
        if name:
            shown = func.lower(func.concat(documents.c.name, " ", func.coalesce(documents.c.path, "")))
            statement = statement.where(func.strpos(shown, func.lower(literal(name, StoredText))) > 0)
        if before is not None:
            last = documents.alias("last")
            earlier = select(last.c.position).where(last.c.document_id == before, last.c.base_id == base_id)
            statement = statement.where(documents.c.position < earlier.scalar_subquery())
        rows = await self._connection.execute(statement.order_by(documents.c.position.desc()).limit(limit))
        return tuple(document_from(row) for row in rows)

    async def view_parts(self, actor: Actor, document_id: DocumentId) -> tuple[Document, ...]:
        """List the documents that were attached to one, oldest first."""
        statement = (
            select(documents)
            .where(documents.c.parent_id == document_id, readable_document(actor))
            .order_by(documents.c.position)
        )
        return tuple(document_from(row) for row in await self._connection.execute(statement))

    async def by_content(
        self, actor: Actor, sha256: str, *, chat_id: ChatId | None, base_id: BaseId | None
    ) -> Document | None:
        """Find a document of the same bytes in the same chat or base, itself no part, that is ready or being read."""
        wanted: dict[str, object] = {"actor": actor.user_id, "content": sha256}
        if chat_id is not None:
            found = await self._connection.execute(_SAME_IN_CHAT, {**wanted, "chat": chat_id})
        else:
            found = await self._connection.execute(_SAME_IN_BASE, {**wanted, "base": base_id})
        row = found.one_or_none()
        return document_from(row) if row else None

    async def by_path(self, actor: Actor, base_id: BaseId, path: str) -> Document | None:
        """Find the version of a file in force, the newest if there are several."""
        statement = (
            select(documents)
            .where(
                documents.c.owner_id == actor.user_id,
                documents.c.base_id == base_id,
                documents.c.path == path,
                documents.c.parent_id.is_(None),
                documents.c.status.in_(("ready", "reading")),
            )
            .order_by(documents.c.position.desc())
            .limit(1)
        )
        row = (await self._connection.execute(statement)).one_or_none()
        return document_from(row) if row else None

    async def view_pages(self, actor: Actor, document_id: DocumentId) -> tuple[Page, ...]:
        """Read what is known of all pages, in order, without what stands on them. Raises: NotFound."""
        statement = (
            select(*(column for column in pages.c if column.name not in _ON_THE_PAGE))
            .join(documents, documents.c.document_id == pages.c.document_id)
            .where(_readable(actor, document_id))
            .order_by(pages.c.number)
        )
        found = tuple(described_page(row) for row in await self._connection.execute(statement))
        if not found:
            await self.view(actor, document_id)
        return found

    async def view_page_counts(
        self, actor: Actor, document_ids: Sequence[DocumentId]
    ) -> Mapping[DocumentId, tuple[PageCount, ...]]:
        """Count the pages of many documents by how they were read; a document without pages is left out."""
        statement = (
            select(
                pages.c.document_id,
                pages.c.status,
                pages.c.reason,
                func.count().label("counted"),
                func.avg(pages.c.confidence).label("confidence"),
            )
            .join(documents, documents.c.document_id == pages.c.document_id)
            .where(readable_document(actor), documents.c.document_id.in_(document_ids))
            .group_by(pages.c.document_id, pages.c.status, pages.c.reason)
            .order_by(pages.c.status, pages.c.reason)
        )
        found: dict[DocumentId, tuple[PageCount, ...]] = {}
        for row in await self._connection.execute(statement):
            count = PageCount(status=row.status, reason=row.reason, pages=row.counted, confidence=row.confidence)
            found[DocumentId(row.document_id)] = (*found.get(DocumentId(row.document_id), ()), count)
        return found

    async def view_pages_of(
        self, actor: Actor, document_ids: Sequence[DocumentId]
    ) -> Mapping[DocumentId, tuple[Page, ...]]:
        """Read what is known of all pages of many documents; one without pages, or not to be read, is missing."""
        statement = (
            select(*(column for column in pages.c if column.name not in _ON_THE_PAGE))
            .join(documents, documents.c.document_id == pages.c.document_id)
            .where(readable_document(actor), documents.c.document_id.in_(document_ids))
            .order_by(pages.c.document_id, pages.c.number)
        )
        found: dict[DocumentId, list[Page]] = {}
        for row in await self._connection.execute(statement):
            found.setdefault(DocumentId(row.document_id), []).append(described_page(row))
        return {document_id: tuple(pages) for document_id, pages in found.items()}

    async def view_page(self, actor: Actor, document_id: DocumentId, number: int | None) -> Page:
        """Read one page (None: the document has no pages). Raises: NotFound."""
        statement = (
            select(pages)
            .join(documents, documents.c.document_id == pages.c.document_id)
            .where(_readable(actor, document_id), pages.c.number == page_number(number))
        )
        row = (await self._connection.execute(statement)).one_or_none()
        if row is None or number == WITHOUT_NUMBER:
            raise NotFound(what="page")
        return page_from(row)

    async def view_places(
        self, actor: Actor, document_id: DocumentId, words: str, *, limit: int
    ) -> tuple[tuple[int | None, int, int], ...]:
        """Find where words occur, in any case and with any white space. Raises: NotFound."""
        await self.view(actor, document_id)
        parameters = {"document": document_id, "pattern": _pattern(words), "limit": limit}
        return tuple(
            (row.number or None, row.start, row.start + row.length)
            for row in await self._connection.execute(_FIND, parameters)
        )

    async def remove(self, actor: Actor, document_id: DocumentId) -> tuple[str, ...]:
        """Delete a document with its parts; return the hashes of blobs left without reference. Raises: NotFound."""
        await self.access(actor, document_id)
        return await delete_documents(self._connection, _own(actor, document_id))

    async def access_unread(self, actor: Actor, document_id: DocumentId) -> tuple[Document, int]:
        """Read one document of the actor's own, and count what of it is being read: itself, or all that was inside.

        What was inside, however deep, is looked for only once the document itself is read. Raises: NotFound.
        """
        row = (await self._connection.execute(_ACCESS_UNREAD, _named(actor, document_id))).one_or_none()
        if row is None:
            raise NotFound(what="document")
        return document_from(row), row.unread

    async def with_parts(self, actor: Actor, document_id: DocumentId) -> tuple[Document, ...]:
        """Read a document and all that was inside it, however deep, oldest first. Raises: NotFound."""
        inside = _own_and_parts(actor, document_id)
        statement = (
            select(documents)
            .where(documents.c.document_id.in_(select(inside.c.document_id)))
            .order_by(documents.c.position)
        )
        found = tuple(document_from(row) for row in await self._connection.execute(statement))
        if not found:
            raise NotFound(what="document")
        return found

    async def hold_blob(self, sha256: str) -> datetime:
        """Hold a blob until the transaction ends; return the time when that began, by the database's clock.

        A statement by itself: what was committed while this one waited is seen by the next.
        """
        held_at: datetime = (await self._connection.execute(_HOLD_BLOB, {"sha256": sha256})).one().held_at
        return held_at

    async def needs_blob(self, sha256: str) -> bool:
        """Tell whether a document or a figure refers to a blob, which is held: nothing changes that then."""
        return bool((await self._connection.execute(_NEEDS_BLOB, {"sha256": sha256})).scalar_one())

    async def unused_blobs(self, hashes: set[str]) -> tuple[str, ...]:
        """Tell which of these blobs neither a document nor a figure refers to, sorted."""
        return await unused_blobs(self._connection, hashes)

    async def _require_base(self, base_id: BaseId, condition: ColumnElement[bool]) -> None:
        statement = select(knowledge_bases.c.base_id).where(knowledge_bases.c.base_id == base_id, condition)
        if (await self._connection.execute(statement)).one_or_none() is None:
            raise NotFound(what="knowledge base")


async def delete_documents(connection: Connection, condition: ColumnElement[bool]) -> tuple[str, ...]:
    """Delete the documents that match, with their parts; return the hashes of blobs nothing refers to any more."""
    doomed = select(documents.c.document_id).where(condition).cte("doomed", recursive=True)
    doomed = doomed.union_all(select(documents.c.document_id).where(documents.c.parent_id == doomed.c.document_id))
    # Held first: whoever reads one of them may be about to store pictures, which belong to what is deleted then.
    held = select(documents.c.document_id).where(documents.c.document_id.in_(select(doomed.c.document_id)))
    removed = set((await connection.execute(held.with_for_update())).scalars())
    if not removed:
        return ()
    rows = (
        await connection.execute(
            union(
                select(documents.c.sha256).where(documents.c.document_id.in_(removed)),
                select(figures.c.sha256).where(figures.c.document_id.in_(removed)),
            )
        )
    ).all()
    await connection.execute(delete(documents).where(documents.c.document_id.in_(removed)))
    for document_id in removed:
        await announce(connection, "stopped", document_id)
    return await unused_blobs(connection, {row.sha256 for row in rows})


async def unused_blobs(connection: Connection, hashes: set[str]) -> tuple[str, ...]:
    """Tell which of these blobs nothing refers to."""
    if not hashes:
        return ()
    needed = union(
        select(documents.c.sha256).where(documents.c.sha256.in_(hashes), _KEEPS_BYTES),
        select(figures.c.sha256).where(figures.c.sha256.in_(hashes)),
    )
    return tuple(sorted(hashes.difference((await connection.execute(needed)).scalars())))


_ON_THE_PAGE: Final = frozenset({"text", "blocks", "words", "links"})


#: As ``Document.keeps_bytes``.
_KEEPS_BYTES: Final = or_(
    documents.c.status != "failed",
    documents.c.error_code.is_(None),
    ~documents.c.error_code.startswith(FILE_FAULTS, autoescape=True),
)


# What is selected is worked out from left to right, so the clock is read once the lock is there.
_HOLD_BLOB: Final = select(
    func.pg_advisory_xact_lock(_BLOB_LOCKS, func.hashtext(bindparam("sha256", type_=Text))),
    func.clock_timestamp(type_=DateTime(timezone=True)).label("held_at"),
)
_NEEDS_BLOB: Final = select(
    or_(
        exists().where(documents.c.sha256 == bindparam("sha256"), _KEEPS_BYTES),
        exists().where(figures.c.sha256 == bindparam("sha256")),
    )
)


# What is asked for each file that is taken in is put together once. A base of somebody else is found out along with the
# storing; the columns of the new row are spelt out, for as columns of the table they would mean all its rows.
_ADD: Final = insert(documents).returning(
    exists()
    .where(
        knowledge_bases.c.base_id == literal_column("documents.base_id"),
        knowledge_bases.c.owner_id == literal_column("documents.owner_id"),
    )
    .label("is_in_own_base")
)
_ADD_AND_ANNOUNCE: Final = _ADD.returning(announcement_of(bindparam("news", type_=Text)))

_ACCESS: Final = select(documents).where(
    documents.c.document_id == bindparam("document"), documents.c.owner_id == bindparam("actor")
)

_part = documents.alias("part")
_direct = select(_part.c.document_id).where(_part.c.parent_id == bindparam("document")).cte("inside", recursive=True)
_inside = _direct.union_all(select(_part.c.document_id).where(_part.c.parent_id == _direct.c.document_id))
_ACCESS_UNREAD: Final = _ACCESS.add_columns(
    case(
        (documents.c.status == "reading", 1),
        else_=select(func.count())
        .select_from(_part)
        .where(_part.c.document_id.in_(select(_inside.c.document_id)), _part.c.status == "reading")
        .scalar_subquery(),
    ).label("unread")
)

_SAME: Final = (
    select(documents)
    .where(
        documents.c.owner_id == bindparam("actor"),
        documents.c.sha256 == bindparam("content"),
        documents.c.status.in_(("ready", "reading")),
        # What lies in an archive goes when the archive does.
        documents.c.parent_id.is_(None),
    )
    .order_by(documents.c.position)
    .limit(1)
)
# Neither chat nor base is a place too: that of documents that lie in no base.
_SAME_IN_BASE: Final = _SAME.where(documents.c.base_id.is_not_distinct_from(bindparam("base")))
_SAME_IN_CHAT: Final = _SAME.where(
    exists().where(
        chat_documents.c.document_id == documents.c.document_id,
        chat_documents.c.chat_id == bindparam("chat"),
        chats.c.chat_id == chat_documents.c.chat_id,
        chats.c.owner_id == bindparam("actor"),
    )
)


def _named(actor: Actor, document_id: DocumentId) -> dict[str, object]:
    return {"actor": actor.user_id, "document": document_id}


def _own_and_parts(actor: Actor, document_id: DocumentId) -> CTE:
    whole = select(documents.c.document_id).where(_own(actor, document_id)).cte("whole", recursive=True)
    return whole.union_all(select(documents.c.document_id).where(documents.c.parent_id == whole.c.document_id))


def _own(actor: Actor, document_id: DocumentId) -> ColumnElement[bool]:
    return and_(documents.c.document_id == document_id, documents.c.owner_id == actor.user_id)


def _readable(actor: Actor, document_id: DocumentId) -> ColumnElement[bool]:
    return and_(documents.c.document_id == document_id, readable_document(actor))


def _pattern(words: str) -> str:
    """A regular expression for words with any white space, or a soft hyphen, between and in them."""
    return r"\s+".join(re.sub(r"([^\w\s])", r"\\\1", word) for word in words.split())


# The pieces between the places and the places themselves, each found in one pass: to ask for the place of the n-th
# occurrence costs a pass for each.
_FIND: Final = text("""
SELECT number, start, length FROM pages, LATERAL (
    SELECT sum(length(piece) + length(found[1])) OVER (ORDER BY place) - length(found[1]) AS start,
        length(found[1]) AS length
    FROM ROWS FROM (regexp_split_to_table(pages.text, :pattern, 'i'), regexp_matches(pages.text, :pattern, 'gi'))
        WITH ORDINALITY AS split (piece, found, place)
    WHERE found IS NOT NULL
) AS places
WHERE document_id = :document
ORDER BY number, start
LIMIT :limit
""").bindparams(bindparam("document", type_=Uuid), bindparam("pattern", type_=StoredText))


# A chat without documents is one row without a document; a chat of somebody else is none.
_OF_CHAT: Final = (
    select(documents)
    .select_from(chats)
    .outerjoin(chat_documents, chat_documents.c.chat_id == chats.c.chat_id)
    .outerjoin(
        documents,
        and_(
            documents.c.document_id == chat_documents.c.document_id,
            documents.c.owner_id == bindparam("of_owner"),
            documents.c.status != "replaced",
        ),
    )
    .where(chats.c.chat_id == bindparam("of_chat"), chats.c.owner_id == bindparam("of_owner"))
    .order_by(documents.c.position)
)
