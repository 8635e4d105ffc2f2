"""What the tests of discovery share: real adapters, on ports that a test chooses."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast
from urllib.parse import urlsplit

from samovar.egress import EgressClient, EgressGuard
from samovar.gateway.discovery import Discovery
from samovar.gateway.pool import BackendPool, Member
from samovar.opening import BackendOpener, known_kinds
from samovar.ports.backend import BackendModule
from samovar.settings import BackendsSettings

__all__ = ["Finder", "finder", "port_of"]


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


@dataclass(frozen=True, slots=True, kw_only=True)
class Finder:
    """A pool with everything that fills it, and no database."""

    pool: BackendPool
    guard: EgressGuard
    client: EgressClient
    opener: BackendOpener
    discovery: Discovery
    own_ports: set[int | None] = field(default_factory=set)

    def names(self) -> dict[str, str]:
        """The kind of every member, by name."""
        return {member.spec.name: member.spec.kind for member in self.pool.members}

    def only(self) -> Member:
        """The one member."""
        [member] = self.pool.members
        return member


@asynccontextmanager
async def finder(
    usual: Mapping[str, tuple[int, ...]] | None = None,
    *,
    looks_at_ports: bool = True,
    keys: Mapping[str, str] | None = None,
) -> AsyncIterator[Finder]:
    """A finder for which each kind's usual ports are those of ``usual``, and none for the others."""
    kinds = {
        kind: cast(BackendModule, SimpleNamespace(**{**vars(module), "PORTS": usual.get(kind, ()) if usual else ()}))
        for kind, module in known_kinds().items()
    }
    guard = EgressGuard()
    client = EgressClient(guard)
    pool = BackendPool()
    opener = BackendOpener(client, guard, BackendsSettings(discover=False), longest_queue=8)
    own_ports: set[int | None] = set()
    discovery = Discovery(
        pool, opener, kinds, client, guard, looks_at_ports=looks_at_ports, own_ports=lambda: own_ports, keys=keys
    )
    try:
        yield Finder(pool=pool, guard=guard, client=client, opener=opener, discovery=discovery, own_ports=own_ports)
    finally:
        await client.close()
