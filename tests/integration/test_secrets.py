"""Secrets stay where they belong: planted ones appear in no answer, no error, no log, no command, no other request."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from fastapi.routing import APIRoute
from tests.support.application import Running, run_application
from tests.support.process import run_command
from tests.support.servers import Exchange, PlayingServer, play
from tests.support.stand_ins import Behaviour, RunningStandIn, run_stand_in

from samovar.api.server import ROUTERS
from samovar.domain.account import KEY_SCOPES
from samovar.settings import BackendServer, BackendsSettings, Settings

TEXT = "The port of the boiler is 7431."


@dataclass(frozen=True, slots=True)
class Vault:
    """A Samovar with a secret in every place where it keeps one. ``told`` is everything that it has said."""

    running: Running
    secrets: Mapping[str, str]
    servers: Mapping[str, RunningStandIn]
    gossip: PlayingServer
    told: list[str]

    async def ask(self, method: str, path: str, body: object = None, *, key: str | None = None) -> int:
        """Send a request with the cookie, or with a key, and keep all of the answer."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        session = self.running.client.session
        async with asyncio.timeout(60), session.request(method, path, json=body, headers=headers) as reply:
            self.told.extend((str(reply.headers), (await reply.read()).decode(errors="replace")))
            return reply.status

    def leaks(self, text: str) -> list[str]:
        """The names of the secrets that stand in a text."""
        return [name for name, secret in self.secrets.items() if secret in text]


@pytest.fixture
async def vault(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Vault]:
    """Keys in the settings, in the environment, for a kind and added by hand; and a server that repeats its key."""
    names = ("settings", "environment", "kind", "added", "wrong", "gossip")
    secrets = {name: f"canary-{name}-{uuid4().hex}" for name in names}
    repeated = f"I was told {secrets['gossip']} and will not answer"
    error = json.dumps({"error": {"message": repeated, "type": "invalid_request_error"}}).encode()
    models = b'{"object":"list","data":[{"id":"gossip"}]}'
    async with AsyncExitStack() as stack:
        servers = {
            "settings": await stack.enter_async_context(run_stand_in("vllm", Behaviour(key=secrets["settings"]))),
            "environment": await stack.enter_async_context(
                run_stand_in("openai", Behaviour(key=secrets["environment"]))
            ),
            "added": await stack.enter_async_context(run_stand_in("openai", Behaviour(key=secrets["added"]))),
            "wrong": await stack.enter_async_context(run_stand_in("openai", Behaviour(key="another"))),
            "open": await stack.enter_async_context(run_stand_in("ollama")),
        }
        gossip = await stack.enter_async_context(
            play([_json("GET", "/v1/models", 200, models), _json("POST", "/v1/chat/completions", 400, error)])
        )
        monkeypatch.setenv("OPENAI_API_KEY", secrets["environment"])
        backends = BackendsSettings(
            openai_base_url=f"{servers['environment'].url}/v1",
            openai_api_key=secrets["environment"],
            lmstudio_token=secrets["kind"],
            servers=(
                BackendServer(name="kept", kind="vllm", url=servers["settings"].url, key=secrets["settings"]),
                BackendServer(name="gossip", kind="openai", url=gossip.url, key=secrets["gossip"]),
            ),
            discover=False,
            first_token_timeout_s=30,
            idle_timeout_s=30,
        )
        running = await stack.enter_async_context(
            run_application(settings.model_copy(update={"backends": backends}), engine_use="own")
        )
        secrets["key"] = await running.new_key(*KEY_SCOPES)
        secrets["link"] = await running.services.sign_in.new_link()
        cookies = {cookie.key: cookie.value for cookie in running.client.session.cookie_jar}
        secrets["session"] = cookies[running.services.cookie_name]
        # What was set up is not yet a leak: the cookie was handed out on purpose.
        yield Vault(running, secrets, servers, gossip, [])


async def test_planted_secrets_appear_nowhere(vault: Vault, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await _add_servers(vault)
    places = await _use_everything(vault)
    for path in _get_paths(places):
        for key in (None, vault.secrets["key"]):
            status = await vault.ask("GET", path, key=key)
            assert status < 500, path
    await _provoke_errors(vault)

    assert not [leak for text in vault.told for leak in vault.leaks(text)]
    lines = [f"{record.getMessage()} {record.__dict__}" for record in caplog.records]
    assert lines, "nothing was logged, so nothing was looked at"
    assert not [leak for line in lines for leak in vault.leaks(line)]
    assert not vault.leaks(repr(vault.running.services.pool.reports()))
    _check_outgoing(vault)


async def test_commands_print_no_secret(vault: Vault) -> None:
    await _add_servers(vault)
    settings = vault.running.settings
    environment = {
        "SAMOVAR_DATA_DIR": str(settings.data_dir),
        "SAMOVAR_DATABASE_URL": str(settings.database_url),
        "SAMOVAR_ENGINE_ENABLED": "false",
        "SAMOVAR_BACKENDS_SERVERS": json.dumps(
            [
                {
                    "name": "kept",
                    "kind": "vllm",
                    "url": vault.servers["settings"].url,
                    "key": vault.secrets["settings"],
                },
                {"name": "gossip", "kind": "openai", "url": vault.gossip.url, "key": vault.secrets["gossip"]},
            ]
        ),
        "OPENAI_BASE_URL": f"{vault.servers['environment'].url}/v1",
        "OPENAI_API_KEY": vault.secrets["environment"],
        "LM_API_TOKEN": vault.secrets["kind"],
    }
    for command in (
        ("backends", "--json"),
        ("backends",),
        ("doctor", "--json"),
        ("doctor",),
        ("keys", "list", "--json"),
        ("models", "--json"),
        ("ask", "--model", "gossip/gossip", "Hello"),
    ):
        done = await asyncio.to_thread(run_command, *command, environment=environment)
        assert "Traceback" not in done.stderr, command
        assert not vault.leaks(done.stdout + done.stderr), command
        if command == ("backends", "--json"):
            told = {backend["name"]: backend for backend in json.loads(done.stdout)["backends"]}
            assert {told[name]["state"] for name in ("openai", "kept", "added")} == {"ready"}
    _check_outgoing(vault)


async def _add_servers(vault: Vault) -> None:
    for name, key in (("added", vault.secrets["added"]), ("wrong", vault.secrets["wrong"]), ("open", None)):
        kind = "ollama" if name == "open" else "openai"
        body = {"url": vault.servers[name].url, "name": name, "kind": kind, "key": key}
        assert await vault.ask("POST", "/api/backends", body) == 201
    assert await vault.ask("PATCH", "/api/backends/added", {"key": vault.secrets["added"], "parallel": 3}) == 200
    assert await vault.ask("POST", "/api/backends/probe") == 200


async def _use_everything(vault: Vault) -> dict[str, str]:
    """Ask every server through both doors; return what stands for the names in addresses."""
    client = vault.running.client
    turn: dict[str, Any] = {}
    for model in await _one_model_each(vault):
        chat_id = await client.new_chat(model=model)
        turn, events = await client.answer(chat_id, "Hello")
        vault.told.extend((json.dumps(turn), *(json.dumps(event.body) for event in events)))
        for is_stream in (False, True):
            body = {"model": model, "stream": is_stream, "messages": [{"role": "user", "content": "Hello"}]}
            await vault.ask("POST", "/v1/chat/completions", body, key=vault.secrets["key"])
    status, document = await client.upload(chat_id, "notes.txt", TEXT.encode())
    assert status == 201, document
    status, base = await client.send("POST", "/api/bases", {"name": "Papers"})
    assert status == 201, base
    question_set = {
        "base_id": base["id"],
        "questions": [{"question": "What is said?", "document": "notes.txt"}],
        "settings": [{"arms": ["lexical"]}],
    }
    status, evaluation = await client.send("POST", "/api/evaluations", question_set)
    assert status == 201, evaluation
    async with client.session.post("/api/examples", params={"name": "a.txt"}, data=b"[Q] Tea?\n[A] Yes.\n") as reply:
        assert reply.status == 201, await reply.text()
        examples = await reply.json()
    owner = await vault.running.services.sign_in.owner()
    key = await vault.running.services.keys.find(owner, vault.secrets["key"])
    return {
        "{chat_id}": chat_id,
        "{run_id}": str(turn["run_id"]),
        "{document_id}": str(document["id"]),
        "{base_id}": str(base["id"]),
        "{number}": "1",
        "{evaluation_id}": str(evaluation["id"]),
        "{examples_id}": str(examples["id"]),
        "{message_id}": str(turn["reply"]["id"]),
        "{key_id}": str(key.key_id),
        "{name}": "added",
        "{model_id:path}": "gossip/gossip",
        "{path:path}": "files",
    }


async def _one_model_each(vault: Vault) -> list[str]:
    listing = await vault.running.services.models.list()
    first: dict[str, str] = {}
    for choice in listing.choices:
        if choice.description.capabilities.embeddings is not True:
            first.setdefault(choice.member.spec.name, choice.model_id)
    assert {"openai", "kept", "gossip", "added", "open"} <= first.keys()
    return list(first.values())


def _get_paths(places: Mapping[str, str]) -> list[str]:
    paths = {
        route.path
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and "GET" in (route.methods or ())
    }
    filled = [_fill(path, places) for path in sorted(paths)]
    assert not [path for path in filled if "{" in path], "nothing is known to stand for a part of it"
    return filled


def _fill(path: str, places: Mapping[str, str]) -> str:
    for name, place in places.items():
        path = path.replace(name, place)
    return path


async def _provoke_errors(vault: Vault) -> None:
    secrets, said = vault.secrets, len(vault.told)
    await vault.ask("POST", "/api/backends", {"url": vault.gossip.url, "name": "added", "key": secrets["added"]})
    await vault.ask("POST", "/api/backends", {"url": "http://127.0.0.1:9", "key": secrets["added"]})
    await vault.ask("POST", "/api/backends", {"url": "http://x", "key": secrets["added"], "more": 1})
    await vault.ask("PATCH", "/api/backends/added", {"key": [secrets["added"]]})
    await vault.ask("DELETE", "/api/backends/kept")
    await vault.ask("POST", "/api/session", {"token": secrets["session"]})
    await vault.ask("GET", "/v1/models", key=secrets["session"])
    await vault.ask("GET", "/v1/models", key=secrets["link"])
    await vault.ask("POST", "/v1/chat/completions", {"model": "gossip"}, key=secrets["key"] + "x")
    for server in vault.servers.values():
        server.stand_in.behaviour.dies_before_reply = True
    for model in await _one_model_each(vault):
        body = {"model": model, "messages": [{"role": "user", "content": "Hello"}]}
        await vault.ask("POST", "/v1/chat/completions", body, key=secrets["key"])
    assert len(vault.told) > said


def _check_outgoing(vault: Vault) -> None:
    """Each server has heard its own key and no other secret."""
    for name, server in vault.servers.items():
        heard = " ".join(f"{asked.path} {dict(asked.headers)} {asked.body!r}" for asked in server.asked)
        assert heard
        assert set(vault.leaks(heard)) <= {name}, name
        assert (name in vault.secrets) == bool(vault.leaks(heard)), "it was never told its key"
    heard = " ".join(f"{asked.path} {asked.headers} {asked.body!r}" for asked in vault.gossip.asked)
    assert vault.leaks(heard) == ["gossip"]


def _json(method: str, path: str, status: int, body: bytes) -> Exchange:
    return Exchange(method=method, path=path, status=status, content_type="application/json", body=body)
