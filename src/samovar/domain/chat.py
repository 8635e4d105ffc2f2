"""Chats and their messages; the messages of a chat form a tree."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from samovar.domain.citation import Citation
from samovar.domain.context import ContextStrategy, PinnedFact
from samovar.domain.generation import Role
from samovar.domain.ids import ChatId, DocumentId, ExampleSetId, MessageId, RunId, UserId
from samovar.domain.image_tasks import ImageTask
from samovar.domain.parameters import GenerationParameters
from samovar.domain.run import RunStatus

__all__ = ["Chat", "ChatFilter", "ChatPage", "LineNode", "Message", "SentPage", "Shelf", "TreeNode", "path_to"]

#: Which chats a list is of: those in use, those put away, or both.
Shelf = Literal["active", "archived", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """A conversation; ``head_id`` is the last message of the branch that is shown.

    ``model`` is None for "whatever the installation offers first". ``folder`` is a path like ``Bank/Loans``; empty
    for none. Messages with a position up to ``context_after`` are not sent any more: the system prompt was changed
    there. ``facts`` are sent with every question, ``examples_id`` names the example set that is.
    """

    chat_id: ChatId
    owner_id: UserId
    title: str
    system_prompt: str
    model: str | None
    parameters: GenerationParameters
    head_id: MessageId | None
    folder: str = ""
    tags: tuple[str, ...] = ()
    is_pinned: bool = False
    is_archived: bool = False
    strategy: ContextStrategy = "auto"
    context_after: int | None = None
    facts: tuple[PinnedFact, ...] = ()
    examples_id: ExampleSetId | None = None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SentPage:
    """A page of a document (counted from 1) that is shown to the model as a picture."""

    document_id: DocumentId
    page: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One node of the tree: what a person wrote, or a reply with the run that wrote it.

    ``position`` grows with every message of the installation: order never rests on a clock.
    ``task`` is what is asked of the pictures among ``document_ids`` and of ``pages``. ``run_status``,
    ``citations`` and ``outcome`` (notices, usage, error, as JSON) belong to replies.
    """

    message_id: MessageId
    chat_id: ChatId
    parent_id: MessageId | None
    position: int
    role: Role
    text: str
    reasoning: str = ""
    document_ids: tuple[DocumentId, ...] = ()
    pages: tuple[SentPage, ...] = ()
    task: ImageTask | None = None
    run_id: RunId | None = None
    run_status: RunStatus | None = None
    error_code: str | None = None
    outcome: Mapping[str, object] | None = None
    model: str | None = None
    citations: tuple[Citation, ...] = ()
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatFilter:
    """Which chats to list. ``folder`` takes those in the folders inside it too; None takes any."""

    shelf: Shelf = "active"
    folder: str | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatPage:
    """A part of the list of chats; ``next`` is what the next part comes before, None after the last one."""

    chats: tuple[Chat, ...]
    next: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeNode:
    """A message as the outline of its chat shows it: ``start`` are its first characters."""

    message_id: MessageId
    parent_id: MessageId | None
    role: Role
    start: str
    model: str | None
    created_at: datetime


class LineNode(NamedTuple):
    """A message of a branch without its words; ``size_bytes`` is how long they are in UTF-8."""

    message_id: MessageId
    position: int
    role: Role
    size_bytes: int


def path_to(messages: tuple[Message, ...], head_id: MessageId | None) -> tuple[Message, ...]:
    """The branch that ends at ``head_id``, first message first; empty for an unknown id."""
    by_id = {message.message_id: message for message in messages}
    branch: list[Message] = []
    current = by_id.get(head_id) if head_id else None
    while current is not None:
        branch.append(current)
        current = by_id.get(current.parent_id) if current.parent_id else None
    return tuple(reversed(branch))
