"""The branch of a chat that is shown, in words, as every form for readers begins with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from samovar.domain.chat import Chat, Message
from samovar.domain.document import Document
from samovar.domain.ids import DocumentId

__all__ = ["Language", "Transcript", "Turn", "transcript_of"]

Language = Literal["en", "ru"]

_WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "untitled": "Untitled chat",
        "user": "You",
        "assistant": "Reply",
        "system": "System",
        "prompt": "System prompt",
        "reasoning": "Reasoning",
        "files": "Files",
        "sources": "Sources",
        "page": "p.",
    },
    "ru": {
        "untitled": "Чат без названия",
        "user": "Вы",
        "assistant": "Ответ",
        "system": "Система",
        "prompt": "Системный промпт",
        "reasoning": "Рассуждение",
        "files": "Файлы",
        "sources": "Источники",
        "page": "с.",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A message: who says it and when, its words as Markdown, and what stands below them.

    ``is_verbatim``: the words are a person's and are shown as they were typed.
    """

    speaker: str
    said_at: datetime
    text: str
    is_verbatim: bool
    reasoning: str
    files: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """A chat to read; ``words`` are the headings in its language."""

    title: str
    begun_at: datetime
    system_prompt: str
    turns: tuple[Turn, ...]
    words: Mapping[str, str]
    language: Language


def transcript_of(
    chat: Chat, branch: Sequence[Message], documents: Mapping[DocumentId, Document], language: Language
) -> Transcript:
    """Put a branch into words; its messages come first message first."""
    words = _WORDS[language]
    return Transcript(
        title=" ".join(chat.title.split()) or words["untitled"],
        begun_at=chat.created_at,
        system_prompt=chat.system_prompt.strip(),
        turns=tuple(_turn(message, documents, words) for message in branch),
        words=words,
        language=language,
    )


def _turn(message: Message, documents: Mapping[DocumentId, Document], words: Mapping[str, str]) -> Turn:
    speaker = words[message.role]
    if message.role == "assistant" and message.model:
        speaker = message.model
    whole = [_name(document_id, documents) for document_id in message.document_ids]
    pages = [f"{_name(page.document_id, documents)}, {words['page']} {page.page}" for page in message.pages]
    return Turn(
        speaker=speaker,
        said_at=message.created_at,
        text=message.text,
        is_verbatim=message.role != "assistant",
        reasoning=message.reasoning,
        files=(*whole, *pages),
        sources=tuple(
            f"[{citation.n}] {citation.document}"
            + (f", {words['page']} {citation.page}" if citation.page is not None else "")
            + (f": {' '.join(citation.quote.split())}" if citation.quote else "")
            for citation in message.citations
        ),
    )


def _name(document_id: DocumentId, documents: Mapping[DocumentId, Document]) -> str:
    document = documents.get(document_id)
    return document.name if document else "?"
