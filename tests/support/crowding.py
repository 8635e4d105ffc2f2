"""How much slower than alone this machine runs now: what others take of it is no fault of what is measured."""

import threading
import time
from types import TracebackType
from typing import Final, Self

__all__ = ["Crowding"]

_PIECE_S: Final = 0.01
_PAUSE_S: Final = 0.09


class Crowding:
    """Works a little in a thread while the context is open, a tenth of the time, and sees how long that takes."""

    def __init__(self) -> None:
        """Nothing was measured yet."""
        self._wall_s = 0.0
        self._processor_s = 0.0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    @property
    def slowdown(self) -> float:
        """How many seconds pass for one second of work; 1 on a machine that has nothing else to do."""
        return max(1.0, self._wall_s / self._processor_s) if self._processor_s else 1.0

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End; the slowdown stays."""
        self._is_over.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._is_over.wait(_PAUSE_S):
            began, worked = time.monotonic(), time.thread_time()
            while time.thread_time() - worked < _PIECE_S:
                pass
            self._wall_s += time.monotonic() - began
            self._processor_s += time.thread_time() - worked
