"""A re-ranking server for tests: it counts the words that question and passage share, and speaks each protocol."""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

__all__ = ["RerankingServer", "RerankingWire", "run_reranking_server"]

RerankingWire = Literal["llamacpp", "openai", "infinity", "tei"]


@dataclass(slots=True, kw_only=True)
class RerankingServer:
    """What was asked, and what is done about it.

    ``longest`` refuses texts with more characters, as each server does; ``forge`` makes another reply from the honest
    one; ``status`` refuses everything.
    """

    wire: RerankingWire
    key: str | None = None
    longest: int = 100_000
    status: int = 200
    forge: Callable[[Any], object] = field(default=lambda reply: reply)
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        if self.key is not None and request.headers.get("Authorization") != f"Bearer {self.key}":
            return web.json_response({"error": {"message": f"Invalid API key: {self.key}"}}, status=401)
        body = await request.json()
        self.asked.append(body)
        if self.status != 200:
            return web.json_response({"error": {"message": "out of memory"}}, status=self.status)
        texts = body.get("texts" if self.wire == "tei" else "documents")
        if not isinstance(body.get("query"), str) or not texts or not all(isinstance(text, str) for text in texts):
            return self._refuse(400, '"query" and texts must be provided')
        if self.wire == "tei":
            if len(texts) > 32:
                return self._refuse(422, "batch size > maximum allowed batch size 32")
        elif any(len(body["query"]) + len(text) > self.longest for text in texts):
            words = "input is too large to process. increase the physical batch size"
            return self._refuse(500 if self.wire == "llamacpp" else 400, words)
        reply = self.forge(self._reply(body["query"], texts))
        return web.Response(body=reply) if isinstance(reply, bytes) else web.json_response(reply)

    def _reply(self, query: str, texts: Sequence[str]) -> object:
        shared = [len(_words(query) & _words(text)) / max(1, len(_words(query))) for text in texts]
        order = sorted(range(len(texts)), key=lambda index: -shared[index])
        if self.wire == "tei":
            return [{"index": index, "score": shared[index]} for index in order]
        # Best first; llama.cpp sends logits of most models.
        sent = [12 * score - 6 for score in shared] if self.wire == "llamacpp" else shared
        results = [{"index": index, "relevance_score": sent[index]} for index in order]
        usage = {"prompt_tokens": 30, "total_tokens": 30}
        return {"model": "words", "object": "list", "usage": usage, "results": results}

    def _refuse(self, status: int, words: str) -> web.Response:
        if self.wire == "tei":
            return web.json_response({"error": words, "error_type": "Validation"}, status=status)
        return web.json_response({"error": {"code": status, "message": words}}, status=status)


@asynccontextmanager
async def run_reranking_server(wire: RerankingWire, **fields: Any) -> AsyncIterator[RerankingServer]:
    """Run it on a free loopback port, with the paths that such a server has."""
    server = RerankingServer(wire=wire, **fields)
    application = web.Application(client_max_size=8_000_000)
    paths = ("/rerank",) if wire in ("infinity", "tei") else ("/v1/rerank", "/rerank")
    application.add_routes([web.post(path, server.answer) for path in paths])
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield server
    finally:
        await runner.cleanup()


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))
