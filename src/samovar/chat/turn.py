"""A message in: it is stored together with the empty reply and its run before any model is called."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from samovar.chat.continuing import whole_words_of
from samovar.chat.pictures import DRAWN_KINDS
from samovar.chat.reply import ReplyWriter
from samovar.chat.runs import RunHub
from samovar.domain.actor import Actor
from samovar.domain.chat import Chat, Message, SentPage
from samovar.domain.document import Document
from samovar.domain.errors import Conflict, InvalidRequest, MessageEmpty, ModelWithoutVision, NotFound
from samovar.domain.generation import Role
from samovar.domain.ids import ChatId, DocumentId, MessageId, RunId, new_message_id, new_run_id
from samovar.domain.image_tasks import ImageTask
from samovar.domain.run import LIVE_STATUSES, Run
from samovar.ports.storage import Storage, Transaction

__all__ = ["Turn", "Turns"]

_TITLE_LENGTH: Final = 60
_JOINER: Final = "\u200d"
_MOST_DOCUMENTS: Final = 20
_MOST_PAGES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A question (None when a reply is made again), its reply and the run that writes it."""

    message: Message | None
    reply: Message
    run_id: RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A message as it was sent."""

    text: str = ""
    parent_id: MessageId | None = None
    document_ids: tuple[DocumentId, ...] = ()
    pages: tuple[SentPage, ...] = ()
    task: ImageTask | None = None

    @property
    def needs_sight(self) -> bool:
        return self.task is not None or bool(self.pages)


class Turns:
    """Takes messages and starts replies."""

    def __init__(self, storage: Storage, hub: RunHub, writer: ReplyWriter, *, longest_message: int) -> None:
        """Accept messages of at most ``longest_message`` characters."""
        self._storage = storage
        self._hub = hub
        self._writer = writer
        self._longest_message = longest_message

    async def submit(
        self,
        actor: Actor,
        chat_id: ChatId,
        *,
        text: str,
        parent_id: MessageId | None,
        document_ids: Sequence[DocumentId] = (),
        pages: Sequence[SentPage] = (),
        task: ImageTask | None = None,
        idempotency_key: str | None = None,
    ) -> Turn:
        """Store a message and start its reply; the same key again returns the first turn.

        ``task`` is what is asked of the image documents among ``document_ids`` and of ``pages``.

        Raises: MessageEmpty, InvalidRequest, NotFound, TooMany, ModelWithoutVision.
        """
        draft = _Draft(
            text=text,
            parent_id=parent_id,
            document_ids=tuple(dict.fromkeys(document_ids)),
            pages=tuple(dict.fromkeys(pages)),
            task=task,
        )
        self._check(draft)
        with self._hub.room():
            if draft.needs_sight and (known := await self._known(actor, chat_id, draft, idempotency_key)) is not None:
                return known
            try:
                turn, run = await self._store(actor, chat_id, draft, idempotency_key)
            except Conflict:
                known = await self._known(actor, chat_id, draft, idempotency_key)
                if known is None:
                    raise
                return known
            self._hub.start(actor, run, lambda live: self._writer.write(actor, live))
        return turn

    def _check(self, draft: "_Draft") -> None:
        has_words = _says_something(draft.text)
        if not has_words and (draft.task == "answer" or not (draft.document_ids or draft.pages)):
            raise MessageEmpty
        if (
            len(draft.text) > self._longest_message
            or len(draft.document_ids) > _MOST_DOCUMENTS
            or len(draft.pages) > _MOST_PAGES
        ):
            raise InvalidRequest(
                reason=f"a message has at most {self._longest_message} characters, {_MOST_DOCUMENTS} files and "
                f"{_MOST_PAGES} pages"
            )

    async def regenerate(self, actor: Actor, reply_id: MessageId, *, model: str | None = None) -> Turn:
        """Start another reply beside an existing one, by ``model`` or else by that of the chat.

        Raises: NotFound, InvalidRequest, TooMany, ModelWithoutVision.
        """
        return await self._again(actor, reply_id, model=model, goes_on=False)

    async def go_on(self, actor: Actor, reply_id: MessageId) -> Turn:
        """Start another reply beside an existing one, which begins with its words and goes on.

        Raises: NotFound, InvalidRequest, TooMany, ModelWithoutVision.
        """
        return await self._again(actor, reply_id, model=None, goes_on=True)

    async def _again(self, actor: Actor, reply_id: MessageId, *, model: str | None, goes_on: bool) -> Turn:
        with self._hub.room():
            async with self._storage.transaction() as tx:
                old = await tx.chats.access_message(actor, reply_id)
                if old.role != "assistant" or old.parent_id is None:
                    raise InvalidRequest(reason="only a reply can be made again")
                start = whole_words_of(old) if goes_on else ""
                if goes_on and (not _says_something(start) or old.run_status in LIVE_STATUSES):
                    raise InvalidRequest(reason="only a reply that has ended with some words can go on")
                question = await tx.chats.access_message(actor, old.parent_id)
                if question.task is not None or question.pages:
                    asked = _by_model(await tx.chats.access(actor, old.chat_id), model)
                    sent = [question.document_ids, [page.document_id for page in question.pages]]
                    shown = [await tx.documents.view(actor, one) for ids in sent for one in ids]
                    await self._require_sight(tx, actor, asked, shown, question.pages)
                chat = await tx.chats.access(actor, old.chat_id, for_update=True)
                reply, run = self._new_reply(_by_model(chat, model), old.parent_id, await tx.now())
                reply = replace(reply, text=start)
                reply = await tx.chats.add_message(actor, reply)
                await tx.runs.add(run)
                await tx.chats.save(actor, replace(chat, head_id=reply.message_id))
            self._hub.start(actor, run, lambda live: self._writer.write(actor, live, start=start))
        return Turn(message=None, reply=reply, run_id=run.run_id)

    async def stop(self, actor: Actor, run_id: RunId) -> None:
        """End a run of the actor's own. Raises: NotFound, Conflict."""
        # Looked up first: a run of ours may end while its row is read.
        is_ours = self._hub.live(actor, run_id) is not None
        async with self._storage.transaction() as tx:
            run = await tx.runs.access(actor, run_id)
        if run.status in LIVE_STATUSES and not is_ours:
            raise Conflict(reason="another Samovar server is writing this answer")
        self._hub.stop(run_id)

    async def remove_chat(self, actor: Actor, chat_id: ChatId) -> tuple[str, ...]:
        """Stop what is being written in a chat and delete it; return the blobs that nobody needs."""
        async with self._storage.transaction() as tx:
            await tx.chats.access(actor, chat_id)
        await self._hub.stop_chat(chat_id)
        async with self._storage.transaction() as tx:
            unused = await tx.chats.remove(actor, chat_id)
        # One may have been started between the two.
        await self._hub.stop_chat(chat_id)
        return unused

    async def _store(
        self,
        actor: Actor,
        chat_id: ChatId,
        draft: "_Draft",
        idempotency_key: str | None,
    ) -> tuple[Turn, Run]:
        async with self._storage.transaction() as tx:
            chat = await tx.chats.access(actor, chat_id, for_update=True)
            await _check_parent(tx, actor, chat, draft.parent_id)
            if draft.document_ids or draft.pages:
                shown = await _documents_of(tx, actor, chat_id, draft)
                if draft.needs_sight:
                    _require_pictures(draft, shown)
                    await self._require_sight(tx, actor, chat, shown, draft.pages)
            elif draft.task is not None:
                raise InvalidRequest(reason="a task needs a picture or a page")
            now = await tx.now()
            message = _new_message(chat_id, draft.parent_id, "user", now, draft=draft)
            reply, run = self._new_reply(chat, message.message_id, now)
            message, reply = await tx.chats.add_turn(
                actor,
                replace(chat, title=chat.title or _title(draft.text)),
                message,
                reply,
                run,
                idempotency_key=idempotency_key,
            )
        return Turn(message=message, reply=reply, run_id=run.run_id), run

    def _new_reply(self, chat: Chat, question_id: MessageId, now: datetime) -> tuple[Message, Run]:
        reply = _new_message(chat.chat_id, question_id, "assistant", now, run_id=new_run_id())
        assert reply.run_id is not None
        run = Run(
            run_id=reply.run_id,
            chat_id=chat.chat_id,
            message_id=reply.message_id,
            status="queued",
            owner=self._storage.owner,
            model=chat.model,
            backend=None,
            last_seq=0,
            created_at=now,
        )
        return replace(reply, run_status="queued"), run

    async def _require_sight(
        self, tx: Transaction, actor: Actor, chat: Chat, shown: Iterable[Document], sent: Sequence[SentPage]
    ) -> None:
        """Refuse a model that cannot see, and tell how many of the pages could go as text instead."""
        blind = await self._writer.blind_model(chat.model)
        if blind is None:
            return
        numbers = {(page.document_id, page.page) for page in sent}
        readable = 0
        for document in {found.document_id: found for found in shown}.values():
            for page in await tx.documents.view_pages(actor, document.document_id):
                is_sent = document.kind == "image" or (document.document_id, page.number) in numbers
                readable += is_sent and page.status in ("text", "ocr")
        raise ModelWithoutVision(model=blind, pages_with_text=readable)

    async def _known(self, actor: Actor, chat_id: ChatId, draft: "_Draft", key: str | None) -> Turn | None:
        """The turn that this key has made before. Raises: Conflict when it was made for another message."""
        earlier = await self._earlier(actor, chat_id, key) if key else None
        if earlier is None or earlier.message is None:
            return None
        told = earlier.message
        if (told.text, told.document_ids, told.pages, told.task) != (
            draft.text,
            draft.document_ids,
            draft.pages,
            draft.task,
        ):
            raise Conflict(reason="this key was used for another message")
        return earlier

    async def _earlier(self, actor: Actor, chat_id: ChatId, key: str) -> Turn | None:
        async with self._storage.transaction() as tx:
            message = await tx.chats.message_by_idempotency_key(actor, chat_id, key)
            if message is None:
                return None
            for reply in await tx.chats.messages(actor, chat_id):
                if reply.parent_id == message.message_id and reply.run_id is not None:
                    return Turn(message=message, reply=reply, run_id=reply.run_id)
        return None


def _by_model(chat: Chat, model: str | None) -> Chat:
    return chat if model is None else replace(chat, model=model)


async def _check_parent(tx: Transaction, actor: Actor, chat: Chat, parent_id: MessageId | None) -> None:
    if parent_id is None:
        return
    parent = await tx.chats.access_message(actor, parent_id)
    if parent.chat_id != chat.chat_id:
        raise NotFound(what="message")
    if parent.role != "assistant":
        raise InvalidRequest(reason="a message answers a reply, or stands at the top")


async def _documents_of(tx: Transaction, actor: Actor, chat_id: ChatId, draft: _Draft) -> tuple[Document, ...]:
    """What a message refers to: files are attached to the chat, pages may be of any document that may be read.

    Raises: NotFound.
    """
    attached = {document.document_id: document for document in await tx.documents.of_chat(actor, chat_id)}
    if not attached.keys() >= set(draft.document_ids):
        raise NotFound(what="document")
    for page in draft.pages:
        if page.document_id not in attached:
            attached[page.document_id] = await tx.documents.view(actor, page.document_id)
    named = (*draft.document_ids, *(page.document_id for page in draft.pages))
    return tuple(attached[document_id] for document_id in dict.fromkeys(named))


def _require_pictures(draft: _Draft, shown: Sequence[Document]) -> None:
    """Raises: InvalidRequest when there is nothing to look at, NotFound for a page that is not there."""
    by_id = {document.document_id: document for document in shown}
    for page in draft.pages:
        document = by_id[page.document_id]
        if document.kind != "image" and document.kind not in DRAWN_KINDS:
            raise InvalidRequest(reason=f"the pages of {document.name} cannot be sent as pictures")
        if not 1 <= page.page <= document.page_count:
            raise NotFound(what="page")
    if not draft.pages and not any(by_id[document_id].kind == "image" for document_id in draft.document_ids):
        raise InvalidRequest(reason="a task needs a picture or a page")


def _new_message(
    chat_id: ChatId,
    parent_id: MessageId | None,
    role: Role,
    now: datetime,
    *,
    draft: "_Draft | None" = None,
    run_id: RunId | None = None,
) -> Message:
    draft = draft or _Draft()
    return Message(
        message_id=new_message_id(),
        chat_id=chat_id,
        parent_id=parent_id,
        position=0,
        role=role,
        text=draft.text,
        document_ids=draft.document_ids,
        pages=draft.pages,
        task=draft.task,
        run_id=run_id,
        created_at=now,
    )


def _says_something(text: str) -> bool:
    """Whether anything in it can be seen; spaces and control characters cannot."""
    return any(unicodedata.category(character)[0] not in "ZC" for character in text)


def _title(text: str) -> str:
    """The first line of the first message, cut at a word, or else between whole characters."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if len(line) <= _TITLE_LENGTH:
        return line
    cut = _TITLE_LENGTH
    while cut and (_continues(line[cut]) or line[cut - 1] == _JOINER):
        cut -= 1
    return line[:cut].rsplit(" ", 1)[0].rstrip(" ,.;:") + "…"


def _continues(character: str) -> bool:
    """Whether a character is drawn as a part of the one before it: marks, joiners, skin tones."""
    return unicodedata.category(character) in ("Mn", "Me", "Mc", "Cf", "Sk")
