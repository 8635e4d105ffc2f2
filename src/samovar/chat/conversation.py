"""Read of a conversation what could be sent with its newest question, and no more: a chat may have 10,000 messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from samovar.chat.material import Beyond, TurnMaterial
from samovar.chat.recall import NOTHING_RECALLED, find_recalled, text_to_recall
from samovar.domain.actor import Actor
from samovar.domain.chat import Chat, LineNode, Message
from samovar.domain.context import Summary, summary_for
from samovar.domain.document import Document
from samovar.domain.errors import NotFound
from samovar.domain.examples import ExampleSet
from samovar.domain.run import Run
from samovar.gateway.directory import ModelDirectory
from samovar.gateway.tokens import ASSUMED_CONTEXT_TOKENS, MESSAGE_OVERHEAD_TOKENS
from samovar.ports.storage import Storage, Transaction

__all__ = ["Conversation", "ConversationReader"]

#: Taken for a model of which nothing is known yet.
_UNKNOWN_CONTEXT_TOKENS: Final = 32_768
#: No text of any length has more bytes of UTF-8 in a token: English has 4 to 5, Russian 5 to 8.
_BYTES_PER_TOKEN: Final = 12
#: And none has fewer: a whole chat that would fit even so needs no recall.
_FEWEST_BYTES_PER_TOKEN: Final = 1.5
#: What is sent beside the turns leaves them at least this part of the context.
_LEAST_SHARE: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What was read: the chat, the reply that is being written, its documents, and what could be sent."""

    chat: Chat
    reply: Message
    documents: tuple[Document, ...]
    material: TurnMaterial


class ConversationReader:
    """Reads conversations for the models of a directory."""

    def __init__(self, storage: Storage, directory: ModelDirectory) -> None:
        """Read from storage as far as the context of the model may reach."""
        self._storage = storage
        self._directory = directory

    async def read(self, actor: Actor, run: Run) -> Conversation:
        """Read the branch that ends with the reply of a run. Raises: NotFound, StorageError."""
        context_tokens = self._context_tokens(run.model)
        async with self._storage.reading() as tx:
            chat = await tx.chats.access(actor, run.chat_id)
            line = await tx.chats.line(actor, chat.chat_id, run.message_id)
            if len(line) < 2:
                raise NotFound(what="message")
            *before, _, _ = line
            count = _within_reach(before, context_tokens, chat.context_after)
            *read, reply = await tx.chats.branch(actor, chat.chat_id, run.message_id, limit=count + 2)
            branch = tuple(read)
            documents = await tx.documents.of_chat(actor, chat.chat_id)
            summary = await self._summary(tx, actor, chat, line)
            recalled, turns = NOTHING_RECALLED
            open_line = [node for node in before if chat.context_after is None or node.position > chat.context_after]
            if chat.strategy in ("auto", "recall") and (summary or not _fits_surely(before, context_tokens)):
                recalled, turns = await find_recalled(
                    tx, actor, chat.chat_id, text_to_recall(branch[-1].text, branch[:-1]), open_line, branch
                )
            examples = await _examples(tx, actor, chat)
        unread = before[: len(before) - count]
        material = TurnMaterial(
            system_prompt=chat.system_prompt,
            branch=branch,
            passages=(),
            parameters=chat.parameters,
            facts=chat.facts,
            examples=examples,
            summary=summary,
            recalled=recalled,
            context_after=chat.context_after,
            strategy=chat.strategy,
            beyond=Beyond(
                positions=tuple(node.position for node in unread),
                turns=sum(node.role == "user" for node in unread),
                recalled=turns,
            ),
        )
        return Conversation(chat=chat, reply=reply, documents=documents, material=material)

    async def _summary(self, tx: Transaction, actor: Actor, chat: Chat, line: Sequence[LineNode]) -> Summary | None:
        if chat.strategy not in ("auto", "summary"):
            return None
        stored = await tx.summaries.of_chat(actor, chat.chat_id)
        # The question is answered, not summarised.
        return summary_for(stored, [node.message_id for node in line[:-2]], after=chat.context_after)

    def _context_tokens(self, model_id: str | None) -> int:
        """The longest context of the models that may answer, as far as they are known by now."""
        listing = self._directory.recent()
        chosen = listing.find(model_id) if listing is not None else None
        if listing is None or chosen is None:
            return _UNKNOWN_CONTEXT_TOKENS
        behind = listing.targets(chosen.route) if chosen.route is not None else (chosen,)
        known = [one.description.capabilities.context_tokens or ASSUMED_CONTEXT_TOKENS for one in behind]
        return max(known, default=_UNKNOWN_CONTEXT_TOKENS)


async def _examples(tx: Transaction, actor: Actor, chat: Chat) -> ExampleSet | None:
    if chat.examples_id is None:
        return None
    return await tx.example_sets.access(actor, chat.examples_id)


def _within_reach(before: Sequence[LineNode], context_tokens: int, after: int | None) -> int:
    """How many of the messages before the question, the newest, could fit; whole turns."""
    count = 0
    size_bytes = 0
    whole = 0
    for node in reversed(before):
        count += 1
        size_bytes += node.size_bytes
        too_many = count * MESSAGE_OVERHEAD_TOKENS > context_tokens
        if too_many or size_bytes > context_tokens * _BYTES_PER_TOKEN or (after is not None and node.position <= after):
            # The newest turn is always read: what it says is needed to understand a follow-up.
            return whole or min(2, len(before))
        if node.role == "user":
            whole = count
    return count


def _fits_surely(before: Sequence[LineNode], context_tokens: int) -> bool:
    needed = sum(node.size_bytes / _FEWEST_BYTES_PER_TOKEN + MESSAGE_OVERHEAD_TOKENS for node in before)
    return needed < context_tokens * _LEAST_SHARE
