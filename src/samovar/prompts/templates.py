"""The prompts that ship and the advice on writing them, by language."""

from collections.abc import Mapping
from typing import Final

from samovar.prompts.english import ENGLISH_ADVICE, ENGLISH_TEMPLATES
from samovar.prompts.russian import RUSSIAN_ADVICE, RUSSIAN_TEMPLATES
from samovar.prompts.template import Advice, Template, TemplateLanguage

__all__ = ["ADVICE", "TEMPLATES"]

TEMPLATES: Final[Mapping[TemplateLanguage, tuple[Template, ...]]] = {"ru": RUSSIAN_TEMPLATES, "en": ENGLISH_TEMPLATES}
ADVICE: Final[Mapping[TemplateLanguage, tuple[Advice, ...]]] = {"ru": RUSSIAN_ADVICE, "en": ENGLISH_ADVICE}
