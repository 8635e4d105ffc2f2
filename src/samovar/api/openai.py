"""The OpenAI-compatible door: requests are relayed, not rebuilt.

Source: the public API reference of OpenAI, chat completions and models, November 2026.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import aclosing
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from samovar.api.closing import ClosingStream
from samovar.api.deps import KeyHolder, Services, ServicesOf
from samovar.api.problems import openai_error
from samovar.domain.actor import Actor
from samovar.domain.errors import BackendError, InvalidRequest
from samovar.domain.parameters import PARAMETER_RANGES, read_parameters
from samovar.gateway.queue import Lease
from samovar.gateway.routing import Needs
from samovar.ports.backend import Relay

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["openai"])

#: A seed may be any whole number in this form, so it is left to the backend.
_BOUNDED: Final = tuple(name for name in PARAMETER_RANGES if name != "seed")
_MOST_MESSAGES: Final = 10_000
_LOADING_WAIT_S: Final = 60.0
_GONE_POLL_S: Final = 0.5
_LONGEST_MODEL: Final = 500


@router.get("/models")
async def list_models(_actor: KeyHolder, services: ServicesOf) -> Response:
    """The models that can be named."""
    listing = await services.models.list()
    return JSONResponse(
        {
            "object": "list",
            "data": [
                {
                    "id": choice.model_id,
                    "object": "model",
                    "created": 0,
                    "owned_by": choice.backend.name,
                    "context_length": choice.description.capabilities.context_tokens,
                    "vision": choice.description.capabilities.vision,
                }
                for choice in listing.choices
            ],
        }
    )


@router.post("/chat/completions")
async def complete_chat(request: Request, actor: KeyHolder, services: ServicesOf) -> Response:
    """Pass a completion request to the backend of its model, and the reply back as it comes."""
    payload = _read_payload(await request.body())
    model = payload.get("model")
    if model is not None and not (isinstance(model, str) and len(model) <= _LONGEST_MODEL):
        raise InvalidRequest(reason=f"model is a text of at most {_LONGEST_MODEL} characters")
    has_image = _has_image(payload)
    return await _unless_gone(request, _answer(services, actor, model or None, payload, has_image=has_image))


async def _answer(
    services: Services, actor: Actor, model: str | None, payload: dict[str, Any], *, has_image: bool
) -> Response:
    needs = Needs(vision=has_image, loading_wait_s=_LOADING_WAIT_S)
    attempts = services.gateway.attempts(model, actor.user_id, needs=needs)
    async with aclosing(attempts):
        async for attempt in attempts:
            async with attempt as choice:
                relay = await choice.backend.relay({**payload, "model": choice.description.model})
                body = _Body(relay, attempt.take_lease())
    if body.is_stream:
        return ClosingStream(body, status_code=relay.status, media_type=relay.content_type)
    try:
        # A whole reply is taken to its end first: until then it may still turn out to be an error.
        content = b"".join([chunk async for chunk in body])
    finally:
        await body.aclose()
    return Response(content, status_code=relay.status, media_type=relay.content_type)


class _Body:
    """The body of a relayed reply, and the place in the backend's line that it takes until its end."""

    def __init__(self, relay: Relay, lease: Lease) -> None:
        self.is_stream = relay.content_type.startswith("text/event-stream")
        self._relay = relay
        self._lease = lease
        self._chunks = relay.chunks()
        self._is_over = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._is_over:
            raise StopAsyncIteration
        try:
            return await anext(self._chunks)
        except BackendError as error:
            if not self.is_stream:
                raise
            # The head is sent already: what went wrong is told as the last event.
            self._is_over = True
            return b"data: " + openai_error(error).body + b"\n\n"

    async def aclose(self) -> None:
        """Hang up on the backend and make the place free, whether or not anything was read."""
        try:
            await self._chunks.aclose()
            await self._relay.close()
        finally:
            self._lease.leave()


async def _unless_gone(request: Request, work: Coroutine[Any, Any, Response]) -> Response:
    """Do the work, but leave it when the client hangs up: nobody else can come back for it."""
    working = asyncio.ensure_future(work)
    try:
        while not working.done():
            await asyncio.wait((working,), timeout=_GONE_POLL_S)
            if not working.done() and await request.is_disconnected():
                raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


def _read_payload(body: bytes) -> dict[str, Any]:
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(reason="the body is not JSON") from error
    if not isinstance(payload, dict):
        raise InvalidRequest(reason="the body is not a JSON object")
    messages = payload.get("messages")
    if not isinstance(messages, list) or not 0 < len(messages) <= _MOST_MESSAGES:
        raise InvalidRequest(reason=f"messages is a list of 1 to {_MOST_MESSAGES} messages")
    # Servers have crashed on values that their own checks let through; the bounds are those of our page.
    read_parameters({name: payload.get(name) for name in _BOUNDED})
    read_parameters({"max_tokens": payload.get("max_completion_tokens")})
    return payload


def _has_image(payload: dict[str, Any]) -> bool:
    """Whether there is a picture; one that is not a data URI is refused.

    Some backends fetch addresses, which would let a request look around inside the network.
    """
    found = False
    for message in payload["messages"]:
        content = message.get("content") if isinstance(message, dict) else None
        for part in content if isinstance(content, list) else ():
            if not isinstance(part, dict) or part.get("type") != "image_url":
                continue
            image = part.get("image_url")
            url = image.get("url") if isinstance(image, dict) else image
            if not isinstance(url, str) or not url.startswith("data:image/"):
                raise InvalidRequest(reason="a picture is sent as a data URI, never as an address")
            found = True
    return found
