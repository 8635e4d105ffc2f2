"""A message in: it is stored together with the empty reply and its run before any model is called."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from samovar.chat.reply import ReplyWriter
from samovar.chat.runs import RunHub
from samovar.domain.actor import Actor
from samovar.domain.chat import Chat, Message
from samovar.domain.errors import Conflict, InvalidRequest, MessageEmpty, NotFound
from samovar.domain.generation import Role
from samovar.domain.ids import ChatId, DocumentId, MessageId, RunId, new_message_id, new_run_id
from samovar.domain.run import LIVE_STATUSES, Run
from samovar.ports.storage import Storage, Transaction

__all__ = ["Turn", "Turns"]

_TITLE_LENGTH: Final = 60
_JOINER: Final = "\u200d"
_MOST_DOCUMENTS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A question (None when a reply is made again), its reply and the run that writes it."""

    message: Message | None
    reply: Message
    run_id: RunId


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
        idempotency_key: str | None = None,
    ) -> Turn:
        """Store a message and start its reply; the same key again returns the first turn.

        Raises: MessageEmpty, InvalidRequest, NotFound, TooMany.
        """
        if not _says_something(text) and not document_ids:
            raise MessageEmpty
        if len(text) > self._longest_message or len(document_ids) > _MOST_DOCUMENTS:
            raise InvalidRequest(
                reason=f"a message has at most {self._longest_message} characters and {_MOST_DOCUMENTS} files"
            )
        with self._hub.room():
            try:
                turn, run = await self._store(actor, chat_id, text, parent_id, tuple(document_ids), idempotency_key)
            except Conflict:
                # The key was used before: the first turn is the answer to both.
                earlier = await self._earlier(actor, chat_id, idempotency_key) if idempotency_key else None
                if earlier is None or earlier.message is None:
                    raise
                if (earlier.message.text, earlier.message.document_ids) != (text, tuple(document_ids)):
                    raise Conflict(reason="this key was used for another message") from None
                return earlier
            self._hub.start(actor, run, lambda live: self._writer.write(actor, live))
        return turn

    async def regenerate(self, actor: Actor, reply_id: MessageId) -> Turn:
        """Start another reply beside an existing one. Raises: NotFound, InvalidRequest, TooMany."""
        with self._hub.room():
            async with self._storage.transaction() as tx:
                old = await tx.chats.access_message(actor, reply_id)
                if old.role != "assistant" or old.parent_id is None:
                    raise InvalidRequest(reason="only a reply can be made again")
                chat = await tx.chats.access(actor, old.chat_id, for_update=True)
                reply, run = self._new_reply(chat, old.parent_id, await tx.now())
                reply = await tx.chats.add_message(actor, reply)
                await tx.runs.add(run)
                await tx.chats.save(actor, replace(chat, head_id=reply.message_id))
            self._hub.start(actor, run, lambda live: self._writer.write(actor, live))
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
        text: str,
        parent_id: MessageId | None,
        document_ids: tuple[DocumentId, ...],
        idempotency_key: str | None,
    ) -> tuple[Turn, Run]:
        async with self._storage.transaction() as tx:
            chat = await tx.chats.access(actor, chat_id, for_update=True)
            await _check_parent(tx, actor, chat, parent_id)
            if document_ids:
                attached = {document.document_id for document in await tx.documents.of_chat(actor, chat_id)}
                if not attached.issuperset(document_ids):
                    raise NotFound(what="document")
            now = await tx.now()
            message = _new_message(chat_id, parent_id, "user", now, text=text, document_ids=document_ids)
            reply, run = self._new_reply(chat, message.message_id, now)
            message, reply = await tx.chats.add_turn(
                actor,
                replace(chat, title=chat.title or _title(text)),
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

    async def _earlier(self, actor: Actor, chat_id: ChatId, key: str) -> Turn | None:
        async with self._storage.transaction() as tx:
            message = await tx.chats.message_by_idempotency_key(actor, chat_id, key)
            if message is None:
                return None
            for reply in await tx.chats.messages(actor, chat_id):
                if reply.parent_id == message.message_id and reply.run_id is not None:
                    return Turn(message=message, reply=reply, run_id=reply.run_id)
        return None


async def _check_parent(tx: Transaction, actor: Actor, chat: Chat, parent_id: MessageId | None) -> None:
    if parent_id is None:
        return
    parent = await tx.chats.access_message(actor, parent_id)
    if parent.chat_id != chat.chat_id:
        raise NotFound(what="message")
    if parent.role != "assistant":
        raise InvalidRequest(reason="a message answers a reply, or stands at the top")


def _new_message(
    chat_id: ChatId,
    parent_id: MessageId | None,
    role: Role,
    now: datetime,
    *,
    text: str = "",
    document_ids: tuple[DocumentId, ...] = (),
    run_id: RunId | None = None,
) -> Message:
    return Message(
        message_id=new_message_id(),
        chat_id=chat_id,
        parent_id=parent_id,
        position=0,
        role=role,
        text=text,
        document_ids=document_ids,
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
