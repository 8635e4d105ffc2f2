"""What a shipped prompt is, and the advice on writing prompts."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

__all__ = ["ADVICE_POINTS", "Advice", "AdvicePoint", "Template", "TemplateLanguage"]

TemplateLanguage = Literal["ru", "en"]
#: State the task, give context, limit the answer, show an example. Source: the prompting guides of OpenAI, Anthropic
#: and Google (2023 to 2026), which have these four in common.
AdvicePoint = Literal["task", "context", "limit", "example"]
ADVICE_POINTS: Final[tuple[AdvicePoint, ...]] = get_args(AdvicePoint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One point of the advice that stands beside the editor, in one language."""

    point: AdvicePoint
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A prompt that ships: inserted by ``name`` like those of the library, and copied to be changed.

    ``kind`` is the work it is for, the same in both languages. ``advice``: the points of the advice that it follows.
    """

    kind: str
    name: str
    title: str
    text: str
    tags: tuple[str, ...]
    advice: tuple[AdvicePoint, ...]
