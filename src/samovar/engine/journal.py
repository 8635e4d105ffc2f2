"""What the engine's process wrote to standard error: the end of it in memory, more of it on disk."""

import asyncio
import contextlib
from collections import deque
from pathlib import Path
from typing import Final

__all__ = ["Journal"]

_KEPT_LINES: Final = 200
_LINE_CHARACTERS: Final = 1000
_FILE_BYTES: Final = 1_000_000
_READ_BYTES: Final = 65_536


class Journal:
    """A bounded log: 200 lines in memory, at most two files of a megabyte."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)

    @property
    def lines(self) -> tuple[str, ...]:
        """The last lines, oldest first."""
        return tuple(self._lines)

    def last_error(self) -> str | None:
        """The most telling of the last lines: the reason given for a load that failed, else the last error."""
        errors = [text for line in self._lines if (text := _error_text(line))]
        telling = [text for text in errors if "error loading model" in text]
        found = telling or errors
        return found[-1] if found else None

    async def follow(self, stream: asyncio.StreamReader) -> None:
        """Keep what a process writes until it closes the stream."""
        rest = ""
        while content := await stream.read(_READ_BYTES):
            *whole, rest = (rest + content.decode("utf-8", errors="replace")).split("\n")
            rest = rest[:_LINE_CHARACTERS]
            self._lines.extend(line[:_LINE_CHARACTERS] for line in whole)
            await asyncio.to_thread(self._append, content)
        if rest:
            self._lines.append(rest)

    def _append(self, content: bytes) -> None:
        # A full disk must not take the engine down: the file is for reading later, the lines are in memory.
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._path.exists() and self._path.stat().st_size > _FILE_BYTES:
                self._path.replace(self._path.with_suffix(".log.1"))
            with self._path.open("ab") as file:
                file.write(content)


def _error_text(line: str) -> str | None:
    """Take ``0.00.024.354 E llama_model_load: what went wrong`` apart."""
    parts = line.split(maxsplit=2)
    return parts[2].strip()[:300] if len(parts) == 3 and parts[1] == "E" else None
