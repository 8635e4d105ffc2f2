"""A turn as one statement: the question, its empty reply, the run that will write it, and the head of the chat."""

from typing import Final

from sqlalchemy import bindparam, text

from samovar.domain.actor import Actor
from samovar.domain.chat import Chat, Message
from samovar.domain.run import Run
from samovar.storage.connection import Connection
from samovar.storage.tables import StoredText, chats, messages, runs

__all__ = ["insert_turn"]

_INSERT: Final = text("""
WITH question AS (
    INSERT INTO messages (chat_id, message_id, parent_id, role, text, reasoning, citations, idempotency_key, task,
        created_at)
    SELECT chat_id, :question_id, :parent_id, 'user', :text, '', '[]', :idempotency_key, :task, :created_at FROM chats
    WHERE chat_id = :chat_id AND owner_id = :owner_id
    ON CONFLICT ON CONSTRAINT messages_idempotency_key_key DO NOTHING
    RETURNING chat_id, message_id, position
), reply AS (
    INSERT INTO messages (chat_id, message_id, parent_id, role, text, reasoning, citations, created_at)
    SELECT chat_id, :reply_id, message_id, 'assistant', '', '', '[]', :created_at FROM question
    RETURNING chat_id, message_id, position
), run AS (
    INSERT INTO runs (run_id, chat_id, message_id, status, owner, model, last_seq, created_at)
    SELECT :run_id, chat_id, message_id, :status, :owner, :model, :last_seq, :created_at FROM reply
)
UPDATE chats SET title = :title, head_id = reply.message_id, change = nextval('chat_changes'),
    updated_at = clock_timestamp()
FROM question, reply WHERE chats.chat_id = reply.chat_id
RETURNING question.position AS question_position, reply.position AS reply_position
""").bindparams(
    bindparam("question_id", type_=messages.c.message_id.type),
    bindparam("parent_id", type_=messages.c.parent_id.type),
    bindparam("text", type_=StoredText),
    bindparam("idempotency_key", type_=StoredText),
    bindparam("task", type_=messages.c.task.type),
    bindparam("created_at", type_=messages.c.created_at.type),
    bindparam("chat_id", type_=chats.c.chat_id.type),
    bindparam("owner_id", type_=chats.c.owner_id.type),
    bindparam("reply_id", type_=messages.c.message_id.type),
    *(bindparam(name, type_=runs.c[name].type) for name in ("run_id", "status", "owner", "model", "last_seq")),
    bindparam("title", type_=StoredText),
)


async def insert_turn(
    connection: Connection,
    actor: Actor,
    chat: Chat,
    question: Message,
    reply: Message,
    run: Run,
    idempotency_key: str | None,
) -> tuple[int, int] | None:
    """Store a turn; return the positions of question and reply, or None when the key was used or there is no chat."""
    parameters = {
        "question_id": question.message_id,
        "parent_id": question.parent_id,
        "text": question.text,
        "idempotency_key": idempotency_key,
        "task": question.task,
        "created_at": question.created_at,
        "chat_id": chat.chat_id,
        "owner_id": actor.user_id,
        "reply_id": reply.message_id,
        "run_id": run.run_id,
        "status": run.status,
        "owner": run.owner,
        "model": run.model,
        "last_seq": run.last_seq,
        "title": chat.title,
    }
    row = (await connection.execute(_INSERT, parameters)).one_or_none()
    return (row.question_position, row.reply_position) if row is not None else None
