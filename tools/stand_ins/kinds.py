"""The kinds of servers that there are stand-ins for."""

from typing import Final

from .ollama import Ollama
from .server import StandIn

__all__ = ["KINDS"]

KINDS: Final[dict[str, type[StandIn]]] = {one.kind: one for one in (Ollama,)}
