"""A clock that a test turns."""

from dataclasses import dataclass

__all__ = ["Clock"]


@dataclass(slots=True)
class Clock:
    """Stands in for the module ``time`` where only its monotonic clock is read."""

    now_s: float = 1000.0

    def monotonic(self) -> float:
        return self.now_s
