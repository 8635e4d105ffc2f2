"""The pictures of a branch: image documents and pages of documents, as they are sent to a model that sees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from samovar.domain.actor import Actor
from samovar.domain.chat import Message
from samovar.domain.document import Document, DocumentFigure
from samovar.domain.errors import DocumentError, NotFound
from samovar.domain.generation import ImagePart
from samovar.domain.ids import DocumentId, MessageId
from samovar.domain.page import Page
from samovar.ports.parser import DocumentReader
from samovar.ports.storage import BlobStore, Storage

__all__ = ["DRAWN_KINDS", "PictureLoader", "TurnPicture"]

#: Formats whose pages can be drawn.
DRAWN_KINDS: Final = frozenset({"pdf"})
#: Pictures of one request; of older messages they are left out first.
_MOST_PICTURES: Final = 20
#: The longer side of a picture that is sent: more is made smaller by the models themselves.
_LONGER_SIDE_PX: Final = 1568
_USUAL_WIDTH_PX: Final = 1100


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnPicture:
    """A picture of a message. Without ``image`` there is the ``reason`` why it cannot be sent, as a code.

    ``origin`` tells where it comes from: ``document_id`` and ``page``.
    """

    name: str
    image: ImagePart | None = None
    reason: str | None = None
    origin: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A picture that is stored, a page (number set) that has yet to be drawn, or ``reason`` why neither can be read."""

    message_id: MessageId
    name: str
    figure: DocumentFigure | None = None
    document: Document | None = None
    page: Page | None = None
    reason: str | None = None
    origin: Mapping[str, str]


class PictureLoader:
    """Loads stored pictures and draws pages."""

    def __init__(self, storage: Storage, blobs: BlobStore, reader: DocumentReader) -> None:
        """Read from storage and blobs; pages are drawn by the reader."""
        self._storage = storage
        self._blobs = blobs
        self._reader = reader

    async def load(
        self, actor: Actor, branch: Sequence[Message], documents: Mapping[DocumentId, Document]
    ) -> Mapping[MessageId, tuple[TurnPicture, ...]]:
        """Load the pictures of each message. ``documents`` are those of the chat; pages may be of others."""
        wanted: list[_Wanted] = []
        for message in branch:
            wanted.extend(await self._of_message(actor, message, documents))
        too_old = len(wanted) - _MOST_PICTURES
        found: dict[MessageId, list[TurnPicture]] = {}
        for place, one in enumerate(wanted):
            picture = TurnPicture(name=one.name, reason="too_many") if place < too_old else await self._load(one)
            found.setdefault(one.message_id, []).append(replace(picture, origin=one.origin))
        return {message_id: tuple(pictures) for message_id, pictures in found.items()}

    async def _of_message(
        self, actor: Actor, message: Message, documents: Mapping[DocumentId, Document]
    ) -> list[_Wanted]:
        if not message.document_ids and not message.pages:
            return []
        wanted: list[_Wanted] = []
        async with self._storage.transaction() as tx:
            for document_id in message.document_ids:
                document = documents.get(document_id)
                if document is None or document.kind != "image":
                    continue
                for figure in await tx.figures.view_document(actor, document_id):
                    wanted.append(_stored(message, document, figure))
            for sent in message.pages:
                document = documents.get(sent.document_id)
                try:
                    document = document or await tx.documents.view(actor, sent.document_id)
                except NotFound as error:
                    # Its base was shared when the message was sent.
                    origin = _origin(sent.document_id, sent.page)
                    name = str(sent.page)
                    wanted.append(_Wanted(message_id=message.message_id, name=name, reason=error.code, origin=origin))
                    continue
                if document.kind == "image":
                    figures = await tx.figures.view_document(actor, document.document_id)
                    wanted.extend(
                        _stored(message, document, figure) for figure in figures if (figure.page or 1) == sent.page
                    )
                    continue
                try:
                    page = await tx.documents.view_page(actor, document.document_id, sent.page)
                except NotFound:
                    # It was there when the message was sent; the document is being read anew.
                    page = Page(number=sent.page, text="", status="waiting")
                wanted.append(
                    _Wanted(
                        message_id=message.message_id,
                        name=f"{document.name}, {sent.page}",
                        document=document,
                        page=page,
                        origin=_origin(document.document_id, sent.page),
                    )
                )
        return wanted

    async def _load(self, wanted: _Wanted) -> TurnPicture:
        if wanted.reason is not None:
            return TurnPicture(name=wanted.name, reason=wanted.reason)
        if wanted.figure is not None:
            content = await self._blobs.get(wanted.figure.sha256)
            media_type = wanted.figure.media_type
        else:
            assert wanted.document is not None, "a picture is stored or drawn"
            assert wanted.page is not None, "what is drawn is a page"
            try:
                media_type, content = await self._draw(wanted.document, wanted.page)
            except DocumentError as error:
                return TurnPicture(name=wanted.name, reason=error.code)
        return TurnPicture(
            name=wanted.name,
            image=ImagePart(
                media_type="image/png" if media_type == "image/png" else "image/jpeg", content=content, name=wanted.name
            ),
        )

    async def _draw(self, document: Document, page: Page) -> tuple[str, bytes]:
        assert document.kind is not None, "what has pages was recognised"
        assert page.number is not None, "only numbered pages are drawn"
        content = await self._blobs.get(document.sha256)
        drawn = await self._reader.render_page(content, kind=document.kind, page=page.number, width_px=_width_px(page))
        return drawn.media_type, drawn.content


def _stored(message: Message, document: Document, figure: DocumentFigure) -> _Wanted:
    name = document.name if figure.page is None else f"{document.name}, {figure.page}"
    origin = _origin(document.document_id, figure.page)
    return _Wanted(message_id=message.message_id, name=name, figure=figure, origin=origin)


def _origin(document_id: DocumentId, page: int | None) -> dict[str, str]:
    return {"document_id": str(document_id), **({} if page is None else {"page": str(page)})}


def _width_px(page: Page) -> int:
    """The width at which the longer side of a page is as long as models take it."""
    if not page.width or not page.height:
        return _USUAL_WIDTH_PX
    return max(1, int(_LONGER_SIDE_PX * page.width / max(page.width, page.height)))
