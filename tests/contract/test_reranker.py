"""What every re-ranker promises, on servers that speak their exact protocol."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from tests.support.reranking import RerankingServer, RerankingWire, run_reranking_server

from samovar import registry
from samovar.domain.errors import RerankerUnavailable
from samovar.egress import EgressClient, EgressGuard
from samovar.ports.backend import Endpoint
from samovar.ports.reranker import Reranker, RerankerConfig

Egress = tuple[EgressGuard, EgressClient]

#: Every kind with the servers that speak it.
WIRES: dict[str, tuple[RerankingWire, ...]] = {
    "llamacpp": ("llamacpp",),
    "openai": ("openai", "infinity"),
    "tei": ("tei",),
}
SPOKEN = [(kind, wire) for kind, wires in WIRES.items() for wire in wires]

PASSAGES = ["the railway was opened", "tea is brewed with hot water", "how hot is water for tea", "\0", ""]


def test_every_kind_has_a_server_to_be_tested_on() -> None:
    assert set(WIRES) == set(registry.kinds("rerankers"))


def build(kind: str, server: RerankingServer, egress: Egress, *, key: str | None = None) -> Reranker:
    guard, client = egress
    guard.allow(server.url)
    endpoint = Endpoint(url=server.url, key=key)
    config = RerankerConfig(name=f"house/{kind}", endpoint=lambda: endpoint, model="words")
    return cast(Reranker, registry.module("rerankers", kind).build(config, client))


@asynccontextmanager
async def reranker_of(
    kind: str, wire: RerankingWire, egress: Egress, **fields: Any
) -> AsyncIterator[tuple[Reranker, RerankingServer]]:
    async with run_reranking_server(wire, **fields) as server:
        yield build(kind, server, egress, key=server.key), server


@pytest.mark.parametrize(("kind", "wire"), SPOKEN)
async def test_scores_come_back_in_the_order_of_the_passages_and_from_0_to_1(
    kind: str, wire: RerankingWire, egress: Egress
) -> None:
    async with reranker_of(kind, wire, egress) as (reranker, _):
        scores = list(await reranker.score("how hot is water for tea", PASSAGES))
    assert len(scores) == len(PASSAGES)
    assert all(0 <= score <= 1 for score in scores)
    assert scores[2] > scores[1] > scores[0]
    assert scores[2] > 0.9
    assert scores[3] < 0.1


@pytest.mark.parametrize(("kind", "wire"), SPOKEN)
async def test_many_passages_are_scored_like_few(kind: str, wire: RerankingWire, egress: Egress) -> None:
    async with reranker_of(kind, wire, egress) as (reranker, server):
        scores = await reranker.score("tea", ["a railway"] * 69 + ["tea"])
        assert scores[69] == max(scores)
        assert len(scores) == 70
        assert len(server.asked) == 3


@pytest.mark.parametrize(("kind", "wire"), SPOKEN)
async def test_no_passages_are_not_worth_a_request(kind: str, wire: RerankingWire, egress: Egress) -> None:
    async with reranker_of(kind, wire, egress) as (reranker, server):
        assert list(await reranker.score("tea", [])) == []
        assert server.asked == []


@pytest.mark.parametrize(("kind", "wire"), SPOKEN)
async def test_half_a_character_and_a_million_of_them_are_sent_as_something_that_can_be_read(
    kind: str, wire: RerankingWire, egress: Egress
) -> None:
    async with reranker_of(kind, wire, egress) as (reranker, server):
        assert len(await reranker.score("tea\ud83d" * 100_000, ["\udc00", "tea " * 1_000_000])) == 2
    assert len(json.dumps(server.asked[0])) < 50_000


@pytest.mark.parametrize(("kind", "wire"), [(kind, wire) for kind, wire in SPOKEN if kind != "tei"])
async def test_passages_too_long_for_the_model_are_sent_again_shorter(
    kind: str, wire: RerankingWire, egress: Egress
) -> None:
    async with reranker_of(kind, wire, egress, longest=1_100) as (reranker, server):
        for _ in range(2):
            scores = await reranker.score("tea", ["tea " * 500, "railway " * 500])
            assert scores[0] > scores[1]
        # Learnt once, the second question has them short at once.
        assert len(server.asked) == 3


@pytest.mark.parametrize(("kind", "wire"), SPOKEN)
async def test_a_key_goes_along_and_into_no_error(kind: str, wire: RerankingWire, egress: Egress) -> None:
    async with run_reranking_server(wire, key="secret-of-the-house") as server:
        assert await build(kind, server, egress, key="secret-of-the-house").score("tea", ["tea"])
        server.key = "another-secret"
        with pytest.raises(RerankerUnavailable) as caught:
            await build(kind, server, egress, key="secret-of-the-house").score("tea", ["tea"])
    assert "401" in caught.value.message
    assert "secret-of-the-house" not in caught.value.message


@pytest.mark.parametrize(("kind", "wire"), SPOKEN)
async def test_a_server_that_is_gone_is_named_and_not_asked_again_at_once(
    kind: str, wire: RerankingWire, egress: Egress
) -> None:
    async with run_reranking_server(wire) as server:
        reranker = build(kind, server, egress)
    for _ in range(2):
        with pytest.raises(RerankerUnavailable) as caught:
            await reranker.score("tea", ["tea"])
        assert caught.value.values["reranker"] == f"house/{kind}"
        assert "does not answer" in caught.value.message


async def test_an_address_that_nobody_allowed_is_not_reached(egress: Egress) -> None:
    async with run_reranking_server("tei") as server:
        config = RerankerConfig(name="x", endpoint=lambda: Endpoint(url=server.url))
        reranker = registry.module("rerankers", "tei").build(config, egress[1])
        with pytest.raises(RerankerUnavailable) as caught:
            await reranker.score("tea", ["tea"])
        assert "may be reached" in caught.value.message
        assert server.asked == []


def forged(kind: str, entries: list[dict[str, object]]) -> object:
    named = [
        {
            ("score" if kind == "tei" and name == "s" else "relevance_score" if name == "s" else name): value
            for name, value in entry.items()
        }
        for entry in entries
    ]
    return named if kind == "tei" else {"results": named}


@pytest.mark.parametrize("kind", sorted(WIRES))
@pytest.mark.parametrize(
    "entries",
    [
        [],
        [{"index": 0, "s": 0.5}],
        [{"index": 0, "s": 0.5}] * 2,
        [{"index": 0, "s": 0.5}, {"index": 2, "s": 0.5}],
        [{"index": 0, "s": 0.5}, {"index": -1, "s": 0.5}],
        [{"index": 0, "s": 0.5}, {"index": 1.0, "s": 0.5}],
        [{"index": 0, "s": 0.5}, {"index": True, "s": 0.5}],
        [{"index": 0, "s": 0.5}, {"index": 1, "s": "0.5"}],
        [{"index": 0, "s": 0.5}, {"index": 1, "s": None}],
        [{"index": 0, "s": 0.5}, {"index": 1, "s": True}],
        [{"index": 0, "s": 0.5}, {"s": 0.5}],
        [{"index": index, "s": 0.5} for index in range(3)],
    ],
)
async def test_a_hostile_reply_is_an_error_and_no_order(
    kind: str, entries: list[dict[str, object]], egress: Egress
) -> None:
    async with reranker_of(kind, WIRES[kind][0], egress, forge=lambda _: forged(kind, entries)) as (reranker, _):
        with pytest.raises(RerankerUnavailable):
            await reranker.score("tea", ["tea", "railway"])


@pytest.mark.parametrize("kind", sorted(WIRES))
@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"null", b"1", b'"results"', b"[" * 100_000, b'{"results": 1}', b"[1, 2]", b'{"results": [1, 2]}',
     b'{"results": [{"index": 0, "relevance_score": NaN}]}', b'[{"index": 0, "score": 1e999}]', b" " * 5_000_000],
    ids=range(12),
)  # fmt: skip
async def test_a_reply_that_is_no_list_is_an_error(kind: str, body: bytes, egress: Egress) -> None:
    async with reranker_of(kind, WIRES[kind][0], egress, forge=lambda _: body) as (reranker, _):
        with pytest.raises(RerankerUnavailable):
            await reranker.score("tea", ["tea", "railway"])


@pytest.mark.parametrize("kind", sorted(WIRES))
async def test_what_a_server_says_when_it_refuses_is_told(kind: str, egress: Egress) -> None:
    async with reranker_of(kind, WIRES[kind][0], egress, status=503) as (reranker, _):
        with pytest.raises(RerankerUnavailable) as caught:
            await reranker.score("tea", ["tea"])
        assert "out of memory" in caught.value.message


async def test_logits_stay_logits_when_all_of_a_reply_would_pass_for_probabilities(egress: Egress) -> None:
    replies = iter([[4.0, -4.0], [0.9, 0.1]])

    def forge(_: Any) -> object:
        return {"results": [{"index": place, "relevance_score": score} for place, score in enumerate(next(replies))]}

    async with reranker_of("llamacpp", "llamacpp", egress, forge=forge) as (reranker, _):
        first = await reranker.score("tea", ["tea", "railway"])
        second = await reranker.score("tea", ["tea", "railway"])
    assert first == pytest.approx([0.982, 0.018], abs=0.001)
    assert second == pytest.approx([0.711, 0.525], abs=0.001)
