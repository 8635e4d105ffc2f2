"""A model server without a model: tokens at a given rate, in the OpenAI form, at little cost.

``python -m bench.stub`` prints its port and answers until it is ended. Every reply has the same number of tokens, each
written at its own time and marked with it (``marks.py``), so what a gateway adds can be told from what the backend
takes. ``POST /pace`` changes the pace of the replies that follow.
"""

import argparse
import asyncio
import json
from dataclasses import asdict, dataclass
from typing import Final

import httptools
import uvloop

from bench import marks

MODEL: Final = "stub"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How the stub answers: delay before the first token, tokens a second, tokens a reply."""

    first_token_s: float
    tokens_per_s: float
    tokens: int


class Stub:
    """What all connections share: the pace of the next reply."""

    def __init__(self, pace: Pace) -> None:
        """Begin with this pace."""
        self.pace = pace


class StubProtocol(asyncio.Protocol):
    """One connection: reads requests, writes replies token by token."""

    def __init__(self, stub: Stub) -> None:
        """Take the pace of each reply from ``stub``."""
        self._stub = stub
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvloop's is no subclass
        """Begin to read requests."""
        self._transport = transport
        self._parser = httptools.HttpRequestParser(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop writing: nobody reads any more."""
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Feed the parser; what is not HTTP ends the connection."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_message_begin(self) -> None:
        """Forget the request before."""
        self._path, self._body = b"", bytearray()

    def on_url(self, url: bytes) -> None:
        """Take the path."""
        self._path += url

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._body += body

    def on_message_complete(self) -> None:
        """Answer a request that has arrived whole."""
        if self._path.endswith(b"/models"):
            model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "stub", "max_model_len": 32768}
            self._write_json({"object": "list", "data": [model]})
        elif self._path.endswith(b"/chat/completions"):
            self._stream(json.loads(self._body))
        elif self._path == b"/pace":
            self._stub.pace = Pace(**json.loads(self._body))
            self._write_json(asdict(self._stub.pace))
        else:
            self._write_json({"error": {"message": "no such path", "type": "not_found"}}, status=404)

    def _write_json(self, answer: dict[str, object], status: int = 200) -> None:
        body = json.dumps(answer).encode()
        head = b"HTTP/1.1 %d -\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
        self._transport.write(head + body)

    def _stream(self, request: dict[str, object]) -> None:
        self._pace = self._stub.pace
        model = json.dumps(request.get("model", MODEL))
        self._head = f'data: {{"id":"chatcmpl-stub","object":"chat.completion.chunk","created":0,"model":{model},'
        self._sent = self._marked = 0
        self._starts_at = self._loop.time() + self._pace.first_token_s
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        self._timer = self._loop.call_at(self._starts_at, self._tick)

    def _tick(self) -> None:
        self._marked = max(marks.now(), self._marked + 1)
        word = marks.mark(self._marked)
        self._write_event(f'[{{"index":0,"delta":{{"content":"{word}"}},"finish_reason":null}}]')
        self._sent += 1
        if self._sent == self._pace.tokens:
            self._finish()
            return
        due_at = self._starts_at + self._sent / self._pace.tokens_per_s
        self._timer = self._loop.call_at(due_at, self._tick)

    def _finish(self) -> None:
        count = self._pace.tokens
        self._write_event('[{"index":0,"delta":{},"finish_reason":"stop"}]')
        self._write_event("[]", f'{{"prompt_tokens":16,"completion_tokens":{count},"total_tokens":{count + 16}}}')
        self._write_chunk(b"data: [DONE]\n\n")
        self._transport.write(b"0\r\n\r\n")

    def _write_event(self, choices: str, usage: str = "null") -> None:
        self._write_chunk(f'{self._head}"choices":{choices},"usage":{usage}}}\n\n'.encode())

    def _write_chunk(self, data: bytes) -> None:
        self._transport.write(b"%x\r\n%b\r\n" % (len(data), data))


async def serve(pace: Pace) -> None:
    """Listen on a free loopback port, print it and answer for ever."""
    stub = Stub(pace)
    server = await asyncio.get_running_loop().create_server(lambda: StubProtocol(stub), "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Read the pace from the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m bench.stub", description="A model server without a model.")
    parser.add_argument("--first-token-ms", type=float, default=50)
    parser.add_argument("--tokens-per-s", type=float, default=50)
    parser.add_argument("--tokens", type=int, default=200)
    given = parser.parse_args()
    pace = Pace(first_token_s=given.first_token_ms / 1000, tokens_per_s=given.tokens_per_s, tokens=given.tokens)
    uvloop.run(serve(pace))


if __name__ == "__main__":
    main()
