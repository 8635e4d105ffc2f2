"""What a model's name suggests: used where a server's API tells nothing, and always marked as a guess."""

import re
from dataclasses import replace
from typing import Final

from samovar.domain.generation import Capabilities

__all__ = ["add_guesses"]

#: Families of models that see.
_SEEING: Final = re.compile(
    r"vision|(^|[-_/.\d])vlm?([-_.\d]|$)|llava|pixtral|gpt-4o|gpt-4\.1|gpt-5|gemma-?3(?!.*\b(270m|1b)\b)|internvl|minicpm-v"
    r"|moondream|omni|qvq|smolvlm|idefics|molmo|paligemma|-vl",
    re.IGNORECASE,
)
_EMBEDDING: Final = re.compile(r"embed|(^|[-_/])(bge|e5|gte|all-minilm|nomic-bert|frida)[-_]", re.IGNORECASE)
_THINKING: Final = re.compile(
    r"deepseek-r1|qwq|qvq|gpt-oss|magistral|-thinking\b|reasoning|(^|[-_/])o[134](-|$)", re.IGNORECASE
)
_QUANTISATION: Final = re.compile(
    r"(?:^|[-_.@:/])(I?Q\d(?:_K(?:_[SML])?|_[01]|_XX?S|_XS|_NL)?|AWQ|GPTQ(?:-Int\d)?|FP8|INT4|INT8|BF16|FP16|[48]bit)(?=$|[-_.@:/])",
    re.IGNORECASE,
)


def add_guesses(capabilities: Capabilities, model: str) -> Capabilities:
    """Fill in what is not known and what the name suggests; a name never shows that something is missing."""
    guessed = set(capabilities.guessed)
    if capabilities.vision is None and _SEEING.search(model):
        capabilities = replace(capabilities, vision=True, vision_known_by="name")
        guessed.add("vision")
    if capabilities.embeddings is None and _EMBEDDING.search(model):
        capabilities = replace(capabilities, embeddings=True)
        guessed.add("embeddings")
    if capabilities.reasoning is None and _THINKING.search(model):
        capabilities = replace(capabilities, reasoning=True)
        guessed.add("reasoning")
    if capabilities.quantisation is None and (found := _QUANTISATION.search(model)):
        capabilities = replace(capabilities, quantisation=found.group(1))
        guessed.add("quantisation")
    return replace(capabilities, guessed=frozenset(guessed))
