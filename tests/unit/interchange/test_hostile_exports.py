"""Files that are made to harm, and files that are broken: each has its verdict, and what is good of it stays."""

import io
import json
import struct
import tracemalloc
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.exports import chatgpt_chat, chatgpt_node, claude_chat, zipped
from tests.unit.interchange.test_sources import NOW, OWNER, outline, read, shown

from samovar.domain.chat import path_to
from samovar.domain.errors import (
    FileEncrypted,
    ImportDamaged,
    ImportPackingUnknown,
    ImportTooComplex,
    ImportTooNew,
    ImportUnrecognised,
    InterchangeError,
)
from samovar.interchange import limits, package, planting, splitting
from samovar.interchange.reading import ChatReader
from samovar.interchange.report import Report


def chat(source_id: str = "chat-1", text: str = "Hello") -> dict[str, Any]:
    nodes = [chatgpt_node("q", None, "user", text), chatgpt_node("a", "q", "assistant", "Hi")]
    return chatgpt_chat(nodes, conversation_id=source_id)


def test_what_stands_before_a_break_is_kept_and_the_report_says_where_it_is(tmp_path: Path) -> None:
    whole = json.dumps([chat("1"), chat("2"), chat("3")]).encode()
    cut = whole[: whole.rindex(b'"chat-') if b'"chat-' in whole else -200]
    chats, problems, _ = read(tmp_path, cut[:-50])
    assert len(chats) == 2
    assert problems == {"broken_file": 1}


def test_one_broken_chat_costs_the_others_nothing(tmp_path: Path) -> None:
    broken = b'{"mapping": {"a": nonsense}}'
    content = b"[" + b",".join([json.dumps(chat("1")).encode(), broken, json.dumps(chat("2")).encode(), b"7"]) + b"]"
    chats, problems, _ = read(tmp_path, content)
    assert len(chats) == 2
    assert problems == {"broken_chat": 1, "not_a_chat": 1}


@pytest.mark.parametrize(
    "content",
    [b"", b"   ", b"hello", b"[]", b"{}", b"null", b'[{"id": 1}]', b"\x00\x01", b'"text"', b"[" * 10, b"%PDF-1.7"],
)
def test_a_file_without_chats_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises((ImportUnrecognised, ImportDamaged)):
        read(tmp_path, content)


def test_cycles_strangers_and_doubles_are_told_and_every_message_is_still_there(tmp_path: Path) -> None:
    nodes = [
        chatgpt_node("a", "c", "user", "one"),
        chatgpt_node("b", "a", "assistant", "two"),
        chatgpt_node("c", "b", "user", "three"),
        chatgpt_node("d", "nobody", "user", "four"),
        chatgpt_node("e", "e", "user", "five"),
    ]
    chats, problems, _ = read(tmp_path, [chatgpt_chat(nodes, current_node="c")])
    assert {text for _, text, _ in outline(chats[0])} == {"one", "two", "three", "four", "five"}
    assert problems == {"cycle": 2, "lost_parent": 1}
    doubled = [{"uuid": "same", "sender": "human", "text": text} for text in ("first", "second")]
    chats, problems, _ = read(tmp_path, [claude_chat(doubled)])
    assert shown(chats[0]) == ["first"]
    assert problems["duplicate_message"] == 1


def test_a_hundred_thousand_roots_and_a_path_as_long_are_planted(tmp_path: Path) -> None:
    many = [chatgpt_node(str(n), None, "user", "x") for n in range(limits.MOST_MESSAGES + 10)]
    chats, problems, _ = read(tmp_path, [chatgpt_chat(many)])
    assert len(chats[0].messages) == limits.MOST_MESSAGES
    assert problems == {"messages_left_out": 10}
    path = [
        chatgpt_node(str(n), str(n - 1) if n else None, "user" if n % 2 == 0 else "assistant", "x")
        for n in range(50_000)
    ]
    chats, _, _ = read(tmp_path, [chatgpt_chat(path)])
    assert len(path_to(chats[0].messages, chats[0].chat.head_id)) == 50_000


def test_a_long_line_of_replies_without_questions_becomes_one(tmp_path: Path) -> None:
    nodes = [chatgpt_node(str(n), str(n - 1) if n else None, "assistant", f"part {n}") for n in range(20_000)]
    chats, _, _ = read(tmp_path, [chatgpt_chat(nodes)])
    assert len(chats[0].messages) == 1
    assert chats[0].messages[0].text.endswith("part 19999")


def test_a_string_of_a_hundred_megabytes_is_never_held(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    with path.open("wb") as file:
        file.write(b'[{"mapping": {"a": "')
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(b'"}},' + json.dumps(chat()).encode() + b"]")
    report = Report()
    tracemalloc.start()
    try:
        chats = list(ChatReader(path, "export.json", OWNER, NOW, report).chats())
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(chats) == 1
    assert [problem.what for problem in report.problems()] == ["chat_too_large"]
    assert peak_bytes < 2 * limits.MOST_CHAT_BYTES


def test_brackets_without_end_are_given_up(tmp_path: Path) -> None:
    chats, problems, _ = read(tmp_path, b"[" + json.dumps(chat()).encode() + b"," + b"[" * 200_000)
    assert len(chats) == 1
    assert problems == {"broken_file": 1}


def test_a_chat_of_millions_of_small_values_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "MOST_VALUES", 1000)
    chats, problems, _ = read(tmp_path, [chat(), {"mapping": {"a": [0] * 2000}}])
    assert len(chats) == 1
    assert problems == {"chat_too_large": 1}


def test_what_the_database_cannot_hold_is_replaced_and_told(tmp_path: Path) -> None:
    content = json.dumps([chat(text="a\x00b")]).replace("a\\u0000b", "a\\u0000b\\ud800").encode()
    chats, problems, _ = read(tmp_path, content)
    assert chats[0].messages[0].text == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"
    assert problems == {"unstorable_characters": 1}


def test_values_of_wrong_kinds_are_no_reason_to_fail(tmp_path: Path) -> None:
    odd: list[object] = [None, True, 7, 1e308, "x", [], {}, [[]], {"a": None}, "9999-12-31T23:59:59+14:00", -(10**20)]
    for value in odd:
        messy = chatgpt_chat([chatgpt_node("q", None, "user", "Hello")])
        for name in ("title", "create_time", "update_time", "current_node", "conversation_id", "is_archived"):
            messy[name] = value
        messy["mapping"]["z"] = value
        messy["mapping"]["y"] = {"message": value, "parent": value}
        messy["mapping"]["w"] = {"message": {"author": value, "content": value, "metadata": value}, "parent": "q"}
        messy["mapping"]["v"] = chatgpt_node("v", "q", "user", {"content_type": value, "parts": value, "text": value})
        chats, _, _ = read(tmp_path, [messy])
        assert ("user", "Hello", None) in outline(chats[0])


def test_a_bomb_is_recognised_before_it_is_large(tmp_path: Path) -> None:
    bomb = b'[{"mapping": {"a": "' + b"0" * 200_000_000 + b'"}}]'
    with pytest.raises(ImportTooComplex):
        read(tmp_path, zipped({"conversations.json": bomb}))


def test_too_many_entries_are_refused_before_they_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files: dict[str, bytes | object] = {f"{n}.json": b"[]" for n in range(30)}
    monkeypatch.setattr(package, "MOST_ENTRIES", 20)
    with pytest.raises(ImportTooComplex):
        read(tmp_path, zipped(files))
    monkeypatch.setattr(package, "MOST_DIRECTORY_BYTES", 1000)
    with pytest.raises(ImportTooComplex):
        read(tmp_path, zipped(files))


@pytest.mark.parametrize("bits", [0x1, 0x40, 0x41])
def test_an_encrypted_archive_is_named_so(tmp_path: Path, bits: int) -> None:
    content = bytearray(zipped({"conversations.json": [chat()]}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        struct.pack_into("<H", content, content.index(mark) + place, bits)
    with pytest.raises(FileEncrypted):
        read(tmp_path, bytes(content))


@pytest.mark.parametrize(
    ("place", "value"),
    [(6, 64), (8, 0x20), (10, 9), (10, 12), (10, 14), (10, 97)],
    ids=["version 6.4", "a patch", "Deflate64", "bzip2", "LZMA", "PPMd"],
)
def test_an_archive_that_is_packed_otherwise_is_named_so(tmp_path: Path, place: int, value: int) -> None:
    content = bytearray(zipped({"conversations.json": [chat()]}))
    for mark, moved in ((b"PK\x03\x04", place - 2), (b"PK\x01\x02", place)):
        struct.pack_into("<H", content, content.index(mark) + moved, value)
    with pytest.raises(ImportPackingUnknown):
        read(tmp_path, bytes(content))


def test_an_entry_without_a_name_is_read_like_any_other(tmp_path: Path) -> None:
    content = zipped({"a.json": [chat()]}).replace(b"a.json", b"\0.json")
    chats, problems, _ = read(tmp_path, content)
    assert len(chats) == 1
    assert problems == {}


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_bytes_of_an_archive_are_changed_it_is_read_or_refused(
    tmp_path: Path, changes: list[tuple[int, int]]
) -> None:
    content = bytearray(zipped({"a.json": [chat("1")], "b/": b"", "b/c.json": [chat("2")]}))
    for place, value in changes:
        content[place % len(content)] = value
    with suppress(InterchangeError, FileEncrypted):
        read(tmp_path, bytes(content))


def test_damage_inside_an_archive_leaves_the_files_before_it(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("conversations-000.json", json.dumps([chat("1")]))
        archive.writestr("conversations-001.json", json.dumps([chat("2", text="the other")]))
    damaged = content.getvalue().replace(b"the other", b"the 0ther")
    chats, problems, _ = read(tmp_path, damaged)
    assert chats[0].messages[0].text == "Hello"
    assert problems["broken_file"] == 1
    with pytest.raises(ImportDamaged):
        read(tmp_path, content.getvalue()[:-40])


def test_names_of_entries_lead_nowhere(tmp_path: Path) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    archive = zipped({"../../escaped.json": [chat("1")], "/etc/escaped": [chat("2")], "C:\\x": b"no JSON"})
    chats, _, _ = read(folder, archive)
    assert len(chats) == 2
    assert [path.name for path in tmp_path.rglob("*")] == ["inside", "export"]


def test_a_file_of_a_newer_samovar_is_refused_and_one_of_ours_must_have_our_form(tmp_path: Path) -> None:
    with pytest.raises(ImportTooNew):
        read(tmp_path, {"format": "samovar-chats", "version": 2, "chats": [{}]})
    chats, problems, source = read(tmp_path, {"format": "samovar-chats", "version": 1, "chats": [{"id": "x"}, 7]})
    assert (chats, source) == ([], "samovar")
    assert problems == {"broken_chat": 1, "not_a_chat": 1}


def test_ids_of_another_chat_cannot_be_guessed_into_ours() -> None:
    first = planting.chat_id_of(OWNER, "chatgpt", "a/b")
    assert isinstance(first, UUID)
    assert first != planting.chat_id_of(OWNER, "claude", "a/b")
    assert planting.chat_id_of(OWNER, "chatgpt", "\ud800") != first
