"""Facts about a model that only a request tells, asked for beside the work and remembered."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, Generic, TypeVar

from samovar.domain.errors import BackendError

__all__ = ["SlowFact"]

_Fact = TypeVar("_Fact")
#: A listing waits so long for the answer and then goes on without it.
_WAIT_S: Final = 1.0
_AGAIN_S: Final = 60.0
_AT_ONCE: Final = 4
_MOST_FACTS: Final = 2000


class SlowFact(Generic[_Fact]):
    """Asks once for each name. A question that fails is asked again after a minute, not before."""

    def __init__(self, ask: Callable[[str], Awaitable[_Fact]], *, lasts_s: float | None = None) -> None:
        """Ask by ``ask``, which may raise BackendError; believe an answer for ``lasts_s`` seconds, or for ever."""
        self._ask = ask
        self._lasts_s = lasts_s
        self._known: dict[str, tuple[_Fact, float]] = {}
        self._not_before: dict[str, float] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}

    def known(self, name: str) -> _Fact | None:
        """What is known without asking."""
        found = self._known.get(name)
        return found[0] if found is not None else None

    async def learn(self, name: str) -> _Fact | None:
        """Return the fact, or None while it is not known. Never raises a BackendError."""
        return (await self.learn_all([name]))[name]

    async def learn_all(self, names: Sequence[str]) -> dict[str, _Fact | None]:
        """Return what is known of each name. Of those to be asked about only a few are asked about at a time."""
        due = [name for name in dict.fromkeys(names) if name not in self._asking and self._is_due(name)]
        started = due[: max(0, _AT_ONCE - len(self._asking))]
        for name in started:
            self._asking[name] = asyncio.create_task(self._find_out(name), name="ask about a model")
        if started:
            # Whoever asks next finds the answer, or goes on without it at once.
            await asyncio.wait([self._asking[name] for name in started], timeout=_WAIT_S)
        return {name: self.known(name) for name in names}

    async def close(self) -> None:
        """Stop asking."""
        asking = list(self._asking.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    def _is_due(self, name: str) -> bool:
        now = time.monotonic()
        found = self._known.get(name)
        is_fresh = found is not None and (self._lasts_s is None or now < found[1] + self._lasts_s)
        return not is_fresh and now >= self._not_before.get(name, 0.0)

    async def _find_out(self, name: str) -> None:
        try:
            with suppress(BackendError):
                self._not_before[name] = time.monotonic() + _AGAIN_S
                fact = await self._ask(name)
                self._known[name] = (fact, time.monotonic())
        finally:
            del self._asking[name]
            while len(self._known) > _MOST_FACTS:
                self._known.pop(next(iter(self._known)))
            while len(self._not_before) > _MOST_FACTS:
                self._not_before.pop(next(iter(self._not_before)))
