"""Exports of other programs, read into trees."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.support.exports import (
    START_S,
    chatgpt_chat,
    chatgpt_node,
    claude_chat,
    librechat_chat,
    openwebui_chat,
    zipped,
)

from samovar.domain.chat import path_to
from samovar.domain.ids import UserId
from samovar.interchange.arriving import ArrivingChat
from samovar.interchange.reading import ChatReader
from samovar.interchange.report import Report

OWNER = UserId(UUID("00000000-0000-0000-0000-0000000000aa"))
NOW = datetime(2026, 11, 22, tzinfo=UTC)
START = datetime.fromtimestamp(START_S, UTC)


def read(tmp_path: Path, content: object) -> tuple[list[ArrivingChat], dict[str, int], str | None]:
    path = tmp_path / "export"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    report = Report()
    reader = ChatReader(path, "export", OWNER, NOW, report)
    chats = list(reader.chats())
    return chats, {problem.what: problem.count for problem in report.problems()}, reader.source


def outline(arriving: ArrivingChat) -> list[tuple[str, str, str | None]]:
    """Role, text and the text that is answered, of every message in order."""
    by_id = {message.message_id: message.text for message in arriving.messages}
    return [
        (message.role, message.text, by_id[message.parent_id] if message.parent_id else None)
        for message in arriving.messages
    ]


def shown(arriving: ArrivingChat) -> list[str]:
    return [message.text for message in path_to(arriving.messages, arriving.chat.head_id)]


def branching() -> dict[str, Any]:
    return chatgpt_chat(
        [
            chatgpt_node("root", None),
            chatgpt_node("sys", "root", "system", "", metadata={"is_visually_hidden_from_conversation": True}),
            chatgpt_node(
                "own",
                "sys",
                "user",
                {"content_type": "user_editable_context", "user_profile": "Люблю чай", "user_instructions": "Кратко"},
                metadata={"is_visually_hidden_from_conversation": True},
            ),
            chatgpt_node("q", "own", "user", "Как заварить?", create_time=START_S + 1),
            chatgpt_node(
                "a1", "q", "assistant", "Кипятком.", create_time=START_S + 2, metadata={"model_slug": "gpt-4o"}
            ),
            chatgpt_node("a2", "q", "assistant", "Водой 80 °C.", create_time=START_S + 3),
            chatgpt_node("q2", "a1", "user", "Сколько минут?", create_time=START_S + 4),
            chatgpt_node("a3", "q2", "assistant", "Три.", create_time=START_S + 5),
        ],
        current_node="a3",
        is_archived=True,
    )


def test_a_tree_of_chatgpt_keeps_branches_dates_models_and_the_shown_branch(tmp_path: Path) -> None:
    chats, problems, source = read(tmp_path, [branching()])
    assert source == "chatgpt"
    assert problems == {}
    (arriving,) = chats
    assert outline(arriving) == [
        ("user", "Как заварить?", None),
        ("assistant", "Кипятком.", "Как заварить?"),
        ("assistant", "Водой 80 °C.", "Как заварить?"),
        ("user", "Сколько минут?", "Кипятком."),
        ("assistant", "Три.", "Сколько минут?"),
    ]
    assert shown(arriving) == ["Как заварить?", "Кипятком.", "Сколько минут?", "Три."]
    chat = arriving.chat
    assert (chat.title, chat.system_prompt, chat.is_archived) == ("Заварка чая", "Люблю чай\n\nКратко", True)
    assert (chat.created_at, chat.updated_at) == (START, START + timedelta(seconds=600))
    assert arriving.messages[1].model == "gpt-4o"
    assert arriving.messages[3].created_at == START + timedelta(seconds=4)


def test_both_forms_of_chatgpt_are_read_the_same_whatever_the_files_are_called(tmp_path: Path) -> None:
    first, second = branching(), {**branching(), "conversation_id": "chat-2"}
    whole, _, _ = read(tmp_path, [first, second])
    in_zip, left_out, _ = read(tmp_path, zipped({"conversations.json": [first, second], "chat.html": b"<html>"}))
    in_parts, others, _ = read(
        tmp_path,
        zipped({"a/conversations-000.json": [first], "a/whatever": [second], "user.json": {"id": "somebody"}}),
    )
    assert whole == in_zip == in_parts
    assert left_out == {"archive_entry": 1}
    assert others == {"other_file": 1}


def test_one_turn_with_thoughts_and_tools_becomes_one_reply(tmp_path: Path) -> None:
    nodes = [
        chatgpt_node("q", None, "user", "Сколько будет 2+2?"),
        chatgpt_node("t", "q", "assistant", {"content_type": "thoughts", "thoughts": [{"content": "Сложу."}]}),
        chatgpt_node("c", "t", "assistant", {"content_type": "code", "text": "2+2"}, recipient="python"),
        chatgpt_node("r", "c", "tool", {"content_type": "execution_output", "text": "4"}),
        chatgpt_node("a", "r", "assistant", "Четыре\ue200cite\ue202turn0search0\ue201.", metadata={"citations": []}),
        chatgpt_node(
            "i",
            "a",
            "user",
            {
                "content_type": "multimodal_text",
                "parts": [{"content_type": "image_asset_pointer", "asset_pointer": "file-service://x"}, "Что это?"],
            },
        ),
    ]
    chats, problems, _ = read(tmp_path, [chatgpt_chat(nodes)])
    assert outline(chats[0]) == [
        ("user", "Сколько будет 2+2?", None),
        ("assistant", "Четыре.", "Сколько будет 2+2?"),
        ("user", "Что это?", "Четыре."),
    ]
    assert chats[0].messages[1].reasoning == "Сложу."
    assert problems == {"tool_call": 1, "tool_result": 1, "citation": 1, "image": 1}


def test_claude_keeps_branches_thoughts_and_what_was_read_of_files(tmp_path: Path) -> None:
    root = "00000000-0000-4000-8000-000000000000"
    messages: list[dict[str, Any]] = [
        {
            "uuid": "m1",
            "sender": "human",
            "parent_message_uuid": root,
            "text": "",
            "content": [{"type": "text", "text": "Summarise."}],
            "attachments": [{"file_name": "note.txt", "extracted_content": "Boil ```water```."}],
            "files": [{"file_name": "cup.png", "file_kind": "image"}],
            "created_at": "2024-03-01T12:00:01.000000Z",
        },
        {
            "uuid": "m2",
            "sender": "assistant",
            "parent_message_uuid": "m1",
            "content": [
                {"type": "thinking", "thinking": "Short."},
                {"type": "tool_use", "name": "search"},
                {"type": "text", "text": "Boil water.", "citations": [{"title": "Tea"}]},
            ],
            "created_at": "2024-03-01T12:00:02.000000Z",
        },
        {"uuid": "m3", "sender": "assistant", "parent_message_uuid": "m1", "text": "Water.", "content": []},
    ]
    chats, problems, source = read(tmp_path, [claude_chat(messages, current_leaf_message_uuid="m2", is_starred=True)])
    assert source == "claude"
    question = "Summarise.\n\nnote.txt:\n\n````\nBoil ```water```.\n````"
    assert sorted(outline(chats[0])[1:]) == [
        ("assistant", "Boil water.", question),
        ("assistant", "Water.", question),
    ]
    assert shown(chats[0]) == [question, "Boil water."]
    assert chats[0].chat.is_pinned
    reply = next(message for message in chats[0].messages if message.text == "Boil water.")
    assert reply.reasoning == "Short."
    assert problems == {"image": 1, "tool_call": 1, "citation": 1}


def test_older_messages_of_claude_follow_one_another(tmp_path: Path) -> None:
    said = [{"uuid": str(n), "sender": "human" if n % 2 == 0 else "assistant", "text": f"t{n}"} for n in range(4)]
    chats, problems, _ = read(tmp_path, [claude_chat(said)])
    assert shown(chats[0]) == ["t0", "t1", "t2", "t3"]
    assert problems == {}


def test_open_webui_keeps_its_tree_tags_and_reasoning_in_seconds_and_milliseconds(tmp_path: Path) -> None:
    boxed = '<details type="reasoning" done="true" duration="3">\n<summary>Thought</summary>\n'
    boxed += "> Hot &amp; fast\n</details>\nBoil."
    tree: dict[str, dict[str, Any]] = {
        "q": {"id": "q", "parentId": None, "role": "user", "content": "How?", "timestamp": int(START_S)},
        "a": {"id": "a", "parentId": "q", "role": "assistant", "content": "Steep.", "model": "llama3:8b"},
        "b": {
            "id": "b",
            "parentId": "q",
            "role": "assistant",
            "content": boxed,
            "timestamp": int(START_S * 1000) + 5000,
        },
    }
    chats, problems, source = read(tmp_path, [openwebui_chat(tree)])
    assert source == "openwebui"
    assert problems == {}
    chat = chats[0].chat
    assert (chat.title, chat.system_prompt, chat.tags, chat.is_pinned) == ("Tea", "Be brief.", ("tea", "home"), True)
    assert shown(chats[0]) == ["How?", "Boil."]
    reply = chats[0].messages[-1]
    assert (reply.reasoning, reply.created_at) == ("Hot & fast", START + timedelta(seconds=5))


def test_the_oldest_chats_of_open_webui_are_flat_lists(tmp_path: Path) -> None:
    listed = [{"role": "user", "content": "How?"}, {"role": "assistant", "content": "Boil."}]
    chats, _, _ = read(tmp_path, [{"id": "old", "title": "Tea", "chat": {"messages": listed}}])
    assert shown(chats[0]) == ["How?", "Boil."]


def test_librechat_is_the_same_as_a_list_and_as_a_tree(tmp_path: Path) -> None:
    root = "00000000-0000-0000-0000-000000000000"
    question = {"messageId": "q", "parentMessageId": root, "isCreatedByUser": True, "text": "How?"}
    first = {"messageId": "a", "parentMessageId": "q", "isCreatedByUser": False, "text": "Boil.", "model": "gpt-4o"}
    second = {
        "messageId": "b",
        "parentMessageId": "q",
        "isCreatedByUser": False,
        "content": [{"type": "think", "think": "Hm."}, {"type": "text", "text": {"value": "Steep."}}],
    }
    flat, problems, source = read(tmp_path, librechat_chat([question, first, second]))
    nested, _, _ = read(tmp_path, librechat_chat([{**question, "children": [first, second]}], recursive=True))
    assert source == "librechat"
    assert problems == {}
    assert flat == nested
    assert outline(flat[0])[1:] == [("assistant", "Boil.", "How?"), ("assistant", "Steep.", "How?")]
    assert flat[0].chat.system_prompt == "Be brief."
    assert flat[0].messages[2].reasoning == "Hm."


def test_a_tree_as_deep_as_a_chat_of_ten_thousand_turns_is_read(tmp_path: Path) -> None:
    turns = 10_000
    content = '{"conversationId":"deep","recursive":true,"messages":['
    content += ",".join(
        [
            f'{{"messageId":"{n}","isCreatedByUser":{"true" if n % 2 == 0 else "false"},"text":"t{n}","children":['
            for n in range(turns)
        ]
    ).replace("[,", "[")
    content += "]}" * turns + "]}"
    chats, problems, _ = read(tmp_path, content.encode())
    assert problems == {}
    assert shown(chats[0])[-1] == f"t{turns - 1}"
    assert len(chats[0].messages) == turns


@pytest.mark.parametrize("owner", [OWNER, UserId(UUID(int=7))])
def test_ids_are_the_same_each_time_and_differ_between_people(tmp_path: Path, owner: UserId) -> None:
    path = tmp_path / "export"
    path.write_text(json.dumps([branching()]), encoding="utf-8")
    first, again = (next(iter(ChatReader(path, "x", owner, NOW, Report()).chats())) for _ in range(2))
    assert first == again
    others = next(iter(ChatReader(path, "x", UserId(UUID(int=8)), NOW, Report()).chats()))
    assert first.chat.chat_id != others.chat.chat_id
    assert not {one.message_id for one in first.messages} & {one.message_id for one in others.messages}
