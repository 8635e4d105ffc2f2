"""Pictures of documents, their descriptions and entities, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, insert, select, update

from samovar.domain.actor import Actor
from samovar.domain.document import Document, DocumentFigure, Entity, FigureStatus
from samovar.domain.errors import NotFound
from samovar.domain.ids import BaseId, DocumentId
from samovar.domain.page_json import decode_box, encode_box
from samovar.storage.connection import Connection
from samovar.storage.document_rows import WITHOUT_NUMBER, document_from, page_number
from samovar.storage.rights import readable_document
from samovar.storage.tables import documents, entities, figures

__all__ = ["PostgresFigures", "figure_columns"]


class PostgresFigures:
    """Implements the port ``Figures``."""

    def __init__(self, connection: Connection) -> None:
        """Work on the connection of one transaction."""
        self._connection = connection

    async def view_document(self, actor: Actor, document_id: DocumentId) -> tuple[DocumentFigure, ...]:
        """List the pictures of a document in the order of its pages. Raises: NotFound."""
        await self._require(readable_document(actor), document_id)
        statement = (
            select(figures).where(figures.c.document_id == document_id).order_by(figures.c.page, figures.c.number)
        )
        return tuple(_figure(row) for row in await self._connection.execute(statement))

    async def view_documents(
        self, actor: Actor, document_ids: Sequence[DocumentId]
    ) -> Mapping[DocumentId, tuple[DocumentFigure, ...]]:
        """List the pictures of many documents; one without any, or that may not be read, is missing."""
        statement = (
            select(figures)
            .join(documents, documents.c.document_id == figures.c.document_id)
            .where(readable_document(actor), documents.c.document_id.in_(document_ids))
            .order_by(figures.c.document_id, figures.c.page, figures.c.number)
        )
        found: dict[DocumentId, list[DocumentFigure]] = {}
        for row in await self._connection.execute(statement):
            found.setdefault(DocumentId(row.document_id), []).append(_figure(row))
        return {document_id: tuple(listed) for document_id, listed in found.items()}

    async def access(self, actor: Actor, document_id: DocumentId, page: int | None, number: int) -> DocumentFigure:
        """Read one picture of the actor's own. Raises: NotFound."""
        return await self._read(documents.c.owner_id == actor.user_id, document_id, page, number)

    async def view(self, actor: Actor, document_id: DocumentId, page: int | None, number: int) -> DocumentFigure:
        """Read one picture, which may be in somebody else's document. Raises: NotFound."""
        return await self._read(readable_document(actor), document_id, page, number)

    async def _read(
        self, condition: ColumnElement[bool], document_id: DocumentId, page: int | None, number: int
    ) -> DocumentFigure:
        await self._require(condition, document_id)
        row = (await self._connection.execute(select(figures).where(_key(document_id, page, number)))).one_or_none()
        if row is None:
            raise NotFound(what="picture")
        return _figure(row)

    async def view_entities(
        self, actor: Actor, document_id: DocumentId, page: int | None, number: int
    ) -> tuple[Entity, ...]:
        """List what was seen on a picture. Raises: NotFound."""
        await self._require(readable_document(actor), document_id)
        statement = select(_entities).where(_of_figure(document_id, page, number)).order_by(_entities.c.place)
        return tuple(
            Entity(
                kind=row.kind,
                label=row.label,
                box=decode_box(row.box),
                confidence=row.confidence,
                found_by=row.found_by,
            )
            for row in await self._connection.execute(statement)
        )

    async def waiting(self, document_id: DocumentId) -> tuple[DocumentFigure, ...]:
        """List the pictures whose description was asked for and not made yet."""
        statement = (
            select(figures)
            .where(figures.c.document_id == document_id, figures.c.status == "waiting")
            .order_by(figures.c.page, figures.c.number)
        )
        return tuple(_figure(row) for row in await self._connection.execute(statement))

    async def next_waiting(self) -> tuple[Document, DocumentFigure] | None:
        """Find the picture that has waited longest for its description, with its document, which is ready."""
        statement = (
            select(figures)
            .join(documents, documents.c.document_id == figures.c.document_id)
            .where(figures.c.status == "waiting", documents.c.status == "ready")
            .order_by(documents.c.position, figures.c.page, figures.c.number)
            .limit(1)
        )
        row = (await self._connection.execute(statement)).one_or_none()
        if row is None:
            return None
        figure = _figure(row)
        of_it = select(documents).where(documents.c.document_id == figure.document_id)
        return document_from((await self._connection.execute(of_it)).one()), figure

    async def ask(self, document_id: DocumentId, page: int | None, number: int, *, asked_of: str) -> None:
        """Note that a person wants a picture described by a model. Raises: NotFound."""
        await self._update(document_id, page, number, status="waiting", reason=None, asked_of=asked_of)

    async def ask_all(self, base_id: BaseId) -> None:
        """Note that every picture of a base that was never described waits for it now."""
        await self._of_base(base_id, "found", "waiting")

    async def ask_none(self, base_id: BaseId) -> None:
        """Take that back for every picture that no person has asked for."""
        await self._of_base(base_id, "waiting", "found")

    async def explain_waiting(self, reason: str) -> None:
        """Note why nothing is described now, on every picture that waits."""
        waiting = and_(figures.c.status == "waiting", figures.c.reason.is_distinct_from(reason))
        await self._connection.execute(update(figures).where(waiting).values(reason=reason))

    async def _of_base(self, base_id: BaseId, before: FigureStatus, after: FigureStatus) -> None:
        statement = (
            update(figures)
            .where(
                figures.c.document_id == documents.c.document_id,
                documents.c.base_id == base_id,
                figures.c.status == before,
                figures.c.asked_of.is_(None),
            )
            .values(status=after)
        )
        await self._connection.execute(statement)

    async def set_status(
        self, document_id: DocumentId, page: int | None, number: int, status: FigureStatus, reason: str | None = None
    ) -> None:
        """Note what has become of a picture. Raises: NotFound."""
        await self._update(document_id, page, number, status=status, reason=reason, asked_of=None)

    async def describe(
        self, document_id: DocumentId, page: int | None, number: int, *, description: str, described_by: str
    ) -> None:
        """Store a description. Raises: NotFound."""
        await self._update(
            document_id,
            page,
            number,
            status="described",
            reason=None,
            description=description,
            described_by=described_by,
            asked_of=None,
        )

    async def set_entities(
        self, document_id: DocumentId, page: int | None, number: int, entities: Sequence[Entity]
    ) -> None:
        """Put new entities in the place of earlier ones."""
        await self._connection.execute(delete(_entities).where(_of_figure(document_id, page, number)))
        if not entities:
            return
        await self._connection.execute(
            insert(_entities),
            [
                {
                    "document_id": document_id,
                    "page": page_number(page),
                    "figure": number,
                    "place": place,
                    "kind": entity.kind,
                    "label": entity.label,
                    "box": encode_box(entity.box),
                    "confidence": entity.confidence,
                    "found_by": entity.found_by,
                }
                for place, entity in enumerate(entities)
            ],
        )

    async def _update(self, document_id: DocumentId, page: int | None, number: int, **values: object) -> None:
        statement = update(figures).where(_key(document_id, page, number)).values(**values)
        if (await self._connection.execute(statement)).rowcount == 0:
            raise NotFound(what="picture")

    async def _require(self, condition: ColumnElement[bool], document_id: DocumentId) -> None:
        statement = select(documents.c.document_id).where(documents.c.document_id == document_id, condition)
        if (await self._connection.execute(statement)).one_or_none() is None:
            raise NotFound(what="document")


# Inside the class the name of the table is taken by the method.
_entities = entities


def _key(document_id: DocumentId, page: int | None, number: int) -> ColumnElement[bool]:
    return and_(figures.c.document_id == document_id, figures.c.page == page_number(page), figures.c.number == number)


def _of_figure(document_id: DocumentId, page: int | None, number: int) -> ColumnElement[bool]:
    return and_(
        entities.c.document_id == document_id, entities.c.page == page_number(page), entities.c.figure == number
    )


def figure_columns(figure: DocumentFigure) -> dict[str, Any]:
    """Turn a picture into the columns of its row."""
    return {
        "document_id": figure.document_id,
        "page": page_number(figure.page),
        "number": figure.number,
        "sha256": figure.sha256,
        "media_type": figure.media_type,
        "width": figure.width,
        "height": figure.height,
        "box": encode_box(figure.box),
        "alt": figure.alt,
        "status": figure.status,
        "reason": figure.reason,
        "description": figure.description,
        "described_by": figure.described_by,
        "asked_of": figure.asked_of,
    }


def _figure(row: Row[Any]) -> DocumentFigure:
    return DocumentFigure(
        document_id=DocumentId(row.document_id),
        page=None if row.page == WITHOUT_NUMBER else row.page,
        number=row.number,
        sha256=row.sha256,
        media_type=row.media_type,
        width=row.width,
        height=row.height,
        box=decode_box(row.box),
        alt=row.alt,
        status=row.status,
        reason=row.reason,
        description=row.description,
        described_by=row.described_by,
        asked_of=row.asked_of,
    )
