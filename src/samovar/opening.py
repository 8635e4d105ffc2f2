"""Backends made from settings: the only place that turns a kind into an adapter."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from samovar import registry
from samovar.domain.backend import BackendSource, BackendSpec, LoadParameters
from samovar.domain.errors import SettingsInvalid
from samovar.egress import EgressClient, EgressGuard
from samovar.engine.supervisor import Engine
from samovar.gateway.pool import Member
from samovar.ports.backend import BackendConfig, Endpoint
from samovar.settings import BackendServer, BackendsSettings, EngineSettings

__all__ = ["BackendOpener", "configured_backends"]

_ENGINE: Final = "engine"


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
        if spec.url:
            self._guard.allow(spec.url)
        config = BackendConfig(
            name=spec.name,
            endpoint=partial(_same, endpoint),
            first_token_timeout_s=self._settings.first_token_timeout_s,
            idle_timeout_s=self._settings.idle_timeout_s,
            load=spec.load,
        )
        backend = module.build(config, self._client)
        return Member(spec, backend, parallel=module.PARALLEL, longest_queue=self._longest_queue)

    def open_engine(self, settings: EngineSettings, engine: Engine | None, shared: Endpoint | None) -> Member:
        """Make the member for an engine of our own, or for one of another process that was joined."""
        module = registry.backend("llamacpp")
        if shared is not None:
            self._guard.allow(shared.url)
            config = BackendConfig(
                name=_ENGINE,
                endpoint=partial(_same, shared),
                first_token_timeout_s=self._settings.first_token_timeout_s,
                idle_timeout_s=self._settings.idle_timeout_s,
                is_demonstration=settings.model_file is None,
            )
        else:
            assert engine is not None, "there is an engine, or one to join"
            self._guard.allow(engine.url)
            config = engine.backend_config(
                first_token_timeout_s=self._settings.first_token_timeout_s,
                idle_timeout_s=self._settings.idle_timeout_s,
            )
        # Its address changes with each restart, so the spec carries none.
        spec = BackendSpec(name=_ENGINE, kind="llamacpp", url="", source="embedded", parallel=settings.parallel)
        return Member(spec, module.build(config, self._client), longest_queue=self._longest_queue)


def configured_backends(settings: BackendsSettings) -> Iterator[BackendSpec]:
    """Yield what settings and environment name, in the order of their priority. Raises: SettingsInvalid."""
    for server in settings.servers:
        yield _spec_of(server)
    named: tuple[tuple[str, str | None, str | None, BackendSource], ...] = (
        ("openai", settings.openai_base_url, settings.openai_api_key, "environment"),
        ("ollama", settings.ollama_host, None, "environment"),
    )
    for kind, address, key, source in named:
        if address is not None:
            url = registry.backend(kind).read_address(address)
            yield BackendSpec(name=kind, kind=kind, url=url, key=key, source=source)
    if settings.scripted:
        yield BackendSpec(name="scripted", kind="scripted", url="", source="settings")


def _spec_of(server: BackendServer) -> BackendSpec:
    if server.kind not in registry.kinds("backends"):
        raise SettingsInvalid(reason=f"backends.servers: {server.kind} is no kind of backend")
    return BackendSpec(
        name=server.name,
        kind=server.kind,
        url=registry.backend(server.kind).read_address(server.url),
        key=server.key,
        parallel=server.parallel,
        load=LoadParameters(**server.load.model_dump()),
        source="settings",
    )


def _same(endpoint: Endpoint) -> Endpoint:
    return endpoint
