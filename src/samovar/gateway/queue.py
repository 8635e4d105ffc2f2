"""The line in front of one backend: as many answers at once as it can write, and everybody's turn in order."""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Final

from samovar.domain.errors import TooMany

__all__ = ["FairQueue", "Lease", "Waiting"]

#: Weight of the newest answer in the running mean of how long an answer takes.
_NEWEST_SHARE: Final = 0.2
_LONGEST_ADVICE_S: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A place in the line: 1 is next. ``expected_s`` is None until an answer has been timed."""

    position: int
    expected_s: float | None


OnWait = Callable[[Waiting], None]


class Lease:
    """The right to one answer at a time; give it back with ``leave``."""

    __slots__ = ("_began", "_queue")

    def __init__(self, queue: "FairQueue") -> None:
        """Begin to hold a place of ``queue``."""
        self._queue: FairQueue | None = queue
        self._began = time.monotonic()

    def leave(self) -> None:
        """Make the place free; more than once does nothing."""
        queue, self._queue = self._queue, None
        if queue is not None:
            queue._leave(time.monotonic() - self._began)


@dataclass(slots=True)
class _Ticket:
    turn: "asyncio.Future[None]"
    on_wait: OnWait | None
    told: Waiting | None = None


class FairQueue:
    """Serves people in turn: who asks for ten answers waits for the nine of nobody else.

    ``places`` bounds the answers at once (None: no bound), ``longest`` those that wait.
    """

    def __init__(self, *, places: int | None, longest: int) -> None:
        """Start empty."""
        self._places = places
        self._longest = longest
        self._running = 0
        self._mean_s: float | None = None
        #: The lines of those who wait; whose line comes first is served next, then goes to the end.
        self._lines: OrderedDict[Hashable, deque[_Ticket]] = OrderedDict()

    @property
    def running(self) -> int:
        """Answers being written now."""
        return self._running

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._lines.values()))

    @property
    def places(self) -> int | None:
        """The bound on answers at once."""
        return self._places

    @property
    def is_full(self) -> bool:
        """Whether the next one would be sent away."""
        return not self._has_room() and self.waiting >= self._longest

    @property
    def load(self) -> float:
        """How busy it is: 1.0 when every place is taken; comparable between queues."""
        return (self._running + self.waiting) / (self._places or self._longest)

    def resize(self, places: int | None) -> None:
        """Change the bound; those who wait move up at once, those who are served stay."""
        self._places = places
        self._serve()

    async def enter(self, who: Hashable, on_wait: OnWait | None = None) -> Lease:
        """Wait for a place. ``on_wait`` is told each new position before it comes.

        Raises: TooMany when too many wait already.
        """
        if not self._lines and self._has_room():
            self._running += 1
            return Lease(self)
        if self.waiting >= self._longest:
            raise TooMany(what="requests for this model", retry_after_s=self._advice_s())
        ticket = _Ticket(asyncio.get_running_loop().create_future(), on_wait)
        self._lines.setdefault(who, deque()).append(ticket)
        self._tell()
        try:
            await ticket.turn
        except asyncio.CancelledError:
            if ticket.turn.done() and not ticket.turn.cancelled():
                self._running -= 1  # The place was given in the same moment: the next one takes it.
            else:
                self._forget(who, ticket)
            self._serve()
            raise
        return Lease(self)

    def _has_room(self) -> bool:
        return self._places is None or self._running < self._places

    def _leave(self, seconds: float) -> None:
        self._running -= 1
        known = self._mean_s
        self._mean_s = seconds if known is None else known + (seconds - known) * _NEWEST_SHARE
        self._serve()

    def _serve(self) -> None:
        while self._lines and self._has_room():
            who, line = self._lines.popitem(last=False)
            ticket = line.popleft()
            if line:
                self._lines[who] = line
            if not ticket.turn.done():
                self._running += 1
                ticket.turn.set_result(None)
        self._tell()

    def _forget(self, who: Hashable, ticket: _Ticket) -> None:
        line = self._lines.get(who)
        if line is not None and ticket in line:
            line.remove(ticket)
            if not line:
                del self._lines[who]

    def _tell(self) -> None:
        for position, ticket in enumerate(self._in_order(), start=1):
            if ticket.on_wait is None:
                continue
            waiting = Waiting(position=position, expected_s=self._expected_s(position))
            if ticket.told is None or ticket.told.position != position:
                ticket.told = waiting
                ticket.on_wait(waiting)

    def _in_order(self) -> Iterator[_Ticket]:
        """Those who wait, as they will be served: one of each line, then the second of each."""
        lines = [iter(line) for line in self._lines.values()]
        while lines:
            left = []
            for line in lines:
                ticket = next(line, None)
                if ticket is not None:
                    left.append(line)
                    yield ticket
            lines = left

    def _expected_s(self, position: int) -> float | None:
        return None if self._mean_s is None else position * self._mean_s / (self._places or 1)

    def _advice_s(self) -> int:
        expected_s = self._expected_s(self.waiting) or 0.0
        return min(max(1, round(expected_s)), _LONGEST_ADVICE_S)
