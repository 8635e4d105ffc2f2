"""The models of search without a library: what ``samovar eval`` measures with."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from samovar.egress import EgressClient, EgressGuard
from samovar.engine.sharing import join_engine
from samovar.gateway.directory import ModelDirectory
from samovar.gateway.pool import BackendPool
from samovar.gateway.routing import Gateway
from samovar.opening import BackendOpener, configured_backends
from samovar.ports.embedder import Embedder
from samovar.ports.reranker import Reranker
from samovar.search_models import OpenEmbedders, chosen_embedder, open_reranker
from samovar.settings import Settings

__all__ = ["open_search_models"]


@asynccontextmanager
async def open_search_models(settings: Settings) -> AsyncIterator[tuple[Embedder | None, Reranker | None]]:
    """Make the embedder and the re-ranker of the settings, over the backends that settings and environment name.

    None stands for search by words alone, and for the re-ranker that needs no model. The embedded engine is used where
    it runs; servers that were added in the web app are rows of a library, and are not known here.

    Raises: SettingsInvalid.
    """
    async with AsyncExitStack() as stack:
        guard = EgressGuard()
        client = EgressClient(guard)
        stack.push_async_callback(client.close)
        pool = BackendPool()
        opener = BackendOpener(client, guard, settings.backends, longest_queue=settings.limits.queue)
        if settings.engine.enabled and (shared := await join_engine(settings.data_dir, settings.engine)) is not None:
            pool.add(opener.open_engine(settings.engine, None, shared))
        for spec in configured_backends(settings.backends):
            pool.add(opener.open(spec))
        embedders = OpenEmbedders(Gateway(ModelDirectory(pool, []), lambda: None), chosen_embedder(settings.retrieval))
        stack.push_async_callback(embedders.close)
        reranker = open_reranker(settings.retrieval, pool, client, guard)
        if reranker is not None:
            stack.push_async_callback(reranker.close)
        yield embedders.chosen, reranker
