"""Named sets of generation parameters for common kinds of work."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from samovar.domain.parameters import GenerationParameters

__all__ = ["PRESETS", "Preset"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A starting point; ``ranges`` are the inclusive bounds within which it still is this kind of work."""

    name: str
    parameters: GenerationParameters
    ranges: Mapping[str, tuple[float, float]]


#: Low temperatures keep to the likeliest words, high ones wander. Source: the sampling advice on the model
#: cards of Llama 3.1, Qwen2.5 and Mistral, 2024 to 2026; extraction is deterministic by intent.
PRESETS: Final = (
    Preset(
        name="technical",
        parameters=GenerationParameters(temperature=0.2, top_p=0.9, top_k=40, repeat_penalty=1.05),
        ranges={"temperature": (0.0, 0.4), "top_p": (0.8, 1.0), "top_k": (20, 60)},
    ),
    Preset(
        name="creative",
        parameters=GenerationParameters(temperature=1.0, top_p=0.95, min_p=0.05, presence_penalty=0.3),
        ranges={"temperature": (0.8, 1.3), "top_p": (0.9, 1.0), "presence_penalty": (0.0, 0.8)},
    ),
    Preset(
        name="dialogue",
        parameters=GenerationParameters(temperature=0.7, top_p=0.9, repeat_penalty=1.1),
        ranges={"temperature": (0.5, 0.9), "top_p": (0.85, 0.95), "repeat_penalty": (1.0, 1.2)},
    ),
    Preset(
        name="extraction",
        parameters=GenerationParameters(temperature=0.0, top_k=1, seed=0),
        ranges={"temperature": (0.0, 0.1), "top_k": (1, 1)},
    ),
)
