"""The port to knowledge bases, documents, their pages and pictures, as they last."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from samovar.domain.actor import Actor
from samovar.domain.document import (
    Chunk,
    Document,
    DocumentFigure,
    DocumentStage,
    DocumentStatus,
    Entity,
    FigureStatus,
    KnowledgeBase,
    PageCount,
)
from samovar.domain.ids import BaseId, ChatId, DocumentId
from samovar.domain.page import DocumentHead, Page, PageReason

__all__ = ["AfterPages", "Bases", "Documents", "Figures", "Readings"]

#: What becomes of a document once its last pages are stored: some wait for OCR, or it is ready.
AfterPages: TypeAlias = Literal["recognising", "ready"]


class Bases(Protocol):
    """Knowledge bases. Every method takes the actor; absence and refusal are one NotFound.

    What begins with ``view`` reads what the actor may read: the own bases and those that others share. All else is
    about the own ones alone.
    """

    async def add(self, actor: Actor, base: KnowledgeBase) -> None:
        """Store a base. Raises Conflict when the actor has one of that name."""
        ...

    async def list(self, actor: Actor) -> tuple[KnowledgeBase, ...]:
        """List the own bases, oldest first."""
        ...

    async def view_all(self, actor: Actor) -> tuple[KnowledgeBase, ...]:
        """List the own bases and then those that others share, oldest first."""
        ...

    async def access(self, actor: Actor, base_id: BaseId) -> KnowledgeBase:
        """Read one base of the actor's own, which may be changed."""
        ...

    async def view(self, actor: Actor, base_id: BaseId) -> KnowledgeBase:
        """Read one base, which may be somebody else's."""
        ...

    async def by_name(self, actor: Actor, name: str) -> KnowledgeBase | None:
        """Find an own base by its exact name."""
        ...

    async def save(self, actor: Actor, base: KnowledgeBase) -> None:
        """Write name and choices, and whether it is shared. Raises Conflict when the name is taken."""
        ...

    async def remove(self, actor: Actor, base_id: BaseId) -> tuple[str, ...]:
        """Delete a base with its documents; return the hashes of blobs that nothing refers to any more."""
        ...

    async def view_counts(self, actor: Actor) -> Mapping[BaseId, Mapping[DocumentStatus, int]]:
        """Count the documents of each base by status."""
        ...

    async def of_chat(self, actor: Actor, chat_id: ChatId) -> tuple[KnowledgeBase, ...]:
        """List the bases that an own chat searches, oldest first: of those chosen for it the ones that may be read."""
        ...

    async def set_of_chat(self, actor: Actor, chat_id: ChatId, base_ids: Sequence[BaseId]) -> None:
        """Choose the bases that an own chat searches; they may be others' that are shared."""
        ...


class Documents(Protocol):
    """Documents and pages. Every method that takes the actor raises NotFound for what is not the actor's own.

    Only what begins with ``view`` reads documents of shared bases too; it never says that anything may be changed.
    """

    async def add(self, actor: Actor, document: Document, *, chat_id: ChatId | None) -> None:
        """Store a document, in the base that it names, and attach it to a chat (None: to none)."""
        ...

    async def access(self, actor: Actor, document_id: DocumentId) -> Document:
        """Read one document of the actor's own, which may be changed."""
        ...

    async def view(self, actor: Actor, document_id: DocumentId) -> Document:
        """Read one document, which may be somebody else's."""
        ...

    async def of_chat(self, actor: Actor, chat_id: ChatId) -> tuple[Document, ...]:
        """List the documents attached to a chat, oldest first; replaced ones are left out."""
        ...

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
        """List the documents of a base, newest first, after the document ``before``.

        ``name`` must occur in the name or path, in any case. Replaced ones are listed only when asked for by status.
        """
        ...

    async def view_parts(self, actor: Actor, document_id: DocumentId) -> tuple[Document, ...]:
        """List the documents that were attached to one (members of an archive, attachments of a letter)."""
        ...

    async def by_content(
        self, actor: Actor, sha256: str, *, chat_id: ChatId | None, base_id: BaseId | None
    ) -> Document | None:
        """Find a document of the same bytes in the same chat or base, itself no part, that is ready or being read."""
        ...

    async def by_path(self, actor: Actor, base_id: BaseId, path: str) -> Document | None:
        """Find the version of a file in force: neither replaced nor failed nor cancelled."""
        ...

    async def view_pages(self, actor: Actor, document_id: DocumentId) -> tuple[Page, ...]:
        """Read what is known of all pages, in order, without text, blocks, words and links."""
        ...

    async def view_page_counts(
        self, actor: Actor, document_ids: Sequence[DocumentId]
    ) -> Mapping[DocumentId, tuple[PageCount, ...]]:
        """Count the pages of many documents by how they were read; a document without pages is left out."""
        ...

    async def view_pages_of(
        self, actor: Actor, document_ids: Sequence[DocumentId]
    ) -> Mapping[DocumentId, tuple[Page, ...]]:
        """Read the same of many documents at once; one without pages, or that may not be read, is missing."""
        ...

    async def view_page(self, actor: Actor, document_id: DocumentId, number: int | None) -> Page:
        """Read one page (None: the document has no pages) with everything on it."""
        ...

    async def view_places(
        self, actor: Actor, document_id: DocumentId, words: str, *, limit: int
    ) -> tuple[tuple[int | None, int, int], ...]:
        """Find where ``words`` occur, in any case and with any white space: page, start, end, in order."""
        ...

    async def remove(self, actor: Actor, document_id: DocumentId) -> tuple[str, ...]:
        """Delete a document and its parts everywhere; return the hashes of blobs nothing refers to any more."""
        ...

    async def access_unread(self, actor: Actor, document_id: DocumentId) -> tuple[Document, int]:
        """Read one document of the actor's own, and count what of it is being read: itself, or all that was inside.

        What was inside, however deep, is looked for only once the document itself is read.
        """
        ...

    async def with_parts(self, actor: Actor, document_id: DocumentId) -> tuple[Document, ...]:
        """Read a document and all that was inside it, however deep, oldest first."""
        ...

    async def hold_blob(self, sha256: str) -> datetime:
        """Keep others from using or deleting a blob until the transaction ends.

        Return the time when that began, by the database's clock.
        """
        ...

    async def needs_blob(self, sha256: str) -> bool:
        """Tell whether a document or a figure refers to a blob, which is held."""
        ...


class Figures(Protocol):
    """Pictures of documents, what models say of them, and what is seen on them.

    Only what begins with ``view`` reads pictures of shared bases too; it never says that anything may be changed.
    """

    async def view_document(self, actor: Actor, document_id: DocumentId) -> tuple[DocumentFigure, ...]:
        """List the pictures of a document in the order of its pages."""
        ...

    async def view_documents(
        self, actor: Actor, document_ids: Sequence[DocumentId]
    ) -> Mapping[DocumentId, tuple[DocumentFigure, ...]]:
        """List the pictures of many documents at once; one without any, or that may not be read, is missing."""
        ...

    async def access(self, actor: Actor, document_id: DocumentId, page: int | None, number: int) -> DocumentFigure:
        """Read one picture of the actor's own, which may be described and looked at anew. Raises NotFound."""
        ...

    async def view(self, actor: Actor, document_id: DocumentId, page: int | None, number: int) -> DocumentFigure:
        """Read one picture, which may be in somebody else's document. Raises NotFound."""
        ...

    async def view_entities(
        self, actor: Actor, document_id: DocumentId, page: int | None, number: int
    ) -> tuple[Entity, ...]:
        """List what was seen on a picture."""
        ...

    async def waiting(self, document_id: DocumentId) -> tuple[DocumentFigure, ...]:
        """List the pictures whose description was asked for and not made yet."""
        ...

    async def next_waiting(self) -> tuple[Document, DocumentFigure] | None:
        """Find the picture that has waited longest for its description, with its document, which is ready."""
        ...

    async def ask(self, document_id: DocumentId, page: int | None, number: int, *, asked_of: str) -> None:
        """Note that a person wants a picture described by the model ``asked_of``."""
        ...

    async def ask_all(self, base_id: BaseId) -> None:
        """Note that every picture of a base that was never described waits for it now."""
        ...

    async def ask_none(self, base_id: BaseId) -> None:
        """Take that back for every picture that no person has asked for."""
        ...

    async def explain_waiting(self, reason: str) -> None:
        """Note why nothing is described now, on every picture that waits."""
        ...

    async def set_status(
        self, document_id: DocumentId, page: int | None, number: int, status: FigureStatus, reason: str | None = None
    ) -> None:
        """Note what has become of a picture."""
        ...

    async def describe(
        self, document_id: DocumentId, page: int | None, number: int, *, description: str, described_by: str
    ) -> None:
        """Store a description; the status becomes ``described``."""
        ...

    async def set_entities(
        self, document_id: DocumentId, page: int | None, number: int, entities: Sequence[Entity]
    ) -> None:
        """Put new entities in the place of earlier ones."""
        ...


class Readings(Protocol):
    """How far the reading of a document has got. The reader of files acts for nobody: no method takes an actor.

    Each method is one step that is repeated without harm; all raise NotFound when the document was deleted.
    """

    async def document(self, document_id: DocumentId) -> Document:
        """Read the document's row and hold it until the transaction ends."""
        ...

    async def look_at(self, document_id: DocumentId) -> Document:
        """Read the document's row as it is at the moment."""
        ...

    async def set_head(self, document_id: DocumentId, head: DocumentHead) -> Document:
        """Store kind, type, number of pages and metadata: the document is being parsed.

        Return the row, held until the transaction ends. Raises NotFound too when it is not being read any more.
        """
        ...

    async def set_stage(self, document_id: DocumentId, stage: DocumentStage) -> None:
        """Store where the reading has got to."""
        ...

    async def describes_figures(self, document_id: DocumentId) -> bool:
        """Tell whether the base of a document has its pictures described."""
        ...

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
        """
        ...

    async def save_recognised(self, document_id: DocumentId, page: Page) -> None:
        """Store what OCR has read of a page that waited for it; its pictures stay."""
        ...

    async def skip_waiting(self, document_id: DocumentId, reason: PageReason) -> int:
        """Give up on every page that waits for OCR; return how many there were."""
        ...

    async def add_part(self, part: Document) -> bool:
        """Store a document that was inside ``part.parent_id``, in the same base and chats.

        False when there is one of this path already: to find a part again changes nothing.
        """
        ...

    async def nesting(self, document_id: DocumentId) -> tuple[int, int]:
        """Tell how deep a document lies inside others (0: it is no part), and how many parts the outermost has."""
        ...

    async def all_pages(self, document_id: DocumentId, *, first: int = 0, limit: int) -> tuple[Page, ...]:
        """Read pages with everything on them, from the page ``first`` on (0: the page of a document without pages)."""
        ...

    async def last_page(self, document_id: DocumentId) -> int | None:
        """Tell the number of the last stored page; None when none is stored."""
        ...

    async def waiting_pages(self, document_id: DocumentId) -> tuple[int, ...]:
        """List the numbers of the pages that wait for OCR, in order (0: the page of a document without pages)."""
        ...

    async def finish(self, document_id: DocumentId) -> None:
        """Mark a document ready, and the earlier version of its path in its base as replaced by it."""
        ...

    async def end(
        self, document_id: DocumentId, status: DocumentStatus, *, error_code: str | None, error_reason: str | None
    ) -> tuple[str, ...]:
        """Mark a document failed or cancelled and forget its pages, pictures and chunks.

        Return the hashes of blobs that nothing refers to any more.
        """
        ...

    async def start_again(self, document_id: DocumentId) -> tuple[str, ...]:
        """Forget pages, pictures and chunks of a document, so that it is read anew.

        Return the hashes of blobs that nothing refers to any more.
        """
        ...

    async def unfinished(self) -> tuple[DocumentId, ...]:
        """List the documents being read, oldest first."""
        ...
