"""Let a process wait for others: bulk work takes the processor time that nobody else wants."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["yield_to_others"]

#: The lowest priority. Children inherit it.
_NICE: Final = 19


def yield_to_others(process_id: int) -> None:
    """Give one of our processes the lowest priority, as far as the system lets us.

    Where Linux shares the processor between sessions first, nice values count inside a session only, and the session
    has one of its own. Source: Linux sched(7), "The autogroup feature" (2024).
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process_id, _NICE)
    with suppress(OSError):
        if os.getsid(process_id) == process_id:
            Path(f"/proc/{process_id}/autogroup").write_text(str(_NICE), encoding="ascii")
