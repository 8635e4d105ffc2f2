"""Backends made from settings: the only place that turns a kind into an adapter."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from samovar import registry
from samovar.domain.backend import BackendSource, BackendSpec, LoadParameters, same_place
from samovar.domain.errors import SettingsInvalid
from samovar.egress import AddressSource, EgressClient, EgressGuard
from samovar.engine.supervisor import Engine
from samovar.gateway.pool import Member
from samovar.ports.backend import BackendConfig, BackendModule, Endpoint
from samovar.settings import BackendServer, BackendsSettings, EngineSettings, origin_of

__all__ = ["BackendOpener", "configured_backends", "known_kinds"]

_ENGINE: Final = "engine"
_SCRIPTED: Final = "scripted"
#: What the area ``engine`` of the settings says about loading.
_ENGINE_LOAD: Final = frozenset({"context_tokens", "batch_tokens", "gpu_layers", "threads", "kv_cache"})
#: A server is of the first kind that knows it: those with paths of their own before those with fewer, and last
#: the protocol that nearly all of them speak.
_ORDER: Final = ("llamacpp", "vllm", "ollama", "lmstudio", "foundry", "openai")
_ANY_KIND: Final = "openai"


def known_kinds() -> Mapping[str, BackendModule]:
    """Every kind of server that can be found or added, in the order in which a server is asked for its kind."""
    kinds = [kind for kind in registry.kinds("backends") if kind != _SCRIPTED]
    # A kind that is new here comes before the general one.
    in_order = sorted(kinds, key=lambda kind: _ORDER.index(kind) if kind in _ORDER else len(_ORDER) - 1.5)
    return {kind: registry.backend(kind) for kind in in_order}


class BackendOpener:
    """Makes members of the pool. What it opens may be connected to until it is closed."""

    def __init__(
        self, client: EgressClient, guard: EgressGuard, settings: BackendsSettings, *, longest_queue: int
    ) -> None:
        """Connect by ``client``, and tell ``guard`` where to."""
        self._client = client
        self._guard = guard
        self._settings = settings
        self._longest_queue = longest_queue

    def open(self, spec: BackendSpec) -> Member:
        """Make the adapter of a server and allow connections to it. Raises: SettingsInvalid."""
        if spec.kind not in registry.kinds("backends"):
            raise SettingsInvalid(reason=f"{spec.kind} is no kind of backend")
        module = registry.backend(spec.kind)
        endpoint = Endpoint(url=spec.url, key=spec.key)
        config = BackendConfig(
            name=spec.name,
            endpoint=partial(_same, endpoint),
            first_token_timeout_s=self._settings.first_token_timeout_s,
            idle_timeout_s=self._settings.idle_timeout_s,
            load=spec.load,
        )
        backend = module.build(config, self._client)
        return Member(
            spec,
            backend,
            parallel=module.PARALLEL,
            longest_queue=self._longest_queue,
            load_parameters=module.LOAD_PARAMETERS,
            on_close=self._guard.allow(spec.url) if spec.url else lambda: None,
        )

    def open_engine(self, settings: EngineSettings, engine: Engine | None, shared: Endpoint | None) -> Member:
        """Make the member for an engine of our own, or for one of another process that was joined."""
        module = registry.backend("llamacpp")
        if shared is not None:
            address: AddressSource = partial(_url_of, shared)
            config = BackendConfig(
                name=_ENGINE,
                endpoint=partial(_same, shared),
                first_token_timeout_s=self._settings.first_token_timeout_s,
                idle_timeout_s=self._settings.idle_timeout_s,
                is_demonstration=settings.model_file is None,
            )
        else:
            assert engine is not None, "there is an engine, or one to join"
            address = engine.url
            config = engine.backend_config(
                first_token_timeout_s=self._settings.first_token_timeout_s,
                idle_timeout_s=self._settings.idle_timeout_s,
            )
        load = LoadParameters(
            context_tokens=settings.context_tokens,
            batch_tokens=settings.batch_tokens,
            gpu_layers=settings.gpu_layers if settings.gpu_layers >= 0 else None,
            threads=settings.threads or None,
            kv_cache=settings.kv_cache,
        )
        # Its address changes with each restart, so the spec carries none.
        spec = BackendSpec(
            name=_ENGINE, kind="llamacpp", url="", source="embedded", parallel=settings.parallel, load=load
        )
        return Member(
            spec,
            module.build(config, self._client),
            longest_queue=self._longest_queue,
            load_parameters=_ENGINE_LOAD,
            address=address,
            on_close=self._guard.allow(address),
        )


def configured_backends(settings: BackendsSettings) -> tuple[BackendSpec, ...]:
    """What environment and settings name, in the order of their priority, each name and each address once.

    A server that both name is the one that the settings describe, which say more of it.

    Raises: SettingsInvalid.
    """
    described = [_spec_of(server) for server in settings.servers]
    _refuse_doubles(described)
    specs: list[BackendSpec] = []
    for spec in _environment(settings):
        if not any(same_place(spec.url, other.url) for other in (*described, *specs)):
            specs.append(replace(spec, name=_free_name(spec.name, (*described, *specs))))
    specs.extend(described)
    if settings.scripted:
        specs.append(BackendSpec(name=_SCRIPTED, kind=_SCRIPTED, url="", source="settings", origin="samovar.toml"))
    return tuple(specs)


@dataclass(frozen=True, slots=True)
class _Named:
    """A server by one of the names that are read from the environment."""

    setting: str
    kind: str
    address: str
    key: str | None = None


def _environment(settings: BackendsSettings) -> Iterator[BackendSpec]:
    keys = [*settings.openai_api_keys, *([""] * len(settings.openai_base_urls))]
    named = [
        *_maybe("openai_base_url", "openai", settings.openai_base_url, settings.openai_api_key),
        *(
            _Named("openai_base_urls", "openai", url, key)
            for url, key in zip(settings.openai_base_urls, keys, strict=False)
        ),
        *_maybe("ollama_host", "ollama", settings.ollama_host),
        *(_Named("ollama_base_urls", "ollama", url) for url in settings.ollama_base_urls),
        *_maybe("foundry_endpoint", "foundry", settings.foundry_endpoint),
    ]
    for found in named:
        if not found.address:
            continue  # As in "http://one;": nothing stands behind the last semicolon.
        origin = origin_of(found.setting)
        source: BackendSource = "settings" if origin == "samovar.toml" else "environment"
        yield BackendSpec(
            name=found.kind,
            kind=found.kind,
            url=registry.backend(found.kind).read_address(found.address),
            key=found.key or None,
            source=source,
            origin=origin,
            # Those names are used for every server that speaks OpenAI's protocol, of whatever kind.
            is_assumed=found.kind == _ANY_KIND,
            named_kind=found.kind,
        )


def _maybe(setting: str, kind: str, address: str | None, key: str | None = None) -> Iterator[_Named]:
    if address is not None:
        yield _Named(setting, kind, address, key)


def _spec_of(server: BackendServer) -> BackendSpec:
    kind = server.kind or _ANY_KIND
    if kind not in known_kinds():
        raise SettingsInvalid(reason=f"backends.servers: {kind} is no kind of backend")
    return BackendSpec(
        name=server.name,
        kind=kind,
        url=registry.backend(kind).read_address(server.url),
        key=server.key or None,
        parallel=server.parallel,
        load=LoadParameters(**server.load.model_dump()),
        source="settings",
        origin="samovar.toml",
        is_assumed=server.kind is None,
    )


def _refuse_doubles(specs: list[BackendSpec]) -> None:
    for place, spec in enumerate(specs):
        if spec.name in (_ENGINE, _SCRIPTED):
            raise SettingsInvalid(reason=f"backends.servers: {spec.name} is the name of a backend of Samovar's own")
        for other in specs[:place]:
            if spec.name == other.name:
                raise SettingsInvalid(reason=f"backends.servers: two are named {spec.name}")
            if same_place(spec.url, other.url):
                raise SettingsInvalid(reason=f"backends.servers: {other.name} and {spec.name} are at one address")


def _free_name(wanted: str, taken: tuple[BackendSpec, ...]) -> str:
    names = {spec.name for spec in taken}
    name, number = wanted, 2
    while name in names:
        name, number = f"{wanted}-{number}", number + 1
    return name


def _same(endpoint: Endpoint) -> Endpoint:
    return endpoint


def _url_of(endpoint: Endpoint) -> str:
    return endpoint.url
