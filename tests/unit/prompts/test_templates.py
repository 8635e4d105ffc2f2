"""The prompts that ship keep to the form that the library and the advice promise."""

import re
from pathlib import Path

import pytest

from samovar.domain.prompts import fill, variables
from samovar.prompts.template import ADVICE_POINTS, Template, TemplateLanguage
from samovar.prompts.templates import ADVICE, TEMPLATES

KINDS = (
    "summarise", "rewrite", "restyle", "translate", "classify", "moderate", "extract", "label", "brainstorm", "review",
    "steps", "explain",
)  # fmt: skip
EACH = [pytest.param(one, id=f"{language}-{one.kind}") for language in TEMPLATES for one in TEMPLATES[language]]
CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
LATIN = re.compile("[a-z]", re.IGNORECASE)


def test_both_languages_have_one_prompt_for_each_kind_of_work() -> None:
    assert {language: tuple(one.kind for one in TEMPLATES[language]) for language in TEMPLATES} == {
        "ru": KINDS,
        "en": KINDS,
    }


def test_no_two_prompts_have_one_name_in_any_language() -> None:
    names = [one.name for language in TEMPLATES for one in TEMPLATES[language]]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("template", EACH)
def test_a_name_is_what_can_follow_a_slash(template: Template) -> None:
    assert re.fullmatch(r"[a-zа-яё]+(-[a-zа-яё]+)*", template.name)
    assert template.name == template.name.lower()


@pytest.mark.parametrize("template", EACH)
def test_a_prompt_works_on_something_that_has_no_default_and_leaves_no_brace_behind(template: Template) -> None:
    found = variables(template.text)
    assert [name for name, default in found.items() if not default], "it has to be given something"
    assert [default for default in found.values() if default], "the rest has a default"
    filled = fill(template.text, {name: "x" for name, default in found.items() if not default})
    assert "{{" not in filled.replace('{"', "")
    assert "|" not in filled


@pytest.mark.parametrize("template", EACH)
def test_a_prompt_names_the_points_of_the_advice_that_it_follows(template: Template) -> None:
    assert template.advice
    assert list(template.advice) == [point for point in ADVICE_POINTS if point in template.advice]
    assert "task" in template.advice
    has_example = any(word in template.text for word in ("Example\n", "Пример\n", "<sample>", "<образец>"))
    assert has_example == ("example" in template.advice)
    assert template.tags
    assert template.title


@pytest.mark.parametrize("language", ["ru", "en"])
def test_a_prompt_is_written_in_its_language(language: TemplateLanguage) -> None:
    for template in TEMPLATES[language]:
        own, other = (CYRILLIC, LATIN) if language == "ru" else (LATIN, CYRILLIC)
        words = " ".join((template.name, template.title, template.text, *template.tags))
        assert len(own.findall(words)) > 10 * len(other.findall(words)), template.name
    for advice in ADVICE[language]:
        assert bool(CYRILLIC.search(advice.title + advice.text)) == (language == "ru")


def test_the_advice_has_its_four_points_in_both_languages() -> None:
    for language in ADVICE:
        assert tuple(advice.point for advice in ADVICE[language]) == ADVICE_POINTS


def test_the_guide_lists_every_prompt_that_ships() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "how-to" / "prompts.md").read_text(encoding="utf-8")
    for english, russian in zip(TEMPLATES["en"], TEMPLATES["ru"], strict=True):
        assert f"| `/{english.name}` | `/{russian.name}` |" in guide
