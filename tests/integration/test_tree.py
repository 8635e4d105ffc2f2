"""A chat opened by page, its outline, and the branch that is shown."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from tests.support.application import Running, run_application
from tests.support.database import another_actor
from tests.support.trees import line_of, plant

from samovar.domain.ids import ChatId
from samovar.settings import Settings

NOBODY = "00000000-0000-4000-8000-000000000000"


async def planted(running: Running, count: int) -> tuple[str, list[str]]:
    """A chat of one branch; return its id and those of its messages."""
    owner = await running.services.sign_in.owner()
    chat, line = await plant(running.services.storage, owner, count)
    return str(chat.chat_id), [str(message.message_id) for message in line]


async def get(running: Running, path: str) -> dict[str, Any]:
    status, found = await running.client.send("GET", path)
    assert status == 200, found
    return dict(found)


def ids_of(page: dict[str, Any]) -> list[str]:
    return [message["id"] for message in page["messages"]]


async def test_a_chat_opens_with_the_end_of_the_branch_shown_and_older_pages_lead_to_its_root(
    running: Running,
) -> None:
    chat_id, ids = await planted(running, 25)
    page = await get(running, f"/api/chats/{chat_id}?limit=10")
    assert page["chat"]["id"] == chat_id
    assert (ids_of(page), page["earlier"], page["siblings"], page["documents"]) == (ids[15:], True, {}, [])
    seen = ids_of(page)
    while page["earlier"]:
        page = await get(running, f"/api/chats/{chat_id}/messages?before={seen[0]}&limit=10")
        seen = ids_of(page) + seen
    assert seen == ids
    assert await get(running, f"/api/chats/{chat_id}/messages?before={ids[0]}") == {
        "messages": [],
        "earlier": False,
        "siblings": {},
    }
    exact = await get(running, f"/api/chats/{chat_id}?limit=25")
    assert (ids_of(exact), exact["earlier"]) == (ids, False)


async def test_an_empty_chat_opens_by_page_too(running: Running) -> None:
    chat_id = await running.client.new_chat()
    page = await get(running, f"/api/chats/{chat_id}?limit=60")
    assert (page["messages"], page["earlier"], page["siblings"]) == ([], False, {})
    assert await get(running, f"/api/chats/{chat_id}/tree") == {"nodes": [], "cut": False}


async def test_without_a_limit_the_whole_tree_is_told_as_ever(running: Running) -> None:
    chat_id, ids = await planted(running, 230)
    whole = await get(running, f"/api/chats/{chat_id}")
    assert ids_of(whole) == ids
    assert set(whole) == {"chat", "messages", "documents"}


async def test_a_message_looks_the_same_on_a_page_and_in_the_whole_tree(running: Running) -> None:
    chat_id = await running.client.new_chat(model="text")
    await running.client.answer(chat_id, "Tea?")
    whole = await get(running, f"/api/chats/{chat_id}")
    page = await get(running, f"/api/chats/{chat_id}?limit=60")
    assert page["messages"] == whole["messages"]


async def test_versions_on_a_page_are_told_with_the_page_and_every_branch_can_be_shown(running: Running) -> None:
    client = running.client
    chat_id = await client.new_chat(model="text")
    first, _ = await client.answer(chat_id, "Tea?")
    question, reply = first["message"]["id"], first["reply"]["id"]
    _, again = await client.send("POST", f"/api/messages/{reply}/regenerate")
    await client.whole_run(again["run_id"])
    other = again["reply"]["id"]
    after, _ = await client.answer(chat_id, "More?", parent_id=reply)
    edited, _ = await client.answer(chat_id, "Coffee?")

    page = await get(running, f"/api/chats/{chat_id}?limit=60")
    tops = [question, edited["message"]["id"]]
    assert ids_of(page) == [edited["message"]["id"], edited["reply"]["id"]]
    assert page["siblings"] == {edited["message"]["id"]: tops}

    status, shown = await client.send("POST", f"/api/chats/{chat_id}/show", {"message_id": question})
    assert status == 200, shown
    assert ids_of(shown) == [question, reply, after["message"]["id"], after["reply"]["id"]]
    assert shown["chat"]["head_id"] == after["reply"]["id"]
    assert shown["siblings"] == {question: tops, reply: [reply, other]}
    assert shown == await get(running, f"/api/chats/{chat_id}?limit=60")

    _, shown = await client.send("POST", f"/api/chats/{chat_id}/show?limit=1", {"message_id": other})
    assert (ids_of(shown), shown["earlier"]) == ([other], True)

    tree = await get(running, f"/api/chats/{chat_id}/tree")
    whole = await get(running, f"/api/chats/{chat_id}")
    assert tree["cut"] is False
    assert [(node["id"], node["parent_id"], node["role"], node["start"]) for node in tree["nodes"]] == [
        (message["id"], message["parent_id"], message["role"], message["text"][:100]) for message in whole["messages"]
    ]
    assert {node["model"] for node in tree["nodes"]} == {None, "text"}
    for node in tree["nodes"]:
        _, shown = await client.send("POST", f"/api/chats/{chat_id}/show", {"message_id": node["id"]})
        assert node["id"] in ids_of(shown)


async def test_of_a_tree_without_end_the_newest_nodes_are_told_and_that_it_was_cut(running: Running) -> None:
    storage = running.services.storage
    chat_id, ids = await planted(running, 20_000)
    tree = await get(running, f"/api/chats/{chat_id}/tree")
    assert (len(tree["nodes"]), tree["cut"]) == (20_000, False)
    owner = await running.services.sign_in.owner()
    async with storage.transaction() as tx:
        head = (await tx.chats.access(owner, ChatId(UUID(chat_id)))).head_id
        [more] = line_of(ChatId(UUID(chat_id)), 1, parent_id=head)
        await tx.chats.add_message(owner, replace(more, text="one more"))
    tree = await get(running, f"/api/chats/{chat_id}/tree")
    assert (len(tree["nodes"]), tree["cut"]) == (20_000, True)
    assert [tree["nodes"][place]["id"] for place in (0, -1)] == [ids[1], str(more.message_id)]
    assert tree["nodes"][0]["parent_id"] is None
    assert tree["nodes"][1]["parent_id"] == ids[1]


@pytest.mark.parametrize("limit", ["0", "-1", "201", "many", str(2**70)])
async def test_a_page_of_no_size_is_refused(running: Running, limit: str) -> None:
    chat_id, ids = await planted(running, 1)
    for path in (f"/api/chats/{chat_id}?limit={limit}", f"/api/chats/{chat_id}/messages?before={ids[0]}&limit={limit}"):
        status, problem = await running.client.send("GET", path)
        assert (status, problem["code"]) == (400, "invalid_request")


async def test_pages_and_branches_begin_at_a_message_of_the_same_chat(running: Running) -> None:
    chat_id, _ = await planted(running, 2)
    other_id, others = await planted(running, 2)
    for message_id in (others[0], NOBODY):
        for method, path, body in (
            ("GET", f"/api/chats/{chat_id}/messages?before={message_id}", None),
            ("POST", f"/api/chats/{chat_id}/show", {"message_id": message_id}),
        ):
            status, problem = await running.client.send(method, path, body)
            assert (status, problem["code"], problem["values"]) == (404, "not_found", {"what": "message"})
    status, _ = await running.client.send("GET", f"/api/chats/{chat_id}/messages")
    assert status == 400
    assert (await get(running, f"/api/chats/{other_id}?limit=9"))["chat"]["head_id"] == others[-1]


async def test_the_tree_of_somebody_else_does_not_exist(settings: Settings) -> None:
    async with run_application(settings) as running:
        assert settings.database_url is not None
        stranger = await another_actor(settings.database_url)
        chat, line = await plant(running.services.storage, stranger, 3)
        path = f"/api/chats/{chat.chat_id}"
        for method, asked, body in (
            ("GET", f"{path}?limit=60", None),
            ("GET", f"{path}/messages?before={line[-1].message_id}", None),
            ("GET", f"{path}/tree", None),
            ("POST", f"{path}/show", {"message_id": str(line[0].message_id)}),
        ):
            status, problem = await running.client.send(method, asked, body)
            assert (status, problem["code"]) == (404, "not_found"), asked
        async with running.services.storage.transaction() as tx:
            assert await tx.chats.access(stranger, chat.chat_id) == chat
