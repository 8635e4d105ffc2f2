"""Chats of LibreChat: one conversation a file, as a list of messages or as a tree of them.

Source: LibreChat, "Export conversation" as JSON, versions 0.6 to 0.8 (2023 to 2026).
"""

from collections.abc import Iterator, Mapping
from typing import Final

from samovar.interchange.arriving import Draft, DraftMessage
from samovar.interchange.report import Report
from samovar.interchange.wire import flag, items, label, labels, members, moment, one_line, string

__all__ = ["is_chat", "read"]

#: The parent of a first message.
_ROOT: Final = "00000000-0000-0000-0000-000000000000"
_SETTINGS: Final = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "max_tokens")


def is_chat(value: Mapping[str, object]) -> bool:
    """Tell by the id of the conversation beside its messages."""
    return isinstance(value.get("conversationId"), str) and isinstance(_messages(value), list)


def read(value: Mapping[str, object], source_id: str, report: Report) -> Draft:
    """Read a conversation. The export does not tell which branch was shown: the newest message is."""
    options = members(value.get("options"))
    draft = Draft(
        source="librechat",
        source_id=string(value.get("conversationId")) or source_id,
        title=one_line(value.get("title"), report),
        system_prompt="\n\n".join(
            filter(None, (string(options.get(name)) for name in ("promptPrefix", "system", "instructions")))
        ),
        tags=labels(items(value.get("tags")), report),
        is_archived=flag(value.get("isArchived")),
        created_at=moment(value.get("createdAt"), report),
        updated_at=moment(value.get("updatedAt"), report),
    )
    if chosen := [name for name in _SETTINGS if options.get(name) is not None]:
        report.note("parameters", ", ".join(chosen))
    model = label(options.get("model") or value.get("model"), report)
    has_parents = flag(value.get("recursive")) or flag(value.get("branches"))
    last: str | None = None
    for place, (message, above) in enumerate(_walk(_messages(value))):
        key = string(message.get("messageId")) or f"message {place}"
        parent = string(message.get("parentMessageId")) or above
        if parent is None and not has_parents:
            parent = last
        node = DraftMessage(key=key, parent=None if parent == _ROOT else parent, role=None)
        _read_message(node, message, model, report)
        draft.messages.append(node)
        last = key
    return draft


def _messages(value: Mapping[str, object]) -> object:
    found = value.get("messagesTree") if "messagesTree" in value else value.get("messages")
    # The tree may come with its root, which is no message.
    return found.get("children") if isinstance(found, dict) else found


def _walk(messages: object) -> Iterator[tuple[Mapping[str, object], str | None]]:
    """Every message with the id of the one that it stands in, without recursion: the tree is as deep as the chat."""
    waiting: list[tuple[object, str | None]] = [(message, None) for message in reversed(items(messages))]
    while waiting:
        one, above = waiting.pop()
        message = members(one)
        yield message, above
        key = string(message.get("messageId")) or None
        waiting.extend((child, key) for child in reversed(items(message.get("children"))))


def _read_message(node: DraftMessage, message: Mapping[str, object], model: str | None, report: Report) -> None:
    is_question = message.get("isCreatedByUser")
    if not isinstance(is_question, bool):
        is_question = string(message.get("sender")).lower() == "user"
    node.role = "user" if is_question else "assistant"
    node.model = label(message.get("model"), report) or model
    node.created_at = moment(message.get("createdAt"), report)
    texts: list[str] = []
    thoughts: list[str] = []
    for part in map(members, items(message.get("content"))):
        _read_part(part, texts, thoughts, report)
    node.text = "\n\n".join(texts) or string(message.get("text"))
    node.reasoning = "\n\n".join(thoughts)
    for file in map(members, items(message.get("files"))):
        kind = string(file.get("type"))
        report.note("image" if kind.startswith("image") else "file", string(file.get("filename")))
    if attachments := items(message.get("attachments")):
        report.note("file", string(members(attachments[0]).get("filename")), count=len(attachments))


def _read_part(part: Mapping[str, object], texts: list[str], thoughts: list[str], report: Report) -> None:
    kind = string(part.get("type"))
    said = part.get("think") if kind == "think" else part.get("text")
    said_text = string(said) or string(members(said).get("value"))
    if kind == "text":
        texts.extend(filter(None, (said_text,)))
    elif kind == "think":
        thoughts.extend(filter(None, (said_text,)))
    elif kind == "tool_call":
        report.note("tool_call", string(members(part.get("tool_call")).get("name")))
    elif kind.startswith("image"):
        report.note("image")
    else:
        report.note("unknown_content", kind or "part")
