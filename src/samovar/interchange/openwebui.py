"""Chats of Open WebUI: a list of chats, each with its tree, or with a flat list in the oldest exports.

Source: Open WebUI, "Export All Chats", versions 0.1 to 0.12 (2024 to 2026).
"""

import re
from collections.abc import Mapping
from html import unescape
from typing import Final

from samovar.domain.generation import Role
from samovar.interchange.arriving import Draft, DraftMessage
from samovar.interchange.report import Report
from samovar.interchange.wire import flag, items, label, labels, members, moment, one_line, string

__all__ = ["is_chat", "read"]

#: Reasoning stands inside the text, quoted and in a box that folds; calls of tools stand in another one.
_BOX_START: Final = '<details type="'
_BOX_END: Final = "</details>"
_BOX_TITLE: Final = re.compile(r"\A\s*<summary>[^<]{0,500}</summary>\s*")
_QUOTE: Final = re.compile(r"^(?:>|&gt;) ?", re.MULTILINE)
_ROLES: Final[Mapping[str, Role]] = {"user": "user", "assistant": "assistant"}


def is_chat(value: Mapping[str, object]) -> bool:
    """Tell by the chat inside the chat, or by the history of a chat that stands alone."""
    inner = members(value.get("chat")) or value
    return isinstance(members(inner.get("history")).get("messages"), dict) or (
        inner is not value and isinstance(inner.get("messages"), list)
    )


def read(value: Mapping[str, object], source_id: str, report: Report) -> Draft:
    """Read a chat; dates are in seconds or in thousandths of them."""
    inner = members(value.get("chat")) or value
    about = members(value.get("meta"))
    history = members(inner.get("history"))
    draft = Draft(
        source="openwebui",
        source_id=string(value.get("id")) or string(inner.get("id")) or source_id,
        title=one_line(value.get("title") or inner.get("title"), report),
        system_prompt=string(inner.get("system")) or string(members(inner.get("params")).get("system")),
        shown=string(history.get("currentId")) or None,
        tags=labels([*items(about.get("tags")), *items(inner.get("tags"))], report),
        is_pinned=flag(value.get("pinned")),
        is_archived=flag(value.get("archived")),
        created_at=moment(value.get("created_at") or inner.get("timestamp"), report),
        updated_at=moment(value.get("updated_at"), report),
    )
    if set(members(inner.get("params"))) - {"system"}:
        report.note("parameters", ", ".join(sorted(set(members(inner.get("params"))) - {"system"})))
    tree = members(history.get("messages"))
    last: str | None = None
    for key, message in tree.items() if tree else _listed(inner):
        found = members(message)
        parent = string(found.get("parentId")) or None if tree or "parentId" in found else last
        node = DraftMessage(key=key, parent=parent, role=None)
        _read_message(node, found, draft, report)
        draft.messages.append(node)
        last = key
    return draft


def _listed(inner: Mapping[str, object]) -> list[tuple[str, object]]:
    found = items(inner.get("messages"))
    return [(string(members(one).get("id")) or f"message {place}", one) for place, one in enumerate(found)]


def _read_message(node: DraftMessage, message: Mapping[str, object], draft: Draft, report: Report) -> None:
    role = string(message.get("role"))
    text = _words(message.get("content"), report)
    if role == "system":
        draft.system_prompt = draft.system_prompt or text
        return
    if role not in _ROLES:
        report.note("unknown_content", role or "message")
        return
    node.role = _ROLES[role]
    node.model = label(message.get("model"), report)
    node.created_at = moment(message.get("timestamp"), report)
    thoughts = [string(message.get("reasoning_content"))]
    node.text = _unboxed(text, thoughts, report) if node.role == "assistant" and _BOX_START in text else text
    node.reasoning = "\n\n".join(filter(None, thoughts))
    for file in map(members, items(message.get("files"))):
        kind = "image" if string(file.get("type")) == "image" else "file"
        report.note("image" if kind == "image" else "file", string(file.get("name")))
    if sources := items(message.get("sources")) or items(message.get("citations")):
        report.note("citation", string(members(members(sources[0]).get("source")).get("name")), count=len(sources))
    if error := message.get("error"):
        report.note("unknown_content", string(members(error).get("content")) or "error")


def _unboxed(text: str, thoughts: list[str], report: Report) -> str:
    """A reply without its boxes: reasoning goes to ``thoughts``, anything else is reported."""
    kept: list[str] = []
    place = 0
    while (start := text.find(_BOX_START, place)) >= 0:
        inside, end = text.find(">", start), text.find(_BOX_END, start)
        if not start < inside < end:
            break
        kept.append(text[place:start])
        if text.startswith("reasoning", start + len(_BOX_START)):
            thoughts.append(unescape(_QUOTE.sub("", _BOX_TITLE.sub("", text[inside + 1 : end]))).strip())
        else:
            report.note("tool_call", text[start : inside + 1])
        place = end + len(_BOX_END)
    kept.append(text[place:])
    return "".join(kept).strip()


def _words(content: object, report: Report) -> str:
    if isinstance(content, str):
        return content
    texts: list[str] = []
    for part in map(members, items(content)):
        if string(part.get("type")) == "text":
            texts.append(string(part.get("text")))
        else:
            report.note("image" if "image" in string(part.get("type")) else "unknown_content", string(part.get("type")))
    return "\n".join(texts)
