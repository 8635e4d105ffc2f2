"""What ``samovar import`` and ``samovar export`` say, in English and in Russian."""

from collections.abc import Mapping
from typing import Final

from samovar.cli.words import Language, language_of
from samovar.interchange.report import Loss

__all__ = ["INTERCHANGE_WORDS", "LOSS_WORDS", "say_interchange", "say_loss"]

INTERCHANGE_WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "took": "{name}: {chats} chats with {messages} messages ({source})",
        "skipped": "here already: {count}",
        "loss": "{words}: {count}",
        "example": "e.g. {example}",
        "reading": "Reading {name}",
        "wrote": "Written: {path}",
    },
    "ru": {
        "took": "{name}: чатов {chats}, сообщений {messages} ({source})",
        "skipped": "уже были здесь: {count}",
        "loss": "{words}: {count}",
        "example": "например: {example}",
        "reading": "Чтение {name}",
        "wrote": "Записано: {path}",
    },
}

#: What was not understood; English, then Russian.
LOSS_WORDS: Final[Mapping[Loss, tuple[str, str]]] = {
    "archive_entry": ("files of the archive that are no chats", "файлы архива, в которых нет чатов"),
    "audio": ("sounds", "звукозаписи"),
    "bad_date": ("dates that are none", "неверные даты"),
    "bad_value": ("values of a wrong kind", "значения не того вида"),
    "broken_chat": ("chats that could not be read", "чаты, которые не удалось прочитать"),
    "broken_file": ("places where a file breaks off", "места, где файл обрывается"),
    "chat_of_another": (
        "chats of another user, taken with new ids",
        "чаты другого пользователя, взяты с новыми номерами",
    ),
    "chat_too_large": ("chats that are too large", "слишком большие чаты"),
    "citation": ("references to sources", "ссылки на источники"),
    "cycle": ("messages that answer themselves", "сообщения, отвечающие сами себе"),
    "document_missing": ("files that are not here", "файлы, которых здесь нет"),
    "duplicate_message": ("messages that come twice", "повторные сообщения"),
    "empty_chat": ("chats without words", "чаты без слов"),
    "empty_message": ("messages without words", "сообщения без слов"),
    "examples_missing": ("example sets that are not here", "наборы примеров, которых здесь нет"),
    "file": ("attached files", "вложенные файлы"),
    "hidden_message": ("hidden messages", "скрытые сообщения"),
    "image": ("pictures", "изображения"),
    "lost_parent": ("messages whose question is missing", "сообщения, чей вопрос пропал"),
    "messages_left_out": ("messages above the limit", "сообщения сверх предела"),
    "not_a_chat": ("entries that are no chats", "записи, которые не чаты"),
    "other_file": ("files that are no chats", "файлы, в которых нет чатов"),
    "parameters": ("settings of a model", "настройки модели"),
    "text_cut": ("texts that were cut", "обрезанные тексты"),
    "tool_call": ("calls of tools", "вызовы инструментов"),
    "tool_result": ("answers of tools", "ответы инструментов"),
    "unknown_content": ("parts of an unknown kind", "части неизвестного вида"),
    "unstorable_characters": (
        "texts with characters that cannot be stored",
        "тексты со знаками, которые нельзя сохранить",
    ),
}


def say_interchange(key: str, **values: object) -> str:
    """A sentence in the language of the command line."""
    return INTERCHANGE_WORDS[language_of()][key].format_map(values)


def say_loss(what: Loss) -> str:
    """A kind of loss in the language of the command line."""
    return LOSS_WORDS[what][language_of() == "ru"]
