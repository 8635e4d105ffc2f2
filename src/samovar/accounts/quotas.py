"""What keys use, counted in memory and written down every few seconds; and streams that end with their key."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final

from samovar.domain.account import ApiKey, KeyUsage
from samovar.domain.errors import KeyInvalid, QuotaExceeded, SamovarError, StorageError
from samovar.domain.ids import KeyId
from samovar.ports.storage import Storage
from samovar.telemetry.log import get_log

__all__ = ["KeyQuotas", "WatchedStream"]

log = get_log(__name__)

#: Streams are looked at this often, so that a key that is revoked elsewhere ends them within 2 s.
_TICK_S: Final = 1.0
_TICKS_A_FLUSH: Final = 3
_MINUTE_S: Final = 60

EndStream = Callable[[SamovarError], None]
_Place = tuple[KeyId, date]


class WatchedStream:
    """A stream that is written for the holder of a key; say when it is over."""

    __slots__ = ("_end", "_key_id", "_quotas")

    def __init__(self, quotas: "KeyQuotas", key_id: KeyId, end: EndStream) -> None:
        """Be told by ``quotas``."""
        self._quotas = quotas
        self._key_id = key_id
        self._end = end

    def end(self, error: SamovarError) -> None:
        """Tell the stream that its key has ended."""
        self._end(error)

    def leave(self) -> None:
        """Say that it is over; more than once does nothing."""
        self._quotas._forget(self._key_id, self)


class KeyQuotas:
    """Lets requests in within the limits of their keys.

    Minutes and days are those of UTC. Requests are counted by each process for itself, tokens over all
    processes: what others have used is known as of the last time that usage was written down.
    """

    def __init__(self, storage: Storage, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Start with nothing counted; ``now`` is the clock."""
        self._storage = storage
        self._now = now
        #: Of each key the last minute in which something was asked with it, and how often.
        self._minutes: dict[KeyId, tuple[int, int]] = {}
        #: Tokens that are written down; requests and tokens that wait to be, and those on their way.
        self._stored: dict[_Place, int] = {}
        self._waiting: dict[_Place, tuple[int, int]] = {}
        self._leaving: dict[_Place, tuple[int, int]] = {}
        self._streams: dict[KeyId, set[WatchedStream]] = {}
        self._flushing = asyncio.Lock()
        self._ticking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write down and to watch."""
        self._ticking = asyncio.create_task(self._tick(), name="usage of keys")
        self._ticking.add_done_callback(_tell_defect)

    async def close(self) -> None:
        """Write down the rest."""
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)
            self._ticking = None
        try:
            await self.flush()
        except StorageError as error:
            log.warning("keys.usage_lost", code=error.code, keys=len(self._waiting))

    async def admit(self, key: ApiKey, *, spends_tokens: bool) -> None:
        """Count a request. Raises: QuotaExceeded, which says when to come back; StorageError."""
        now = self._now()
        place = (key.key_id, now.date())
        if spends_tokens and key.tokens_per_day is not None and await self._used(place) >= key.tokens_per_day:
            midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
            raise QuotaExceeded(
                limit=key.tokens_per_day,
                unit="tokens",
                window="day",
                retry_after_s=int((midnight - now).total_seconds()) + 1,
            )
        minute, second = divmod(int(now.timestamp()), _MINUTE_S)
        last, count = self._minutes.get(key.key_id, (minute, 0))
        count = count if last == minute else 0
        if key.requests_per_minute is not None and count >= key.requests_per_minute:
            raise QuotaExceeded(
                limit=key.requests_per_minute, unit="requests", window="minute", retry_after_s=_MINUTE_S - second
            )
        self._minutes[key.key_id] = (minute, count + 1)
        self._add(place, requests=1, tokens=0)

    def spend(self, key_id: KeyId, tokens: int) -> None:
        """Count tokens of an answer, prompt included."""
        self._add((key_id, self._now().date()), requests=0, tokens=tokens)

    def watch(self, key_id: KeyId, end: EndStream) -> WatchedStream:
        """Look after a stream: ``end`` is called once its key opens nothing any more."""
        stream = WatchedStream(self, key_id, end)
        self._streams.setdefault(key_id, set()).add(stream)
        return stream

    def end_streams(self, key_id: KeyId) -> None:
        """End what is being streamed with a key."""
        for stream in tuple(self._streams.get(key_id, ())):
            stream.end(KeyInvalid())

    async def flush(self) -> None:
        """Write down what was counted. Raises: StorageError, and then nothing is lost."""
        async with self._flushing:
            self._leaving, self._waiting = self._waiting, {}
            written: dict[_Place, int] = {}
            try:
                if self._leaving:
                    async with self._storage.transaction() as tx:
                        # In one order in every process: nobody waits for somebody who waits for him.
                        for (key_id, day), (requests, tokens) in sorted(self._leaving.items()):
                            usage = KeyUsage(key_id=key_id, day=day, requests=requests, tokens=tokens)
                            written[key_id, day] = await tx.accounts.add_usage(usage)
            except BaseException:
                for place, (requests, tokens) in self._leaving.items():
                    self._add(place, requests=requests, tokens=tokens)
                raise
            else:
                self._stored.update(written)
                self._forget_the_past()
            finally:
                self._leaving = {}

    async def _used(self, place: _Place) -> int:
        if place not in self._stored:
            key_id, day = place
            async with self._storage.transaction() as tx:
                used = (await tx.accounts.tokens_used([key_id], day)).get(key_id, 0)
            # What was written down meanwhile is newer.
            self._stored.setdefault(place, used)
        return self._stored[place] + self._leaving.get(place, (0, 0))[1] + self._waiting.get(place, (0, 0))[1]

    def _add(self, place: _Place, *, requests: int, tokens: int) -> None:
        counted = self._waiting.get(place, (0, 0))
        self._waiting[place] = (counted[0] + requests, counted[1] + tokens)

    def _forget(self, key_id: KeyId, stream: WatchedStream) -> None:
        streams = self._streams.get(key_id)
        if streams is not None:
            streams.discard(stream)
            if not streams:
                del self._streams[key_id]

    def _forget_the_past(self) -> None:
        now = self._now()
        minute = int(now.timestamp()) // _MINUTE_S
        self._stored = {place: tokens for place, tokens in self._stored.items() if place[1] >= now.date()}
        self._minutes = {key_id: seen for key_id, seen in self._minutes.items() if seen[0] == minute}

    async def _tick(self) -> None:
        ticks = 0
        while True:
            await asyncio.sleep(_TICK_S)
            ticks += 1
            try:
                await self._end_revoked()
                if ticks % _TICKS_A_FLUSH == 0:
                    await self.flush()
            except StorageError as error:
                log.warning("keys.usage_not_stored", code=error.code)

    async def _end_revoked(self) -> None:
        watched = tuple(self._streams)
        if not watched:
            return
        async with self._storage.transaction() as tx:
            living = await tx.accounts.living_keys(watched)
        for key_id in set(watched) - living:
            self.end_streams(key_id)


def _tell_defect(task: "asyncio.Task[None]") -> None:
    """Without the task no key that is revoked elsewhere would end its streams: nobody may miss that."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("keys.watch_ended", error=error)
