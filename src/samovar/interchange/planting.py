"""A foreign tree made into one of ours: no cycles, no strangers, parents before children."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from samovar.domain.chat import Chat, Message
from samovar.domain.ids import ChatId, MessageId, UserId
from samovar.domain.parameters import GenerationParameters
from samovar.interchange.arriving import ArrivingChat, Draft, DraftMessage
from samovar.interchange.limits import LONGEST_SYSTEM_PROMPT, MOST_MESSAGES
from samovar.interchange.report import Report
from samovar.interchange.wire import one_line, stored_text

__all__ = ["chat_id_of", "plant"]

#: Ids made from foreign ones lie in a space of their own.
_SPACE: Final = UUID("5d2a2f0e-6d5c-4b52-9a43-0f7e0c4d8a11")


def chat_id_of(owner_id: UserId, source: str, source_id: str) -> ChatId:
    """The id of a foreign chat here: always the same for the same owner, another one for everybody else."""
    return ChatId(uuid5(_SPACE, _spelt(f"{owner_id}/{source}/{source_id}")))


def plant(draft: Draft, owner_id: UserId, now: datetime, report: Report) -> ArrivingChat | None:
    """Make a chat of ours; None, and a line in the report, when nothing of it can be shown."""
    chat_id = chat_id_of(owner_id, draft.source, draft.source_id)
    nodes = _unique(draft.messages, report)
    _hide_empty(nodes, report)
    parents = _shown_parents(nodes, report)
    shown = [node for node in nodes.values() if node.role is not None]
    merged = _merge(shown, parents)
    shown = [node for node in shown if node.key not in merged]
    if not shown:
        report.note("empty_chat", draft.title)
        return None
    created_at = draft.created_at or min((node.created_at for node in shown if node.created_at), default=now)
    messages = [
        Message(
            message_id=_message_id(chat_id, node.key),
            chat_id=chat_id,
            parent_id=None if (parent := parents[node.key]) is None else _message_id(chat_id, parent),
            position=place,
            role=node.role or "assistant",
            text=stored_text(node.text, report),
            reasoning=stored_text(node.reasoning, report),
            model=node.model if node.role == "assistant" else None,
            created_at=said_at,
        )
        for place, (node, said_at) in enumerate(_in_order(shown, parents, created_at), start=1)
    ]
    head = _head(draft.shown, nodes, parents, merged)
    updated_at = draft.updated_at or max(message.created_at for message in messages)
    chat = Chat(
        chat_id=chat_id,
        owner_id=owner_id,
        title=one_line(draft.title, report),
        system_prompt=stored_text(draft.system_prompt, report, longest=LONGEST_SYSTEM_PROMPT),
        model=None,
        parameters=GenerationParameters(),
        # The last one has no children: it comes after everything that it answers.
        head_id=messages[-1].message_id if head is None else _message_id(chat_id, head),
        folder=draft.folder,
        tags=draft.tags,
        is_pinned=draft.is_pinned,
        is_archived=draft.is_archived,
        created_at=created_at,
        updated_at=max(created_at, updated_at),
    )
    return ArrivingChat(source=draft.source, chat=chat, messages=tuple(messages))


def _message_id(chat_id: ChatId, key: str) -> MessageId:
    return MessageId(uuid5(chat_id, _spelt(key)))


def _spelt(key: str) -> str:
    """A key that can be spelt in UTF-8, halves of characters too."""
    return key.encode("utf-8", "backslashreplace").decode()


def _unique(messages: Iterable[DraftMessage], report: Report) -> dict[str, DraftMessage]:
    nodes: dict[str, DraftMessage] = {}
    for node in messages:
        if node.key in nodes:
            report.note("duplicate_message", node.text or node.key)
        elif len(nodes) >= MOST_MESSAGES:
            report.note("messages_left_out", node.text)
        else:
            nodes[node.key] = node
    return nodes


def _hide_empty(nodes: Mapping[str, DraftMessage], report: Report) -> None:
    for node in nodes.values():
        if node.role is not None and not node.text.strip() and not node.reasoning.strip():
            node.role = None
            report.note("empty_message", node.key)


def _shown_parents(nodes: Mapping[str, DraftMessage], report: Report) -> dict[str, str | None]:
    """The nearest shown ancestor of every node. Shape: every key to a key of a shown node, or None for a root.

    An edge that closes a cycle is cut, and one that leads nowhere begins a root.
    """
    found: dict[str, str | None] = {}
    for start in nodes:
        path: list[str] = []
        on_path: set[str] = set()
        key: str | None = start
        while key is not None and key not in found:
            path.append(key)
            on_path.add(key)
            parent = nodes[key].parent
            if parent is not None and parent not in nodes:
                report.note("lost_parent", parent)
                parent = None
            if parent in on_path:
                report.note("cycle", nodes[key].text or key)
                parent = None
            if parent is None:
                found[key] = None
            key = parent
        for key in reversed(path):
            if key not in found:
                parent = nodes[key].parent
                assert parent is not None, "a node without a parent is found at once"
                found[key] = parent if nodes[parent].role is not None else found[parent]
    return found


def _merge(shown: Iterable[DraftMessage], parents: dict[str, str | None]) -> dict[str, str]:
    """Join a reply with the only reply that goes on from it: one turn, between whose parts tools were called.

    Shape: the key of every part that is joined to the key of the first part. ``parents`` changes with it.
    """
    by_key = {node.key: node for node in shown}
    children: dict[str, list[str]] = {}
    for key in by_key:
        if (parent := parents[key]) is not None:
            children.setdefault(parent, []).append(key)
    merged: dict[str, str] = {}
    for first in by_key.values():
        if first.role != "assistant" or first.key in merged:
            continue
        if _is_part(parents[first.key], by_key, children):
            continue  # its own beginning takes it in
        texts, thoughts, last = [first.text], [first.reasoning], first.key
        while len(below := children.get(last, [])) == 1 and by_key[below[0]].role == "assistant":
            part = by_key[below[0]]
            texts.append(part.text)
            thoughts.append(part.reasoning)
            first.model = part.model or first.model
            merged[part.key] = first.key
            last = part.key
        if last != first.key:
            first.text = "\n\n".join(text for text in texts if text.strip())
            first.reasoning = "\n\n".join(text for text in thoughts if text.strip())
            for child in children.get(last, []):
                parents[child] = first.key
    return merged


def _is_part(parent: str | None, by_key: Mapping[str, DraftMessage], children: Mapping[str, list[str]]) -> bool:
    return parent is not None and by_key[parent].role == "assistant" and len(children[parent]) == 1


def _in_order(
    shown: Iterable[DraftMessage], parents: Mapping[str, str | None], begun_at: datetime
) -> list[tuple[DraftMessage, datetime]]:
    """Every message with its date, in the order in which they were said; none before what it answers."""
    children: dict[str | None, list[DraftMessage]] = {}
    for node in shown:
        children.setdefault(parents[node.key], []).append(node)
    ordered: list[tuple[datetime, int, DraftMessage]] = []
    waiting = [(node, begun_at) for node in reversed(children.get(None, []))]
    while waiting:
        node, earliest = waiting.pop()
        said_at = max(node.created_at or earliest, earliest)
        ordered.append((said_at, len(ordered), node))
        waiting.extend((child, said_at) for child in reversed(children.get(node.key, [])))
    ordered.sort(key=lambda entry: entry[:2])
    return [(node, said_at) for said_at, _, node in ordered]


def _head(
    shown: str | None,
    nodes: Mapping[str, DraftMessage],
    parents: Mapping[str, str | None],
    merged: Mapping[str, str],
) -> str | None:
    if shown is None or shown not in nodes:
        return None
    key = shown if nodes[shown].role is not None else parents[shown]
    return None if key is None else merged.get(key, key)
