"""The OpenAI-compatible door: requests are relayed, not rebuilt, unless a header asks for it.

Source: OpenAI API reference, models, chat completions and embeddings, November 2026.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Literal

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from samovar.api.deps import KeyHolder, Services, ServicesOf
from samovar.api.openai_ledger import completion_ledger
from samovar.api.openai_payload import (
    CompletionRequest,
    EmbeddingsRequest,
    prompt_texts,
    read_completion,
    read_embeddings,
)
from samovar.api.openai_relay import Answer, ask_backends, unless_gone
from samovar.api.openai_usage import RequestAccount
from samovar.domain.actor import Actor
from samovar.domain.errors import EmbeddingsUnsupported, InvalidRequest, ModelUnknown, NotFound
from samovar.gateway.directory import ModelChoice
from samovar.gateway.routing import Needs
from samovar.gateway.trim import trim_conversation
from samovar.ports.backend import Relay

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["openai"])

_LOADING_WAIT_S: Final = 60.0
_FIT: Final = "fit"
_CONTEXT_HEADER: Final = "X-Samovar-Context"
_LEFT_OUT_HEADER: Final = "X-Samovar-Left-Out"


@router.get("/models")
async def list_models(_actor: KeyHolder, services: ServicesOf) -> Response:
    """The models that can be named."""
    listing = await services.models.list()
    return JSONResponse({"object": "list", "data": [_model_body(choice) for choice in listing.choices]})


@router.get("/models/{model_id:path}")
async def read_model(model_id: str, _actor: KeyHolder, services: ServicesOf) -> Response:
    """One model by any of its names."""
    listing = await services.models.list()
    choice = listing.find(model_id)
    if choice is None:
        raise ModelUnknown(model=model_id)
    return JSONResponse(_model_body(choice))


@router.post("/chat/completions")
async def complete_chat(request: Request, actor: KeyHolder, services: ServicesOf) -> Response:
    """Pass a completion request to a backend of its model, and the reply back as it comes."""
    asked = read_completion(await request.body())
    is_fitted = _read_context(request) == _FIT
    return await unless_gone(request, _complete(services, actor, asked, is_fitted=is_fitted))


@router.post("/embeddings")
async def embed(request: Request, actor: KeyHolder, services: ServicesOf) -> Response:
    """Pass an embeddings request to a backend of its model, and the vectors back."""
    return await unless_gone(request, _embed(services, actor, read_embeddings(await request.body())))


@router.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def refuse() -> Response:
    """Say of the rest of OpenAI's addresses that they are not here: completions, responses, files and so on."""
    offered = "/v1/models, /v1/chat/completions and /v1/embeddings are offered"
    raise NotFound(what=f"address: {offered}")


async def _complete(services: Services, actor: Actor, asked: CompletionRequest, *, is_fitted: bool) -> Answer:
    left_out = 0
    ledger: Mapping[str, object] | None = None
    account = _account(services, actor, prompt_texts(asked.payload["messages"]), is_chat=True)

    async def ask(choice: ModelChoice) -> Relay:
        nonlocal left_out, ledger
        payload: dict[str, Any] = {**asked.payload, "model": choice.description.model}
        if is_fitted:
            trimmed = await trim_conversation(payload, choice, services.counter)
            payload["messages"], left_out = trimmed.messages, trimmed.left_out
            account.texts = prompt_texts(trimmed.messages)
        if asked.wants_ledger:
            ledger = await completion_ledger(asked.payload, payload["messages"], choice, services.counter)
        return await choice.backend.relay(payload)

    needs = Needs(vision=asked.has_image, loading_wait_s=_LOADING_WAIT_S)
    answer = await ask_backends(services.gateway, actor, asked.model, ask, account, needs)
    if is_fitted:
        answer.headers[_LEFT_OUT_HEADER] = str(left_out)
    return answer if ledger is None else replace(answer, ledger=ledger)


async def _embed(services: Services, actor: Actor, asked: EmbeddingsRequest) -> Answer:
    async def ask(choice: ModelChoice) -> Relay:
        if choice.description.capabilities.embeddings is False:
            raise EmbeddingsUnsupported(model=choice.model_id)
        return await choice.backend.relay_embeddings({**asked.payload, "model": choice.description.model})

    account = _account(services, actor, asked.texts, is_chat=False)
    needs = Needs(loading_wait_s=_LOADING_WAIT_S)
    return await ask_backends(services.gateway, actor, asked.model, ask, account, needs)


def _account(services: Services, actor: Actor, texts: tuple[str, ...], *, is_chat: bool) -> RequestAccount:
    assert actor.key is not None, "this door opens to keys alone"
    return RequestAccount(
        quotas=services.quotas,
        metrics=services.metrics,
        key_id=actor.key.key_id,
        texts=texts,
        is_chat=is_chat,
    )


def _read_context(request: Request) -> Literal["fit"] | None:
    asked = request.headers.get(_CONTEXT_HEADER)
    if asked is None:
        return None
    if asked.strip().lower() != _FIT:
        raise InvalidRequest(reason=f"{_CONTEXT_HEADER} is {_FIT} or not there")
    return "fit"


def _model_body(choice: ModelChoice) -> dict[str, object]:
    """A model in OpenAI's form, and beside it what the backend tells; null where it does not."""
    can = choice.description.capabilities
    return {
        "id": choice.model_id,
        "object": "model",
        "created": 0,
        "owned_by": choice.backend.name,
        "context_length": can.context_tokens,
        "trained_context_length": can.trained_context_tokens,
        "state": choice.description.state,
        "loaded": can.loaded,
        "quantisation": can.quantisation,
        "size_bytes": can.size_bytes,
        "licence": can.licence,
        "vision": can.vision,
        "vision_known_by": can.vision_known_by,
        "tools": can.tools,
        "reasoning": can.reasoning,
        "embeddings": can.embeddings,
        "json_schema": can.json_schema,
        "targets": list(choice.route.targets) if choice.route else None,
    }
