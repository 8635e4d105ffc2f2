"""Chats of ChatGPT: ``conversations.json``, whole or in numbered parts.

Source: exports made by ChatGPT's data controls, 2023 to 2026, as described by several public readers of them; there
is no official description.
"""

import re
from collections.abc import Mapping
from typing import Final

from samovar.interchange.arriving import Draft, DraftMessage
from samovar.interchange.report import Report
from samovar.interchange.wire import flag, items, label, members, moment, one_line, string

__all__ = ["is_chat", "read"]

#: Marks of citations that stand for what the page draws, between private characters; U+E202 parts their fields.
_CITATION_MARK: Final = re.compile("\ue200[^\ue200\ue201]{0,2000}\ue201")
_PICTURES: Final = frozenset({"image_asset_pointer"})
_SOUNDS: Final = frozenset({"audio_asset_pointer", "real_time_user_audio_video_asset_pointer"})
_EVERYBODY: Final = "all"


def is_chat(value: Mapping[str, object]) -> bool:
    """Tell by its tree, which nobody else calls so."""
    return isinstance(value.get("mapping"), dict)


def read(value: Mapping[str, object], source_id: str, report: Report) -> Draft:
    """Read a conversation; ``source_id`` is taken when it has no id of its own."""
    draft = Draft(
        source="chatgpt",
        source_id=string(value.get("conversation_id")) or string(value.get("id")) or source_id,
        title=one_line(value.get("title"), report),
        shown=string(value.get("current_node")) or None,
        is_pinned=flag(value.get("is_starred")) or value.get("pinned_time") is not None,
        is_archived=flag(value.get("is_archived")),
        created_at=moment(value.get("create_time"), report),
        updated_at=moment(value.get("update_time"), report),
    )
    model = label(value.get("default_model_slug"), report)
    prompts: dict[str, None] = {}
    for key, node in members(value.get("mapping")).items():
        message = members(members(node).get("message"))
        read_node = DraftMessage(key=key, parent=string(members(node).get("parent")) or None, role=None)
        draft.messages.append(read_node)
        if message:
            _read_message(read_node, message, model, prompts, report)
    draft.system_prompt = "\n\n".join(prompts)
    return draft


def _read_message(
    node: DraftMessage, message: Mapping[str, object], model: str | None, prompts: dict[str, None], report: Report
) -> None:
    role = string(members(message.get("author")).get("role"))
    about = members(message.get("metadata"))
    content = members(message.get("content"))
    if string(content.get("content_type")) == "user_editable_context":
        _note_prompt(prompts, content.get("user_profile"), content.get("user_instructions"))
        return
    text, reasoning = _content(content, report)
    if role == "system":
        _note_prompt(prompts, text)
    elif role == "tool":
        report.note("tool_result", text or string(members(message.get("author")).get("name")))
    elif role not in ("user", "assistant"):
        report.note("unknown_content", role)
    elif flag(about.get("is_visually_hidden_from_conversation")):
        if text.strip():
            report.note("hidden_message", text)
    elif string(message.get("recipient")) not in ("", _EVERYBODY):
        report.note("tool_call", text or string(message.get("recipient")))
    else:
        node.role = "user" if role == "user" else "assistant"
        node.text = _without_marks(text, about, report)
        node.reasoning = reasoning
        node.model = label(about.get("model_slug"), report) or model
        node.created_at = moment(message.get("create_time"), report)
        for attachment in items(about.get("attachments")):
            report.note("file", string(members(attachment).get("name")))


def _note_prompt(prompts: dict[str, None], *texts: object) -> None:
    """Keep each instruction once: it is repeated in every branch."""
    for text in texts:
        if (said := string(text).strip()) and said:
            prompts[said] = None


def _content(content: Mapping[str, object], report: Report) -> tuple[str, str]:
    """The words of a message and the thoughts before them."""
    kind = string(content.get("content_type"))
    if kind == "thoughts":
        thoughts = [members(thought) for thought in items(content.get("thoughts"))]
        said = ("\n".join(filter(None, (string(one.get("summary")), string(one.get("content"))))) for one in thoughts)
        return "", "\n\n".join(said)
    if kind == "reasoning_recap":
        return "", ""  # "Thought for 12 seconds": the thoughts themselves are kept
    if "parts" in content:
        return "\n".join(filter(None, (_part(part, report) for part in items(content.get("parts"))))), ""
    text = string(content.get("text")) or string(content.get("result"))
    if kind == "code" and text:
        return f"```{_language(content)}\n{text}\n```", ""
    if not text and kind and content.keys() - {"content_type", "parts", "text"}:
        report.note("unknown_content", kind)
    return text, ""


def _language(content: Mapping[str, object]) -> str:
    language = string(content.get("language"))
    return language if language.isalnum() and language != "unknown" else ""


def _part(part: object, report: Report) -> str:
    if isinstance(part, str):
        return part
    found = members(part)
    kind = string(found.get("content_type"))
    if kind in _PICTURES:
        report.note("image", string(found.get("asset_pointer")))
    elif kind in _SOUNDS:
        report.note("audio", string(found.get("asset_pointer")) or kind)
    elif kind == "audio_transcription":
        return string(found.get("text"))
    else:
        report.note("unknown_content", kind or str(type(part).__name__))
    return ""


def _without_marks(text: str, about: Mapping[str, object], report: Report) -> str:
    """Put the words that a citation shows in the place of its mark, where the export has them."""
    shown = {
        string(reference.get("matched_text")): string(reference.get("alt"))
        for reference in map(members, items(about.get("content_references")))
    }

    def words(mark: re.Match[str]) -> str:
        instead = shown.get(mark.group(), "")
        if not instead:
            report.note("citation", mark.group().strip("\ue200\ue201").replace("\ue202", " "))
        return instead

    if citations := items(about.get("citations")):
        report.note(
            "citation", string(members(members(citations[0]).get("metadata")).get("title")), count=len(citations)
        )
    return _CITATION_MARK.sub(words, text)
