"""The kinds of servers that there are stand-ins for."""

from typing import Final

from .foundry import Foundry
from .foundry_one import FoundryOne
from .llamacpp import LlamaCpp, LlamaCppVision
from .lmstudio import LMStudio, LMStudioThree
from .ollama import Ollama
from .openai import OpenAI
from .server import StandIn
from .vllm import VLLM, VLLMVision

__all__ = ["KINDS"]

_CLASSES: Final[tuple[type[StandIn], ...]] = (
    Ollama,
    LMStudio,
    LMStudioThree,
    Foundry,
    FoundryOne,
    VLLM,
    VLLMVision,
    LlamaCpp,
    LlamaCppVision,
    OpenAI,
)

#: The class of each kind.
KINDS: Final[dict[str, type[StandIn]]] = {one.kind: one for one in _CLASSES}
