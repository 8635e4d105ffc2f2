"""Vectors from model servers, by the same line and the same attempts as answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.support.stand_ins import Behaviour, RunningStandIn, run_stand_in

from samovar.domain.backend import BackendSpec
from samovar.domain.errors import EmbedderUnavailable
from samovar.egress import EgressClient, EgressGuard
from samovar.embedders import backend
from samovar.gateway.directory import ModelDirectory
from samovar.gateway.embeddings import EmbeddingsModel
from samovar.gateway.pool import BackendPool
from samovar.gateway.routing import Gateway
from samovar.opening import BackendOpener
from samovar.ports.embedder import Embedder, Vector
from samovar.settings import BackendsSettings


def cosine(one: Vector, other: Vector) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


@asynccontextmanager
async def embedder_of(kind: str, stand_in: RunningStandIn, model: str) -> AsyncIterator[Embedder]:
    guard = EgressGuard()
    client = EgressClient(guard)
    pool = BackendPool()
    opener = BackendOpener(client, guard, BackendsSettings(discover=False), longest_queue=8)
    pool.add(opener.open(BackendSpec(name="house", kind=kind, url=stand_in.url, source="settings")))
    gateway = Gateway(ModelDirectory(pool), lambda: None)
    embedder = backend.build(f"house/{model}", EmbeddingsModel(gateway, f"house/{model}").ask)
    try:
        yield embedder
    finally:
        await embedder.close()
        await client.close()


@pytest.mark.parametrize("kind", ["openai", "ollama", "lmstudio"])
async def test_a_model_server_makes_vectors_in_which_like_is_near_like(kind: str) -> None:
    async with run_stand_in(kind, Behaviour()) as stand_in:
        name = next(model.name for model in stand_in.stand_in.usual_models() if model.embeds)
        async with embedder_of(kind, stand_in, name) as embedder:
            question = await embedder.embed_question("how hot is the water for tea")
            near, far = await embedder.embed_passages(["water for tea is hot", "a railway was opened"])
            assert cosine(question, near) > cosine(question, far)
            assert embedder.dimensions == len(question)


async def test_a_model_that_only_chats_is_told_as_such() -> None:
    async with run_stand_in("openai", Behaviour()) as stand_in:
        name = next(model.name for model in stand_in.stand_in.usual_models() if not model.embeds)
        async with embedder_of("openai", stand_in, name) as embedder:
            with pytest.raises(EmbedderUnavailable) as caught:
                await embedder.embed_question("tea?")
            assert caught.value.values["embedder"] == f"house/{name}"


async def test_a_server_that_is_gone_is_an_error_with_its_name() -> None:
    async with run_stand_in("openai", Behaviour()) as stand_in:
        name = next(model.name for model in stand_in.stand_in.usual_models() if model.embeds)
        gone = stand_in
    async with embedder_of("openai", gone, name) as embedder:
        with pytest.raises(EmbedderUnavailable):
            await embedder.embed_passages(["tea"])


async def test_a_model_that_nobody_offers_is_an_error() -> None:
    async with run_stand_in("openai", Behaviour()) as stand_in, embedder_of("openai", stand_in, "no-such") as embedder:
        with pytest.raises(EmbedderUnavailable) as caught:
            await embedder.embed_question("tea?")
        assert "no-such" in caught.value.message
