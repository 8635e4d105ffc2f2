"""Chats and messages as they travel: what may be written of them, and what the page is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from samovar.domain.chat import Chat, Message, TreeNode
from samovar.domain.citation import citation_to_json
from samovar.domain.context import ContextStrategy, PinnedFact
from samovar.domain.errors import InvalidRequest
from samovar.domain.ids import ExampleSetId, MessageId
from samovar.domain.labels import MOST_TAGS, read_folder, read_tags
from samovar.domain.parameters import GenerationParameters, read_parameters

__all__ = [
    "LONGEST_FACT",
    "MOST_FACTS",
    "ChatBody",
    "chat_body",
    "message_body",
    "siblings_body",
    "tree_body",
    "with_changes",
]

LONGEST_FACT: Final = 2_000
MOST_FACTS: Final = 50
_LONGEST_TITLE: Final = 200
_LONGEST_SYSTEM_PROMPT: Final = 50_000
#: Before it is trimmed; what is kept is shorter.
_LONGEST_NAME: Final = 1_000


class FactBody(BaseModel):
    """A pinned fact; ``message_id`` is where it was said."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(max_length=LONGEST_FACT)
    message_id: UUID | None = None


class ChatBody(BaseModel):
    """What of a chat can be written; a field that is absent stays as it is, null takes a value away."""

    model_config = ConfigDict(extra="forbid")
    title: str | None = Field(None, max_length=_LONGEST_TITLE)
    system_prompt: str | None = Field(None, max_length=_LONGEST_SYSTEM_PROMPT)
    model: str | None = Field(None, max_length=500)
    parameters: dict[str, object] | None = None
    head_id: UUID | None = None
    folder: str | None = Field(None, max_length=_LONGEST_NAME)
    tags: list[Annotated[str, Field(max_length=_LONGEST_NAME)]] | None = Field(None, max_length=MOST_TAGS)
    pinned: bool | None = None
    archived: bool | None = None
    strategy: ContextStrategy | None = None
    #: Null alone: the messages before are sent again. A context begins with a new system prompt, never at a number.
    context_after: None = None
    facts: list[FactBody] | None = Field(None, max_length=MOST_FACTS)
    examples_id: UUID | None = None


def with_changes(chat: Chat, body: ChatBody) -> Chat:
    """The chat with what the body names, but for its title, its head and where its context begins.

    Raises: InvalidRequest, InvalidParameter.
    """
    return _with_context(_with_place(_with_model(chat, body), body), body)


def _with_model(chat: Chat, body: ChatBody) -> Chat:
    """Who answers, and how."""
    named = body.model_fields_set
    if "system_prompt" in named:
        chat = replace(chat, system_prompt=body.system_prompt or "")
    if "model" in named:
        chat = replace(chat, model=body.model)
    if "parameters" in named:
        chat = replace(chat, parameters=read_parameters(body.parameters) if body.parameters else GenerationParameters())
    return chat


def _with_place(chat: Chat, body: ChatBody) -> Chat:
    """Where the list has it."""
    named = body.model_fields_set
    if "folder" in named:
        chat = replace(chat, folder=read_folder(body.folder or ""))
    if "tags" in named:
        chat = replace(chat, tags=read_tags(body.tags or ()))
    if "pinned" in named:
        chat = replace(chat, is_pinned=bool(body.pinned))
    if "archived" in named:
        chat = replace(chat, is_archived=bool(body.archived))
    return chat


def _with_context(chat: Chat, body: ChatBody) -> Chat:
    """What the model is shown."""
    named = body.model_fields_set
    if "strategy" in named:
        chat = replace(chat, strategy=body.strategy or "auto")
    if "facts" in named:
        chat = replace(chat, facts=tuple(_fact(fact) for fact in body.facts or ()))
    if "examples_id" in named:
        chat = replace(chat, examples_id=ExampleSetId(body.examples_id) if body.examples_id else None)
    return chat


def _fact(body: FactBody) -> PinnedFact:
    if not body.text.strip():
        raise InvalidRequest(reason="a pinned fact has some words")
    return PinnedFact(text=body.text.strip(), message_id=MessageId(body.message_id) if body.message_id else None)


def chat_body(chat: Chat) -> dict[str, object]:
    """A chat as the page shows it."""
    return {
        "id": str(chat.chat_id),
        "title": chat.title,
        "system_prompt": chat.system_prompt,
        "model": chat.model,
        "parameters": chat.parameters.chosen(),
        "head_id": str(chat.head_id) if chat.head_id else None,
        "folder": chat.folder,
        "tags": list(chat.tags),
        "pinned": chat.is_pinned,
        "archived": chat.is_archived,
        "strategy": chat.strategy,
        "context_after": chat.context_after,
        "facts": [
            {"text": fact.text, "message_id": str(fact.message_id) if fact.message_id else None} for fact in chat.facts
        ],
        "examples_id": str(chat.examples_id) if chat.examples_id else None,
        "created_at": chat.created_at.isoformat(),
        "updated_at": chat.updated_at.isoformat(),
    }


def message_body(message: Message) -> dict[str, object]:
    """A message as the page shows it."""
    return {
        "id": str(message.message_id),
        "parent_id": str(message.parent_id) if message.parent_id else None,
        "position": message.position,
        "role": message.role,
        "text": message.text,
        "reasoning": message.reasoning,
        "document_ids": [str(document_id) for document_id in message.document_ids],
        "pages": [{"document_id": str(sent.document_id), "page": sent.page} for sent in message.pages],
        "task": message.task,
        "run_id": str(message.run_id) if message.run_id else None,
        "run_status": message.run_status,
        "error_code": message.error_code,
        "outcome": dict(message.outcome) if message.outcome else None,
        "model": message.model,
        "citations": [citation_to_json(citation) for citation in message.citations],
        "created_at": message.created_at.isoformat(),
    }


def siblings_body(siblings: Mapping[MessageId, Sequence[MessageId]]) -> dict[str, list[str]]:
    """The versions of messages, oldest first, by the id of each."""
    return {str(message_id): [str(version) for version in versions] for message_id, versions in siblings.items()}


def tree_body(nodes: Sequence[TreeNode], *, is_cut: bool) -> dict[str, object]:
    """The outline of a chat. ``is_cut``: there are older nodes; what hung on one of them begins a tree of its own."""
    shown = {node.message_id for node in nodes}
    return {
        "nodes": [
            {
                "id": str(node.message_id),
                "parent_id": str(node.parent_id) if node.parent_id in shown else None,
                "role": node.role,
                "start": node.start,
                "model": node.model,
                "created_at": node.created_at.isoformat(),
            }
            for node in nodes
        ],
        "cut": is_cut,
    }
