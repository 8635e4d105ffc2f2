"""A model server as it is known to Samovar: where it is, how it came to be known, and how it is."""

from dataclasses import dataclass, field
from typing import Literal

from samovar.domain.errors import SamovarError
from samovar.domain.generation import ModelDescription

__all__ = ["BackendReport", "BackendSource", "BackendSpec", "BackendState", "KvCacheType", "LoadParameters"]

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
    takes what the server says, or the usual number of its kind.
    """

    name: str
    kind: str
    url: str
    source: BackendSource
    key: str | None = field(default=None, repr=False)
    parallel: int | None = None
    load: LoadParameters = field(default_factory=LoadParameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendReport:
    """How a backend is now. ``error`` says why it is not ready; times in seconds."""

    spec: BackendSpec
    state: BackendState
    error: SamovarError | None
    models: tuple[ModelDescription, ...]
    running: int
    waiting: int
    next_try_s: float | None
