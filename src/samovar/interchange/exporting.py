"""Chats out of the database into files of every form."""

import asyncio
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final, Literal, get_args

from samovar.domain.actor import Actor
from samovar.domain.chat import Chat, Message, path_to
from samovar.domain.context import Summary
from samovar.domain.document import Document
from samovar.domain.errors import ExportTooLong, NotFound
from samovar.domain.ids import ChatId, DocumentId
from samovar.interchange import own
from samovar.interchange.markdown_file import write_markdown
from samovar.interchange.transcript import Language, Transcript, transcript_of
from samovar.interchange.zip_stream import ZipStream
from samovar.ports.storage import Storage

__all__ = ["ALL_FORMATS", "EXPORT_FORMATS", "ChatExport", "ExportFormat", "ExportedFile"]

ExportFormat = Literal["json", "markdown", "docx", "pdf"]
EXPORT_FORMATS: Final[tuple[ExportFormat, ...]] = get_args(ExportFormat)
#: Those in which all chats go out at once.
ALL_FORMATS: Final[tuple[ExportFormat, ...]] = ("json", "markdown")
#: Characters of a chat that become pages in seconds; more is no reading for paper.
_MOST_ON_PAPER: Final = 1_000_000
_ENDINGS: Final = {"json": "json", "markdown": "md", "docx": "docx", "pdf": "pdf"}
_MEDIA_TYPES: Final = {
    "json": "application/json",
    "markdown": "text/markdown; charset=utf-8",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}
_ZIP_TYPE: Final = "application/zip"
#: What no file system likes in a name, and what shells would read.
_UNFIT: Final = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|\u200e\u200f\u202a-\u202e\u2066-\u2069]+')
_LONGEST_FILE_NAME: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFile:
    """A file on its way out; ``name`` is fit for any file system."""

    name: str
    media_type: str
    pieces: AsyncGenerator[bytes, None]


class ChatExport:
    """Writes chats into files, a chat in memory at a time."""

    def __init__(self, storage: Storage) -> None:
        """Read them there."""
        self._storage = storage

    async def one(self, actor: Actor, chat_id: ChatId, form: ExportFormat, language: Language) -> ExportedFile:
        """Write one chat: as JSON with its whole tree, else the branch that is shown.

        Raises: NotFound, ExportTooLong for paper.
        """
        async with self._storage.reading() as tx:
            chat = await tx.chats.access(actor, chat_id)
        if form == "json":
            content = own.BEGINNING + await self._record(actor, chat) + own.ENDING
        else:
            content = await asyncio.to_thread(_written, await self._transcript(actor, chat, language), form)
        return ExportedFile(
            name=f"{file_name(chat.title)}.{_ENDINGS[form]}", media_type=_MEDIA_TYPES[form], pieces=_whole(content)
        )

    def all(self, actor: Actor, form: Literal["json", "markdown"], language: Language) -> ExportedFile:
        """Write every chat of the actor: one JSON file, or a ZIP of Markdown files; chats are read as they go out."""
        if form == "json":
            return ExportedFile(name="samovar-chats.json", media_type=_MEDIA_TYPES["json"], pieces=self._json(actor))
        pieces = self._markdown(actor, language)
        return ExportedFile(name="samovar-chats.zip", media_type=_ZIP_TYPE, pieces=pieces)

    async def _json(self, actor: Actor) -> AsyncGenerator[bytes, None]:
        yield own.BEGINNING
        is_first = True
        async for chat in self._chats(actor):
            try:
                record = await self._record(actor, chat)
            except NotFound:
                continue  # deleted since the list was read
            yield record if is_first else b",\n" + record
            is_first = False
        yield own.ENDING

    async def _markdown(self, actor: Actor, language: Language) -> AsyncGenerator[bytes, None]:
        archive = ZipStream()
        names: set[str] = set()
        async for chat in self._chats(actor):
            try:
                transcript = await self._transcript(actor, chat, language)
            except NotFound:
                continue  # deleted since the list was read
            folder = "".join(f"{file_name(step)}/" for step in chat.folder.split("/") if step.strip())
            name = _free(f"{folder}{file_name(chat.title)}", names)
            yield archive.add(f"{name}.md", write_markdown(transcript).encode(), chat.updated_at)
        yield archive.end()

    async def _chats(self, actor: Actor) -> AsyncGenerator[Chat, None]:
        # No transaction is open while a client takes its time: only ids are kept, and each chat is read by itself.
        async with self._storage.reading() as tx:
            found = [chat.chat_id async for chat in tx.archive.chats(actor)]
        for chat_id in found:
            async with self._storage.reading() as tx:
                try:
                    chat = await tx.chats.access(actor, chat_id)
                except NotFound:
                    continue
            yield chat

    async def _record(self, actor: Actor, chat: Chat) -> bytes:
        messages, summaries, documents = await self._tree(actor, chat)
        return await asyncio.to_thread(own.record, chat, messages, summaries, documents)

    async def _transcript(self, actor: Actor, chat: Chat, language: Language) -> Transcript:
        messages, _, documents = await self._tree(actor, chat)
        return transcript_of(chat, path_to(messages, chat.head_id), documents, language)

    async def _tree(
        self, actor: Actor, chat: Chat
    ) -> tuple[tuple[Message, ...], tuple[Summary, ...], dict[DocumentId, Document]]:
        async with self._storage.reading() as tx:
            messages = await tx.chats.messages(actor, chat.chat_id)
            summaries = await tx.summaries.of_chat(actor, chat.chat_id)
            documents = {one.document_id: one for one in await tx.documents.of_chat(actor, chat.chat_id)}
            wanted = {page.document_id for message in messages for page in message.pages}
            wanted |= {document_id for message in messages for document_id in message.document_ids}
            for document_id in wanted - documents.keys():
                try:
                    documents[document_id] = await tx.documents.view(actor, document_id)
                except NotFound:
                    continue  # its reference is written without a name
        return messages, summaries, documents


def file_name(title: str) -> str:
    """A title as the name of a file, without an ending; ``chat`` for one without any letter that fits."""
    bare = " ".join(_UNFIT.sub(" ", title).split())[:_LONGEST_FILE_NAME].strip(" .")
    return bare.encode("utf-8", "ignore").decode() or "chat"


def _free(wanted: str, taken: set[str]) -> str:
    """A name that no other has, in no case: some file systems do not tell cases apart."""
    name, number = wanted, 2
    while name.casefold() in taken:
        name, number = f"{wanted} ({number})", number + 1
    taken.add(name.casefold())
    return name


def _written(transcript: Transcript, form: ExportFormat) -> bytes:
    if form == "markdown":
        return write_markdown(transcript).encode()
    if sum(len(turn.text) + len(turn.reasoning) for turn in transcript.turns) > _MOST_ON_PAPER:
        raise ExportTooLong(format=form.upper(), limit=_MOST_ON_PAPER)
    # Late: both libraries take a while to import, and most exports need neither.
    if form == "docx":
        from samovar.interchange.docx_file import write_docx

        return write_docx(transcript)
    from samovar.interchange.pdf_file import write_pdf

    return write_pdf(transcript)


async def _whole(content: bytes) -> AsyncGenerator[bytes, None]:
    yield content
