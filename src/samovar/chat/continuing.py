"""A reply that goes on where an earlier one stopped: what it begins with, and how the model is asked for the rest."""

import re
from dataclasses import replace
from typing import Final

from samovar.domain.chat import Message
from samovar.domain.image_tasks import is_russian

__all__ = ["asking_for_the_rest", "joined", "whole_words_of"]

_LAST_WORD: Final = re.compile(r"\w+\Z")
_ASKED: Final = (
    "Your reply above breaks off. Go on from the very place where it stops: do not repeat anything, do not begin anew, "
    "and write nothing before the next word."
)
_ASKED_IN_RUSSIAN: Final = (
    "Твой ответ выше обрывается. Продолжи его точно с того места, где он остановился: не повторяй сказанного, не "
    "начинай заново и ничего не пиши перед следующим словом."
)


def whole_words_of(reply: Message) -> str:
    """The text that is gone on from: of a reply that was cut, without the word that it may have been cut in."""
    text = reply.text
    if reply.run_status == "done" and not _was_cut(reply):
        return text
    return _LAST_WORD.sub("", text) or text


def asking_for_the_rest(question: Message, reply: Message, start: str) -> tuple[Message, Message]:
    """The reply so far and the words that ask for the rest, as the last two messages of a branch after ``question``.

    ``reply`` is the new one, whose text is to begin with ``start``; nothing of this is stored.
    """
    words = _ASKED_IN_RUSSIAN if is_russian(question.text) else _ASKED
    so_far = replace(reply, role="assistant", text=start, document_ids=(), pages=(), task=None)
    asked = replace(question, message_id=reply.message_id, text=words, document_ids=(), pages=(), task=None)
    return so_far, asked


def joined(start: str, first: str) -> str:
    """The first words of the rest as they follow ``start``: one space between words, none before a comma."""
    first = first.lstrip() if not start or start[-1].isspace() else first
    if start and first and not start[-1].isspace() and first[0].isalnum():
        return " " + first
    return first


def _was_cut(reply: Message) -> bool:
    notices = (reply.outcome or {}).get("notices")
    return isinstance(notices, list) and any(
        isinstance(notice, dict) and notice.get("code") == "reply_cut" for notice in notices
    )
