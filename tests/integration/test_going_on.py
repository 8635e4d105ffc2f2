"""A reply can go on where it stopped, and can be made again by another model; what was there before stays."""

from tests.support.application import Running

ANSWER = "A samovar boils water for tea. The fire burns in a tube inside, and the pot stands on top to keep warm."


async def test_a_stopped_reply_goes_on_as_another_version(running: Running) -> None:
    client = running.client
    chat_id = await client.new_chat(model="text")
    turn = await client.say(chat_id, "[[text pace=5]] Tell me about samovars.")
    async for event in client.events(turn["run_id"]):
        if event.kind == "delta":
            await client.send("POST", f"/api/runs/{turn['run_id']}/stop")
    _, found = await client.send("GET", f"/api/chats/{chat_id}")
    stopped = found["messages"][-1]
    assert stopped["run_status"] == "stopped"
    start = stopped["text"]
    assert 0 < len(start) < len(ANSWER)

    status, further = await client.send("POST", f"/api/messages/{stopped['id']}/continue")
    assert status == 201, further
    await client.whole_run(further["run_id"])
    _, found = await client.send("GET", f"/api/chats/{chat_id}")
    replies = {message["id"]: message for message in found["messages"] if message["role"] == "assistant"}
    assert replies[stopped["id"]]["text"] == start, "the version before is untouched"
    went_on = replies[further["reply"]["id"]]
    assert went_on["parent_id"] == stopped["parent_id"]
    assert found["chat"]["head_id"] == went_on["id"]
    kept = start if not start[-1].isalnum() else start[: len(start) - len(start.split()[-1])] or start
    assert went_on["text"].startswith(kept)
    assert went_on["text"].endswith(ANSWER), "what the model writes follows"
    _, ledger = await client.send("GET", f"/api/runs/{further['run_id']}/ledger")
    assert [piece["kind"] for piece in ledger["pieces"]] == ["system", "turn", "turn", "question"]
    assert ledger["pieces"][2]["text"] == kept
    assert "Go on" in ledger["pieces"][3]["text"]


async def test_what_has_no_words_or_is_no_reply_cannot_go_on(running: Running) -> None:
    client = running.client
    chat_id = await client.new_chat(model="text")
    turn, _ = await client.answer(chat_id, "Tea?")
    status, problem = await client.send("POST", f"/api/messages/{turn['message']['id']}/continue")
    assert (status, problem["code"]) == (400, "invalid_request")


async def test_a_reply_is_made_again_by_another_model_and_the_chat_keeps_its_own(running: Running) -> None:
    client = running.client
    chat_id = await client.new_chat(model="text")
    turn, _ = await client.answer(chat_id, "Tea?")
    path = f"/api/messages/{turn['reply']['id']}/regenerate"
    status, again = await client.send("POST", path, {"model": "russian"})
    assert status == 201, again
    await client.whole_run(again["run_id"])
    _, found = await client.send("GET", f"/api/chats/{chat_id}")
    texts = [message["text"] for message in found["messages"] if message["role"] == "assistant"]
    assert texts[0] == ANSWER
    assert texts[1].startswith("Самовар")
    assert found["chat"]["model"] == "text"
    status, problem = await client.send("POST", path, {"modell": "russian"})
    assert status in (400, 422), problem
