"""The list of chats: shelves, folders, tags, and the part that comes next."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select

from samovar.domain.actor import Actor
from samovar.domain.chat import ChatFilter, ChatPage
from samovar.storage.chat_rows import chat_of
from samovar.storage.connection import Connection
from samovar.storage.tables import chats

__all__ = ["list_chats", "list_folders", "list_tags"]


async def list_chats(
    connection: Connection, actor: Actor, where: ChatFilter, *, before: int | None, limit: int
) -> ChatPage:
    """List the chats, the one changed last first; the first page (``before`` None) begins with every pinned one."""
    wanted = _matching(actor, where)
    pinned = [] if before is not None else (await connection.execute(wanted.where(chats.c.is_pinned))).all()
    others = wanted.where(~chats.c.is_pinned).limit(limit + 1)
    if before is not None:
        others = others.where(chats.c.change < before)
    found = (await connection.execute(others)).all()
    shown = found[:limit]
    return ChatPage(
        chats=tuple(chat_of(row) for row in (*pinned, *shown)),
        next=shown[-1].change if shown and len(found) > limit else None,
    )


async def list_folders(connection: Connection, actor: Actor) -> tuple[str, ...]:
    """The folders that have chats, in order, without the empty name."""
    statement = select(chats.c.folder).distinct().where(chats.c.owner_id == actor.user_id, chats.c.folder != "")
    return _in_order(await connection.execute(statement))


async def list_tags(connection: Connection, actor: Actor) -> tuple[str, ...]:
    """The tags that chats have, in order."""
    statement = select(func.unnest(chats.c.tags).label("tag")).distinct().where(chats.c.owner_id == actor.user_id)
    return _in_order(await connection.execute(statement))


def _in_order(rows: Any) -> tuple[str, ...]:
    names: list[str] = rows.scalars().all()
    # Ё stands with Е in Russian lists, and after Я in Unicode.
    return tuple(sorted(names, key=lambda name: (name.casefold().replace("ё", "е"), name)))


def _matching(actor: Actor, where: ChatFilter) -> Select[Any]:
    wanted: list[ColumnElement[bool]] = [chats.c.owner_id == actor.user_id]
    match where.shelf:
        case "active":
            wanted.append(~chats.c.is_archived)
        case "archived":
            wanted.append(chats.c.is_archived)
        case "all":
            pass
    if where.folder is not None:
        inside = func.starts_with(chats.c.folder, literal(where.folder + "/", chats.c.folder.type))
        wanted.append(or_(chats.c.folder == where.folder, inside))
    if where.tag is not None:
        wanted.append(chats.c.tags.contains([where.tag]))
    return select(chats).where(and_(*wanted)).order_by(chats.c.change.desc())
