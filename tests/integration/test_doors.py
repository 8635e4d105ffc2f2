"""Who may come in, from where, and what every answer carries."""

import asyncio
from pathlib import Path
from uuid import UUID

import aiohttp
import pytest
from fastapi.routing import APIRoute
from tests.support.application import Client, Running, run_application

from samovar.api.gate import CONTENT_SECURITY_POLICY
from samovar.api.problems import STATUSES
from samovar.api.server import ROUTERS
from samovar.domain.errors import SamovarError
from samovar.domain.ids import RunId
from samovar.settings import Settings

OPEN_PATHS = {
    ("/api/session", "POST"),
    ("/api/session", "DELETE"),
    ("/health", "GET"),
    ("/ready", "GET"),
    ("/metrics", "GET"),
    *(("/v1/{path:path}", method) for method in ("GET", "POST", "PUT", "PATCH", "DELETE")),
}


def every_route() -> list[tuple[str, str]]:
    return [
        (route.path, method)
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods or ())
    ]


def filled(path: str) -> str:
    for name in (
        "chat_id",
        "message_id",
        "run_id",
        "document_id",
        "base_id",
        "key_id",
        "evaluation_id",
        "name",
        "model_id:path",
    ):
        path = path.replace("{" + name + "}", "00000000-0000-4000-8000-000000000000")
    return path.replace("{number}", "1")


@pytest.mark.parametrize(("path", "method"), every_route())
async def test_every_route_asks_for_sign_in_unless_it_is_on_the_open_list(
    running: Running, path: str, method: str
) -> None:
    stranger = Client(running.client.address)
    try:
        status, problem = await stranger.send(
            method, filled(path) + "?name=x&page=1&start=0&end=1", {"text": "x", "token": "x"}
        )
    finally:
        await stranger.close()
    if (path, method) in OPEN_PATHS:
        assert status != 401 or problem["code"] == "link_spent"
    elif path.startswith("/v1/"):
        assert (status, problem["error"]["code"]) == (401, "invalid_api_key")
    else:
        assert (status, problem["code"]) == (401, "unauthorised")


async def test_a_link_opens_one_session_only(running: Running) -> None:
    token = await running.services.sign_in.new_link()
    strangers = [Client(running.client.address) for _ in range(5)]
    try:
        answers = await asyncio.gather(*(one.send("POST", "/api/session", {"token": token}) for one in strangers))
    finally:
        for one in strangers:
            await one.close()
    assert sorted(status for status, _ in answers) == [204, 401, 401, 401, 401]


async def test_signing_out_ends_the_session(running: Running) -> None:
    guest = Client(running.client.address)
    try:
        await guest.sign_in(running.services)
        assert (await guest.send("GET", "/api/session"))[0] == 200
        assert (await guest.send("DELETE", "/api/session"))[0] == 204
        assert (await guest.send("GET", "/api/chats"))[0] == 401
    finally:
        await guest.close()


async def test_signing_out_ends_the_lines_that_are_open(running: Running) -> None:
    guest = Client(running.client.address)
    try:
        await guest.sign_in(running.services)
        chat_id = await guest.new_chat(model="slow")
        turn = await guest.say(chat_id, "[[slow tokens=400 pace=20]]")
        kinds: list[str] = []

        async def read() -> None:
            kinds.extend([event.kind async for event in guest.events(turn["run_id"])])

        reading = asyncio.create_task(read())
        await asyncio.sleep(0.3)
        assert (await guest.send("DELETE", "/api/session"))[0] == 204
        await asyncio.wait_for(reading, 3.0)
        assert "end" not in kinds
    finally:
        await guest.close()
    live = running.services.hub.live(await running.services.sign_in.owner(), RunId(UUID(turn["run_id"])))
    assert live is not None, "the reply itself goes on"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "evil.example"}, 400),
        ({"Host": "localhost:1"}, 400),
        ({"X-Samovar": None}, 403),
    ],
)
async def test_another_site_cannot_make_the_browser_act(
    running: Running, headers: dict[str, str | None], status: int
) -> None:
    cookies = {cookie.key: cookie.value for cookie in running.client.session.cookie_jar}
    sent = {"X-Samovar": "1", **{name: value for name, value in headers.items() if value is not None}}
    if headers.get("X-Samovar", "") is None:
        del sent["X-Samovar"]
    async with (
        aiohttp.ClientSession(cookies=cookies) as foreign,
        foreign.post(f"{running.client.address}/api/chats", json={}, headers=sent) as reply,
    ):
        assert reply.status == status
        assert "access-control-allow-origin" not in reply.headers


async def test_behind_a_tls_proxy_the_public_address_is_the_own_one(settings: Settings) -> None:
    server = settings.server.model_copy(update={"public_hosts": ("https://chat.example.org",)})
    async with run_application(settings.model_copy(update={"server": server})) as proxied:
        token = await proxied.services.sign_in.new_link()
        forwarded = {"X-Samovar": "1", "Host": "chat.example.org", "Origin": "https://chat.example.org"}
        async with aiohttp.ClientSession(proxied.client.address) as browser:
            plain = {**forwarded, "Origin": "http://chat.example.org"}
            async with browser.post("/api/session", json={"token": token}, headers=plain) as reply:
                assert reply.status == 403
            async with browser.post("/api/session", json={"token": token}, headers=forwarded) as reply:
                assert reply.status == 204
                assert "Secure" in reply.headers["Set-Cookie"]
                assert "Strict-Transport-Security" in reply.headers


async def test_every_answer_carries_the_security_headers(running: Running) -> None:
    for path in ("/health", "/api/chats", "/api/nothing-here", "/v1/models"):
        async with running.client.session.get(path) as reply:
            assert reply.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
            assert reply.headers["X-Content-Type-Options"] == "nosniff"
            assert reply.headers["Referrer-Policy"] == "no-referrer"
            assert reply.headers["Cache-Control"] == "no-store"


async def test_an_unknown_api_path_is_a_404_and_never_the_page(running: Running) -> None:
    for path in ("/api/nothing", "/v1/nothing", "/assets/nothing.js"):
        status, problem = await running.client.send("GET", path)
        assert status == 404
        assert problem["error"]["code"] == "not_found" if path.startswith("/v1/") else problem["code"] == "not_found"


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(running: Running) -> None:
    stranger = Client(running.client.address)
    try:
        token = await running.services.sign_in.new_link()
        async with stranger.session.post("/api/session", json={"token": token}) as reply:
            cookie = reply.headers["Set-Cookie"]
    finally:
        await stranger.close()
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


@pytest.mark.parametrize(
    "body", ["{", "[]", '{"text": 1}', '{"unknown": "field"}', '{"text": "x", "parent_id": "not-an-id"}']
)
async def test_a_bad_body_gets_a_problem_that_says_what_is_wrong(running: Running, body: str) -> None:
    chat_id = await running.client.new_chat()
    async with running.client.session.post(
        f"/api/chats/{chat_id}/messages", data=body, headers={"Content-Type": "application/json"}
    ) as reply:
        problem = await reply.json(content_type=None)
    assert reply.status == 400
    assert problem["code"] == "invalid_request"


@pytest.mark.parametrize(
    "parameters", [{"temperature": 9}, {"top_p": "high"}, {"seed": 1.5}, {"magic": 1}, {"stop": ["x"] * 9}]
)
async def test_a_parameter_out_of_range_is_refused_by_name(running: Running, parameters: dict[str, object]) -> None:
    status, problem = await running.client.send("POST", "/api/chats", {"parameters": parameters})
    assert (status, problem["code"]) == (400, "invalid_parameter")
    assert next(iter(parameters)) in problem["title"]


async def test_a_key_opens_the_api_and_a_wrong_one_does_not(running: Running) -> None:
    key = await running.new_key("app")
    async with aiohttp.ClientSession(running.client.address) as program:
        for value, status in ((key, 200), (key[:-1] + "x", 401), ("", 401)):
            async with program.get("/api/chats", headers={"Authorization": f"Bearer {value}"}) as reply:
                assert reply.status == status


async def test_no_secret_is_stored_as_it_is(running: Running) -> None:
    key = await running.new_key()
    cookies = [cookie.value for cookie in running.client.session.cookie_jar]
    kept = b"".join(path.read_bytes() for path in Path(running.settings.data_dir).rglob("*") if path.is_file())
    assert key.encode() not in kept
    assert all(value.encode() not in kept for value in cookies)


def test_every_error_code_has_a_status() -> None:
    waiting, codes = [SamovarError], set()
    while waiting:
        kind = waiting.pop()
        codes.add(kind.code)
        waiting.extend(kind.__subclasses__())
    assert codes == set(STATUSES)
