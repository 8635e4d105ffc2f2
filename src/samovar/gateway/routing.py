"""Which model answers: the candidates for a name, tried one after another until one begins to answer."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Hashable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final

from samovar.domain.errors import (
    BackendBroke,
    BackendError,
    BackendFailed,
    BackendOverloaded,
    BackendReplyInvalid,
    BackendTimeout,
    BackendUnauthorised,
    BackendUnreachable,
    EngineDown,
    EngineError,
    ImageRefused,
    ModelLoading,
    ModelUnknown,
)
from samovar.gateway.directory import ModelChoice, ModelDirectory
from samovar.gateway.queue import Lease, OnWait

__all__ = ["Attempt", "Gateway", "Needs", "Try"]

_LOADING_POLL_S: Final = 0.25
#: Pauses before the candidates are asked again; all of them together stay below two seconds.
_PAUSES_S: Final = (0.0, 0.4, 0.8)
#: Another backend may do better; the same one will not, soon.
_WORTH_ANOTHER: Final = (BackendTimeout, BackendFailed, BackendUnauthorised, BackendReplyInvalid, ModelUnknown)
#: Even the same backend may do better in a moment.
_WORTH_AGAIN: Final = (BackendUnreachable, BackendOverloaded, BackendBroke, ModelLoading)


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a request needs of a model, and how long it waits for one that is being loaded."""

    vision: bool = False
    loading_wait_s: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One attempt at an answer, for the record; ``error_code`` is None for the one that answered."""

    model: str
    backend: str
    error_code: str | None


class Attempt:
    """One candidate, entered like a context: inside, the backend's line has been waited for.

    An error inside that another try may mend is kept, and the loop goes on, unless ``shown`` was called:
    what a reader has seen is never begun again.
    """

    def __init__(self, choice: ModelChoice, who: Hashable, on_wait: OnWait | None) -> None:
        """Prepare to ask ``choice``; nothing is sent yet."""
        self.choice = choice
        self.error: BackendError | None = None
        self.is_done = False
        self._who = who
        self._on_wait = on_wait
        self._is_shown = False
        self._lease: Lease | None = None

    def shown(self) -> None:
        """Say that the reader has seen something of this answer."""
        self._is_shown = True

    def take_lease(self) -> Lease:
        """Keep the place in the line beyond the end of the context; the caller gives it back."""
        lease, self._lease = self._lease, None
        assert lease is not None, "the place can be taken once, inside the context"
        return lease

    async def __aenter__(self) -> ModelChoice:
        self._lease = await self.choice.member.queue.enter(self._who, self._on_wait)
        return self.choice

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if self._lease is not None:
            self._lease.leave()
        if error is None:
            self.is_done = True
            return False
        if isinstance(error, BackendUnreachable):
            self.choice.member.fail(error)
        if self._is_shown or not isinstance(error, _WORTH_ANOTHER + _WORTH_AGAIN):
            return False
        self.error = error
        return True


class Gateway:
    """The way from a model's name to an answer."""

    def __init__(self, directory: ModelDirectory, engine_error: Callable[[], EngineError | None]) -> None:
        """Choose from ``directory``; ``engine_error`` tells what ails the embedded engine."""
        self.directory = directory
        self._engine_error = engine_error

    async def attempts(
        self,
        model_id: str | None,
        who: Hashable,
        *,
        needs: Needs = Needs(),
        on_wait: OnWait | None = None,
        on_loading: Callable[[ModelChoice], None] | None = None,
        record: list[Try] | None = None,
    ) -> AsyncGenerator[Attempt, None]:
        """Yield one attempt after another until one is done; what was tried is appended to ``record``.

        Raises: ModelUnknown, NoModel, ModelLoading, EngineError, ImageRefused, and the error of the last
        attempt when none is left.
        """
        hopeless: set[str] = set()
        last_error: BackendError | None = None
        for pause_s in _PAUSES_S:
            await asyncio.sleep(pause_s)
            try:
                chosen, candidates = await self._candidates(model_id, needs, on_loading)
            except BackendError as error:
                if last_error is None or isinstance(error, ModelLoading):
                    raise
                raise last_error from error
            # What no name stands for is chosen once: another model never takes its place without being asked.
            model_id = chosen.model_id
            for choice in candidates:
                if choice.full_name in hopeless:
                    continue
                attempt = Attempt(choice, who, on_wait)
                yield attempt
                if record is not None:
                    record.append(_try(attempt))
                if attempt.is_done:
                    return
                last_error = attempt.error
                if not isinstance(last_error, _WORTH_AGAIN):
                    hopeless.add(choice.full_name)
            self.directory.forget()
            if last_error is None or not isinstance(last_error, _WORTH_AGAIN):
                break
        assert last_error is not None, "there is a candidate, or an error was raised"
        raise last_error

    async def _candidates(
        self, model_id: str | None, needs: Needs, on_loading: Callable[[ModelChoice], None] | None
    ) -> tuple[ModelChoice, Sequence[ModelChoice]]:
        """The model that was named, and those to ask, best first; waits while all of them are being loaded."""
        give_up_at = time.monotonic() + needs.loading_wait_s
        was_told = False
        while True:
            chosen = await self.directory.choose(model_id)
            found = self._behind(chosen)
            ready = [choice for choice in found if choice.description.state == "ready"]
            if ready:
                return chosen, _able(ready, needs, chosen)
            if all(choice.description.state == "unavailable" for choice in found):
                raise self._engine_error() or EngineDown(reason="its model could not be loaded")
            if not was_told and on_loading is not None:
                on_loading(chosen)
                was_told = True
            if time.monotonic() > give_up_at:
                raise ModelLoading(model=chosen.model_id)
            await asyncio.sleep(_LOADING_POLL_S)

    def _behind(self, chosen: ModelChoice) -> Sequence[ModelChoice]:
        listing = self.directory.recent()
        if chosen.route is None or listing is None:
            return (chosen,)
        targets = listing.targets(chosen.route)
        if chosen.route.order == "least_busy":
            # Sorting is stable: among equals the order of the route stands.
            return sorted(targets, key=lambda choice: (choice.description.capabilities.loaded is False, _load(choice)))
        return targets or (chosen,)


def _able(ready: Sequence[ModelChoice], needs: Needs, chosen: ModelChoice) -> Sequence[ModelChoice]:
    # Sorting is stable: a backend whose line is full comes last, the order stays as it is otherwise.
    ready = sorted(ready, key=lambda choice: choice.member.queue.is_full)
    if not needs.vision:
        return ready
    seeing = [choice for choice in ready if choice.description.capabilities.vision is not False]
    if not seeing:
        raise ImageRefused(model=chosen.model_id)
    return seeing


def _load(choice: ModelChoice) -> float:
    return choice.member.queue.load


def _try(attempt: Attempt) -> Try:
    choice = attempt.choice
    return Try(
        model=choice.description.model,
        backend=choice.member.spec.name,
        error_code=attempt.error.code if attempt.error else None,
    )
