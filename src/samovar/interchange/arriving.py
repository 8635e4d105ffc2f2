"""A chat on its way in: as a foreign program has it, and as it will be stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from samovar.domain.chat import Chat, Message
from samovar.domain.context import Summary
from samovar.domain.generation import Role
from samovar.domain.ids import DocumentId, MessageId

__all__ = ["ArrivingChat", "Draft", "DraftMessage", "FileReference", "Source"]

Source = Literal["samovar", "chatgpt", "claude", "openwebui", "librechat"]


@dataclass(slots=True, kw_only=True)
class DraftMessage:
    """A node of a foreign tree under the key that it has there.

    ``role`` None is a node that is not shown (tool calls, roots): its children hang on its nearest shown ancestor.
    """

    key: str
    parent: str | None
    role: Role | None
    text: str = ""
    reasoning: str = ""
    model: str | None = None
    created_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Draft:
    """A foreign chat; ``shown`` is the key of the last message of the branch that is shown, if the source tells.

    ``source_id`` makes its id here, so that it is not imported twice.
    """

    source: Source
    source_id: str
    title: str = ""
    system_prompt: str = ""
    messages: list[DraftMessage] = field(default_factory=list)
    shown: str | None = None
    folder: str = ""
    tags: tuple[str, ...] = ()
    is_pinned: bool = False
    is_archived: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReference:
    """A file that a message of our own export came with; it is taken up again where the same bytes have the same id."""

    document_id: DocumentId
    sha256: str
    name: str
    page: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivingChat:
    """A chat ready to be stored: parents before children, positions counted from 1.

    ``keeps_ids``: they are those of another installation of ours, and may be taken here.
    """

    source: Source
    chat: Chat
    messages: tuple[Message, ...]
    summaries: tuple[Summary, ...] = ()
    files: Mapping[MessageId, tuple[FileReference, ...]] = field(default_factory=dict)
    keeps_ids: bool = False
