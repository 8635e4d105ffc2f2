"""Structured logs: a constant event name with values as fields.

Texts of prompts, answers and documents, names of files and keys never go into a field.
"""

import json
import logging
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final

__all__ = ["EventLog", "configure_logging", "get_log", "request_id"]

Value = str | int | float | bool | None

_LONGEST_TRACE: Final = 200

#: The request that is being served, for every line that is written meanwhile.
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


class EventLog:
    """Writes events under one logger name."""

    def __init__(self, name: str) -> None:
        """Take the logger of that name; no handler is configured here."""
        self._logger = logging.getLogger(name)

    def debug(self, event: str, **fields: Value) -> None:
        """Write an event of interest to developers."""
        self._write(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: Value) -> None:
        """Write an event of the normal course of things."""
        self._write(logging.INFO, event, fields)

    def warning(self, event: str, **fields: Value) -> None:
        """Write an event that somebody should look at."""
        self._write(logging.WARNING, event, fields)

    def error(self, event: str, *, error: BaseException | None = None, **fields: Value) -> None:
        """Write an event that should not have happened; ``error`` adds its trace."""
        self._write(logging.ERROR, event, fields, error)

    def _write(self, level: int, event: str, fields: dict[str, Value], error: BaseException | None = None) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, event, extra={"fields": fields}, exc_info=error)


def get_log(name: str) -> EventLog:
    """Get the event log of a module."""
    return EventLog(name)


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            # Of a foreign library the first line as it was written, without its values: they may quote a text.
            "event": str(record.msg).strip().partition("\n")[0],
            "logger": record.name,
        }
        if current := request_id.get():
            line["request"] = current
        fields = getattr(record, "fields", None)
        if isinstance(fields, dict):
            line.update(fields)
        if record.exc_info and record.exc_info[1]:
            line["trace"] = _trace(record.exc_info[1])
        return json.dumps(line)


def _trace(error: BaseException) -> list[str]:
    """Where an error came from, outermost first, without its message: that may quote what somebody wrote."""
    told: list[str] = []
    current: BaseException | None = error
    while current is not None and len(told) < _LONGEST_TRACE:
        told.append(type(current).__qualname__)
        told += [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(current.__traceback__)
        ]
        current = current.__cause__ or current.__context__
    return told[:_LONGEST_TRACE]


def configure_logging(*, verbose: bool) -> None:
    """Send logs to standard error as JSON lines; called by the command line only."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("samovar").setLevel(logging.INFO if verbose else logging.WARNING)
