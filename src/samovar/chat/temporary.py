"""Temporary chats: whoever asks holds the conversation, and this server keeps nothing of it.

A reply lives in memory while it is being sent and is forgotten with the line that it is sent on: no row, no file, no
index entry, and in the log that there was a reply, never what it said.
"""

from dataclasses import dataclass

from samovar.domain.chat import Chat, Message
from samovar.domain.ids import BaseId

__all__ = ["TemporaryChat"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporaryChat:
    """What is asked: ``branch`` ends with the question, ``base_ids`` are searched. ``chat`` has no row."""

    chat: Chat
    branch: tuple[Message, ...]
    base_ids: tuple[BaseId, ...] = ()
