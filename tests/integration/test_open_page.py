"""What a page that opens with the end of a long chat has to be told beside the messages."""

from tests.support.application import Running


async def test_a_file_waits_in_the_draft_until_any_branch_has_sent_it(running: Running) -> None:
    client = running.client
    chat_id = await client.new_chat(model="text")
    ids = []
    for name in ("sent.txt", "waiting.txt"):
        status, document = await client.upload(chat_id, name, f"The kettle of {name} holds two litres.".encode())
        assert status == 201, document
        ids.append(document["id"])
    first, _ = await client.answer(chat_id, "What does it hold?", document_ids=ids[:1])
    # Another branch, whose messages alone are told when the chat is opened.
    await client.answer(chat_id, "Hello?", parent_id=None)
    status, opened = await client.send("GET", f"/api/chats/{chat_id}?limit=1")
    assert status == 200
    assert first["message"]["id"] not in {message["id"] for message in opened["messages"]}
    assert {document["id"] for document in opened["documents"]} == set(ids)
    assert opened["unsent_document_ids"] == ids[1:]


async def test_a_version_that_is_not_shown_can_be_read(running: Running) -> None:
    client = running.client
    chat_id = await client.new_chat(model="text")
    turn, _ = await client.answer(chat_id, "Tea?")
    _, again = await client.send("POST", f"/api/messages/{turn['reply']['id']}/regenerate")
    await client.whole_run(again["run_id"])
    status, version = await client.send("GET", f"/api/messages/{turn['reply']['id']}")
    assert (status, version["text"][:9]) == (200, "A samovar")
    status, problem = await client.send("GET", f"/api/messages/{chat_id}")
    assert (status, problem["code"]) == (404, "not_found")
