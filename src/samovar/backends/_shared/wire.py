"""Bytes of a model server, read with bounds: a server may be broken or hostile."""

import time
from typing import Any, Final, Protocol

import orjson

from samovar.domain.errors import BackendReplyInvalid

__all__ = [
    "MAX_BODY_BYTES",
    "MAX_STREAM_BYTES",
    "Body",
    "LineReader",
    "Patience",
    "loads_object",
    "loads_value",
    "read_object",
    "read_text",
    "short_text",
    "token_count",
    "whole_number",
]

#: A token is some hundred bytes on the wire; a megabyte in one line is no token.
_MAX_LINE_BYTES: Final = 1_000_000
#: The longest answer that a request may ask for is 131,072 tokens.
MAX_STREAM_BYTES: Final = 128_000_000
#: Lists of models and errors, and replies that do not stream.
MAX_BODY_BYTES: Final = 4_000_000
#: Ten times the longest context in use; a count above it is no count.
_MOST_TOKENS: Final = 100_000_000
#: Names of licences and quantisations; what is longer is something else.
_SHORT_CHARACTERS: Final = 80


class Patience:
    """How much longer to wait: for the first token, then for each next one."""

    def __init__(self, *, first_s: float, idle_s: float) -> None:
        self._allowed_s = first_s
        self._idle_s = idle_s
        #: When it runs out, by ``time.monotonic``; a plain field, since every token sets it and looks at it.
        self.ends_at = time.monotonic() + first_s

    @property
    def allowed_s(self) -> float:
        """The whole silence that is allowed now, in seconds."""
        return self._allowed_s

    @property
    def left_s(self) -> float:
        """What is left of it, in seconds."""
        return max(0.0, self.ends_at - time.monotonic())

    def heard_progress(self) -> None:
        """Start the same wait again: the server is at work, but has written nothing yet."""
        self.ends_at = time.monotonic() + self._allowed_s

    def heard_token(self) -> None:
        """Start the wait for the next token."""
        self._allowed_s = self._idle_s
        self.ends_at = time.monotonic() + self._idle_s


class Body(Protocol):
    """A body that arrives in pieces."""

    async def readany(self) -> bytes:
        """Return what has arrived, waiting for something; empty at the end."""
        ...


class LineReader:
    """Whole lines of a body, in the groups in which they arrive."""

    def __init__(self, content: Body, *, backend: str) -> None:
        self._content = content
        self._backend = backend
        self._buffer = bytearray()
        self._total_bytes = 0

    async def read(self) -> list[bytes] | None:
        """Return the next lines without their ends, or None after the last.

        Raises: BackendReplyInvalid above the bounds, and what reading raises.
        """
        while chunk := await self._content.readany():
            self._total_bytes += len(chunk)
            lines = self._split(chunk)
            if len(self._buffer) > _MAX_LINE_BYTES or self._total_bytes > MAX_STREAM_BYTES:
                raise BackendReplyInvalid(backend=self._backend, reason="it is too long")
            if lines is not None:
                return lines
        rest = bytes(self._buffer)
        self._buffer.clear()
        return [rest] if rest else None

    def _split(self, chunk: bytes) -> list[bytes] | None:
        """Take the lines that end in this piece; None while there is no end."""
        if not self._buffer and chunk.endswith(b"\n"):
            lines = chunk[:-1].split(b"\n")  # One event or several in a piece, as servers write them.
        else:
            searched = len(self._buffer)
            self._buffer += chunk
            end = self._buffer.rfind(b"\n", searched)
            if end < 0:
                return None
            lines = bytes(self._buffer[:end]).split(b"\n")
            del self._buffer[: end + 1]
        if max(map(len, lines)) > _MAX_LINE_BYTES:
            raise BackendReplyInvalid(backend=self._backend, reason="it is too long")
        return lines


def loads_value(content: bytes, *, backend: str) -> object:
    """Read JSON; too deep a nesting and halves of surrogate pairs are no JSON. Raises: BackendReplyInvalid."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BackendReplyInvalid(backend=backend, reason="it is not JSON") from error


def loads_object(content: bytes, *, backend: str) -> dict[str, Any]:
    """Read a JSON object. Raises: BackendReplyInvalid."""
    value = loads_value(content, backend=backend)
    if not isinstance(value, dict):
        raise BackendReplyInvalid(backend=backend, reason="it is not a JSON object")
    return value


def read_text(value: object, *, backend: str) -> str:
    """Return words, empty for null, without NUL, which no database keeps. Raises: BackendReplyInvalid."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BackendReplyInvalid(backend=backend, reason="words that are no text")
    return value.replace("\0", "") if "\0" in value else value


def whole_number(value: object) -> int | None:
    """Return a count from the wire, or None for what is not one."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None


def token_count(value: object) -> int | None:
    """Return a number of tokens from the wire, or None for what cannot be one."""
    number = whole_number(value)
    return number if number is not None and number <= _MOST_TOKENS else None


def short_text(value: object) -> str | None:
    """Return a name from the wire that people will read, or None for what is none."""
    if not isinstance(value, str) or not value.isprintable() or len(value) > _SHORT_CHARACTERS:
        return None
    return value.strip() or None


def read_object(value: object) -> dict[str, Any]:
    """Return an object from the wire, empty for anything else."""
    return value if isinstance(value, dict) else {}
