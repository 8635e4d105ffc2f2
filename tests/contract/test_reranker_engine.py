"""The adapter for llama.cpp on llama.cpp itself: the engine that ships, and a tiny model with a head for re-ranking."""

import math
from collections.abc import Iterator

import orjson
import pytest
from tests.support.reranking_engine import run_reranking_engine, write_reranking_model

from samovar.egress import EgressClient, EgressGuard
from samovar.ports.backend import Endpoint
from samovar.ports.reranker import Reranker, RerankerConfig
from samovar.rerankers import llamacpp, openai

Egress = tuple[EgressGuard, EgressClient]

PASSAGES = ["green tea", "railway opened", "samovar", "hot water for tea", ""]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with run_reranking_engine(write_reranking_model(tmp_path_factory.mktemp("model") / "tiny.gguf")) as found:
        yield found


@pytest.fixture
def reranker(address: str, egress: Egress) -> Reranker:
    guard, client = egress
    guard.allow(address)
    return llamacpp.build(RerankerConfig(name="engine/tiny", endpoint=lambda: Endpoint(url=address)), client)


async def test_a_passage_has_the_same_score_wherever_it_stands(reranker: Reranker) -> None:
    # The server sorts by score.
    there = await reranker.score("how hot is the tea", PASSAGES)
    back = await reranker.score("how hot is the tea", PASSAGES[::-1])
    assert back[::-1] == pytest.approx(there, abs=1e-3)
    assert len(set(there)) == len(PASSAGES)


async def test_the_logits_of_the_model_become_probabilities(address: str, reranker: Reranker, egress: Egress) -> None:
    scores = await reranker.score("how hot is the tea", PASSAGES)
    body = orjson.dumps({"query": "how hot is the tea", "documents": [*PASSAGES[:-1], "."]})
    async with await egress[1].request("POST", f"{address}/v1/rerank", body=body) as response:
        results = orjson.loads(await response.read())["results"]
    logits = {entry["index"]: entry["relevance_score"] for entry in results}
    assert any(not 0 <= logit <= 1 for logit in logits.values()), "what the server sends are no probabilities"
    expected = [1 / (1 + math.exp(-logits[index])) for index in range(len(PASSAGES))]
    assert scores == pytest.approx(expected, abs=1e-3)


async def test_a_passage_beyond_the_context_is_read_as_far_as_it_fits(reranker: Reranker) -> None:
    scores = await reranker.score("tea", ["tea " * 1_000, "railway opened"])
    assert len(scores) == 2


async def test_the_general_protocol_is_understood_as_well(address: str, egress: Egress) -> None:
    guard, client = egress
    guard.allow(address)
    general = openai.build(RerankerConfig(name="x", endpoint=lambda: Endpoint(url=address), model="tiny"), client)
    assert len(await general.score("tea", PASSAGES)) == len(PASSAGES)
