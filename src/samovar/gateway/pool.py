"""The backends that this process knows, each with its health and its line."""

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from samovar.domain.backend import BackendReport, BackendSource, BackendSpec, BackendState, same_place
from samovar.domain.errors import (
    BackendError,
    BackendKeyMissing,
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
#: The order in which backends are listed, and in which one of them gives the default model.
_RANKS: Final[Mapping[BackendSource, int]] = {"embedded": 0, "environment": 1, "settings": 2, "added": 3, "found": 4}


class Member:
    """One backend: its adapter, what it said last, and who waits for it."""

    def __init__(
        self,
        spec: BackendSpec,
        backend: ChatBackend,
        *,
        parallel: int | None = None,
        longest_queue: int = 256,
        load_parameters: frozenset[str] = frozenset(),
        address: Callable[[], str | None] = lambda: None,
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
        """Take ``parallel`` as the usual number of answers at once of its kind; the spec and the server win.

        ``address`` tells where it is now when the spec does not; ``on_close`` is called when it leaves.
        """
        self.spec = spec
        self.backend = backend
        self.queue = FairQueue(places=spec.parallel or parallel, longest=longest_queue)
        self.models: tuple[ModelDescription, ...] = ()
        self.error: BackendError | None = None
        #: Whether it has ever been asked: until then it has no models because nobody knows them.
        self.was_asked = False
        #: Told after each change that an open page would show.
        self.on_change: Callable[[], None] = lambda: None
        self._load_parameters = load_parameters
        self._address = address
        self._on_close = on_close
        self._known: frozenset[str] = frozenset()
        self._sight: dict[str, tuple[object, bool]] = {}
        self._failures = 0
        self._failing_since = 0.0
        self._next_try_at = 0.0
        self._asked_in_vain_at = -math.inf
        self._asking = asyncio.Lock()

    @property
    def is_resting(self) -> bool:
        """Whether it failed lately and is left alone for a while."""
        return self.error is not None and time.monotonic() < self._next_try_at

    @property
    def failing_s(self) -> float:
        """For how long it has not answered; 0 while it does."""
        return time.monotonic() - self._failing_since if self.error is not None else 0.0

    @property
    def is_idle(self) -> bool:
        """Whether nobody is served by it or waits for it."""
        return not self.queue.running and not self.queue.waiting

    @property
    def url(self) -> str:
        """Where it is now; empty while it is nowhere."""
        return self.spec.url or self._address() or ""

    def offered(self, model: str) -> bool:
        """Whether it offers the model, or did before it failed."""
        return model in self._known

    async def ask(self, *, now: bool = False) -> None:
        """Ask for its models, unless it rests; ``now`` asks in any case. Never raises a BackendError."""
        if self.is_resting and not now:
            return
        async with self._asking:
            try:
                async with asyncio.timeout(_PROBE_TIMEOUT_S):
                    models = await self.backend.models()
            except TimeoutError:
                self._asked_in_vain_at = time.monotonic()
                self.fail(BackendTimeout(backend=self.spec.name, seconds=int(_PROBE_TIMEOUT_S)))
            except BackendError as error:
                self._asked_in_vain_at = time.monotonic()
                self.fail(error)
            else:
                self._succeed(tuple(models))

    async def ask_for_somebody(self) -> None:
        """Ask although it rests, because somebody waits for it; at most once a second while that is in vain."""
        if time.monotonic() - self._asked_in_vain_at >= _FIRST_PAUSE_S:
            await self.ask(now=True)

    def fail(self, error: BackendError) -> None:
        """Note that it does not answer; each time in a row it is left alone for longer."""
        if isinstance(error, BackendUnauthorised) and self.spec.key is None:
            error = BackendKeyMissing(backend=self.spec.name, status=error.values.get("status", 401))
        if not self.is_resting:
            # A hundred requests that fail together are one failure.
            # The embedded engine has a supervisor that brings it back, which may be done at any moment.
            is_supervised = self.spec.source == "embedded"
            pause_s = 0.0 if is_supervised else min(_FIRST_PAUSE_S * 2**self._failures, _LONGEST_PAUSE_S)
            self._failures = min(self._failures + 1, 16)
            self._next_try_at = time.monotonic() + pause_s
        if self.error is None:
            self._failing_since = time.monotonic()
        is_news = self.error is None or self.error.code != error.code
        self.was_asked = True
        self.error = error
        self.models = ()
        if is_news:
            self.on_change()

    def note_sight(self, model: str, sees: bool) -> None:
        """Remember what a trial has shown, until the model of that name is another one."""
        found = next((described for described in self.models if described.model == model), None)
        if found is not None:
            self._sight[model] = (_identity(found), sees)
            self._succeed(self.models)

    def remember_sight_of(self, other: "Member") -> None:
        """Take over what trials have shown on a member for the same server."""
        self._sight = dict(other._sight)
        self.models = tuple(map(self._with_sight, self.models))

    def report(self) -> BackendReport:
        """How it is now."""
        return BackendReport(
            spec=self.spec,
            url=self.url,
            state=self._state(),
            error=self.error,
            models=self.models,
            running=self.queue.running,
            waiting=self.queue.waiting,
            places=self.queue.places,
            next_try_s=max(0.0, self._next_try_at - time.monotonic()) if self.error else None,
            load_parameters=self._load_parameters,
        )

    async def close(self) -> None:
        """Give back its connections and its permission to connect."""
        self._on_close()
        await self.backend.close()

    def _succeed(self, models: tuple[ModelDescription, ...]) -> None:
        models = tuple(map(self._with_sight, models))
        is_news = self.error is not None or models != self.models
        self.was_asked = True
        self.error = None
        self.models = models
        self._known = frozenset(found.model for found in models)
        self._failures = 0
        told = [found.capabilities.parallel for found in models if found.capabilities.parallel]
        if self.spec.parallel is None and told and max(told) != self.queue.places:
            self.queue.resize(max(told))
        if is_news:
            self.on_change()

    def _with_sight(self, found: ModelDescription) -> ModelDescription:
        if found.model not in self._sight:
            return found
        tried, sees = self._sight[found.model]
        if tried != _identity(found):
            del self._sight[found.model]
            return found
        capabilities = replace(found.capabilities, vision=sees, vision_known_by="probe")
        return replace(found, capabilities=capabilities)

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
    """The members, in the order of their priority. ``revision`` grows with every change."""

    def __init__(self) -> None:
        """Start empty."""
        self._members: dict[str, Member] = {}
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
        if (other := self.at(spec.url)) is not None:
            raise Conflict(reason=f"{other.spec.name} is the backend at {spec.url} already")
        self._members[spec.name] = member
        in_order = sorted(self._members.items(), key=lambda item: _RANKS[item[1].spec.source])
        self._members = dict(in_order)
        self._join(member)

    async def replace(self, member: Member) -> None:
        """Let a member take the place of the one of its name; answers of the other go on. Raises: NotFound."""
        old = self.find(member.spec.name)
        member.remember_sight_of(old)
        self._members[member.spec.name] = member
        self._join(member)
        await self._part(old)

    async def remove(self, name: str) -> Member:
        """Let a backend go; answers that it is writing go on. Raises: NotFound."""
        member = self.find(name)
        del self._members[name]
        await self._part(member)
        return member

    def find(self, name: str) -> Member:
        """The member of that name. Raises: NotFound."""
        member = self._members.get(name)
        if member is None:
            raise NotFound(what="backend")
        return member

    def at(self, url: str) -> Member | None:
        """The member that is reached at an address, however the address is written."""
        if not url:
            return None
        return next((member for member in self.members if member.url and same_place(member.url, url)), None)

    def free_name(self, wanted: str) -> str:
        """The name, with a number behind it where it is taken."""
        name, number = wanted, 2
        while name in self._members:
            name, number = f"{wanted}-{number}", number + 1
        return name

    async def ask_all(self, *, now: bool = False) -> None:
        """Ask every member for its models, side by side."""
        await asyncio.gather(*(member.ask(now=now) for member in self.members))

    def reports(self) -> tuple[BackendReport, ...]:
        """How every backend is now."""
        return tuple(member.report() for member in self.members)

    def _join(self, member: Member) -> None:
        member.on_change = self._note_change
        self._note_change()

    async def _part(self, member: Member) -> None:
        member.on_change = lambda: None
        self._note_change()
        await member.close()

    def _note_change(self) -> None:
        self.revision += 1


def _identity(found: ModelDescription) -> tuple[object, ...]:
    """What tells a model from another one of the same name."""
    can = found.capabilities
    return found.model, can.quantisation, can.size_bytes, can.trained_context_tokens
