"""The kinds of servers that there are stand-ins for."""

from typing import Final

from .foundry import Foundry
from .foundry_one import FoundryOne
from .lmstudio import LMStudio, LMStudioThree
from .ollama import Ollama
from .server import StandIn

__all__ = ["KINDS"]

KINDS: Final[dict[str, type[StandIn]]] = {
    one.kind: one for one in (Ollama, LMStudio, LMStudioThree, Foundry, FoundryOne)
}
