"""What the server and the process that reads imports for it tell each other, one JSON object a line.

The server writes the orders to the child's standard input and then keeps it open: its end means that the server is
gone. The child writes a report to its standard output whenever a document begins or ends.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from samovar.settings import Settings

__all__ = ["Orders", "Report"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """The server's own settings, keys among them, and how many documents are to be read at once."""

    settings: Settings = field(repr=False)
    imports: int
    verbose: bool

    def write(self) -> bytes:
        """The orders as one line."""
        given = {
            "settings": self.settings.model_dump(mode="json"),
            "imports": self.imports,
            "verbose": self.verbose,
        }
        return json.dumps(given).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> "Orders":
        """Understand a line. Raises: ValueError, KeyError."""
        given = json.loads(line)
        return cls(settings=Settings(**given["settings"]), imports=given["imports"], verbose=given["verbose"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How many documents are being read now, and how many have ended since the start of the child, by how."""

    reading: int = 0
    ended: Mapping[str, int] = field(default_factory=dict)

    def write(self) -> bytes:
        """The report as one line, shorter than what a pipe takes as a whole."""
        return json.dumps({"reading": self.reading, "ended": dict(self.ended)}).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> "Report":
        """Understand a line. Raises: ValueError, KeyError."""
        given = json.loads(line)
        return cls(reading=int(given["reading"]), ended={str(how): int(count) for how, count in given["ended"].items()})
