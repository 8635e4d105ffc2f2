"""Chats of Claude: ``conversations.json`` with flat lists of messages.

Source: exports made by claude.ai, 2024 to 2026, as described by several public readers of them; there is no official
description.
"""

import re
from collections.abc import Mapping
from typing import Final

from samovar.interchange.arriving import Draft, DraftMessage
from samovar.interchange.report import Report
from samovar.interchange.wire import flag, items, label, members, moment, one_line, string

__all__ = ["is_chat", "read"]

#: The parent of a first message.
_ROOT: Final = "00000000-0000-4000-8000-000000000000"
_TICKS: Final = re.compile("`+")


def is_chat(value: Mapping[str, object]) -> bool:
    """Tell by its list of messages, which nobody else calls so."""
    return isinstance(value.get("chat_messages"), list)


def read(value: Mapping[str, object], source_id: str, report: Report) -> Draft:
    """Read a conversation; older exports tell no parents: their messages follow one another."""
    draft = Draft(
        source="claude",
        source_id=string(value.get("uuid")) or source_id,
        title=one_line(value.get("name"), report),
        shown=string(value.get("current_leaf_message_uuid")) or None,
        folder=one_line(members(value.get("project")).get("name"), report).replace("/", " "),
        is_pinned=flag(value.get("is_starred")),
        created_at=moment(value.get("created_at"), report),
        updated_at=moment(value.get("updated_at"), report),
    )
    model = label(value.get("model"), report)
    found = [members(message) for message in items(value.get("chat_messages"))]
    has_parents = any(string(message.get("parent_message_uuid")) for message in found)
    last: str | None = None
    for place, message in enumerate(found):
        key = string(message.get("uuid")) or f"message {place}"
        parent = string(message.get("parent_message_uuid")) or None if has_parents else last
        node = DraftMessage(key=key, parent=None if parent == _ROOT else parent, role=None)
        _read_message(node, message, model, report)
        draft.messages.append(node)
        last = key
    return draft


def _read_message(node: DraftMessage, message: Mapping[str, object], model: str | None, report: Report) -> None:
    sender = string(message.get("sender"))
    if sender not in ("human", "assistant"):
        report.note("unknown_content", sender or "message")
        return
    node.role = "user" if sender == "human" else "assistant"
    node.model = label(message.get("model"), report) or model
    node.created_at = moment(message.get("created_at"), report)
    texts: list[str] = []
    thoughts: list[str] = []
    for block in map(members, items(message.get("content"))):
        _read_block(block, texts, thoughts, report)
    text = "\n\n".join(texts) or string(message.get("text"))
    node.text = "\n\n".join(filter(None, (text, *_attachments(message, report))))
    node.reasoning = "\n\n".join(thoughts)


def _read_block(block: Mapping[str, object], texts: list[str], thoughts: list[str], report: Report) -> None:
    kind = string(block.get("type"))
    if kind == "text":
        if text := string(block.get("text")):
            texts.append(text)
        if citations := items(block.get("citations")):
            report.note("citation", string(members(citations[0]).get("title")), count=len(citations))
    elif kind == "thinking":
        if thought := string(block.get("thinking")):
            thoughts.append(thought)
    elif kind == "tool_use":
        report.note("tool_call", string(block.get("name")))
    elif kind == "tool_result":
        report.note("tool_result", string(block.get("name")))
    elif kind == "image":
        report.note("image")
    elif kind != "token_budget":
        report.note("unknown_content", kind or "block")


def _attachments(message: Mapping[str, object], report: Report) -> list[str]:
    """What was read out of attached files, each under its name; of the others the name is reported."""
    texts: list[str] = []
    for attached in map(members, items(message.get("attachments"))):
        name = one_line(attached.get("file_name"), report)
        if content := string(attached.get("extracted_content")):
            texts.append(f"{name or 'file'}:\n\n{_fenced(content)}")
        else:
            report.note("file", name)
    for file in map(members, items(message.get("files"))):
        kind = string(file.get("file_kind"))
        report.note("image" if kind == "image" else "file", string(file.get("file_name")))
    return texts


def _fenced(content: str) -> str:
    """A text as it is, inside a fence that is longer than any in it."""
    fence = "`" * max(3, 1 + max(map(len, _TICKS.findall(content)), default=0))
    return f"{fence}\n{content}\n{fence}"
