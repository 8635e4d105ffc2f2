"""The library of prompts in PostgreSQL."""

from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, null, select, update

from samovar.domain.actor import Actor
from samovar.domain.errors import Conflict, NotFound
from samovar.domain.ids import PromptId, UserId
from samovar.domain.parameters import GenerationParameters
from samovar.domain.prompts import SavedPrompt
from samovar.storage.connection import Connection
from samovar.storage.rights import readable_prompt
from samovar.storage.tables import prompts

__all__ = ["PostgresPrompts"]


class PostgresPrompts:
    """Implements the port ``Prompts``."""

    def __init__(self, connection: Connection) -> None:
        """Work on the connection of one transaction."""
        self._connection = connection

    async def add(self, actor: Actor, prompt: SavedPrompt) -> None:
        """Store a prompt. Raises: Conflict when the actor has one of this name."""
        statement = insert(prompts).values(
            prompt_id=prompt.prompt_id,
            owner_id=actor.user_id,
            created_at=prompt.created_at,
            updated_at=prompt.updated_at,
            **_editable(prompt),
        )
        await self._write(statement)

    async def view_all(self, actor: Actor) -> tuple[SavedPrompt, ...]:
        """List the actor's own and everybody's shared ones, by name; of one name the actor's own first."""
        statement = (
            select(prompts)
            .where(readable_prompt(actor))
            .order_by(func.lower(prompts.c.name), prompts.c.owner_id != actor.user_id, prompts.c.prompt_id)
        )
        return tuple(_prompt(row) for row in await self._connection.execute(statement))

    async def access(self, actor: Actor, prompt_id: PromptId) -> SavedPrompt:
        """Read one of the actor's own, to change it. Raises: NotFound."""
        row = (await self._connection.execute(select(prompts).where(_own(actor, prompt_id)))).one_or_none()
        if row is None:
            raise NotFound(what="prompt")
        return _prompt(row)

    async def save(self, actor: Actor, prompt: SavedPrompt) -> None:
        """Write one of the actor's own; sets ``updated_at``. Raises: NotFound, Conflict when the name is taken."""
        statement = (
            update(prompts)
            .where(_own(actor, prompt.prompt_id))
            .values(updated_at=func.clock_timestamp(), **_editable(prompt))
        )
        if await self._write(statement) == 0:
            raise NotFound(what="prompt")

    async def remove(self, actor: Actor, prompt_id: PromptId) -> None:
        """Delete one of the actor's own. Raises: NotFound."""
        if (await self._connection.execute(delete(prompts).where(_own(actor, prompt_id)))).rowcount == 0:
            raise NotFound(what="prompt")

    async def _write(self, statement: Any) -> int:
        try:
            return (await self._connection.execute(statement)).rowcount
        except Conflict as error:
            raise Conflict(reason="a prompt of this name exists already") from error


def _own(actor: Actor, prompt_id: PromptId) -> ColumnElement[bool]:
    return and_(prompts.c.prompt_id == prompt_id, prompts.c.owner_id == actor.user_id)


def _editable(prompt: SavedPrompt) -> dict[str, object]:
    return {
        "name": prompt.name,
        "title": prompt.title,
        "text": prompt.text,
        "tags": list(prompt.tags),
        "is_shared": prompt.is_shared,
        "system_prompt": prompt.system_prompt,
        "model": prompt.model,
        "parameters": null() if prompt.parameters is None else prompt.parameters.chosen(),
    }


def _prompt(row: Row[Any]) -> SavedPrompt:
    chosen: dict[str, Any] | None = row.parameters
    if chosen is not None and "stop" in chosen:
        chosen = {**chosen, "stop": tuple(chosen["stop"])}
    return SavedPrompt(
        prompt_id=PromptId(row.prompt_id),
        owner_id=UserId(row.owner_id),
        name=row.name,
        title=row.title,
        text=row.text,
        tags=tuple(row.tags),
        is_shared=row.is_shared,
        system_prompt=row.system_prompt,
        model=row.model,
        # Stored by us, checked on its way in.
        parameters=None if chosen is None else GenerationParameters(**chosen),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
