"""The ports to what surrounds a conversation: summaries, prompts, examples, and finding what was said."""

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Protocol

from samovar.domain.actor import Actor
from samovar.domain.chat import Chat, Message
from samovar.domain.context import Summary
from samovar.domain.examples import ExampleSet, ExampleSetOutline
from samovar.domain.finding import FindQuery, FoundMessage
from samovar.domain.ids import ChatId, ExampleSetId, MessageId, PromptId, SummaryId
from samovar.domain.prompts import SavedPrompt

__all__ = ["Archive", "ExampleSets", "MessageSearch", "Prompts", "Summaries"]


class Summaries(Protocol):
    """Summaries of the beginnings of branches. Every method takes the actor; absence and refusal are one NotFound."""

    async def add(self, actor: Actor, summary: Summary) -> None:
        """Store a summary."""
        ...

    async def of_chat(self, actor: Actor, chat_id: ChatId) -> tuple[Summary, ...]:
        """List the summaries of a chat, those undone included, in the order of their making."""
        ...

    async def access(self, actor: Actor, summary_id: SummaryId) -> Summary:
        """Read one."""
        ...

    async def save(self, actor: Actor, summary: Summary) -> None:
        """Write text, ``is_active`` and ``is_edited``."""
        ...


class Prompts(Protocol):
    """The library of prompts."""

    async def add(self, actor: Actor, prompt: SavedPrompt) -> None:
        """Store a prompt. Raises Conflict when the owner has one of this name."""
        ...

    async def view_all(self, actor: Actor) -> tuple[SavedPrompt, ...]:
        """List the actor's own and everybody's shared ones, by name."""
        ...

    async def access(self, actor: Actor, prompt_id: PromptId) -> SavedPrompt:
        """Read one of the actor's own, to change it."""
        ...

    async def save(self, actor: Actor, prompt: SavedPrompt) -> None:
        """Write one of the actor's own; sets ``updated_at``. Raises Conflict when the name is taken."""
        ...

    async def remove(self, actor: Actor, prompt_id: PromptId) -> None:
        """Delete one of the actor's own."""
        ...


class ExampleSets(Protocol):
    """Example sets, each its owner's alone."""

    async def add(self, actor: Actor, examples: ExampleSet) -> None:
        """Store a set."""
        ...

    async def view_all(self, actor: Actor) -> tuple[ExampleSetOutline, ...]:
        """List the sets by name, without their examples."""
        ...

    async def access(self, actor: Actor, examples_id: ExampleSetId) -> ExampleSet:
        """Read one."""
        ...

    async def remove(self, actor: Actor, examples_id: ExampleSetId) -> None:
        """Delete one; chats that used it go on without."""
        ...


class MessageSearch(Protocol):
    """The index of everything that was said, by Russian and English stems."""

    async def index(self, message_ids: Sequence[MessageId]) -> None:
        """Take messages and those that they answer into the index, or take them in anew.

        A reply that is being written is left out.
        """
        ...

    async def index_missing(self, *, limit: int) -> int:
        """Take in messages of no live run that the index lacks (imported, or a crash came between); tell how many."""
        ...

    async def find(self, actor: Actor, query: FindQuery, *, limit: int) -> tuple[FoundMessage, ...]:
        """Search all chats of the actor, archived ones too, messages and titles; best first."""
        ...

    async def recall(
        self, actor: Actor, chat_id: ChatId, question: str, among: Collection[MessageId], *, limit: int
    ) -> dict[MessageId, float]:
        """Rank messages of one chat for a question by BM25 among themselves, best first.

        A score is the share, 0 to 1, of what a text with every word of the question would have.
        """
        ...


class Archive(Protocol):
    """Whole chats in and out, for import and export."""

    async def add_chat(self, actor: Actor, chat: Chat, messages: Sequence[Message]) -> None:
        """Store a chat with its tree as it is, parents before children, with its dates.

        Raises Conflict for known ids.
        """
        ...

    def chats(self, actor: Actor) -> AsyncIterator[Chat]:
        """Every chat of the actor, oldest first, a few at a time."""
        ...
