"""What a hostile or a careless client sends, over the wire: never a 500, never silence, never another's data."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from io import BytesIO
from uuid import UUID, uuid4

import aiohttp
import psycopg
import pytest
from tests.support.application import Running, run_application

from samovar.domain.ids import RunId
from samovar.settings import Settings

JSON = {"Content-Type": "application/json"}
HALF = "\\ud800"


async def raw(running: Running, request: bytes, *, wait_s: float = 5.0) -> bytes:
    """Send bytes as they are; return what comes back until the line is quiet."""
    host, _, port = running.client.address.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    answer = b""
    with suppress(TimeoutError, ConnectionError):
        while b"\r\n\r\n" not in answer:
            async with asyncio.timeout(wait_s):
                piece = await reader.read(65536)
            if not piece:
                break
            answer += piece
    writer.close()
    return answer


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def own_headers(running: Running, host: bytes | None = None) -> bytes:
    cookies = "; ".join(f"{cookie.key}={cookie.value}" for cookie in running.client.session.cookie_jar)
    address = host or running.client.address.removeprefix("http://").encode()
    return b"Host: " + address + b"\r\nX-Samovar: 1\r\nCookie: " + cookies.encode() + b"\r\n"


async def send_bytes(running: Running, method: str, path: str, body: bytes) -> tuple[int, bytes]:
    async with running.client.session.request(method, path, data=BytesIO(body), headers=JSON) as reply:
        return reply.status, await reply.read()


@pytest.mark.parametrize(
    "body",
    [
        '{"parameters": {"seed": NaN}}',
        '{"parameters": {"top_k": 1e999}}',
        '{"parameters": {"max_tokens": -Infinity}}',
        '{"parameters": {"temperature": 1e400}}',
        '{"parameters": {"seed": ' + "9" * 400 + "}}",
        '{"parameters": {"seed": ' + "9" * 5000 + "}}",
        '{"parameters": {"stop": ["' + HALF + '"]}}',
        '{"parameters": {"' + HALF + '": 1}}',
        '{"parameters": {"a\\n\\u001b[31m": 1}}',
        '{"title": "' + HALF + '"}',
        '{"model": "' + HALF + '"}',
        '{"' + HALF + '": 1}',
        '{"parameters": {"stop": ' + "[" * 100_000 + "]" * 100_000 + "}}",
        '{"' + "k" * 1_000_000 + '": 1}',
        "null",
        "",
    ],
    ids=lambda body: body[:40],
)
async def test_a_body_that_cannot_be_meant_is_refused_and_short_about_it(running: Running, body: str) -> None:
    chat_id = await running.client.new_chat()
    for method, path in (("POST", "/api/chats"), ("PATCH", f"/api/chats/{chat_id}")):
        status, answer = await send_bytes(running, method, path, body.encode())
        assert status == 400, answer
        assert len(answer) < 1000
        assert b"\x1b" not in answer


@pytest.mark.parametrize("path", ["/api/chats/{chat}/messages", "/api/session"])
async def test_half_a_character_in_a_text_is_refused(running: Running, path: str) -> None:
    chat_id = await running.client.new_chat()
    name = "token" if path.endswith("session") else "text"
    status, answer = await send_bytes(
        running, "POST", path.replace("{chat}", chat_id), f'{{"{name}": "{HALF}"}}'.encode()
    )
    assert status == 400, answer
    _, chat = await running.client.send("GET", f"/api/chats/{chat_id}")
    assert chat["messages"] == []


async def test_what_bytes_are_not_utf8_is_refused(running: Running) -> None:
    status, answer = await send_bytes(running, "POST", "/api/chats", b'{"title": "\xff\xfe"}')
    assert status == 400, answer


@pytest.mark.parametrize("number", ["2147483648", "9223372036854775808", "9" * 40, "9" * 5000, "-1", "1e3", "%00"])
async def test_a_page_number_beyond_the_database_is_refused(running: Running, number: str) -> None:
    chat_id = await running.client.new_chat()
    _, document = await running.client.upload(chat_id, "note.txt", b"A note.")
    for tail in (f"text?page={number}", f"image?page={number}", f"boxes?page={number}&start=0&end=1"):
        status, _ = await running.client.send("GET", f"/api/documents/{document['id']}/{tail}")
        assert status == 400, tail


@pytest.mark.parametrize("value", [b"\xb2", b"-1", b"1.5", b"9" * 12, b"9" * 5000, b"\xd9\xa3"])
async def test_a_last_event_id_that_is_no_number_is_refused(running: Running, value: bytes) -> None:
    chat_id = await running.client.new_chat()
    turn, _ = await running.client.answer(chat_id, "Hello")
    request = f"GET /api/runs/{turn['run_id']}/events HTTP/1.1\r\n".encode() + own_headers(running)
    answer = await raw(running, request + b"Last-Event-ID: " + value + b"\r\n\r\n")
    assert status_of(answer) == 400, answer


async def test_a_reader_ahead_of_a_live_run_is_told_everything(running: Running) -> None:
    chat_id = await running.client.new_chat()
    turn = await running.client.say(chat_id, "[[slow tokens=12 pace=20]]")
    async with asyncio.timeout(8):
        events = await running.client.whole_run(turn["run_id"], after=999_999)
    assert events[-1].kind == "end"
    text = "".join(event.body["text"] for event in events if event.kind in ("delta", "replace"))
    assert text.startswith("w1 w2")
    assert text.endswith("w12")


async def test_a_stream_answers_at_once_though_its_model_is_silent(running: Running) -> None:
    chat_id = await running.client.new_chat()
    turn = await running.client.say(chat_id, "[[late seconds=6]]")
    await asyncio.sleep(0.3)
    async with (
        asyncio.timeout(2),
        running.client.session.get(f"/api/runs/{turn['run_id']}/events", headers={"Last-Event-ID": "1"}) as reply,
    ):
        assert reply.status == 200
    await running.client.send("POST", f"/api/runs/{turn['run_id']}/stop")


@pytest.mark.parametrize(
    "host",
    [
        b"127.0.0.1:\xb2",
        b"[::1]:\xb2",
        b"127.0.0.1:" + b"9" * 5000,
        b"evil@{own}",
        b"[[::1]:{port}",
        b"::1:{port}",
        b"x]::1]:{port}",
        b"{own}/",
        b"{own}\r\nHost: evil.example",
        b"evil.example\r\nHost: {own}",
        b"localhost.:{port}",
        b"127.0.0.1.nip.io:{port}",
        b"",
    ],
)
async def test_a_host_that_is_not_plainly_ours_is_refused(running: Running, host: bytes) -> None:
    own = running.client.address.removeprefix("http://").encode()
    host = host.replace(b"{own}", own).replace(b"{port}", own.rpartition(b":")[2])
    answer = await raw(running, b"GET /health HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
    assert status_of(answer) == 400, answer


@pytest.mark.parametrize("name", [b"127.0.0.1", b"localhost", b"LOCALHOST", b"[::1]"])
async def test_every_name_of_loopback_is_ours(running: Running, name: bytes) -> None:
    port = running.client.address.rpartition(":")[2].encode()
    answer = await raw(running, b"GET /health HTTP/1.1\r\nHost: " + name + b":" + port + b"\r\n\r\n")
    assert status_of(answer) == 200, answer


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/v1", "//api/chats", "/API/chats", "/assets", "/health/x", "/api/chats/", "/V1/models"]
)
async def test_no_address_near_the_api_is_answered_with_the_page(running: Running, path: str) -> None:
    answer = await raw(running, f"GET {path} HTTP/1.1\r\n".encode() + own_headers(running) + b"\r\n")
    assert status_of(answer) == 404, answer


@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "TRACE", "PROPFIND", "DELETE"])
async def test_a_method_that_is_not_offered_says_so_in_its_body_too(running: Running, method: str) -> None:
    status, problem = await running.client.send(method, "/api/chats")
    assert status == 405
    assert problem["status"] == 405


async def test_the_page_may_be_asked_for_with_head(running: Running) -> None:
    async with running.client.session.head("/") as reply:
        assert reply.status in (200, 503)  # 503 where the page is not built
        assert await reply.read() == b""


async def test_a_body_above_the_limit_is_refused_with_and_without_its_length(running: Running) -> None:
    body = b'{"title": "' + b"x" * 5_000_000 + b'"}'
    status, _ = await send_bytes(running, "POST", "/api/chats", body)
    assert status == 413

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 100_000):
            yield body[start : start + 100_000]

    async with running.client.session.post("/api/chats", data=pieces(), headers=JSON) as reply:
        assert reply.status == 413


async def test_odd_methods_make_no_new_rows_in_the_metrics(running: Running) -> None:
    for method in ("PROPFIND", "MKCOL", "TRACE", "SEARCH"):
        await running.client.send(method, "/api/chats")
    async with running.client.session.get("/metrics") as reply:
        text = await reply.text()
    assert 'method="other"' in text
    assert "PROPFIND" not in text


async def test_a_client_that_vanishes_during_an_upload_leaves_nothing(running: Running) -> None:
    chat_id = await running.client.new_chat()
    request = f"POST /api/chats/{chat_id}/documents?name=half.txt HTTP/1.1\r\n".encode() + own_headers(running)
    host, _, port = running.client.address.removeprefix("http://").partition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(request + b"Content-Length: 1000\r\n\r\nonly this much")
    await writer.drain()
    await asyncio.sleep(0.2)
    writer.transport.abort()
    await asyncio.sleep(0.3)
    _, chat = await running.client.send("GET", f"/api/chats/{chat_id}")
    assert chat["documents"] == []
    async with running.client.session.get("/metrics") as reply:
        text = await reply.text()
    assert 'samovar_http_requests_total{method="POST",status="500"}' not in text


async def test_two_stops_at_once_end_a_run_once(running: Running) -> None:
    chat_id = await running.client.new_chat()
    turn = await running.client.say(chat_id, "[[slow tokens=500 pace=50]]")
    await asyncio.sleep(0.2)
    stop = f"/api/runs/{turn['run_id']}/stop"
    answers = await asyncio.gather(*(running.client.send("POST", stop) for _ in range(5)))
    assert {status for status, _ in answers} == {202}
    events = await running.client.whole_run(turn["run_id"])
    assert [event.body["status"] for event in events if event.kind == "end"] == ["stopped"]
    _, chat = await running.client.send("GET", f"/api/chats/{chat_id}")
    assert chat["messages"][-1]["run_status"] == "stopped"


async def test_a_chat_deleted_under_two_readers_ends_both(running: Running) -> None:
    chat_id = await running.client.new_chat()
    turn = await running.client.say(chat_id, "[[slow tokens=500 pace=50]]")
    readers = [asyncio.create_task(running.client.whole_run(turn["run_id"])) for _ in range(2)]
    await asyncio.sleep(0.3)
    status, _ = await running.client.send("DELETE", f"/api/chats/{chat_id}")
    assert status == 204
    async with asyncio.timeout(5):
        for events in await asyncio.gather(*readers):
            assert events[-1].kind == "end"
    assert (await running.client.send("GET", f"/api/runs/{turn['run_id']}/events"))[0] == 404


async def test_a_document_deleted_while_it_is_cited_ends_the_run_with_a_reason(running: Running) -> None:
    chat_id = await running.client.new_chat()
    _, document = await running.client.upload(chat_id, "tea.txt", b"A samovar boils water for tea.")
    turn = await running.client.say(chat_id, "[[late seconds=1]] What boils water for tea?")
    await asyncio.sleep(0.3)
    assert (await running.client.send("DELETE", f"/api/documents/{document['id']}"))[0] == 204
    async with asyncio.timeout(10):
        events = await running.client.whole_run(turn["run_id"])
    assert events[-1].kind == "end"
    assert events[-1].body["error"] is None or events[-1].body["error"]["code"] == "not_found"
    text = "".join(event.body["text"] for event in events if event.kind in ("delta", "replace"))
    assert "samovar" in text


async def test_two_hundred_readers_of_one_run_all_see_its_end(running: Running) -> None:
    chat_id = await running.client.new_chat()
    turn = await running.client.say(chat_id, "[[slow tokens=40 pace=40]]")
    address = running.client.address
    cookies = {cookie.key: cookie.value for cookie in running.client.session.cookie_jar}

    async def read(session: aiohttp.ClientSession) -> bytes:
        async with session.get(f"{address}/api/runs/{turn['run_id']}/events") as reply:
            return await reply.read()

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(cookies=cookies, connector=connector) as session, asyncio.timeout(20):
        bodies = await asyncio.gather(*(read(session) for _ in range(200)))
    assert all(b"event: end" in body and b"w40" in body for body in bodies)


@pytest.mark.parametrize(
    "changed", [{"parent_id": str(uuid4())}, {"document_ids": [str(uuid4())]}, {"parent_id": "user"}]
)
async def test_ids_that_do_not_belong_here_are_refused(running: Running, changed: Mapping[str, object]) -> None:
    chat_id = await running.client.new_chat()
    other = await running.client.new_chat()
    turn, _ = await running.client.answer(other, "Hello")
    body = {"text": "x", **changed}
    if body.get("parent_id") == "user":
        body["parent_id"] = turn["reply"]["id"]
    status, problem = await running.client.send("POST", f"/api/chats/{chat_id}/messages", body)
    assert (status, problem["code"]) == (404, "not_found")
    status, _ = await running.client.send("PATCH", f"/api/chats/{chat_id}", {"head_id": turn["reply"]["id"]})
    assert status == 404


@pytest.mark.parametrize("payload", [{}, [], {"messages": []}, {"messages": 1}, {"messages": ["x"], "model": 5}])
async def test_the_openai_door_refuses_what_it_cannot_read(running: Running, payload: object) -> None:
    key = await running.new_key()
    async with (
        aiohttp.ClientSession(running.client.address, headers={"Authorization": f"bearer {key}"}) as program,
        program.post("/v1/chat/completions", data=json.dumps(payload)) as reply,
    ):
        assert reply.status == 400
        assert (await reply.json())["error"]["code"] == "invalid_request"


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNK = b'data: {"choices": [{"index": 0, "delta": {"content": "w "}, "finish_reason": null}]}\n\n'
MODELS = b'{"object": "list", "data": [{"id": "endless", "object": "model"}]}'


class EndlessServer:
    """A model server that never comes to an end, and notes when its caller hangs up."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.hung_up = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n")
            writer.write(b"Content-Length: %d\r\n\r\n" % len(MODELS) + MODELS)
            await writer.drain()
            writer.close()
            return
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        body = json.loads(await reader.readexactly(int(length.split(b":")[1])))
        self.asked.set()
        if body.get("stream"):
            writer.write(HEAD)
        while not reader.at_eof():
            if body.get("stream"):
                writer.write(b"%x\r\n%b\r\n" % (len(CHUNK), CHUNK))
            with suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await reader.read(100)
            if body.get("user") == "break":
                writer.transport.abort()
        self.hung_up.set()
        writer.close()


@pytest.mark.parametrize("is_stream", [True, False])
async def test_a_program_that_hangs_up_frees_the_backend(settings: Settings, is_stream: bool) -> None:
    backend = EndlessServer()
    server = await asyncio.start_server(backend.serve, "127.0.0.1", 0)
    async with server, run_application(_with_backend(settings, server)) as running:
        key = await running.new_key()
        body = json.dumps({"model": "endless", "stream": is_stream, "messages": [{"role": "user", "content": "x"}]})
        host, _, port = running.client.address.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {key}\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        async with asyncio.timeout(5):
            await backend.asked.wait()
            if is_stream:
                await reader.readuntil(b"data: ")
        assert not backend.hung_up.is_set()
        writer.transport.abort()
        async with asyncio.timeout(2):
            await backend.hung_up.wait()


async def test_a_relayed_stream_that_breaks_ends_with_an_error_that_programs_read(settings: Settings) -> None:
    server = await asyncio.start_server(EndlessServer().serve, "127.0.0.1", 0)
    async with server, run_application(_with_backend(settings, server)) as running:
        key = await running.new_key()
        body = {"model": "endless", "stream": True, "user": "break", "messages": [{"role": "user", "content": "x"}]}
        async with (
            aiohttp.ClientSession(running.client.address, headers={"Authorization": f"Bearer {key}"}) as program,
            program.post("/v1/chat/completions", json=body) as reply,
        ):
            assert reply.status == 200
            text = await reply.text()
    last = json.loads(text.rstrip().rpartition("data: ")[2])
    assert last["error"]["code"] == "backend_broke"


def _with_backend(settings: Settings, server: asyncio.Server) -> Settings:
    port = server.sockets[0].getsockname()[1]
    backends = settings.backends.model_copy(update={"openai_base_url": f"http://127.0.0.1:{port}/v1"})
    return settings.model_copy(update={"backends": backends})


async def test_a_spent_cookie_locks_nobody_out_where_sign_in_is_off(settings: Settings) -> None:
    open_server = settings.server.model_copy(update={"sign_in": False})
    async with run_application(settings.model_copy(update={"server": open_server})) as running:
        cookie = {"Cookie": f"{running.services.cookie_name}=an-old-one"}
        async with (
            aiohttp.ClientSession(running.client.address, headers=cookie) as browser,
            browser.get("/api/chats") as reply,
        ):
            assert reply.status == 200


async def test_a_second_stop_waits_for_the_end_that_the_first_one_is_storing(running: Running) -> None:
    chat_id = await running.client.new_chat()
    turn = await running.client.say(chat_id, "[[slow tokens=500 pace=50]]")
    await asyncio.sleep(0.2)
    hub, run_id = running.services.hub, RunId(UUID(turn["run_id"]))
    live = hub.live(await running.services.sign_in.owner(), run_id)
    assert live is not None
    assert running.settings.database_url is not None
    async with await psycopg.AsyncConnection.connect(running.settings.database_url) as slow:
        # As if the database took its time: the row of the run is held.
        await slow.execute("SELECT 1 FROM runs WHERE run_id = %s FOR UPDATE", (run_id,))
        hub.stop(run_id)
        await asyncio.sleep(0.1)
        second = asyncio.create_task(hub.stop_chat(live.run.chat_id))
        await asyncio.sleep(0.1)
        assert not second.done()
    await second
    _, chat = await running.client.send("GET", f"/api/chats/{chat_id}")
    assert chat["messages"][-1]["run_status"] == "stopped"
