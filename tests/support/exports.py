"""Exports of other programs, made here: their shapes, never anybody's words."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

__all__ = [
    "START_S",
    "chatgpt_chat",
    "chatgpt_node",
    "claude_chat",
    "librechat_chat",
    "openwebui_chat",
    "write_large_export",
    "zipped",
]

#: 1 March 2024, noon.
START_S: Final = 1_709_294_400.0


def chatgpt_node(
    key: str, parent: str | None, role: str | None = None, content: object = "", **message: Any
) -> dict[str, Any]:
    """A node of ChatGPT's tree; ``content`` is text or a whole object, ``role`` None a node without a message."""
    node: dict[str, Any] = {"id": key, "parent": parent, "children": [], "message": None}
    if role is not None:
        whole = content if isinstance(content, dict) else {"content_type": "text", "parts": [content]}
        node["message"] = {
            "id": key,
            "author": {"role": role, "name": None, "metadata": {}},
            "content": whole,
            "recipient": "all",
            "metadata": {},
            **message,
        }
    return node


def chatgpt_chat(nodes: Sequence[dict[str, Any]], **about: Any) -> dict[str, Any]:
    """A conversation of ChatGPT around its nodes."""
    mapping = {node["id"]: node for node in nodes}
    for node in nodes:
        if node["parent"] in mapping:
            mapping[node["parent"]]["children"].append(node["id"])
    return {
        "title": "Заварка чая",
        "create_time": START_S,
        "update_time": START_S + 600,
        "mapping": mapping,
        "conversation_id": "chat-1",
        "current_node": nodes[-1]["id"] if nodes else None,
        **about,
    }


def claude_chat(messages: Sequence[dict[str, Any]], **about: Any) -> dict[str, Any]:
    """A conversation of Claude around its messages."""
    return {
        "uuid": "claude-1",
        "name": "Tea",
        "created_at": "2024-03-01T12:00:00.000000Z",
        "updated_at": "2024-03-01T12:10:00.000000Z",
        "account": {"uuid": "somebody"},
        "chat_messages": list(messages),
        **about,
    }


def openwebui_chat(messages: Mapping[str, dict[str, Any]], **about: Any) -> dict[str, Any]:
    """A chat of Open WebUI around its tree."""
    return {
        "id": "webui-1",
        "title": "Tea",
        "created_at": int(START_S),
        "updated_at": int(START_S) + 600,
        "archived": False,
        "pinned": True,
        "meta": {"tags": ["tea", "home"]},
        "chat": {
            "title": "Tea",
            "system": "Be brief.",
            "models": ["llama3:8b"],
            "history": {"messages": dict(messages), "currentId": list(messages)[-1]},
        },
        **about,
    }


def librechat_chat(messages: Sequence[dict[str, Any]], **about: Any) -> dict[str, Any]:
    """A conversation of LibreChat around its messages."""
    return {
        "conversationId": "libre-1",
        "title": "Tea",
        "endpoint": "openAI",
        "branches": True,
        "recursive": False,
        "options": {"model": "gpt-4o", "promptPrefix": "Be brief."},
        "messages": list(messages),
        **about,
    }


def zipped(files: Mapping[str, bytes | object]) -> bytes:
    """A ZIP; what is no bytes is written as JSON."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in files.items():
            archive.writestr(name, value if isinstance(value, bytes) else json.dumps(value))
    return content.getvalue()


def write_large_export(path: Path, *, size_mb: int, chat_mb: int = 20) -> int:
    """Write an export of ChatGPT of about this size, a chat in memory at a time; return how many chats it has."""
    words = "Самовар — это прибор для кипячения воды; tea is made of leaves, and 42 cups are enough. "
    text = words * (20_000 // len(words.encode()))
    turns = chat_mb * 1_000_000 // len(text.encode())
    count = max(1, size_mb // chat_mb)
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            nodes = [chatgpt_node("root", None)]
            for turn in range(turns):
                role = "user" if turn % 2 == 0 else "assistant"
                nodes.append(chatgpt_node(f"n{turn}", nodes[-1]["id"], role, f"{turn}: {text}", create_time=START_S))
            file.write("[" if number == 0 else ",\n")
            json.dump(chatgpt_chat(nodes, conversation_id=f"large-{number}"), file, ensure_ascii=False)
        file.write("]")
    return count
