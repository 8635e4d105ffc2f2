"""The only way out of the process: one HTTP client that connects where it was told to, and nowhere else."""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final

import aiohttp
from yarl import URL

from samovar import __version__

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

__all__ = ["AddressSource", "EgressClient", "EgressGuard", "EgressRefused", "is_on_this_machine"]

#: Gives the address of a server that may be reached now, or None while there is none.
AddressSource = Callable[[], str | None]

_CONNECT_TIMEOUT_S: Final = 10.0
#: Shorter than the 5 seconds after which common model servers drop an idle connection, so that a
#: request never meets a connection that is being closed.
_KEEP_ALIVE_S: Final = 4.0
_CONNECTIONS: Final = 1024
_STALE_CONNECTIONS: Final = 3


class EgressRefused(aiohttp.ClientConnectionError):
    """A connection to a place that is on no list; adapters report it like any failed connection."""


class EgressGuard:
    """The list of servers that Samovar may connect to."""

    def __init__(self) -> None:
        self._sources: list[AddressSource] = []

    def allow(self, address: str | AddressSource) -> Callable[[], None]:
        """Add a server: its URL, or a function where the URL changes while Samovar runs.

        What is returned takes it off the list again; called twice, it does nothing more.
        """

        # A function of its own for each entry: two servers at one place are withdrawn one by one.
        def source() -> str | None:
            return address() if callable(address) else address

        def withdraw() -> None:
            self._sources = [other for other in self._sources if other is not source]

        self._sources.append(source)
        return withdraw

    def allows(self, url: URL) -> bool:
        """Tell whether a request to this URL may leave."""
        return any(_place(allowed) == _place(url) for allowed in self._addresses())

    @property
    def outside_hosts(self) -> tuple[str, ...]:
        """Hosts on the list that are, or may be, beyond this machine; sorted, no repeats."""
        hosts = {allowed.host for allowed in self._addresses() if allowed.host is not None}
        return tuple(sorted(host for host in hosts if not is_on_this_machine(host)))

    def _addresses(self) -> list[URL]:
        return [URL(address) for source in self._sources if (address := source()) is not None]


def _place(url: URL) -> tuple[str | None, int | None]:
    return url.host, url.port


def is_on_this_machine(host: str) -> bool:
    """Tell whether a host is surely this machine: a loopback address or ``localhost``."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _GuardedConnector(aiohttp.TCPConnector):
    """Asks the guard before every request, a reused connection included."""

    def __init__(self, guard: EgressGuard) -> None:
        super().__init__(limit=_CONNECTIONS, keepalive_timeout=_KEEP_ALIVE_S)
        self._guard = guard

    async def connect(
        self,
        req: "ClientRequest",
        traces: "list[Trace]",
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  # the signature is theirs
    ) -> "Connection":
        if not self._guard.allows(req.url):
            raise EgressRefused(f"{req.url.host}:{req.url.port} is not a configured server")
        return await super().connect(req, traces, timeout)


class EgressClient:
    """An HTTP client bound to a guard: no proxies, no cookies, no redirects, no compression."""

    def __init__(self, guard: EgressGuard) -> None:
        self._guard = guard
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self, method: str, url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> aiohttp.ClientResponse:
        """Send a request and return once the head of the reply is there; the caller reads and closes it.

        Waiting is bounded by the caller, who knows how long a model may think.

        Raises: aiohttp.ClientError, EgressRefused among them.
        """
        for _ in range(_STALE_CONNECTIONS):
            connection = _ConnectionUse()
            try:
                return await self._send(method, url, body, headers, connection)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                # llama.cpp closes a connection after each stream without saying so; a request on it reached nobody.
                if not connection.was_reused:
                    raise
        return await self._send(method, url, body, headers, _ConnectionUse())

    async def close(self) -> None:
        """Close every connection; the client opens new ones if it is used again."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _send(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str] | None, connection: "_ConnectionUse"
    ) -> aiohttp.ClientResponse:
        return await self._open_session().request(
            method, url, data=body, headers=headers, allow_redirects=False, trace_request_ctx=connection
        )

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=_GuardedConnector(self._guard),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": f"samovar/{__version__}", "Accept-Encoding": "identity"},
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_TIMEOUT_S),
                auto_decompress=False,
                trace_configs=[_trace_reuse()],
                trust_env=False,
            )
        return self._session


@dataclass(slots=True)
class _ConnectionUse:
    """Whether one request went over a connection that had served another before."""

    was_reused: bool = False


async def _note_reuse(
    session: aiohttp.ClientSession, context: SimpleNamespace, parameters: aiohttp.TraceConnectionReuseconnParams
) -> None:
    context.trace_request_ctx.was_reused = True


def _trace_reuse() -> aiohttp.TraceConfig:
    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(_note_reuse)
    return trace
