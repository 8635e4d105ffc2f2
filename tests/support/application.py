"""A whole Samovar for tests: real database, parsers and HTTP on a loopback port; only the model may be scripted."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
import uvicorn
from tests.support.database import fresh_database

from samovar.accounts.keys import KeyTerms
from samovar.api.deps import Services
from samovar.api.server import create_api
from samovar.app import EngineUse, open_services
from samovar.domain.account import USUAL_SCOPES, KeyScope
from samovar.settings import BackendsSettings, EngineSettings, Settings
from samovar.storage.embedded import EmbeddedServer
from samovar.telemetry.metrics import Metrics

__all__ = ["Client", "Event", "Running", "run_application"]


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event as a client reads it."""

    seq: int
    kind: str
    body: dict[str, Any]


class Client:
    """A browser without a page: a cookie, the custom header, and a reader of events."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.session = aiohttp.ClientSession(
            base_url=address, headers={"X-Samovar": "1"}, cookie_jar=aiohttp.CookieJar(unsafe=True)
        )

    async def sign_in(self, services: Services) -> None:
        token = await services.sign_in.new_link()
        status, _ = await self.send("POST", "/api/session", {"token": token})
        assert status == 204

    async def send(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        """Send JSON; return the status and the JSON that came back."""
        async with self.session.request(method, path, json=body, headers=headers) as reply:
            content = await reply.read()
            is_json = "json" in reply.content_type
            return reply.status, json.loads(content) if is_json else None

    async def upload(self, chat_id: str, name: str, content: bytes) -> tuple[int, Any]:
        async with self.session.post(
            f"/api/chats/{chat_id}/documents", params={"name": name}, data=BytesIO(content)
        ) as reply:
            return reply.status, await reply.json(content_type=None)

    async def new_chat(self, **fields: object) -> str:
        status, chat = await self.send("POST", "/api/chats", fields)
        assert status == 201, chat
        return str(chat["id"])

    async def say(
        self, chat_id: str, text: str, parent_id: str | None = None, document_ids: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Send a message; return the turn."""
        body = {"text": text, "parent_id": parent_id, "document_ids": list(document_ids)}
        status, turn = await self.send(
            "POST", f"/api/chats/{chat_id}/messages", body, **{"Idempotency-Key": str(uuid4())}
        )
        assert status == 201, turn
        return dict(turn)

    async def events(self, run_id: str, after: int | None = None) -> AsyncIterator[Event]:
        """Follow a run to its end or to the end of the line."""
        headers = {} if after is None else {"Last-Event-ID": str(after)}
        async with self.session.get(f"/api/runs/{run_id}/events", headers=headers) as reply:
            assert reply.status == 200, await reply.text()
            fields: dict[str, str] = {}
            async for line in reply.content:
                text = line.decode().rstrip("\n")
                if text.startswith(":"):
                    continue
                if text:
                    name, _, value = text.partition(": ")
                    fields[name] = value
                elif fields:
                    yield Event(int(fields.get("id", 0)), fields["event"], json.loads(fields["data"]))
                    fields = {}

    async def whole_run(self, run_id: str, after: int | None = None) -> list[Event]:
        return [event async for event in self.events(run_id, after)]

    async def answer(self, chat_id: str, text: str, **more: Any) -> tuple[dict[str, Any], list[Event]]:
        """Say something and wait for the end of the reply; return the turn and the events."""
        turn = await self.say(chat_id, text, **more)
        return turn, await self.whole_run(turn["run_id"])

    async def close(self) -> None:
        await self.session.close()


@dataclass(frozen=True, slots=True)
class Running:
    """A served application with a signed-in client."""

    services: Services
    client: Client
    settings: Settings

    async def new_key(self, *scopes: KeyScope, **terms: Any) -> str:
        """Make a key of the owner's, with the usual scopes unless some are named."""
        asked = KeyTerms(name="test", scopes=frozenset(scopes) or USUAL_SCOPES, **terms)
        _, secret = await self.services.keys.create(await self.services.sign_in.owner(), asked)
        return secret


@asynccontextmanager
async def run_application(settings: Settings, *, engine_use: EngineUse = "none") -> AsyncIterator[Running]:
    """Serve on a free loopback port until the context ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    async with open_services(settings, Metrics(), engine_use=engine_use, imports=1) as services:
        api = create_api(services, host="127.0.0.1", port=port, public_hosts=settings.server.public_hosts)
        server = uvicorn.Server(
            uvicorn.Config(api, log_config=None, lifespan="off", timeout_graceful_shutdown=2, timeout_keep_alive=60)
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            assert not serving.done(), "the server did not start"
            await asyncio.sleep(0.01)
        client = Client(f"http://127.0.0.1:{port}")
        try:
            await client.sign_in(services)
            yield Running(services, client, settings)
        finally:
            await client.close()
            await services.hub.close()
            server.should_exit = True
            await serving


def scripted_settings(data_dir: Path, database: str) -> Settings:
    """Settings of an installation of its own, with the scripted model only."""
    return Settings(
        data_dir=data_dir,
        database_url=database,
        engine=EngineSettings(enabled=False),
        backends=BackendsSettings(scripted=True, discover=False, idle_timeout_s=1.0, first_token_timeout_s=1.0),
    )


@pytest.fixture
def settings(tmp_path: Path, fresh_database_url: str) -> Settings:
    """For a test that starts the application itself."""
    return scripted_settings(tmp_path / "data", fresh_database_url)


@pytest.fixture(scope="module")
async def running(database_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """A served application, shared by the tests of a module: each makes chats of its own."""
    with fresh_database(database_server) as database:
        async with run_application(scripted_settings(tmp_path_factory.mktemp("data"), database)) as application:
            yield application
