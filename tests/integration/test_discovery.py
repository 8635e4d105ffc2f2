"""Servers that a whole Samovar finds by itself, at its start, on demand and in the background."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.application import Client, run_application
from tests.support.finder import port_of
from tests.support.process import run_command
from tests.support.servers import Exchange, play
from tests.support.stand_ins import Behaviour, run_stand_in

from samovar.opening import known_kinds
from samovar.settings import BackendsSettings, Settings

KEYS = {
    *("id", "loaded", "context_length", "quantisation", "vision", "vision_known_by", "tools", "embeddings"),
}


def put(monkeypatch: pytest.MonkeyPatch, kind: str, *ports: int) -> None:
    monkeypatch.setattr(f"samovar.backends.{kind}.PORTS", ports)


@pytest.fixture
def looking(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings that look at the usual ports, of which there are none until a test names some."""
    for kind in known_kinds():
        put(monkeypatch, kind)
    backends = settings.backends.model_copy(update={"discover": True, "scripted": False})
    return settings.model_copy(update={"backends": backends})


async def listed(client: Client) -> dict[str, dict[str, Any]]:
    status, found = await client.send("GET", "/api/backends")
    assert status == 200
    return {backend["name"]: backend for backend in found["backends"]}


async def test_what_listens_at_the_start_can_be_chosen_at_once(
    looking: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run_stand_in("ollama", Behaviour(answer="Found.")) as server:
        put(monkeypatch, "ollama", port_of(server.url), 9)
        async with run_application(looking, engine_use="own") as running:
            _, models = await running.client.send("GET", "/api/models")
            assert {model["backend"] for model in models["models"]} == {"ollama"}
            assert models["problems"] == []
            chat_id = await running.client.new_chat()
            _, events = await running.client.answer(chat_id, "Hello")
            assert events[-1].body["status"] == "done"
            ollama = (await listed(running.client))["ollama"]
            assert (ollama["source"], ollama["origin"]) == ("found", f"port {port_of(server.url)}")
            status, problem = await running.client.send("DELETE", "/api/backends/ollama")
            assert (status, problem["code"]) == (409, "conflict")
            assert "found by itself" in problem["title"]


async def test_a_server_that_comes_later_is_found_on_demand_and_needs_no_reload(
    looking: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run_application(looking) as running:
        _, before = await running.client.send("GET", "/api/system")
        async with run_stand_in("vllm") as server:
            put(monkeypatch, "vllm", port_of(server.url))
            status, found = await running.client.send("POST", "/api/backends/probe")
            assert status == 200
            assert [backend["name"] for backend in found["backends"]] == ["vllm"]
            assert found["backends"][0]["models"]
            assert {"kind": "openai", "load_parameters": ["context_tokens"]} in found["kinds"]
            _, after = await running.client.send("GET", "/api/system")
            assert after["backends_revision"] > before["backends_revision"]
        _, found = await running.client.send("POST", "/api/backends/probe")
        assert found["backends"][0]["state"] == "down"
        assert found["backends"][0]["reason"]["code"] == "backend_unreachable"


async def test_what_cannot_be_used_is_shown_with_the_reason_and_is_no_problem_of_a_chat(
    looking: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Exchange(method="GET", path="/", status=200, content_type="text/html", body=b"<p>Hello</p>")
    async with run_stand_in("lmstudio", Behaviour(key="sesame")) as studio, play([page]) as web:
        put(monkeypatch, "lmstudio", port_of(studio.url), port_of(web.url))
        async with run_application(looking, engine_use="own") as running:
            found = await listed(running.client)
            keyed, stranger = found[f"127.0.0.1:{port_of(studio.url)}"], found[f"127.0.0.1:{port_of(web.url)}"]
            assert (keyed["kind"], keyed["state"], keyed["reason"]["code"]) == (
                "lmstudio",
                "refused",
                "backend_key_missing",
            )
            assert "401: it needs a key" in keyed["reason"]["title"]
            assert (stranger["kind"], stranger["reason"]["code"]) == ("unknown", "not_a_model_server")
            _, models = await running.client.send("GET", "/api/models")
            assert (models["models"], models["problems"]) == ([], [])

            # With its key it becomes one of those that were added.
            status, backend = await running.client.send("POST", "/api/backends", {"url": studio.url, "key": "sesame"})
            assert (status, backend["name"], backend["state"]) == (201, "lmstudio", "ready")
            assert set(await listed(running.client)) == {"lmstudio", f"127.0.0.1:{port_of(web.url)}"}


async def test_a_found_server_can_be_taken_over_by_hand(looking: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async with run_stand_in("ollama") as server:
        put(monkeypatch, "ollama", port_of(server.url))
        async with run_application(looking, engine_use="own") as running:
            body = {"url": server.url, "load": {"context_tokens": 4096}}
            status, backend = await running.client.send("POST", "/api/backends", body)
            assert (status, backend["name"], backend["source"]) == (201, "ollama", "added")
            assert set(await listed(running.client)) == {"ollama"}
            await running.client.send("POST", "/api/backends/probe")
            assert set(await listed(running.client)) == {"ollama"}
        async with run_application(looking, engine_use="own") as running:
            ollama = (await listed(running.client))["ollama"]
            assert (ollama["source"], ollama["load"]["context_tokens"]) == ("added", 4096)


async def test_openai_base_url_gets_the_adapter_of_what_stands_there(settings: Settings) -> None:
    async with run_stand_in("vllm", Behaviour(key="sesame")) as server:
        backends = BackendsSettings(openai_base_url=f"{server.url}/v1", openai_api_key="sesame", discover=False)
        async with run_application(settings.model_copy(update={"backends": backends}), engine_use="own") as running:
            openai = (await listed(running.client))["openai"]
            assert (openai["kind"], openai["named_kind"], openai["state"]) == ("vllm", "openai", "ready")
            assert openai["models"][0]["context_length"]


async def test_at_the_start_nothing_waits_for_a_port_that_is_silent(
    looking: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(wait, "127.0.0.1", 0)
    put(monkeypatch, "llamacpp", silent.sockets[0].getsockname()[1])
    async with asyncio.timeout(30), run_application(looking, engine_use="own") as running:
        [backend] = (await listed(running.client)).values()
        assert (backend["state"], backend["reason"]["code"]) == ("down", "backend_unreachable")
    silent.close()


async def test_the_command_prints_what_scripts_rely_on(place: Path) -> None:
    async with (
        run_stand_in("ollama") as ollama,
        run_stand_in("vllm", Behaviour(key="sesame")) as vllm,
        run_stand_in("openai") as plain,
        run_stand_in("llamacpp-vision") as seeing,
    ):
        servers = [
            {"name": "desk", "kind": "ollama", "url": ollama.url},
            {"name": "eyes", "kind": "openai", "url": plain.url},
            {"name": "sight", "url": seeing.url},
            {"name": "gone", "kind": "llamacpp", "url": "http://127.0.0.1:9"},
        ]
        environment = {
            "SAMOVAR_DATA_DIR": str(place / "data"),
            "SAMOVAR_ENGINE_ENABLED": "false",
            "SAMOVAR_BACKENDS_SERVERS": json.dumps(servers),
            "OPENAI_BASE_URL": f"{vllm.url}/v1",
            "OPENAI_API_KEY": "wrong-canary",
        }
        done = await asyncio.to_thread(run_command, "backends", "--json", environment=environment)
        assert done.returncode == 0, done.stderr
        found = {backend["name"]: backend for backend in json.loads(done.stdout)["backends"]}
        assert list(found) == ["openai", "desk", "eyes", "sight", "gone"]
        for backend in found.values():
            assert {"name", "kind", "url", "state", "reason", "models"} <= set(backend)
            assert all(set(model) >= KEYS for model in backend["models"])
        desk = found["desk"]
        assert (desk["kind"], desk["url"], desk["state"], desk["reason"]) == ("ollama", ollama.url, "ready", None)
        gemma = next(model for model in desk["models"] if model["id"] == "gemma3:4b")
        assert (gemma["loaded"], gemma["vision"], gemma["vision_known_by"]) == (False, True, "api")
        assert (found["gone"]["state"], found["gone"]["models"]) == ("down", [])
        assert isinstance(found["gone"]["reason"], str)
        assert (found["openai"]["state"], found["openai"]["code"]) == ("refused", "backend_unauthorised")
        assert "canary" not in done.stdout + done.stderr

        shown = await asyncio.to_thread(
            run_command, "backends", "--probe-vision", environment={**environment, "SAMOVAR_LANGUAGE": "ru"}
        )
        assert shown.returncode == 0, shown.stderr
        assert "не отвечает" in shown.stdout
        assert "? desk/gemma3:4b: not tried: it is not loaded" in shown.stdout
        assert f"? sight/{seeing.stand_in.models[0].name}: sees" in shown.stdout
        assert "? eyes/blind-vision-model: not tried" in shown.stdout
        assert ollama.requests_to("/api/chat") == [], "a trial loads nothing"
        assert plain.requests_to("/v1/chat/completions") == [], "and asks nobody who may load something for it"
