"""The OpenAI-compatible door: requests are relayed, not rebuilt.

Source: the public API reference of OpenAI, chat completions and models, November 2026.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from samovar.api.deps import ServicesOf
from samovar.domain.actor import Actor
from samovar.domain.errors import ImageRefused, InvalidRequest, ModelLoading, Unauthorised
from samovar.ports.backend import Relay

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["openai"])

_MOST_MESSAGES: Final = 10_000
_LOADING_WAIT_S: Final = 60.0
_LOADING_POLL_S: Final = 0.25


async def key_holder(request: Request, services: ServicesOf) -> Actor:
    """Who holds the key of this request; a cookie does not count here. Raises: Unauthorised."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthorised
    return await services.sign_in.actor_of_key(key.strip())


KeyHolder = Annotated[Actor, Depends(key_holder)]


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
async def complete_chat(request: Request, _actor: KeyHolder, services: ServicesOf) -> Response:
    """Pass a completion request to the backend of its model, and the reply back as it comes."""
    payload = _read_payload(await request.body())
    model = payload.get("model")
    if model is not None and not isinstance(model, str):
        raise InvalidRequest(reason="model is a text")
    choice = await services.models.choose(model or None)
    give_up_at = time.monotonic() + _LOADING_WAIT_S
    while choice.description.state != "ready":
        if choice.description.state == "unavailable" or time.monotonic() > give_up_at:
            raise ModelLoading(model=choice.model_id)
        await asyncio.sleep(_LOADING_POLL_S)
        choice = await services.models.choose(model or None)
    if _has_image(payload) and choice.description.capabilities.vision is False:
        raise ImageRefused(model=choice.model_id)
    payload["model"] = choice.description.model
    relay = await choice.backend.relay(payload)
    return StreamingResponse(_body(relay), status_code=relay.status, media_type=relay.content_type)


async def _body(relay: Relay) -> AsyncIterator[bytes]:
    async for chunk in relay.chunks():
        yield chunk


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
