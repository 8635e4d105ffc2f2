"""Chats from a file into the database, one transaction each: what was stored stays, whatever comes after it."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from uuid import UUID, uuid5

from samovar.domain.actor import Actor
from samovar.domain.chat import Chat, Message, SentPage
from samovar.domain.document import Document
from samovar.domain.errors import Conflict, NotFound
from samovar.domain.ids import ChatId, DocumentId, MessageId, RunId, SummaryId
from samovar.interchange.arriving import ArrivingChat, FileReference, Source
from samovar.interchange.planting import chat_id_of
from samovar.interchange.reading import ChatReader
from samovar.interchange.report import Problem, Report
from samovar.ports.storage import Storage, Transaction

__all__ = ["ChatImport", "ImportResult"]

#: Messages that are indexed in one transaction.
_INDEXED_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What came in: how many chats and messages, how many chats were here already, and what was not understood."""

    source: Source
    chats: int
    messages: int
    skipped: int
    problems: tuple[Problem, ...]


class ChatImport:
    """Takes files of chats in."""

    def __init__(self, storage: Storage) -> None:
        """Store them there."""
        self._storage = storage

    async def take(
        self,
        actor: Actor,
        path: Path,
        name: str,
        *,
        on_progress: Callable[[int], None] = lambda _bytes: None,
    ) -> ImportResult:
        """Read a file of chats and store those that the actor has not.

        ``name`` is what errors call it; ``on_progress`` is told, in a thread, how many of its bytes have been read.

        Raises: InterchangeError and FileEncrypted (chats before the fault are stored), StorageError.
        """
        async with self._storage.reading() as tx:
            now = await tx.now()
        report = Report()
        reader = ChatReader(path, name, actor.user_id, now, report)
        chats = reader.chats(on_progress)
        taken = said = skipped = 0
        try:
            while (arriving := await _next(chats)) is not None:
                if await self._store(actor, arriving, report):
                    taken, said = taken + 1, said + len(arriving.messages)
                else:
                    skipped += 1
                del arriving
        finally:
            chats.close()
        assert reader.source is not None, "a file without chats raises"
        return ImportResult(
            source=reader.source, chats=taken, messages=said, skipped=skipped, problems=report.problems()
        )

    async def _store(self, actor: Actor, arriving: ArrivingChat, report: Report) -> bool:
        """Store a chat; False when it is here already."""
        if await self._has(actor, arriving.chat.chat_id):
            return False
        try:
            await self._add(actor, arriving, report)
        except Conflict:
            if not arriving.keeps_ids:
                raise
            # The chat of somebody else of this installation, who has handed over an export: it gets ids of its own.
            arriving = _with_new_ids(arriving)
            if await self._has(actor, arriving.chat.chat_id):
                return False
            await self._add(actor, arriving, report)
            report.note("chat_of_another", arriving.chat.title)
        await self._index([message.message_id for message in arriving.messages])
        return True

    async def _has(self, actor: Actor, chat_id: ChatId) -> bool:
        async with self._storage.reading() as tx:
            try:
                await tx.chats.access(actor, chat_id)
            except NotFound:
                return False
        return True

    async def _add(self, actor: Actor, arriving: ArrivingChat, report: Report) -> None:
        async with self._storage.transaction() as tx:
            chat = await _known_examples(tx, actor, arriving.chat, report)
            messages = [
                await _with_files(tx, actor, message, arriving.files.get(message.message_id, ()), report)
                for message in arriving.messages
            ]
            await tx.archive.add_chat(actor, chat, messages)
            for summary in arriving.summaries:
                await tx.summaries.add(actor, summary)

    async def _index(self, message_ids: list[MessageId]) -> None:
        for first in range(0, len(message_ids), _INDEXED_AT_ONCE):
            async with self._storage.transaction() as tx:
                await tx.message_search.index(message_ids[first : first + _INDEXED_AT_ONCE])


async def _next(chats: Iterator[ArrivingChat]) -> ArrivingChat | None:
    """Read the next chat in a thread. A cancelled reader is waited for: it cannot be closed while it reads."""
    reading = asyncio.create_task(asyncio.to_thread(next, chats, None), name="read a chat")
    try:
        return await asyncio.shield(reading)
    except asyncio.CancelledError:
        await asyncio.gather(reading, return_exceptions=True)
        raise


async def _known_examples(tx: Transaction, actor: Actor, chat: Chat, report: Report) -> Chat:
    if chat.examples_id is None:
        return chat
    try:
        await tx.example_sets.access(actor, chat.examples_id)
    except NotFound:
        report.note("examples_missing", chat.title)
        return replace(chat, examples_id=None)
    return chat


async def _with_files(
    tx: Transaction, actor: Actor, message: Message, files: tuple[FileReference, ...], report: Report
) -> Message:
    """Attach again what is here still, with the same bytes; the rest is reported by its name."""
    whole: list[DocumentId] = []
    pages: list[SentPage] = []
    for file in files:
        try:
            # Pages of shared bases may be shown to a model, but only one's own files lie in a chat.
            look = tx.documents.access if file.page is None else tx.documents.view
            document: Document | None = await look(actor, file.document_id)
        except NotFound:
            document = None
        if document is None or document.sha256 != file.sha256:
            report.note("document_missing", file.name)
        elif file.page is None:
            whole.append(file.document_id)
        else:
            pages.append(SentPage(document_id=file.document_id, page=file.page))
    return replace(message, document_ids=tuple(whole), pages=tuple(pages)) if files else message


def _with_new_ids(arriving: ArrivingChat) -> ArrivingChat:
    chat = arriving.chat
    chat_id = chat_id_of(chat.owner_id, arriving.source, str(chat.chat_id))

    def renamed(message_id: UUID | None) -> MessageId | None:
        return None if message_id is None else MessageId(uuid5(chat_id, str(message_id)))

    def named(message_id: UUID) -> MessageId:
        return MessageId(uuid5(chat_id, str(message_id)))

    return replace(
        arriving,
        chat=replace(
            chat,
            chat_id=chat_id,
            head_id=renamed(chat.head_id),
            facts=tuple(replace(fact, message_id=renamed(fact.message_id)) for fact in chat.facts),
        ),
        messages=tuple(
            replace(
                message,
                chat_id=chat_id,
                message_id=named(message.message_id),
                parent_id=renamed(message.parent_id),
                run_id=None if message.run_id is None else RunId(uuid5(chat_id, str(message.run_id))),
            )
            for message in arriving.messages
        ),
        summaries=tuple(
            replace(
                summary,
                chat_id=chat_id,
                summary_id=SummaryId(uuid5(chat_id, str(summary.summary_id))),
                through_id=named(summary.through_id),
            )
            for summary in arriving.summaries
        ),
        files={named(message_id): files for message_id, files in arriving.files.items()},
    )
