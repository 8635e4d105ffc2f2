"""A model server as it is known to Samovar: where it is, how it came to be known, and how it is."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from samovar.domain.errors import SamovarError
from samovar.domain.generation import ModelDescription

__all__ = [
    "BackendReport",
    "BackendSource",
    "BackendSpec",
    "BackendState",
    "KvCacheType",
    "LoadParameters",
    "same_place",
]

#: The embedded engine; ``samovar.toml``; the environment; a probe of the usual ports; a person on the page.
BackendSource = Literal["embedded", "settings", "environment", "found", "added"]
#: ``refused``: something answers there, but not as a model server that lets us in.
BackendState = Literal["ready", "loading", "down", "refused"]
KvCacheType = Literal["f16", "q8_0", "q4_0"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadParameters:
    """How a backend should load a model; None leaves it to the backend."""

    context_tokens: int | None = None
    batch_tokens: int | None = None
    gpu_layers: int | None = None
    threads: int | None = None
    kv_cache: KvCacheType | None = None
    keep_alive_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendSpec:
    """Everything that is needed to speak to a model server.

    ``url`` has no trailing slash and no ``/v1``. ``parallel`` bounds the answers written at once; None
    takes what the server says, or the usual number of its kind. ``origin`` is what names the server, as a
    person would look for it: ``OLLAMA_HOST``, ``samovar.toml``, ``port 11434``. ``named_kind`` is the kind that
    stands there, which may be less exact than what the server turned out to be; ``is_assumed`` says that nobody has
    told its kind, and that it has not been recognised yet.
    """

    name: str
    kind: str
    url: str
    source: BackendSource
    key: str | None = field(default=None, repr=False)
    parallel: int | None = None
    load: LoadParameters = field(default_factory=LoadParameters)
    origin: str | None = None
    named_kind: str | None = None
    is_assumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendReport:
    """How a backend is now. ``error`` says why it is not ready; times in seconds.

    ``url`` is where it is now, which changes for the embedded engine; ``load_parameters`` names the fields of
    LoadParameters that take effect on it, ``places`` the bound on answers at once.
    """

    spec: BackendSpec
    url: str
    state: BackendState
    error: SamovarError | None
    models: tuple[ModelDescription, ...]
    running: int
    waiting: int
    places: int | None
    next_try_s: float | None
    load_parameters: frozenset[str]


def same_place(one: str, other: str) -> bool:
    """Tell whether two addresses lead to the same server: every loopback name is one host, ports have defaults."""
    return _place(one) == _place(other)


def _place(url: str) -> tuple[str, int | None, str]:
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return "localhost" if _is_loopback(host) else host, port, parts.path.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
