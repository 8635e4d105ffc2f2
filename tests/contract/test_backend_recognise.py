"""A server of unknown kind is recognised by what it answers, with a key and without."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.support.servers import Exchange, play
from tests.support.stand_ins import KINDS, Behaviour, run_stand_in

from samovar import registry
from samovar.egress import EgressClient, EgressGuard
from samovar.gateway.probe import HttpProbe, recognise

#: The order in which kinds are asked: the peculiar before the general.
ORDER = ("llamacpp", "vllm", "ollama", "lmstudio", "foundry", "openai")
#: Stand-ins that are a version or a model of another kind.
VARIANTS = {"lmstudio-0.3": "lmstudio", "foundry-1": "foundry", "vllm-vision": "vllm", "llamacpp-vision": "llamacpp"}


@asynccontextmanager
async def probing(url: str) -> AsyncIterator[HttpProbe]:
    guard = EgressGuard()
    guard.allow(url)
    client = EgressClient(guard)
    yield HttpProbe(client, url, key=None, patience_s=30.0)
    await client.close()


async def kind_of(url: str) -> str | None:
    async with probing(url) as probe:
        return await recognise({kind: registry.backend(kind) for kind in ORDER}, probe)


@pytest.mark.parametrize("stand_in", sorted(KINDS))
async def test_each_server_is_recognised_as_itself_and_as_nothing_else(stand_in: str) -> None:
    own = VARIANTS.get(stand_in, stand_in)
    async with run_stand_in(stand_in) as server:
        assert await kind_of(server.url) == own
        for kind in ORDER[:-1]:
            async with probing(server.url) as probe:
                # llama.cpp answers in the forms of two others beside its own; its place in the order settles that.
                is_shadowed = own == "llamacpp" and kind == "ollama"
                assert is_shadowed or await registry.backend(kind).recognise(probe) == (kind == own), kind


@pytest.mark.parametrize("stand_in", sorted(set(KINDS) - {"foundry", "foundry-1"}))
async def test_a_server_that_wants_a_key_is_recognised_by_how_it_says_so(stand_in: str) -> None:
    async with run_stand_in(stand_in, Behaviour(key="secret")) as server:
        assert await kind_of(server.url) == VARIANTS.get(stand_in, stand_in)


@pytest.mark.parametrize(
    ("status", "content_type", "body"),
    [
        (200, "text/html", b"<!doctype html><title>Router</title>"),
        (200, "application/json", b"{}"),
        (200, "application/json", b'{"data": "none", "models": 3, "version": 1, "error": []}'),
        (200, "application/json", b"[]"),
        (404, "application/json", b'{"detail": "Not Found"}'),
        (302, "text/plain", b""),
    ],
)
async def test_what_is_no_model_server_is_recognised_as_none(status: int, content_type: str, body: bytes) -> None:
    paths = ("/props", "/v1/models", "/version", "/api/version", "/api/tags", "/api/v1/models", "/api/v0/models")
    exchanges = [
        Exchange(method="GET", path=path, status=status, content_type=content_type, body=body)
        for path in (*paths, "/status", "/openai/status")
    ]
    async with play(exchanges) as server:
        assert await kind_of(server.url) is None
