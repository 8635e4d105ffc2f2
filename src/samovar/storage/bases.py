"""Knowledge bases in PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, bindparam, delete, func, insert, select, update

from samovar.domain.actor import Actor
from samovar.domain.document import DocumentStatus, KnowledgeBase
from samovar.domain.errors import Conflict, NotFound
from samovar.domain.ids import BaseId, ChatId, UserId
from samovar.storage.connection import Connection
from samovar.storage.documents import delete_documents
from samovar.storage.rights import readable_base, readable_document
from samovar.storage.tables import chat_bases, chats, documents, knowledge_bases

__all__ = ["PostgresBases"]


class PostgresBases:
    """Implements the port ``Bases``."""

    def __init__(self, connection: Connection) -> None:
        """Work on the connection of one transaction."""
        self._connection = connection

    async def add(self, actor: Actor, base: KnowledgeBase) -> None:
        """Store a base. Raises: Conflict when the actor has one of that name."""
        statement = insert(knowledge_bases).values(
            base_id=base.base_id,
            owner_id=actor.user_id,
            name=base.name,
            describes_figures=base.describes_figures,
            is_shared=base.is_shared,
            created_at=base.created_at,
        )
        await self._write(statement)

    async def list(self, actor: Actor) -> tuple[KnowledgeBase, ...]:
        """List the own bases, oldest first."""
        return await self._list(knowledge_bases.c.owner_id == actor.user_id)

    async def view_all(self, actor: Actor) -> tuple[KnowledgeBase, ...]:
        """List the own bases and then those that others share, oldest first."""
        found = await self._list(readable_base(actor))
        return tuple(sorted(found, key=lambda base: base.owner_id != actor.user_id))

    async def access(self, actor: Actor, base_id: BaseId) -> KnowledgeBase:
        """Read one base of the actor's own. Raises: NotFound."""
        wanted = {"actor": actor.user_id, "base": base_id}
        row = (await self._connection.execute(_ACCESS, wanted)).one_or_none()
        if row is None:
            raise NotFound(what="knowledge base")
        return _base(row)

    async def view(self, actor: Actor, base_id: BaseId) -> KnowledgeBase:
        """Read one base, which may be somebody else's. Raises: NotFound."""
        statement = select(knowledge_bases).where(knowledge_bases.c.base_id == base_id, readable_base(actor))
        row = (await self._connection.execute(statement)).one_or_none()
        if row is None:
            raise NotFound(what="knowledge base")
        return _base(row)

    async def by_name(self, actor: Actor, name: str) -> KnowledgeBase | None:
        """Find an own base by its exact name."""
        wanted = {"actor": actor.user_id, "name": name}
        row = (await self._connection.execute(_BY_NAME, wanted)).one_or_none()
        return None if row is None else _base(row)

    async def save(self, actor: Actor, base: KnowledgeBase) -> None:
        """Write name and choices, and whether it is shared. Raises: NotFound, Conflict when the name is taken."""
        statement = (
            update(knowledge_bases)
            .where(_own(actor, base.base_id))
            .values(name=base.name, describes_figures=base.describes_figures, is_shared=base.is_shared)
        )
        if await self._write(statement) == 0:
            raise NotFound(what="knowledge base")

    async def remove(self, actor: Actor, base_id: BaseId) -> tuple[str, ...]:
        """Delete a base with its documents; return the hashes of blobs left without reference. Raises: NotFound."""
        await self.access(actor, base_id)
        unused = await delete_documents(
            self._connection, and_(documents.c.base_id == base_id, documents.c.owner_id == actor.user_id)
        )
        await self._connection.execute(delete(knowledge_bases).where(_own(actor, base_id)))
        return unused

    async def view_counts(self, actor: Actor) -> Mapping[BaseId, Mapping[DocumentStatus, int]]:
        """Count the documents of each base by status; a base without documents is missing."""
        statement = (
            select(documents.c.base_id, documents.c.status, func.count().label("found"))
            .where(readable_document(actor), documents.c.base_id.is_not(None))
            .group_by(documents.c.base_id, documents.c.status)
        )
        counts: dict[BaseId, dict[DocumentStatus, int]] = {}
        for row in await self._connection.execute(statement):
            counts.setdefault(BaseId(row.base_id), {})[row.status] = row.found
        return counts

    async def of_chat(self, actor: Actor, chat_id: ChatId) -> tuple[KnowledgeBase, ...]:
        """List the bases that an own chat searches and that may be read, oldest first. Raises: NotFound."""
        await self._require_chat(actor, chat_id)
        statement = (
            select(knowledge_bases)
            .join(chat_bases, chat_bases.c.base_id == knowledge_bases.c.base_id)
            .where(chat_bases.c.chat_id == chat_id, readable_base(actor))
            .order_by(knowledge_bases.c.position)
        )
        return tuple(_base(row) for row in await self._connection.execute(statement))

    async def set_of_chat(self, actor: Actor, chat_id: ChatId, base_ids: Sequence[BaseId]) -> None:
        """Choose the bases that an own chat searches, own and shared ones. Raises: NotFound."""
        await self._require_chat(actor, chat_id)
        await self._connection.execute(delete(chat_bases).where(chat_bases.c.chat_id == chat_id))
        for base_id in dict.fromkeys(base_ids):
            await self.view(actor, base_id)
            await self._connection.execute(insert(chat_bases).values(chat_id=chat_id, base_id=base_id))

    async def _list(self, condition: ColumnElement[bool]) -> tuple[KnowledgeBase, ...]:
        statement = select(knowledge_bases).where(condition).order_by(knowledge_bases.c.position)
        return tuple(_base(row) for row in await self._connection.execute(statement))

    async def _require_chat(self, actor: Actor, chat_id: ChatId) -> None:
        statement = select(chats.c.chat_id).where(chats.c.chat_id == chat_id, chats.c.owner_id == actor.user_id)
        if (await self._connection.execute(statement)).one_or_none() is None:
            raise NotFound(what="chat")

    async def _write(self, statement: Any) -> int:
        try:
            return (await self._connection.execute(statement)).rowcount
        except Conflict as error:
            raise Conflict(reason="a knowledge base of this name exists already") from error


# Asked for each file that is taken in, so put together once.
_BY_NAME: Final = select(knowledge_bases).where(
    knowledge_bases.c.owner_id == bindparam("actor"), knowledge_bases.c.name == bindparam("name")
)
_ACCESS: Final = select(knowledge_bases).where(
    knowledge_bases.c.base_id == bindparam("base"), knowledge_bases.c.owner_id == bindparam("actor")
)


def _own(actor: Actor, base_id: BaseId) -> ColumnElement[bool]:
    return and_(knowledge_bases.c.base_id == base_id, knowledge_bases.c.owner_id == actor.user_id)


def _base(row: Row[Any]) -> KnowledgeBase:
    return KnowledgeBase(
        base_id=BaseId(row.base_id),
        owner_id=UserId(row.owner_id),
        name=row.name,
        describes_figures=row.describes_figures,
        is_shared=row.is_shared,
        created_at=row.created_at,
    )
