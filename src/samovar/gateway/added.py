"""Model servers that the administrator adds while Samovar runs: kept in the database, present in the pool."""

import asyncio
import re
from dataclasses import dataclass, field, replace
from typing import Final

from samovar.domain.backend import BackendSpec, LoadParameters
from samovar.domain.errors import Conflict, InvalidRequest, SettingsInvalid
from samovar.gateway.discovery import Discovery, OpensBackends
from samovar.gateway.pool import BackendPool, Member
from samovar.ports.storage import Storage
from samovar.settings import NAME_PATTERN
from samovar.telemetry.log import get_log

__all__ = ["AddedBackends", "NewBackend"]

_NAME: Final = re.compile(NAME_PATTERN)
#: Reads the addresses of servers whose kind is not known yet.
_ANY_KIND: Final = "openai"
_ORIGINS: Final = {
    "embedded": "it is Samovar's own engine",
    "environment": "it is named in the environment ({origin})",
    "settings": "it is named in samovar.toml",
    "found": "it was found by itself; add its address to change it",
}

_log = get_log(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBackend:
    """What the administrator says of a server; ``kind`` None asks the server, ``name`` None takes its kind."""

    url: str
    kind: str | None = None
    name: str | None = None
    key: str | None = field(default=None, repr=False)
    parallel: int | None = None
    load: LoadParameters = field(default_factory=LoadParameters)


class AddedBackends:
    """Adds, changes and removes servers, one act at a time."""

    def __init__(self, storage: Storage, pool: BackendPool, discovery: Discovery, opener: OpensBackends) -> None:
        """Keep the rows of ``storage`` and the members of ``pool`` alike."""
        self._storage = storage
        self._pool = pool
        self._discovery = discovery
        self._opener = opener
        self._turn = asyncio.Lock()

    async def sync(self) -> None:
        """Read what is stored, which another process may have changed, into the pool. Raises: StorageError."""
        async with self._turn:
            async with self._storage.transaction() as tx:
                stored = {spec.url: spec for spec in await tx.backends.list()}
            for member in self._pool.members:
                if member.spec.source == "added" and member.spec.url not in stored:
                    await self._pool.remove(member.spec.name)
            for spec in stored.values():
                await self._bring_in(spec)

    async def add(self, new: NewBackend) -> Member:
        """Store a server and let it answer.

        Raises: InvalidRequest, Conflict, BackendUnreachable, NotAModelServer, StorageError.
        """
        url = self._read_address(new)
        if self._discovery.is_own(url):
            raise InvalidRequest(reason="this is the address of Samovar itself")
        async with self._turn:
            self._refuse_taken(url, new.name)
            kind = new.kind or await self._discovery.identify(url, new.key)
            # It may have been found, or added by another process, while it was asked.
            found = self._refuse_taken(url, new.name)
            name = new.name or (found.spec.name if found else self._pool.free_name(kind))
            spec = BackendSpec(
                name=name, kind=kind, url=url, source="added", key=new.key, parallel=new.parallel, load=new.load
            )
            async with self._storage.transaction() as tx:
                if not await tx.backends.add(spec):
                    raise Conflict(reason=f"a server named {name}, or one at {url}, is stored already")
            member = await self._join(spec)
        _log.info("backend.added", backend=name, kind=kind)
        await member.ask(now=True)
        return member

    async def change(self, name: str, **changes: object) -> Member:
        """Give a server another ``key``, ``parallel`` or ``load``; answers that are being written go on.

        Raises: NotFound, Conflict for one that was not added by hand, StorageError.
        """
        async with self._turn:
            spec = replace(self._find(name).spec, **changes)  # type: ignore[arg-type]  # the API names only these
            async with self._storage.transaction() as tx:
                if not await tx.backends.save(spec):
                    raise Conflict(reason="another process has removed it")
            member = self._opener.open(spec)
            # Asked before it takes the place of the other: its models are never missing.
            await member.ask(now=True)
            await self._pool.replace(member)
        return member

    async def remove(self, name: str) -> None:
        """Forget a server. Raises: NotFound, Conflict for one that was not added by hand, StorageError."""
        async with self._turn:
            member = self._find(name)
            async with self._storage.transaction() as tx:
                await tx.backends.remove(member.spec.url)
            await self._pool.remove(name)
        _log.info("backend.removed", backend=name)

    def _read_address(self, new: NewBackend) -> str:
        kinds = self._discovery.kinds
        if new.kind is not None and new.kind not in kinds:
            raise InvalidRequest(reason=f"kind: must be one of {', '.join(kinds)}")
        if new.name is not None and not _NAME.fullmatch(new.name):
            raise InvalidRequest(reason="name: takes a-z, 0-9, dot, dash and underscore, at most 40 of them")
        try:
            return kinds[new.kind or _ANY_KIND].read_address(new.url)
        except SettingsInvalid as error:
            raise InvalidRequest(reason=f"url: {error.values['reason']}") from error

    def _refuse_taken(self, url: str, name: str | None) -> Member | None:
        """Return the server that was found at the address, which may be taken over. Raises: Conflict."""
        there = self._pool.at(url)
        if there is not None and there.spec.source != "found":
            raise Conflict(reason=f"{there.spec.name} is the backend at {url} already")
        named = next((member for member in self._pool.members if member.spec.name == name), None)
        if named is not None and named is not there:
            raise Conflict(reason=f"there is a backend named {name} already")
        return there

    def _find(self, name: str) -> Member:
        member = self._pool.find(name)
        if member.spec.source != "added":
            words = _ORIGINS[member.spec.source].format(origin=member.spec.origin)
            raise Conflict(reason=f"{name} was not added by hand: {words}")
        return member

    async def _bring_in(self, spec: BackendSpec) -> None:
        """Let the pool have a stored server as it is stored."""
        there = self._pool.at(spec.url)
        if there is not None and there.spec.source == "added":
            if _changeable(there.spec) != _changeable(spec):
                await self._pool.replace(self._opener.open(replace(spec, name=there.spec.name)))
            return
        if there is not None and there.spec.source != "found":
            # Settings and environment win; the row comes into force again when they no longer name the address.
            _log.warning("backend.shadowed", backend=spec.name, by=there.spec.name)
            return
        if spec.kind not in self._discovery.kinds:
            _log.warning("backend.kind_unknown", backend=spec.name, kind=spec.kind)
            return
        await self._join(spec)

    async def _join(self, spec: BackendSpec) -> Member:
        """Put a server into the pool; what was found by itself makes way, and is found again under another name."""
        while (found := self._found_in_the_way(spec)) is not None:
            await self._pool.remove(found.spec.name)
        # Nothing is waited for from here on, so nothing can come in between.
        member = self._opener.open(replace(spec, name=self._pool.free_name(spec.name)))
        self._pool.add(member)
        return member

    def _found_in_the_way(self, spec: BackendSpec) -> Member | None:
        there = self._pool.at(spec.url)
        named = next((member for member in self._pool.members if member.spec.name == spec.name), None)
        return next((member for member in (there, named) if member is not None and member.spec.source == "found"), None)


def _changeable(spec: BackendSpec) -> tuple[object, ...]:
    return spec.kind, spec.key, spec.parallel, spec.load
