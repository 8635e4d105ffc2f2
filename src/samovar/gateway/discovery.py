"""Model servers that nobody has named exactly: what listens on the usual ports, and of which kind named servers are.

Only loopback is looked at without being asked. Addresses that settings or environment name are asked for their
kind where that is left open; each is told its own key and no other.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol
from urllib.parse import urlsplit

from samovar.domain.backend import BackendSpec
from samovar.domain.errors import BackendError, BackendKeyMissing, BackendUnreachable, NotAModelServer
from samovar.egress import EgressClient, EgressGuard, is_on_this_machine
from samovar.gateway.pool import BackendPool, Member
from samovar.gateway.probe import HttpProbe, recognise
from samovar.ports.backend import BackendModule
from samovar.telemetry.log import get_log

__all__ = ["Discovery", "Finding", "Look", "OpensBackends"]

#: How long a server on this machine may take to say what it is, all questions together.
_PATIENCE_S: Final = 0.5
#: One that a person has named may be further away.
_NAMED_PATIENCE_S: Final = 5.0
#: A server that was found and is gone for so long is forgotten.
_FORGOTTEN_AFTER_S: Final = 120.0
#: What answers and cannot be used is somebody's own program: it is asked again less and less often.
_FIRST_PAUSE_S: Final = 60.0
_LONGEST_PAUSE_S: Final = 480.0
_LOOPBACK: Final = "127.0.0.1"

_log = get_log(__name__)


class OpensBackends(Protocol):
    """Makes members of the pool."""

    def open(self, spec: BackendSpec) -> Member:
        """Make the adapter of a server and allow connections to it. Raises: SettingsInvalid."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that answers on a usual port, and why it is not used; ``kind`` is None where it is no model server."""

    url: str
    origin: str
    kind: str | None
    error: BackendError

    @property
    def name(self) -> str:
        """What it is called until it has a name: where it listens."""
        return _host_and_port(self.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one address said. ``kind`` is None where no adapter knows the server as its own.

    ``refusal`` is the status with which it asked for a key, or None.
    """

    url: str
    origin: str
    member: Member | None
    kind: str | None
    is_absent: bool
    is_samovar: bool
    has_answered: bool
    refusal: int | None


class Discovery:
    """Looks at addresses, and puts what it finds into the pool."""

    def __init__(
        self,
        pool: BackendPool,
        opener: OpensBackends,
        kinds: Mapping[str, BackendModule],
        client: EgressClient,
        guard: EgressGuard,
        *,
        looks_at_ports: bool,
        own_ports: Callable[[], Collection[int | None]] = tuple,
        keys: Mapping[str, str] | None = None,
    ) -> None:
        """Try ``kinds`` in their order on each address.

        ``own_ports`` are those of this Samovar, never looked at; ``keys`` are what the environment names for a
        whole kind, told only to a server on this machine, once it has been recognised as one.
        """
        self.kinds = kinds
        self.findings: tuple[Finding, ...] = ()
        self._pool = pool
        self._opener = opener
        self._client = client
        self._guard = guard
        self._looks_at_ports = looks_at_ports
        self._own_ports = own_ports
        self._keys = keys or {}
        self._turn = asyncio.Lock()
        #: How often the address of each finding was looked at, and when that is due again.
        self._pauses: dict[str, tuple[int, float]] = {}

    async def look(self, *, everything: bool = True) -> None:
        """Look at every address that is not settled, and act on what was seen.

        Without ``everything`` those are left out at which something lately was that cannot be used.
        """
        async with self._turn:
            await self.settle(await self.survey(named_patience_s=_NAMED_PATIENCE_S, everything=everything))

    async def survey(self, *, named_patience_s: float = _PATIENCE_S, everything: bool = True) -> tuple[Look, ...]:
        """Look at the addresses that are not settled, side by side, and change nothing.

        The ports of this machine take at most half a second, named servers ``named_patience_s``.
        """
        named = [member for member in self._pool.members if member.spec.is_assumed]
        return tuple(
            await asyncio.gather(
                *(
                    self._look_at(member.spec.url, member.spec.origin or "", member, named_patience_s)
                    for member in named
                ),
                *(
                    self._look_at(url, f"port {port}", self._pool.at(url), _PATIENCE_S)
                    for port, url in self._usual_addresses()
                    if everything or self._is_due(url)
                ),
            )
        )

    async def settle(self, looks: Sequence[Look]) -> None:
        """Take in what was found, give servers the adapter of their kind, and forget those that are long gone."""
        seen = {look.url for look in looks}
        findings = [found for found in self.findings if found.url not in seen and self._pool.at(found.url) is None]
        for look in looks:
            member = look.member
            if member is not None and member not in self._pool.members:
                continue  # It has been removed or replaced meanwhile.
            if member is not None and member.spec.is_assumed:
                await self._recognise(member, look)
            elif (finding := await self._take_in(look, member)) is not None:
                findings.append(finding)
        self._replace_findings(tuple(findings))

    async def identify(self, url: str, key: str | None) -> str:
        """Ask the server at an address that a person has named for its kind.

        Raises: BackendUnreachable, NotAModelServer.
        """
        look = await self._look_at(url, "", None, _NAMED_PATIENCE_S, key=key)
        if look.kind is not None:
            return look.kind
        if look.has_answered:
            raise NotAModelServer(url=url)
        raise BackendUnreachable(backend=_host_and_port(url))

    def is_own(self, url: str) -> bool:
        """Tell whether an address is that of this Samovar or of its engine."""
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        return is_on_this_machine(parts.hostname or "") and port in self._own_ports()

    def _usual_addresses(self) -> list[tuple[int, str]]:
        """The usual ports on which nothing is known, or something that was found and does not answer."""
        if not self._looks_at_ports:
            return []
        ports = dict.fromkeys(port for module in self.kinds.values() for port in module.PORTS)
        addresses = [(port, f"http://{_LOOPBACK}:{port}") for port in ports if port not in self._own_ports()]
        return [(port, url) for port, url in addresses if self._is_open(self._pool.at(url))]

    def _is_due(self, url: str) -> bool:
        return url not in self._pauses or time.monotonic() >= self._pauses[url][1]

    def _pause(self, url: str) -> tuple[int, float]:
        looks, due_at = self._pauses.get(url, (0, 0.0))
        now = time.monotonic()
        if now < due_at:
            return looks, due_at
        return looks + 1, now + min(_FIRST_PAUSE_S * 2**looks, _LONGEST_PAUSE_S)

    @staticmethod
    def _is_open(member: Member | None) -> bool:
        return member is None or (member.spec.source == "found" and member.error is not None)

    async def _look_at(
        self, url: str, origin: str, member: Member | None, patience_s: float, *, key: str | None = None
    ) -> Look:
        withdraw = self._guard.allow(url)
        try:
            probe = HttpProbe(self._client, url, key=member.spec.key if member else key, patience_s=patience_s)
            kind = await recognise(self.kinds, probe)
            is_samovar = kind in (None, "openai") and await _is_samovar(probe)
        finally:
            withdraw()
        return Look(
            url=url,
            origin=origin,
            member=member,
            kind=kind,
            is_absent=probe.is_absent,
            is_samovar=is_samovar,
            has_answered=probe.has_answered,
            refusal=probe.refusal,
        )

    async def _recognise(self, member: Member, look: Look) -> None:
        """Give a named server the adapter of its kind."""
        if look.kind is None:
            return
        # A server elsewhere may claim to be of any kind; the key of a kind stays on this machine.
        is_here = is_on_this_machine(urlsplit(member.spec.url).hostname or "")
        key = member.spec.key or (self._keys.get(look.kind) if look.refusal is not None and is_here else None)
        spec = replace(member.spec, kind=look.kind, key=key, is_assumed=False)
        if look.kind == member.spec.kind:
            member.spec = spec
            return
        _log.info("backend.recognised", backend=spec.name, kind=spec.kind)
        await self._pool.replace(self._opener.open(spec))

    async def _take_in(self, look: Look, member: Member | None) -> Finding | None:
        """Let a server that was found join or leave; return it when it cannot be used."""
        if member is not None:
            if look.kind == member.spec.kind and (look.refusal is None or member.spec.key is not None):
                await member.ask(now=True)
                return None
            may_come_back = look.kind is None and member.failing_s < _FORGOTTEN_AFTER_S
            if may_come_back or not member.is_idle:
                return None
            _log.info("backend.lost", backend=member.spec.name)
            await self._pool.remove(member.spec.name)
        # Another Samovar is a client of the same servers, and would only pass requests in a circle.
        if look.is_absent or look.is_samovar or self._pool.at(look.url) is not None:
            return None
        key = self._keys.get(look.kind) if look.kind else None
        if look.kind is None or (look.refusal is not None and key is None):
            return Finding(url=look.url, origin=look.origin, kind=look.kind, error=_why_not(look))
        name = self._pool.free_name(look.kind)
        spec = BackendSpec(
            name=name,
            kind=look.kind,
            url=look.url,
            source="found",
            origin=look.origin,
            key=key if look.refusal is not None else None,
        )
        self._pool.add(self._opener.open(spec))
        _log.info("backend.found", backend=name, kind=look.kind, origin=look.origin)
        return None

    def _replace_findings(self, findings: tuple[Finding, ...]) -> None:
        self._pauses = {found.url: self._pause(found.url) for found in findings}
        before = [(found.url, found.kind, found.error.code) for found in self.findings]
        if before != [(found.url, found.kind, found.error.code) for found in findings]:
            self._pool.revision += 1
        self.findings = findings


def _why_not(look: Look) -> BackendError:
    place = _host_and_port(look.url)
    if not look.has_answered:
        return BackendUnreachable(backend=place)
    if look.kind is None:
        return NotAModelServer(url=look.url)
    return BackendKeyMissing(backend=place, status=look.refusal or 401)


async def _is_samovar(probe: HttpProbe) -> bool:
    """Tell by ``/health``: of the servers known, only Samovar says there how files are confined."""
    reply = await probe.get("/health")
    return reply is not None and reply.body is not None and "confinement" in reply.body


def _host_and_port(url: str) -> str:
    return urlsplit(url).netloc
