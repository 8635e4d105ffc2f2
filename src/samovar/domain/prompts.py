"""Prompts that are kept for later, and presets: prompts that bring their model and parameters along."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from samovar.domain.ids import PromptId, UserId
from samovar.domain.parameters import GenerationParameters

__all__ = ["SavedPrompt", "fill", "variables"]

#: ``{{name}}`` in the text of a prompt; ``{{name|what to write when it is left empty}}`` has a default.
_VARIABLE: Final = re.compile(r"\{\{\s*([^{}|\n]{1,60}?)\s*(?:\|\s*([^{}\n]{0,400}?)\s*)?\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPrompt:
    """A prompt of the library, inserted by its ``name`` (unique for its owner, without spaces: what follows ``/``).

    ``is_shared``: everybody may use it, its owner alone may change it. With ``system_prompt``, ``model`` or
    ``parameters`` it is a preset: whoever chooses it sets these of the chat too.
    """

    prompt_id: PromptId
    owner_id: UserId
    name: str
    title: str
    text: str
    tags: tuple[str, ...] = ()
    is_shared: bool = False
    system_prompt: str | None = None
    model: str | None = None
    parameters: GenerationParameters | None = None
    created_at: datetime
    updated_at: datetime


def variables(text: str) -> dict[str, str]:
    """The variables of a prompt in the order of the text, each with its default (empty for none)."""
    found: dict[str, str] = {}
    for match in _VARIABLE.finditer(text):
        found.setdefault(match.group(1), match.group(2) or "")
    return found


def fill(text: str, values: dict[str, str]) -> str:
    """Put values in the place of variables; one without a value gets its default. Values are not read again."""
    return _VARIABLE.sub(lambda match: values.get(match.group(1)) or match.group(2) or "", text)
