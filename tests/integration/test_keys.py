"""Keys over the wire: what each opens, when it ends, and what it may use."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from fastapi.routing import APIRoute
from tests.support.application import Running, run_application
from tests.support.database import another_actor
from tests.support.process import run_command

from samovar.accounts.keys import Keys, KeyTerms
from samovar.accounts.quotas import KeyQuotas
from samovar.accounts.sign_in import SignIn
from samovar.api.deps import _SPENDING, scope_of
from samovar.api.server import ROUTERS
from samovar.domain.account import KEY_SCOPES
from samovar.domain.errors import Conflict, Forbidden, NotFound
from samovar.settings import Settings

#: Routes that ask for nothing, or for another secret than a key.
OPEN_PATHS = {
    ("/api/session", "POST"),
    ("/api/session", "DELETE"),
    ("/health", "GET"),
    ("/ready", "GET"),
    ("/metrics", "GET"),
    *(("/v1/{path:path}", method) for method in ("GET", "POST", "PUT", "PATCH", "DELETE")),
}
NOBODY = "00000000-0000-4000-8000-000000000000"
QUESTION = {"model": "text", "messages": [{"role": "user", "content": "Tea?"}]}


def closed_routes() -> list[tuple[str, str]]:
    found = [
        (route.path, method)
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods or ())
    ]
    return [place for place in found if place not in OPEN_PATHS]


def filled(path: str) -> str:
    start, _, rest = path.partition("{")
    return start + NOBODY + filled(rest.partition("}")[2]) if rest else path


@asynccontextmanager
async def program(running: Running, key: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A program with this key."""
    async with aiohttp.ClientSession(running.client.address, headers={"Authorization": f"Bearer {key}"}) as session:
        yield session


async def ask(
    session: aiohttp.ClientSession, method: str, path: str, body: object = None
) -> tuple[int, dict[str, Any], Mapping[str, str]]:
    async with session.request(method, path, json=body) as reply:
        content = await reply.read()
        told = json.loads(content) if "json" in reply.content_type else {}
        return reply.status, told, reply.headers


@pytest.mark.parametrize(("path", "method"), closed_routes())
async def test_each_route_opens_to_its_one_scope_and_to_no_other(running: Running, path: str, method: str) -> None:
    asked = scope_of(path)
    for scope in KEY_SCOPES:
        async with program(running, await running.new_key(scope)) as session:
            status, told, _ = await ask(session, method, filled(path) + "?page=1&start=0&end=1", {"nothing": 1})
        error = told.get("error", told) if path.startswith("/v1/") else told
        code = error.get("samovar_code", error.get("code")) if isinstance(error, dict) else None
        if scope == asked:
            assert status not in (401, 403), told
        else:
            assert (status, code) == (403, "key_scope")
            assert asked in json.dumps(told), "the scope that is missing is named"


def test_every_route_of_the_programs_door_has_a_scope_and_an_unknown_one_is_closed() -> None:
    assert {scope_of(path) for path, _ in closed_routes()} == set(KEY_SCOPES)
    for path in ("/v1/nothing", "/v1/models/", "/metrics", "/"):
        with pytest.raises(Forbidden):
            scope_of(path)


def test_the_routes_that_take_tokens_are_there() -> None:
    assert {path for path, _ in closed_routes()} >= _SPENDING


async def test_a_key_is_made_shown_once_listed_and_revoked(running: Running) -> None:
    terms = {
        "name": "  an editor ",
        "scopes": ["chat", "models"],
        "expires_at": (datetime.now(UTC) + timedelta(days=30)).isoformat(),
        "requests_per_minute": 600,
        "tokens_per_day": 200_000,
    }
    status, made = await running.client.send("POST", "/api/keys", terms)
    assert status == 201
    key, secret = made["key"], made["secret"]
    assert secret.startswith("sk-samovar-")
    assert secret.startswith(key["prefix"])
    assert (key["name"], key["scopes"], key["state"]) == ("an editor", ["models", "chat"], "active")
    assert (key["requests_per_minute"], key["tokens_per_day"]) == (600, 200_000)
    assert (key["tokens_today"], key["last_used_at"]) == (0, None)
    async with program(running, secret) as session:
        assert (await ask(session, "POST", "/v1/chat/completions", QUESTION))[0] == 200
        status, listing = await running.client.send("GET", "/api/keys")
        [listed] = [found for found in listing["keys"] if found["id"] == key["id"]]
        assert listing["keys"][0]["id"] == key["id"], "the newest comes first"
        assert listed["last_used_at"] is not None
        assert listed["tokens_today"] > 0
        assert secret not in json.dumps(listing)
        for _ in range(2):
            assert (await running.client.send("DELETE", f"/api/keys/{key['id']}"))[0] == 204
        status, told, _ = await ask(session, "GET", "/v1/models")
    assert (status, told["error"]["code"], told["error"]["samovar_code"]) == (401, "invalid_api_key", "key_invalid")
    _, listing = await running.client.send("GET", "/api/keys")
    assert [found["state"] for found in listing["keys"] if found["id"] == key["id"]] == ["revoked"]


async def test_a_key_made_without_scopes_opens_the_programs_door_and_not_the_app(running: Running) -> None:
    _, made = await running.client.send("POST", "/api/keys", {"name": "usual"})
    assert made["key"]["scopes"] == ["models", "chat", "embeddings"]
    async with program(running, made["secret"]) as session:
        assert (await ask(session, "GET", "/v1/models"))[0] == 200
        assert (await ask(session, "POST", "/v1/chat/completions", QUESTION))[0] == 200
        assert (await ask(session, "GET", "/api/chats"))[0] == 403


@pytest.mark.parametrize(
    "terms",
    [
        {},
        {"name": ""},
        {"name": "   "},
        {"name": "x" * 101},
        {"name": 5},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["admin"]},
        {"name": "x", "scopes": "chat"},
        {"name": "x", "scopes": ["chat"] * 21},
        {"name": "x", "expires_at": "2020-01-01T00:00:00Z"},
        {"name": "x", "expires_at": "2999-01-01T00:00:00"},
        {"name": "x", "expires_at": "soon"},
        {"name": "x", "requests_per_minute": 0},
        {"name": "x", "requests_per_minute": 10**7},
        {"name": "x", "tokens_per_day": -1},
        {"name": "x", "tokens_per_day": 10**30},
        {"name": "x", "tokens_per_day": "many"},
        {"name": "x", "secret": "sk-samovar-mine"},
        {"name": "x", "user_id": NOBODY},
    ],
    ids=str,
)
async def test_terms_that_cannot_be_meant_are_refused(running: Running, terms: dict[str, object]) -> None:
    status, problem = await running.client.send("POST", "/api/keys", terms)
    assert (status, problem["code"]) == (400, "invalid_request")


async def test_a_key_with_a_limit_makes_no_way_around_it(running: Running) -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    for limit in ({"requests_per_minute": 1000}, {"tokens_per_day": 1000}, {"expires_at": later}):
        async with program(running, await running.new_key("app", **limit)) as session:
            status, problem, _ = await ask(session, "POST", "/api/keys", {"name": "free"})
            assert (status, problem["code"]) == (403, "forbidden")
    async with program(running, await running.new_key("app")) as session:
        assert (await ask(session, "POST", "/api/keys", {"name": "free"}))[0] == 201


async def test_another_users_keys_cannot_be_seen_or_revoked(settings: Settings) -> None:
    async with run_application(settings) as running:
        assert settings.database_url is not None
        stranger = await another_actor(settings.database_url)
        key, secret = await running.services.keys.create(stranger, KeyTerms(name="theirs"))
        _, listing = await running.client.send("GET", "/api/keys")
        assert listing == {"keys": []}
        for key_id in (key.key_id, uuid4()):
            status, problem = await running.client.send("DELETE", f"/api/keys/{key_id}")
            assert (status, problem["code"]) == (404, "not_found")
        async with program(running, secret) as session:
            assert (await ask(session, "GET", "/v1/models"))[0] == 200


async def until_refused(session: aiohttp.ClientSession) -> dict[str, Any]:
    """Ask until the key opens nothing any more; a busy machine may take its time."""
    async with asyncio.timeout(30):
        while True:
            status, told, _ = await ask(session, "GET", "/v1/models")
            if status != 200:
                assert status == 401
                return told
            await asyncio.sleep(0.05)


async def test_a_key_that_was_revoked_by_another_process_is_refused(running: Running) -> None:
    secret = await running.new_key()
    owner = await running.services.sign_in.owner()
    elsewhere = Keys(running.services.storage, SignIn(running.services.storage), KeyQuotas(running.services.storage))
    async with program(running, secret) as session:
        assert (await ask(session, "GET", "/v1/models"))[0] == 200
        await elsewhere.revoke(owner, (await elsewhere.find(owner, secret)).key_id)
        told = await until_refused(session)
    assert told["error"]["code"] == "invalid_api_key"


async def test_an_expired_key_is_refused(running: Running) -> None:
    secret = await running.new_key(expires_at=datetime.now(UTC) + timedelta(seconds=3))
    async with program(running, secret) as session:
        assert (await ask(session, "GET", "/v1/models"))[0] == 200
        told = await until_refused(session)
    assert told["error"]["code"] == "invalid_api_key"
    _, listing = await running.client.send("GET", "/api/keys")
    assert listing["keys"][0]["state"] == "expired"


async def test_a_stream_ends_with_its_key_wherever_it_was_revoked(running: Running) -> None:
    services = running.services
    owner = await services.sign_in.owner()
    elsewhere = Keys(services.storage, SignIn(services.storage), KeyQuotas(services.storage))
    for keys in (services.keys, elsewhere):
        secret = await running.new_key()
        body = {**QUESTION, "stream": True, "messages": [{"role": "user", "content": "[[slow tokens=4000 pace=20]]"}]}
        async with program(running, secret) as session, session.post("/v1/chat/completions", json=body) as reply:
            await reply.content.readuntil(b"\n\n")
            await keys.revoke(owner, (await keys.find(owner, secret)).key_id)
            async with asyncio.timeout(30):
                rest = (await reply.read()).decode()
        last = json.loads(rest.rstrip().rsplit("data: ", 1)[-1])
        assert last["error"]["code"] == "invalid_api_key"
        assert "[DONE]" not in rest
    async with asyncio.timeout(10):
        while any(member.queue.running for member in services.pool.members):
            await asyncio.sleep(0.05)


async def test_too_many_requests_a_minute_are_told_when_to_come_back(running: Running) -> None:
    limited: dict[str, Any] = {"requests_per_minute": 2}
    async with program(running, await running.new_key("models", "app", **limited)) as session:
        # Five requests meet the turn of a minute once at most, so one of them is too many.
        answers = [await ask(session, "GET", path) for path in ("/v1/models", "/api/chats") * 3]
    refused = [(told, headers) for status, told, headers in answers if status == 429]
    assert refused
    for told, headers in refused:
        assert 1 <= int(headers["Retry-After"]) <= 60
        if "error" in told:
            assert (told["error"]["code"], told["error"]["type"]) == ("rate_limit_exceeded", "requests")
        else:
            assert (told["code"], told["values"]["window"]) == ("quota_exceeded", "minute")


async def test_a_key_without_tokens_left_may_still_look_but_not_ask(running: Running) -> None:
    async with program(running, await running.new_key(*KEY_SCOPES, tokens_per_day=5)) as session:
        assert (await ask(session, "POST", "/v1/chat/completions", QUESTION))[0] == 200
        for path in ("/v1/chat/completions", "/v1/embeddings"):
            status, told, headers = await ask(session, "POST", path, QUESTION)
            assert (status, told["error"]["code"], told["error"]["samovar_code"]) == (
                429,
                "insufficient_quota",
                "quota_exceeded",
            )
            assert 1 <= int(headers["Retry-After"]) <= 86_400
        assert (await ask(session, "GET", "/v1/models"))[0] == 200
        _, chat, _ = await ask(session, "POST", "/api/chats", {})
        status, problem, _ = await ask(session, "POST", f"/api/chats/{chat['id']}/messages", {"text": "Tea?"})
        assert (status, problem["code"]) == (429, "quota_exceeded")


async def test_a_reply_that_a_program_asked_the_app_for_takes_its_keys_tokens(running: Running) -> None:
    secret = await running.new_key("app", tokens_per_day=10_000)
    async with program(running, secret) as session:
        _, chat, _ = await ask(session, "POST", "/api/chats", {"model": "text"})
        _, turn, _ = await ask(session, "POST", f"/api/chats/{chat['id']}/messages", {"text": "Tea?"})
        async with session.get(f"/api/runs/{turn['run_id']}/events") as reply:
            events = await reply.text()
        usage = next(json.loads(line[6:]) for line in events.splitlines() if '"prompt_tokens"' in line)
        async with asyncio.timeout(30):
            while True:
                _, listing, _ = await ask(session, "GET", "/api/keys")
                [used] = [found["tokens_today"] for found in listing["keys"] if secret.startswith(found["prefix"])]
                if used:
                    break
                await asyncio.sleep(0.05)
    assert used == usage["prompt_tokens"] + usage["completion_tokens"]


async def test_where_sign_in_is_off_programs_still_need_a_key(settings: Settings) -> None:
    server = settings.server.model_copy(update={"sign_in": False})
    async with run_application(settings.model_copy(update={"server": server})) as running:
        async with aiohttp.ClientSession(running.client.address) as stranger:
            assert (await ask(stranger, "GET", "/api/chats"))[0] == 200
            assert (await ask(stranger, "GET", "/v1/models"))[0] == 401
        async with program(running, await running.new_key("chat")) as session:
            assert (await ask(session, "GET", "/api/chats"))[0] == 403, "who shows a key is held to it"


async def test_a_key_is_found_by_what_names_it_and_no_other_key(running: Running) -> None:
    owner = await running.services.sign_in.owner()
    secret = await running.new_key()
    await running.new_key()
    found = await running.services.keys.find(owner, secret)
    assert secret.startswith(found.prefix)
    assert await running.services.keys.find(owner, str(found.key_id)) == found
    for nothing in ("", "sk-samovar-nobody", NOBODY):
        with pytest.raises(NotFound):
            await running.services.keys.find(owner, nothing)
    with pytest.raises(Conflict):
        await running.services.keys.find(owner, "sk-samovar-")


def test_the_command_makes_lists_and_revokes_keys(settings: Settings) -> None:
    environment = {
        "SAMOVAR_DATA_DIR": str(settings.data_dir),
        "SAMOVAR_DATABASE_URL": str(settings.database_url),
        "SAMOVAR_ENGINE_ENABLED": "false",
    }

    def keys(*arguments: str) -> tuple[int, str, str]:
        done = run_command("keys", *arguments, environment=environment)
        return done.returncode, done.stdout, done.stderr

    terms = ("--scope", "chat", "--scope", "app", "--expires", "30d", "--requests-per-minute", "60")
    code, secret, _ = keys("create", "--name", "editor", *terms, "--tokens-per-day", "5000")
    assert (code, secret.startswith("sk-samovar-"), len(secret.split())) == (0, True, 1)
    code, shown, _ = keys("list", "--json")
    [listed] = json.loads(shown)["keys"]
    assert (code, listed["name"], listed["scopes"]) == (0, "editor", ["chat", "app"])
    assert (listed["requests_per_minute"], listed["tokens_per_day"]) == (60, 5000)
    days = (datetime.fromisoformat(listed["expires_at"]) - datetime.now(UTC)) / timedelta(days=1)
    assert 29 < days <= 30
    code, shown, _ = keys("list")
    assert (code, secret[:16] in shown, secret.strip() in shown) == (0, True, False)
    assert "60 requests a minute, 0 of 5000 tokens today, never used" in shown
    assert keys("revoke", secret.strip())[0] == 0
    assert json.loads(keys("list", "--json")[1])["keys"][0]["state"] == "revoked"
    for arguments, fault in (
        (("revoke", secret.strip()), "[not_found]"),
        (("create", "--name", "x", "--scope", "admin"), "[invalid_request]"),
        (("create", "--name", "x", "--expires", "soon"), "[invalid_request]"),
        (("create", "--name", "x", "--expires", "0d"), "[invalid_request]"),
    ):
        code, _, told = keys(*arguments)
        assert (code, fault in told) == (1, True), told
