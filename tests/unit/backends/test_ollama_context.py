"""How much context Ollama is asked for, and what its version says of it."""

import pytest

from samovar.backends._ollama.catalogue import full_name
from samovar.backends._ollama.context import choose_context, estimate_prompt
from samovar.backends._ollama.reply import read_usage
from samovar.backends._ollama.version import UNKNOWN_VERSION, read_version
from samovar.domain.generation import Usage


@pytest.mark.parametrize(
    ("needed", "most", "loaded", "chosen"),
    [
        (10, 8192, None, 2048),
        (2048, 8192, None, 2048),
        (2049, 8192, None, 4096),
        (5000, 8192, None, 8192),
        (5000, 6000, None, 6000),
        (50_000, 8192, None, 8192),
        (10, 1024, None, 1024),
        (10, 8192, 4096, 4096),
        (5000, 8192, 4096, 8192),
        (10, 8192, 32_768, 32_768),
    ],
)
def test_the_context_is_the_smallest_step_that_holds_and_never_shrinks(
    needed: int, most: int, loaded: int | None, chosen: int
) -> None:
    assert choose_context(needed, most=most, loaded=loaded) == chosen


def test_an_estimate_counts_words_pictures_tools_and_the_reply() -> None:
    plain = {"messages": [{"role": "user", "content": "a" * 300}]}
    assert 100 <= estimate_prompt(plain, 0) <= 130
    assert estimate_prompt(plain, 500) - estimate_prompt(plain, 0) == 500
    assert estimate_prompt(plain, None) - estimate_prompt(plain, 0) == 2048
    assert estimate_prompt({"messages": [{"content": "я" * 300}]}, 0) > estimate_prompt(plain, 0)
    seen = {"messages": [{"content": "", "images": ["x", "y"]}]}
    assert estimate_prompt(seen, 0) >= 2 * 768
    assert estimate_prompt({**plain, "tools": [{"function": {"name": "n" * 100}}]}, 0) > estimate_prompt(plain, 0) + 40


@pytest.mark.parametrize(
    ("text", "has_logprobs", "counts_whole"),
    [
        ("0.3.14", False, False),
        ("0.4.0", False, True),
        ("0.12.10", False, True),
        ("0.12.11", True, True),
        ("0.30.0-rc2", True, False),
        ("0.31.0", True, True),
        ("v0.33.0", True, True),
        ("1.0", True, True),
        ("0.0.0", True, True),
        ("dev", True, True),
        (None, True, True),
        (["0.1"], True, True),
    ],
)
def test_a_version_tells_what_a_server_can(text: object, has_logprobs: bool, counts_whole: bool) -> None:
    version = read_version(text)
    assert (version.has_logprobs, version.counts_whole_prompts) == (has_logprobs, counts_whole)


def test_an_unknown_version_is_taken_for_one_of_today() -> None:
    assert read_version({}) == UNKNOWN_VERSION


@pytest.mark.parametrize(
    ("name", "full"),
    [("llama3.2", "llama3.2:latest"), ("qwen3:8b", "qwen3:8b"), ("host:5000/a/b", "host:5000/a/b:latest")],
)
def test_a_name_without_a_tag_is_the_latest(name: str, full: str) -> None:
    assert full_name(name) == full


def test_counts_are_whole_where_the_version_says_so_and_something_was_counted() -> None:
    line = {"prompt_eval_count": 40, "eval_count": 3, "prompt_eval_cached_count": 30}
    assert read_usage(line, counts_whole=True) == Usage(prompt_tokens=40, completion_tokens=3, cached_tokens=30)
    half = read_usage(line, counts_whole=False)
    assert half is not None
    assert not half.prompt_is_whole
    missing = read_usage({"eval_count": 3}, counts_whole=True)
    assert missing is not None
    assert (missing.prompt_tokens, missing.prompt_is_whole) == (0, False)
    assert read_usage({"prompt_eval_count": -5, "eval_count": 3}, counts_whole=True) is None
