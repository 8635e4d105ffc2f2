"""Model servers added, changed and removed while Samovar runs, as a page or a program does it."""

import asyncio
import json
import logging
from dataclasses import replace
from typing import Any
from uuid import uuid4

import aiohttp
import psycopg
import pytest
from tests.support.application import Client, Running, run_application
from tests.support.stand_ins import Behaviour, run_stand_in

from samovar.accounts.keys import KeyTerms
from samovar.domain.actor import Actor
from samovar.domain.backend import BackendSpec
from samovar.domain.ids import UserId
from samovar.egress import EgressClient, EgressGuard
from samovar.opening import BackendOpener
from samovar.settings import RouteSettings, Settings

NOWHERE = "http://127.0.0.1:9"
#: Surely no loopback address to whoever only reads it, and one to whoever resolves it.
SEEMS_OUTSIDE = "http://127.1:9"
FIELDS = {
    *("name", "kind", "url", "source", "origin", "named_kind", "state", "reason", "outside", "has_key", "running"),
    *("waiting", "places", "next_try_s", "parallel", "load", "load_parameters", "models"),
}
MODEL_FIELDS = {
    *("id", "state", "loaded", "context_length", "trained_context_length", "quantisation", "size_bytes", "vision"),
    *("vision_known_by", "tools", "reasoning", "embeddings", "json_schema", "licence", "guessed"),
    "unsupported_parameters",
}


async def listed(client: Client) -> dict[str, dict[str, Any]]:
    status, found = await client.send("GET", "/api/backends")
    assert status == 200
    return {backend["name"]: backend for backend in found["backends"]}


async def add(client: Client, **body: object) -> dict[str, Any]:
    status, backend = await client.send("POST", "/api/backends", body)
    assert status == 201, backend
    return dict(backend)


async def remove_all(client: Client) -> None:
    for name, backend in (await listed(client)).items():
        if backend["source"] == "added":
            assert (await client.send("DELETE", f"/api/backends/{name}"))[0] == 204


async def test_a_server_is_added_by_its_address_alone_and_answers(running: Running) -> None:
    async with run_stand_in("ollama", Behaviour(answer="Tea is ready.")) as server:
        _, before = await running.client.send("GET", "/api/system")
        backend = await add(running.client, url=f"{server.url}/")
        assert set(backend) == FIELDS
        assert all(set(model) == MODEL_FIELDS for model in backend["models"])
        assert (backend["name"], backend["kind"], backend["url"]) == ("ollama", "ollama", server.url)
        assert (backend["state"], backend["reason"], backend["source"]) == ("ready", None, "added")
        assert (backend["has_key"], backend["outside"]) == (False, False)
        assert "llama3.2:latest" in [model["id"] for model in backend["models"]]
        _, system = await running.client.send("GET", "/api/system")
        assert system["backends_revision"] > before["backends_revision"], "open pages see it"
        assert system["outside_connections"] is False

        _, models = await running.client.send("GET", "/api/models")
        [model] = [model for model in models["models"] if model["model"] == "llama3.2:latest"]
        assert (model["backend"], model["state"], model["route"]) == ("ollama", "ready", None)
        chat_id = await running.client.new_chat(model=model["id"])
        _, events = await running.client.answer(chat_id, "Is tea ready?")
        assert events[-1].body["status"] == "done"
        _, chat = await running.client.send("GET", f"/api/chats/{chat_id}")
        assert chat["messages"][-1]["text"] == "Tea is ready."

        assert await running.client.send("DELETE", "/api/backends/ollama") == (204, None)
        assert "ollama" not in await listed(running.client)
        _, models = await running.client.send("GET", "/api/models")
        assert "ollama" not in {model["backend"] for model in models["models"]}


async def test_what_was_added_is_there_after_a_restart_with_all_that_belongs_to_it(settings: Settings) -> None:
    load = {"context_tokens": 4096, "keep_alive_s": -1}
    async with run_stand_in("ollama", Behaviour(key="sesame")) as server:
        async with run_application(settings) as first:
            await add(first.client, url=server.url, name="desk", key="sesame", parallel=2, load=load)
        async with run_application(settings) as second:
            desk = (await listed(second.client))["desk"]
            assert (desk["state"], desk["has_key"], desk["parallel"], desk["places"]) == ("ready", True, 2, 2)
            assert {name: value for name, value in desk["load"].items() if value is not None} == load
            assert "context_tokens" in desk["load_parameters"]
            assert (await second.client.send("DELETE", "/api/backends/desk"))[0] == 204
        async with run_application(settings) as third:
            assert "desk" not in await listed(third.client)


async def test_a_server_of_a_named_kind_is_kept_though_it_is_down(running: Running) -> None:
    backend = await add(running.client, url=NOWHERE, kind="vllm", name="gpu")
    assert (backend["name"], backend["kind"], backend["state"]) == ("gpu", "vllm", "down")
    assert backend["reason"]["code"] == "backend_unreachable"
    assert 0 < backend["next_try_s"] <= 60
    assert backend["models"] == []
    await remove_all(running.client)


async def test_without_a_kind_the_reason_is_said_and_nothing_is_kept(running: Running) -> None:
    status, problem = await running.client.send("POST", "/api/backends", {"url": NOWHERE})
    assert (status, problem["code"]) == (502, "backend_unreachable")
    async with run_stand_in("ollama", Behaviour(sends_html=True)) as page:
        status, problem = await running.client.send("POST", "/api/backends", {"url": page.url})
    assert (status, problem["code"]) == (422, "not_a_model_server")
    assert all(backend["source"] != "added" for backend in (await listed(running.client)).values())


async def test_names_and_addresses_are_taken_once(running: Running) -> None:
    async with run_stand_in("ollama") as one, run_stand_in("ollama") as two:
        assert (await add(running.client, url=one.url))["name"] == "ollama"
        assert (await add(running.client, url=two.url))["name"] == "ollama-2"
        twice = one.url.replace("127.0.0.1", "localhost")
        for body in ({"url": twice}, {"url": NOWHERE, "kind": "ollama", "name": "ollama"}):
            status, problem = await running.client.send("POST", "/api/backends", body)
            assert (status, problem["code"]) == (409, "conflict")
        await remove_all(running.client)


async def test_key_parallel_and_load_are_changed_and_taken_away(running: Running) -> None:
    async with run_stand_in("ollama", Behaviour(key="sesame")) as server:
        backend = await add(running.client, url=server.url, kind="ollama", name="desk")
        assert (backend["state"], backend["reason"]["code"]) == ("refused", "backend_key_missing")
        status, backend = await running.client.send(
            "PATCH", "/api/backends/desk", {"key": "sesame", "parallel": 1, "load": {"context_tokens": 4096}}
        )
        assert (status, backend["state"], backend["has_key"]) == (200, "ready", True)
        assert (backend["places"], backend["load"]["context_tokens"]) == (1, 4096)
        _, backend = await running.client.send("PATCH", "/api/backends/desk", {"parallel": None})
        assert (backend["has_key"], backend["parallel"], backend["load"]["context_tokens"]) == (True, None, 4096)
        _, backend = await running.client.send("PATCH", "/api/backends/desk", {"load": None, "key": None})
        assert (backend["has_key"], backend["load"]["context_tokens"], backend["state"]) == (False, None, "refused")
        await remove_all(running.client)


async def test_an_answer_that_is_being_written_goes_on_when_its_server_is_removed(running: Running) -> None:
    async with run_stand_in("ollama", Behaviour(answer_tokens=30, tokens_per_s=30)) as server:
        await add(running.client, url=server.url)
        chat_id = await running.client.new_chat(model="ollama/llama3.2:latest")
        turn = await running.client.say(chat_id, "Tell me more.")
        kinds = []
        async for event in running.client.events(turn["run_id"]):
            if event.kind == "delta" and "delta" not in kinds:
                assert (await running.client.send("DELETE", "/api/backends/ollama"))[0] == 204
            kinds.append(event.kind)
        assert (event.kind, event.body["status"]) == ("end", "done")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": ""},
        {"url": "ftp://127.0.0.1"},
        {"url": "file:///etc/passwd"},
        {"url": "http://user:pass@127.0.0.1:8000"},
        {"url": "http://127.0.0.1:8000/?q=1"},
        {"url": "http://127.0.0.1:99999"},
        {"url": "http://"},
        {"url": "http://a b"},
        {"url": "http://127.0.0.1:9/" + "a" * 3000},
        {"url": 5},
        {"url": NOWHERE, "kind": "scripted"},
        {"url": NOWHERE, "kind": "../openai"},
        {"url": NOWHERE, "kind": "openai", "name": "Ünterwegs"},
        {"url": NOWHERE, "kind": "openai", "name": "../up"},
        {"url": NOWHERE, "kind": "openai", "name": ""},
        {"url": NOWHERE, "kind": "openai", "key": "canary\r\nX-Evil: 1"},
        {"url": NOWHERE, "kind": "openai", "key": "канарейка"},
        {"url": NOWHERE, "kind": "openai", "key": "c" * 5000},
        {"url": NOWHERE, "kind": "openai", "parallel": 0},
        {"url": NOWHERE, "kind": "openai", "parallel": 10**9},
        {"url": NOWHERE, "kind": "openai", "load": {"context_tokens": -1}},
        {"url": NOWHERE, "kind": "openai", "load": {"kv_cache": "q2"}},
        {"url": NOWHERE, "kind": "openai", "load": {"model_path": "/etc/passwd"}},
        {"url": NOWHERE, "kind": "openai", "source": "embedded"},
    ],
)
async def test_what_cannot_be_a_server_is_refused_and_keys_are_not_repeated(
    running: Running, body: dict[str, object]
) -> None:
    status, problem = await running.client.send("POST", "/api/backends", body)
    assert (status, problem["code"]) == (400, "invalid_request")
    said = json.dumps(problem, ensure_ascii=False)
    assert "canary" not in said
    assert "канарейка" not in said
    assert "pass@" not in said
    assert all(backend["source"] != "added" for backend in (await listed(running.client)).values())


async def test_samovar_is_no_backend_of_itself(running: Running) -> None:
    port = running.settings.server.port
    status, problem = await running.client.send("POST", "/api/backends", {"url": f"http://localhost:{port}/v1"})
    assert (status, problem["code"]) == (400, "invalid_request")
    assert "Samovar itself" in problem["title"]


async def test_what_is_configured_elsewhere_is_changed_there(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", NOWHERE)
    backends = settings.backends.model_copy(update={"ollama_host": NOWHERE})
    async with run_application(settings.model_copy(update={"backends": backends})) as running:
        ollama = (await listed(running.client))["ollama"]
        assert (ollama["source"], ollama["origin"]) == ("environment", "OLLAMA_HOST")
        for name, words in (("ollama", "OLLAMA_HOST"), ("scripted", "samovar.toml")):
            for method in ("DELETE", "PATCH"):
                status, problem = await running.client.send(method, f"/api/backends/{name}", {"parallel": 1})
                assert (status, problem["code"]) == (409, "conflict")
                assert words in problem["title"]
        status, problem = await running.client.send("DELETE", "/api/backends/nobody")
        assert (status, problem["code"]) == (404, "not_found")


async def test_a_server_in_the_settings_takes_the_place_of_one_that_was_added_at_its_address(
    settings: Settings,
) -> None:
    async with run_stand_in("ollama") as server:
        async with run_application(settings) as running:
            await add(running.client, url=server.url, name="mine")
            await add(running.client, url=NOWHERE, kind="openai", name="ollama")
        backends = settings.backends.model_copy(update={"ollama_host": server.url})
        async with run_application(settings.model_copy(update={"backends": backends})) as running:
            found = await listed(running.client)
            assert {name: backend["url"] for name, backend in found.items() if backend["url"]} == {
                "ollama": server.url,
                "ollama-2": NOWHERE,
            }
            assert (await running.client.send("DELETE", "/api/backends/ollama-2"))[0] == 204
        async with run_application(settings) as running:
            assert {name for name in await listed(running.client) if name != "scripted"} == {"mine"}


async def test_what_was_found_makes_way_for_what_another_process_has_added(settings: Settings) -> None:
    async with run_stand_in("ollama") as server, run_stand_in("ollama") as other, run_application(settings) as running:
        found = BackendSpec(name="ollama", kind="ollama", url=other.url, source="found", origin="port 1")
        guard = EgressGuard()
        opener = BackendOpener(EgressClient(guard), guard, settings.backends, longest_queue=8)
        running.services.pool.add(opener.open(found))
        async with running.services.storage.transaction() as tx:
            await tx.backends.add(replace(found, url=server.url, source="added"))
        await running.services.added.sync()
        ollama = (await listed(running.client))["ollama"]
        assert (ollama["url"], ollama["source"]) == (server.url, "added")


async def test_a_stored_server_of_a_kind_that_is_not_known_here_is_left_out_and_kept(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    later = BackendSpec(name="later", kind="of-a-later-version", url=NOWHERE, source="added")
    async with run_application(settings) as running:
        async with running.services.storage.transaction() as tx:
            await tx.backends.add(later)
        await running.services.added.sync()
        assert set(await listed(running.client)) == {"scripted"}
        assert "backend.kind_unknown" in caplog.text
        async with running.services.storage.transaction() as tx:
            assert await tx.backends.list() == (later,)


async def test_a_server_that_takes_the_place_of_another_is_never_without_models(running: Running) -> None:
    async with run_stand_in("ollama") as server:
        await add(running.client, url=server.url, name="desk")

        async def change() -> None:
            for places in range(1, 9):
                status, _ = await running.client.send("PATCH", "/api/backends/desk", {"parallel": places})
                assert status == 200

        changing = asyncio.create_task(change())
        while not changing.done():
            choice = await running.services.models.choose("desk/gemma3:4b")
            assert choice.description.state == "ready"
            await asyncio.sleep(0.001)
        await changing
        await remove_all(running.client)


async def test_a_server_beyond_this_machine_is_marked_and_the_page_is_told(running: Running) -> None:
    backend = await add(running.client, url=SEEMS_OUTSIDE, kind="openai", name="far")
    assert backend["outside"] is True
    _, system = await running.client.send("GET", "/api/system")
    assert system["outside_connections"] is True
    await remove_all(running.client)
    _, system = await running.client.send("GET", "/api/system")
    assert system["outside_connections"] is False


async def test_a_key_goes_to_its_server_alone_and_is_seen_nowhere_else(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    canary = f"canary-{uuid4().hex}"
    caplog.set_level(logging.DEBUG)
    said: list[str] = []
    async with (
        run_stand_in("openai", Behaviour(key=canary)) as keyed,
        run_stand_in("openai", Behaviour(key="another")) as other,
        run_application(settings) as running,
    ):
        for method, path, body in (
            ("POST", "/api/backends", {"url": keyed.url, "name": "keyed", "key": canary}),
            ("POST", "/api/backends", {"url": other.url, "name": "wrong", "kind": "openai", "key": canary + "x"}),
            ("POST", "/api/backends", {"url": keyed.url, "name": "keyed", "key": canary}),
            ("POST", "/api/backends", {"url": NOWHERE, "key": canary}),
            ("POST", "/api/backends", {"url": NOWHERE, "kind": "openai", "key": canary, "unknown": canary[:6]}),
            ("PATCH", "/api/backends/keyed", {"key": canary, "parallel": 3}),
            ("POST", "/api/backends/probe", None),
            ("GET", "/api/backends", None),
            ("GET", "/api/models", None),
            ("GET", "/api/system", None),
            ("GET", "/metrics", None),
            ("GET", "/v1/models", None),
        ):
            _, answer = await running.client.send(method, path, body)
            said.append(json.dumps(answer))
        keyed_models = [model["id"] for model in (await listed(running.client))["keyed"]["models"]]
        chat_id = await running.client.new_chat(model=f"keyed/{keyed_models[0]}")
        _, events = await running.client.answer(chat_id, "Hello")
        assert events[-1].body["status"] == "done"
        said += [json.dumps(event.body) for event in events]
        said += [repr(member.spec) for member in running.services.pool.members]
        assert not any(f"Bearer {canary}" == asked.headers.get("Authorization") for asked in other.asked)
    assert not [text for text in said if canary in text]
    assert canary not in caplog.text
    assert all(canary not in str(record.__dict__) for record in caplog.records)


async def test_only_the_administrator_acts_and_everybody_may_read(settings: Settings) -> None:
    guest = UserId(uuid4())
    async with run_application(settings) as running, run_stand_in("ollama") as server:
        assert settings.database_url is not None
        with psycopg.connect(settings.database_url, autocommit=True) as connection:
            connection.execute("INSERT INTO users (user_id, name) VALUES (%s, 'guest')", (guest,))
        _, key = await running.services.keys.create(
            Actor(user_id=guest, entry_point="cli"), KeyTerms(name="guest", scopes=frozenset({"app"}))
        )
        await add(running.client, url=server.url, name="desk")
        async with aiohttp.ClientSession(running.client.address, headers={"Authorization": f"Bearer {key}"}) as program:
            async with program.get("/api/backends") as reply:
                assert reply.status == 200
                assert "desk" in [backend["name"] for backend in (await reply.json())["backends"]]
            for method, path in (
                ("POST", "/api/backends"),
                ("POST", "/api/backends/probe"),
                ("PATCH", "/api/backends/desk"),
                ("DELETE", "/api/backends/desk"),
                ("POST", "/api/backends/desk/probe-vision"),
            ):
                body = {"url": NOWHERE, "kind": "openai"} if path == "/api/backends" else {"parallel": 1}
                body = {"model": "gemma3:4b"} if path.endswith("vision") else body
                async with program.request(method, path, json=body) as reply:
                    assert (reply.status, (await reply.json())["code"]) == (403, "administrator_only")
        assert set(await listed(running.client)) == {"scripted", "desk"}


async def test_what_another_process_adds_changes_or_removes_is_taken_over(settings: Settings) -> None:
    async with (
        run_stand_in("ollama") as server,
        run_application(settings) as one,
        run_application(settings) as two,
    ):
        await add(one.client, url=server.url, name="desk")
        assert "desk" not in await listed(two.client)
        await two.services.added.sync()
        assert (await listed(two.client))["desk"]["state"] == "ready"
        await one.client.send("PATCH", "/api/backends/desk", {"parallel": 7})
        await two.services.added.sync()
        assert (await listed(two.client))["desk"]["parallel"] == 7
        await one.client.send("DELETE", "/api/backends/desk")
        status, problem = await two.client.send("PATCH", "/api/backends/desk", {"parallel": 8})
        assert (status, problem["code"]) == (409, "conflict")
        await two.services.added.sync()
        assert "desk" not in await listed(two.client)


async def test_the_trial_with_pictures_is_remembered_and_seen_in_the_list_of_models(running: Running) -> None:
    async with run_stand_in("openai") as server:
        await add(running.client, url=server.url, name="eyes")
        ids = [model["id"] for model in (await listed(running.client))["eyes"]["models"]]
        outcomes = {}
        for model in ids:
            if "embed" in model:
                continue
            status, told = await running.client.send("POST", "/api/backends/eyes/probe-vision", {"model": model})
            assert status == 200, told
            assert told["vision"] is (told["outcome"] == "sees")
            outcomes[model] = told["outcome"]
        assert set(outcomes.values()) == {"sees", "ignores", "refuses"}
        await running.client.send("PATCH", "/api/backends/eyes", {"parallel": 3})
        _, found = await running.client.send("GET", "/api/models")
        told = {model["model"]: model for model in found["models"] if model["backend"] == "eyes"}
        for model, outcome in outcomes.items():
            assert (told[model]["vision"], told[model]["vision_known_by"]) == (outcome == "sees", "probe")
        status, problem = await running.client.send("POST", "/api/backends/eyes/probe-vision", {"model": "unheard-of"})
        assert (status, problem["code"]) == (404, "model_unknown")
        await remove_all(running.client)
    async with run_stand_in("ollama") as server:
        await add(running.client, url=server.url, name="desk")
        path = "/api/backends/desk/probe-vision"
        status, problem = await running.client.send("POST", path, {"model": "gemma3:4b"})
        assert (status, problem["code"]) == (409, "conflict")
        status, told = await running.client.send("POST", path, {"model": "gemma3:4b", "load": True})
        assert (status, told["outcome"]) == (200, "sees")
        await remove_all(running.client)


async def test_a_route_is_a_model_that_tells_what_stands_behind_it(settings: Settings) -> None:
    targets = ("desk/llama3.2:latest", "scripted/text")
    route = RouteSettings(name="assistant", targets=targets, order="least_busy")
    async with run_application(settings.model_copy(update={"routes": (route,)})) as running:
        _, found = await running.client.send("GET", "/api/models")
        [model] = [model for model in found["models"] if model["id"] == "assistant"]
        assert model["route"] == {"targets": list(targets), "order": "least_busy"}
        assert (model["backend"], model["model"]) == ("scripted", "text")
