"""A run that is being written by this process: its events in memory, and who listens to them."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from samovar.chat.continuing import joined
from samovar.domain.actor import Actor
from samovar.domain.citation import Citation
from samovar.domain.event import EventKind, RunEvent
from samovar.domain.generation import Usage
from samovar.domain.run import Checkpoint, Run

__all__ = ["FULL_EVENTS", "LiveRun"]

#: So many events that are not stored do not wait for their second.
FULL_EVENTS: Final = 64


class LiveRun:
    """A run that is being written by this process."""

    def __init__(self, run: Run, actor: Actor) -> None:
        """Begin with no event; the run is ``actor``'s own."""
        self.run = run
        self.actor = actor
        self.text = ""
        self.reasoning = ""
        self.usage: Usage | None = None
        self.citations: tuple[Citation, ...] = ()
        #: As the event has it; None before the answer was judged.
        self.grounding: dict[str, object] | None = None
        self.started_at = time.monotonic()
        self.first_token_at: float | None = None
        self.notices: list[dict[str, object]] = []
        self.figures: dict[str, object] | None = None
        #: By ``time.monotonic``: when the first event that is not stored was written; None when all are stored.
        self.unstored_since: float | None = None
        #: Called once as many events as ``FULL_EVENTS`` are not stored.
        self.on_full: Callable[[], None] = _do_nothing
        # A delta is kept as its bare text: a long answer has thousands of them.
        self._bodies: list[str | tuple[EventKind, dict[str, object]]] = []
        self._pieces: list[str] = []
        self._listeners: list[Callable[[], None]] = []
        #: What the reply goes on from; empty for one that begins by itself.
        self._start = ""
        self._is_joined = True

    @property
    def seq(self) -> int:
        """The number of the last event."""
        return len(self._bodies)

    def emit(self, kind: EventKind, **body: object) -> None:
        """Append an event and wake the readers."""
        self._bodies.append((kind, body))
        self._grown()

    def notice(self, code: str, **values: object) -> None:
        """Tell the reader something about this reply."""
        self.notices.append({"code": code, "values": values})
        self.emit("notice", code=code, values=values)

    def write(self, text: str) -> None:
        """Append words to the answer."""
        if self.first_token_at is None:
            self.first_token_at = time.monotonic()
        if not self._is_joined:
            text = joined(self._start, text)
            # Blank space alone does not tell yet how the rest begins.
            self._is_joined = bool(text.strip())
            if not text:
                return
        self._bodies.append(text)
        self._pieces.append(text)
        self._grown()

    def reason(self, text: str) -> None:
        """Append words to the reasoning."""
        if self.first_token_at is None:
            self.first_token_at = time.monotonic()
        self.reasoning += text
        self.emit("reasoning", text=text)

    def begin_again(self) -> None:
        """Take back what was told about an attempt that nothing came of."""
        self.notices = []
        self.emit("restart")
        if self._start:
            self.go_on_from(self._start)

    def go_on_from(self, start: str) -> None:
        """Begin with the words of an earlier reply; what is written next is joined to them."""
        self._start = start
        self._is_joined = False
        self.rewrite(start)

    def rewrite(self, text: str) -> None:
        """Put another text in the place of the answer, for one with citation marks filled in."""
        self.text = text
        self._pieces = []
        self.emit("replace", text=text, reasoning=self.reasoning)

    def whole_text(self) -> str:
        """The answer so far."""
        if self._pieces:
            self.text += "".join(self._pieces)
            self._pieces = []
        return self.text

    def events(self, after: int) -> Iterator[RunEvent]:
        """The events with a number above ``after``."""
        for seq in range(after + 1, len(self._bodies) + 1):
            body = self._bodies[seq - 1]
            if isinstance(body, str):
                yield RunEvent(seq=seq, kind="delta", body={"text": body})
            else:
                yield RunEvent(seq=seq, kind=body[0], body=body[1])

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def listen(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` at each event from now on; it does next to nothing, since tokens wait for it."""
        self._listeners.append(listener)

    def leave(self, listener: Callable[[], None]) -> None:
        """Call it no more."""
        self._listeners.remove(listener)

    async def wait_beyond(self, seq: int) -> None:
        """Return when there is an event with a number above ``seq``."""
        while self.seq <= seq:
            grown = asyncio.Event()
            self.listen(grown.set)
            try:
                await grown.wait()
            finally:
                self.leave(grown.set)

    def checkpoint(self) -> Checkpoint:
        """What is not stored yet; there is at least one event."""
        return Checkpoint(
            run_id=self.run.run_id,
            events=tuple(self.events(self.run.last_seq)),
            text=self.whole_text(),
            reasoning=self.reasoning,
        )

    def note_stored(self, last_seq: int, at: float) -> None:
        """The events up to ``last_seq`` are stored; what came since ``at`` is not."""
        self.run = replace(self.run, last_seq=last_seq)
        self.unstored_since = at if self.seq > last_seq else None

    def _grown(self) -> None:
        if self.unstored_since is None:
            self.unstored_since = time.monotonic()
        if self.seq - self.run.last_seq == FULL_EVENTS:
            self.on_full()
        for listener in self._listeners:
            listener()


def _do_nothing() -> None:
    pass
