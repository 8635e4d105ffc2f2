"""Prompts that are kept for later, and presets: prompts that bring their model and parameters along."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from samovar.domain.ids import PromptId, UserId
from samovar.domain.parameters import GenerationParameters

__all__ = ["SavedPrompt", "fill", "variables"]

#: ``{{name}}`` in the text of a prompt; ``{{name|what to write when it is left empty}}`` has a default. Each part is
#: bounded and none may match what its neighbour matches, so that no text takes long, whoever wrote it.
_VARIABLE: Final = re.compile(r"\{\{([^{}|\r\n]{1,80})(?:\|([^{}\r\n]{0,400}))?\}\}")


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
    """The variables of a prompt in the order of the text, each with its default (empty for none).

    A name is 1 to 80 characters of one line without braces and ``|``; white space around it and around the default
    does not count. One that stands in several places is one variable: the first default that is given is that of all.
    """
    found: dict[str, str] = {}
    for match in _VARIABLE.finditer(text):
        if name := match.group(1).strip():
            found[name] = found.get(name) or (match.group(2) or "").strip()
    return found


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values in the place of variables; one whose value is missing or empty gets its default.

    Values and defaults are not read again: braces in them stay what they are. What is no variable stays too.
    """
    defaults = variables(text)

    def value(match: re.Match[str]) -> str:
        name = match.group(1).strip()
        return values.get(name) or defaults[name] if name else match.group()

    return _VARIABLE.sub(value, text)
