"""The backends that this process knows, each with its health and its line."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from samovar.domain.backend import BackendReport, BackendSpec, BackendState
from samovar.domain.errors import (
    BackendError,
    BackendReplyInvalid,
    BackendTimeout,
    BackendUnauthorised,
    Conflict,
    NotFound,
)
from samovar.domain.generation import ModelDescription
from samovar.gateway.queue import FairQueue
from samovar.ports.backend import ChatBackend

__all__ = ["BackendPool", "Member"]

_PROBE_TIMEOUT_S: Final = 3.0
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 60.0


class Member:
    """One backend: its adapter, what it said last, and who waits for it."""

    def __init__(
        self, spec: BackendSpec, backend: ChatBackend, *, parallel: int | None = None, longest_queue: int = 256
    ) -> None:
        """Take ``parallel`` as the usual number of answers at once of its kind; the spec and the server win."""
        self.spec = spec
        self.backend = backend
        self.queue = FairQueue(places=spec.parallel or parallel, longest=longest_queue)
        self.models: tuple[ModelDescription, ...] = ()
        self.error: BackendError | None = None
        self._failures = 0
        self._next_try_at = 0.0
        self._asking = asyncio.Lock()

    @property
    def is_resting(self) -> bool:
        """Whether it failed lately and is left alone for a while."""
        return self.error is not None and time.monotonic() < self._next_try_at

    async def ask(self, *, now: bool = False) -> None:
        """Ask for its models, unless it rests; ``now`` asks in any case. Never raises a BackendError."""
        if self.is_resting and not now:
            return
        async with self._asking:
            try:
                async with asyncio.timeout(_PROBE_TIMEOUT_S):
                    models = await self.backend.models()
            except TimeoutError:
                self.fail(BackendTimeout(backend=self.spec.name, seconds=int(_PROBE_TIMEOUT_S)))
            except BackendError as error:
                self.fail(error)
            else:
                self._succeed(tuple(models))

    def fail(self, error: BackendError) -> None:
        """Note that it does not answer; each time in a row it is left alone for longer."""
        self.error = error
        self.models = ()
        pause_s = min(_FIRST_PAUSE_S * 2**self._failures, _LONGEST_PAUSE_S)
        self._failures = min(self._failures + 1, 16)
        self._next_try_at = time.monotonic() + pause_s

    def report(self) -> BackendReport:
        """How it is now."""
        return BackendReport(
            spec=self.spec,
            state=self._state(),
            error=self.error,
            models=self.models,
            running=self.queue.running,
            waiting=self.queue.waiting,
            next_try_s=max(0.0, self._next_try_at - time.monotonic()) if self.error else None,
        )

    def _succeed(self, models: tuple[ModelDescription, ...]) -> None:
        self.error = None
        self.models = models
        self._failures = 0
        told = [found.capabilities.parallel for found in models if found.capabilities.parallel]
        if self.spec.parallel is None and told and max(told) != self.queue.places:
            self.queue.resize(max(told))

    def _state(self) -> BackendState:
        if isinstance(self.error, BackendUnauthorised | BackendReplyInvalid):
            return "refused"
        if self.error is not None:
            return "down"
        states = {found.state for found in self.models}
        if "ready" in states:
            return "ready"
        if "unavailable" in states:
            return "down"
        return "loading" if "loading" in states else "ready"


class BackendPool:
    """The members, in the order of their priority. ``on_leave`` is told who was removed."""

    def __init__(self, on_leave: Callable[[Member], None] = lambda member: None) -> None:
        """Start empty."""
        self._members: dict[str, Member] = {}
        self._on_leave = on_leave
        self.revision = 0

    @property
    def members(self) -> tuple[Member, ...]:
        """All members."""
        return tuple(self._members.values())

    def add(self, member: Member) -> None:
        """Take in a backend. Raises: Conflict when the name or the address is taken."""
        spec = member.spec
        if spec.name in self._members:
            raise Conflict(reason=f"there is a backend named {spec.name} already")
        if spec.url and any(other.spec.url == spec.url for other in self._members.values()):
            raise Conflict(reason=f"there is a backend at {spec.url} already")
        self._members[spec.name] = member
        self.revision += 1

    async def remove(self, name: str) -> Member:
        """Let a backend go; answers that it is writing go on. Raises: NotFound."""
        member = self._members.pop(name, None)
        if member is None:
            raise NotFound(what="backend")
        self.revision += 1
        self._on_leave(member)
        await member.backend.close()
        return member

    def find(self, name: str) -> Member:
        """The member of that name. Raises: NotFound."""
        member = self._members.get(name)
        if member is None:
            raise NotFound(what="backend")
        return member

    async def ask_all(self, *, now: bool = False) -> None:
        """Ask every member for its models, side by side."""
        before = self._signature()
        await asyncio.gather(*(member.ask(now=now) for member in self.members))
        if self._signature() != before:
            self.revision += 1

    def reports(self) -> tuple[BackendReport, ...]:
        """How every backend is now."""
        return tuple(member.report() for member in self.members)

    def _signature(self) -> list[tuple[object, ...]]:
        """What an open page shows of them, to be compared."""
        return [
            (found.spec.name, found.state, found.error.code if found.error else None, found.models)
            for found in self.reports()
        ]
