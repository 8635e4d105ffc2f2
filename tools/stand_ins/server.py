"""The part of a stand-in that all protocols share: requests, keys, slots, models in memory, the way of an answer."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import ClassVar, Final

import orjson
from aiohttp import web

from .answer import Answer, write_answer
from .behaviour import Behaviour
from .counts import PromptCache, count_tokens
from .pieces import Broken, Died, EndedEarly, Noise, TextPiece, Thought, ToolPiece, pieces_of
from .prompt import Model, Prompt, prompt_tokens
from .reading import as_object
from .sight import ImageUnreadable
from .wire import Wire

__all__ = ["Asked", "Loaded", "Refused", "StandIn", "json_reply"]

_REQUESTS_KEPT: Final = 500
_BODY_KEPT_BYTES: Final = 4 * 2**20
_LARGEST_BODY_BYTES: Final = 64 * 2**20
_PAGE: Final = "<!doctype html><title>Sign in</title><h1>Sign in to the network</h1>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that came. Of a body past four mebibytes only the beginning is kept."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        """The body as a JSON object. Raises: orjson.JSONDecodeError."""
        return as_object(orjson.loads(self.body))


@dataclass(slots=True, kw_only=True)
class Loaded:
    """A model in memory. ``expires_at`` is a time of ``time.monotonic()``, None where it stays."""

    model: Model
    context_tokens: int
    expires_at: float | None = None
    used_at: float = 0.0


class Refused(Exception):
    """A reply instead of an answer."""

    def __init__(self, reply: web.Response) -> None:
        super().__init__(reply.status)
        self.reply = reply


def json_reply(body: object, *, status: int = 200, content_type: str = "application/json") -> web.Response:
    """Write a JSON reply."""
    return web.Response(status=status, body=orjson.dumps(body), headers={"Content-Type": content_type})


class StandIn(ABC):
    """A server of one kind. ``serve`` makes its application; the attributes show what happened."""

    kind: ClassVar[str]
    default_port: ClassVar[int]
    #: Models in memory at once where the behaviour says nothing; None where there is no limit.
    loaded_at_once: ClassVar[int | None] = None

    def __init__(self, behaviour: Behaviour | None = None, models: Sequence[Model] | None = None) -> None:
        """Offer these models, or the usual ones of the kind."""
        self.behaviour = behaviour or Behaviour()
        self.models = tuple(models) if models is not None else self.usual_models()
        self.asked: deque[Asked] = deque(maxlen=_REQUESTS_KEPT)
        self.cancelled = 0
        self.running = 0
        self.most_running = 0
        self.waiting = 0
        #: Names of models in the order in which they came into memory and left it.
        self.loads: list[str] = []
        self.unloads: list[str] = []
        self.is_closing = False
        self._loaded: dict[str, Loaded] = {}
        self._loading = asyncio.Lock()
        self._slots = asyncio.Semaphore(self.behaviour.slots)
        self._cache = PromptCache()

    # What a protocol adds.

    @abstractmethod
    def usual_models(self) -> tuple[Model, ...]:
        """The models offered when nothing else is said."""

    @abstractmethod
    def routes(self) -> list[web.RouteDef]:
        """The paths of the protocol."""

    @abstractmethod
    def fault(self, status: int, words: str) -> web.Response:
        """Write an error in the form of the protocol."""

    @abstractmethod
    def not_found(self, request: web.Request) -> web.Response:
        """Answer a path that the server does not have."""

    def needs_key(self, path: str) -> bool:
        """Tell whether a path is guarded where there is a key."""
        return True

    def unauthorised(self) -> web.Response:
        """Answer a request without the key."""
        return self.fault(401, "unauthorized")

    def busy(self) -> web.Response:
        """Answer a request for which there is no place."""
        return self.fault(503, "server busy, please try again.  maximum pending requests exceeded")

    def bad_json(self, error: str) -> web.Response:
        """Answer a body that is not JSON."""
        return self.fault(400, error or "missing request body")

    def compose(self, prompt: Prompt, behaviour: Behaviour) -> Answer:
        """Write the answer to a prompt. Raises: ImageUnreadable."""
        return write_answer(prompt, behaviour)

    # Requests.

    def application(self) -> web.Application:
        """Make the aiohttp application."""
        application = web.Application(middlewares=[self._receive], client_max_size=_LARGEST_BODY_BYTES)
        application.add_routes(self.routes())
        application.router.add_route("*", "/{path:.*}", self._answer_unknown)
        return application

    def requests_to(self, path: str) -> list[Asked]:
        """The requests to one path, oldest first."""
        return [asked for asked in self.asked if asked.path == path]

    async def read_object(self, request: web.Request) -> dict[str, object]:
        """Read the body as a JSON object. Raises: Refused."""
        body = await request.read()
        try:
            value = orjson.loads(body) if body else None
        except orjson.JSONDecodeError as error:
            raise Refused(self.bad_json(str(error))) from error
        if not isinstance(value, dict):
            raise Refused(self.bad_json("" if value is None else "the body is not an object"))
        return value

    @web.middleware
    async def _receive(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        body = await request.read()
        self.asked.append(
            Asked(
                method=request.method,
                path=request.path,
                headers={name.lower(): value for name, value in request.headers.items()},
                body=body[:_BODY_KEPT_BYTES],
            )
        )
        if self.behaviour.sends_html:
            return web.Response(text=_PAGE, content_type="text/html")
        key = self.behaviour.key
        if key is not None and self.needs_key(request.path) and request.headers.get("Authorization") != f"Bearer {key}":
            return self.unauthorised()
        try:
            return await handler(request)
        except Refused as refused:
            return refused.reply

    async def _answer_unknown(self, request: web.Request) -> web.StreamResponse:
        return self.not_found(request)

    # Models in memory.

    def find(self, name: str) -> Model | None:
        """Find a model by its name."""
        return next((model for model in self.models if model.name == name), None)

    def context_of(self, model: Model) -> int:
        """The longest context that a model may have here."""
        return min(model.context_tokens, self.behaviour.context_tokens or model.context_tokens)

    def loaded(self) -> list[Loaded]:
        """The models in memory, those past their time taken out first."""
        now = time.monotonic()
        for name in [
            name for name, one in self._loaded.items() if one.expires_at is not None and one.expires_at <= now
        ]:
            self.unload(name)
        return list(self._loaded.values())

    def loaded_model(self, name: str) -> Loaded | None:
        """The model in memory under this name."""
        return next((one for one in self.loaded() if one.model.name == name), None)

    async def load(self, model: Model, context_tokens: int, keep_s: float | None = None) -> Loaded:
        """Bring a model into memory, or take note that it is used; others may have to leave."""
        async with self._loading:
            known = self.loaded_model(model.name)
            if known is None or known.context_tokens != context_tokens:
                self._make_room(model)
                await asyncio.sleep(self.behaviour.load_s)
                known = Loaded(model=model, context_tokens=context_tokens)
                self._loaded[model.name] = known
                self.loads.append(model.name)
        known.used_at = time.monotonic()
        known.expires_at = None if keep_s is None or keep_s < 0 else known.used_at + keep_s
        return known

    def _make_room(self, model: Model) -> None:
        self.unload(model.name)
        limit = self.behaviour.loaded_at_once or self.loaded_at_once or len(self.models)
        while len(self._loaded) >= limit:
            self.unload(min(self._loaded.values(), key=lambda one: one.used_at).model.name)

    def unload(self, name: str) -> bool:
        """Take a model out of memory; tell whether it was there."""
        gone = self._loaded.pop(name, None)
        if gone is not None:
            self.unloads.append(name)
            self._cache.forget(name)
        return gone is not None

    # Answers.

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Take a slot for one answer. Raises: Refused when the server is busy."""
        if self.behaviour.busy_replies or self.waiting >= self.behaviour.queue:
            self.behaviour.busy_replies -= self.behaviour.busy_replies > 0
            raise Refused(self._say_busy())
        self.waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self.waiting -= 1
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            yield
        finally:
            self.running -= 1
            self._slots.release()

    def _say_busy(self) -> web.Response:
        reply = self.busy()
        if self.behaviour.retry_after_s is not None:
            reply.headers["Retry-After"] = str(self.behaviour.retry_after_s)
        return reply

    async def answer(
        self,
        request: web.Request,
        prompt: Prompt,
        wire: Wire,
        *,
        is_stream: bool,
        prepare: Callable[[], Awaitable[object]] | None = None,
    ) -> web.StreamResponse:
        """Answer a prompt by a protocol's wire; ``prepare`` loads the model. Raises: Refused."""
        behaviour = replace(self.behaviour)
        try:
            async with self.slot():
                if behaviour.dies_before_reply:
                    return self._cut(request)
                if behaviour.hangs_before_reply:
                    await asyncio.Event().wait()
                if prepare is not None:
                    await prepare()
                return await self._write(request, prompt, wire, behaviour, is_stream=is_stream)
        except (asyncio.CancelledError, ConnectionResetError):
            self.cancelled += not self.is_closing
            raise

    async def _write(
        self, request: web.Request, prompt: Prompt, wire: Wire, behaviour: Behaviour, *, is_stream: bool
    ) -> web.StreamResponse:
        try:
            answer = self.compose(prompt, behaviour)
        except ImageUnreadable as error:
            raise Refused(self.fault(400, "Failed to load image or audio file")) from error
        tokens = prompt_tokens(prompt.messages, prompt.tools)
        counts = count_tokens(tokens, answer, self._cache.find(prompt.model.name, tokens), behaviour)
        reply = web.StreamResponse(headers={"Content-Type": wire.stream_type})
        if is_stream:
            await reply.prepare(request)
            await _send(reply, wire.begin())
        try:
            async for piece in pieces_of(answer, prompt, behaviour):
                if is_stream:
                    await _send(reply, _write_piece(wire, piece))
        except Died:
            return self._cut(request)
        except Broken:
            if not is_stream:
                raise Refused(self.fault(500, wire.broken_words)) from None
            await _send(reply, wire.fault())
            return reply
        except EndedEarly:
            return reply if is_stream else web.Response(body=b"", headers={"Content-Type": wire.whole_type})
        if not is_stream:
            return json_reply(wire.whole(answer, counts), content_type=wire.whole_type)
        await _send(reply, wire.end(answer, counts))
        return reply

    def _cut(self, request: web.Request) -> web.StreamResponse:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)


async def _send(reply: web.StreamResponse, content: bytes) -> None:
    if content:
        await reply.write(content)


def _write_piece(wire: Wire, piece: Thought | TextPiece | ToolPiece | Noise) -> bytes:
    match piece:
        case Thought(text=text):
            return wire.thought(text)
        case TextPiece(text=text):
            return wire.text(text)
        case ToolPiece(index=index, call=call):
            return wire.call(index, call)
        case Noise(is_garbage=is_garbage):
            return wire.garbage() if is_garbage else wire.noise()
