"""Example sets in PostgreSQL."""

from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, select

from samovar.domain.actor import Actor
from samovar.domain.errors import NotFound
from samovar.domain.examples import Example, ExampleSet, ExampleSetOutline
from samovar.domain.ids import ExampleSetId, UserId
from samovar.storage.connection import Connection
from samovar.storage.tables import example_sets

__all__ = ["PostgresExampleSets"]


class PostgresExampleSets:
    """Implements the port ``ExampleSets``."""

    def __init__(self, connection: Connection) -> None:
        """Work on the connection of one transaction."""
        self._connection = connection

    async def add(self, actor: Actor, examples: ExampleSet) -> None:
        """Store a set."""
        statement = insert(example_sets).values(
            examples_id=examples.examples_id,
            owner_id=actor.user_id,
            name=examples.name,
            instruction=examples.instruction,
            # Pairs: what every example would repeat is said once, here.
            examples=[[example.question, example.answer] for example in examples.examples],
            created_at=examples.created_at,
        )
        await self._connection.execute(statement)

    async def view_all(self, actor: Actor) -> tuple[ExampleSetOutline, ...]:
        """List the sets by name, without their examples; of one name the oldest first."""
        statement = (
            select(
                example_sets.c.examples_id,
                example_sets.c.name,
                example_sets.c.instruction,
                func.jsonb_array_length(example_sets.c.examples).label("count_of_examples"),
                example_sets.c.created_at,
            )
            .where(example_sets.c.owner_id == actor.user_id)
            .order_by(func.lower(example_sets.c.name), example_sets.c.created_at, example_sets.c.examples_id)
        )
        return tuple(
            ExampleSetOutline(
                examples_id=ExampleSetId(row.examples_id),
                name=row.name,
                instruction=row.instruction,
                count=row.count_of_examples,
                created_at=row.created_at,
            )
            for row in await self._connection.execute(statement)
        )

    async def access(self, actor: Actor, examples_id: ExampleSetId) -> ExampleSet:
        """Read one. Raises: NotFound."""
        row = (await self._connection.execute(select(example_sets).where(_own(actor, examples_id)))).one_or_none()
        if row is None:
            raise NotFound(what="example set")
        return _examples(row)

    async def remove(self, actor: Actor, examples_id: ExampleSetId) -> None:
        """Delete one; chats that used it go on without. Raises: NotFound."""
        if (await self._connection.execute(delete(example_sets).where(_own(actor, examples_id)))).rowcount == 0:
            raise NotFound(what="example set")


def _own(actor: Actor, examples_id: ExampleSetId) -> ColumnElement[bool]:
    return and_(example_sets.c.examples_id == examples_id, example_sets.c.owner_id == actor.user_id)


def _examples(row: Row[Any]) -> ExampleSet:
    pairs: list[list[str]] = row.examples
    return ExampleSet(
        examples_id=ExampleSetId(row.examples_id),
        owner_id=UserId(row.owner_id),
        name=row.name,
        instruction=row.instruction,
        examples=tuple(Example(question=question, answer=answer) for question, answer in pairs),
        created_at=row.created_at,
    )
