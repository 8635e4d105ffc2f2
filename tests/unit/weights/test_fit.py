"""The advisor: what fits, the longest context, layers for a graphics card, and what to change."""

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.weights.advice import ADVICE_LANGUAGES, ADVICE_WORDS, advice_sentences, fit_body, size_text
from samovar.weights.catalogue import find_entry, size_entry
from samovar.weights.fit import Advice, AdviceCode, Budget, Fit, estimate_fit
from samovar.weights.shape import SizedModel

GB = 1_000_000_000


def sized(model: str, quantisation: str = "Q4_K_M") -> SizedModel:
    entry = find_entry(model)
    file = next(file for file in entry.files if file.quantisation == quantisation)
    found = size_entry(entry, file)
    assert found is not None
    return found


def fit(model: SizedModel, memory_gb: float, context: int = 8192, gpu_gb: float = 0) -> Fit:
    budget = Budget(memory_bytes=int(memory_gb * GB), gpu_bytes=int(gpu_gb * GB))
    return estimate_fit(model, budget, context_tokens=context)


def advised(found: Fit) -> dict[str, dict[str, int | str]]:
    return {advice.code: advice.values for advice in found.advice}


LLAMA = sized("llama-3.1-8b-instruct")


def test_what_fits_is_told_with_what_more_would_fit() -> None:
    found = fit(LLAMA, 12)
    assert found.fits
    assert found.total_bytes == found.weights_bytes + found.kv_bytes + found.overhead_bytes
    assert found.kv_bytes == 2 * 8192 * 32 * 8 * 128 * 2
    assert advised(found)["better_quantisation"]["quantisation"] == "Q8_0"
    assert advised(found)["longer_context"]["tokens"] == found.max_context > 8192


def test_the_longest_context_fits_and_the_next_does_not() -> None:
    found = fit(LLAMA, 8, context=32_768)
    assert not found.fits
    assert 8192 < found.max_context < 32_768
    assert fit(LLAMA, 8, context=found.max_context).fits
    assert not fit(LLAMA, 8, context=found.max_context + 256).fits
    assert advised(found)["smaller_context"]["tokens"] == found.max_context


def test_a_context_in_8_bits_is_advised_where_it_is_enough() -> None:
    assert "quantised_kv" in advised(fit(LLAMA, 8, context=32_768))
    assert "quantised_kv" not in advised(fit(LLAMA, 8, context=65_536))


def test_a_smaller_quantisation_is_advised_where_it_is_enough() -> None:
    large = sized("llama-3.1-8b-instruct", "Q8_0")
    assert advised(fit(large, 8))["smaller_quantisation"]["quantisation"] == "Q6_K"


def test_a_model_far_too_large_is_told_as_that() -> None:
    found = fit(sized("llama-3.3-70b-instruct"), 12)
    assert (found.fits, found.max_context) == (False, 0)
    assert advised(found)["smaller_model"]["billions"] == "15.4"
    assert set(advised(fit(LLAMA, 0.1))) == {"more_memory"}


def test_no_context_is_counted_that_the_model_was_not_trained_for() -> None:
    found = fit(sized("gemma-2-9b-it"), 24, context=32_768)
    assert found.context_tokens == found.max_context == 8192
    assert advised(found)["context_cut"]["tokens"] == 8192


def test_windows_make_a_long_context_cheap() -> None:
    gemma = sized("gemma-3-12b-it")
    windowless = replace(
        gemma,
        shape=replace(gemma.shape, layers=tuple(replace(layer, window_tokens=None) for layer in gemma.shape.layers)),
    )
    assert fit(gemma, 16, context=65_536).kv_bytes < fit(windowless, 16, context=65_536).kv_bytes / 4


def test_layers_go_to_a_graphics_card_as_far_as_they_fit() -> None:
    whole = fit(LLAMA, 24, gpu_gb=24)
    assert whole.gpu_layers == whole.all_layers == 33
    assert "all_layers" in advised(whole)
    part = fit(LLAMA, 24, gpu_gb=4)
    assert 0 < part.gpu_layers < 33
    assert advised(part)["some_layers"] == {"layers": part.gpu_layers, "of": 33}
    assert fit(LLAMA, 24, gpu_gb=0).gpu_layers == 0
    assert fit(LLAMA, 24, context=32_768, gpu_gb=4).gpu_layers < part.gpu_layers


def test_a_projector_counts_as_weights() -> None:
    with_eyes = replace(LLAMA, projector_bytes=800_000_000)
    assert fit(with_eyes, 12).weights_bytes == fit(LLAMA, 12).weights_bytes + 800_000_000


@given(
    model=st.sampled_from(["llama-3.1-8b-instruct", "gemma-3-4b-it", "qwen3-30b-a3b-instruct-2507", "phi-4"]),
    memory=st.integers(0, 10**12),
    more=st.integers(0, 10**11),
    context=st.integers(256, 10**6),
)
def test_more_memory_never_makes_it_worse(model: str, memory: int, more: int, context: int) -> None:
    found = [
        estimate_fit(sized(model), Budget(memory_bytes=size, gpu_bytes=size), context_tokens=context)
        for size in (memory, memory + more)
    ]
    assert found[0].max_context <= found[1].max_context
    assert found[0].gpu_layers <= found[1].gpu_layers
    assert found[0].fits <= found[1].fits
    for one in found:
        assert one.fits == (one.max_context >= one.context_tokens) or one.context_tokens % 256
        assert all(advice_sentences(one.advice, language) for language in ADVICE_LANGUAGES if one.advice)


@pytest.mark.parametrize("language", ADVICE_LANGUAGES)
def test_every_advice_has_its_words(language: str) -> None:
    assert set(ADVICE_WORDS[language]) == set(get_args(AdviceCode))  # type: ignore[index]  # it is one of the two
    values: dict[str, int | str] = {
        "tokens": 1, "bytes": 2_500_000_000, "quantisation": "Q8_0", "billions": "7.5", "layers": 3, "of": 33,
    }  # fmt: skip
    every = tuple(Advice(code=code, values=values) for code in get_args(AdviceCode))
    for sentence in advice_sentences(every, language):  # type: ignore[arg-type]  # as above
        assert "{" not in sentence


def test_sizes_are_written_as_each_language_writes_them() -> None:
    assert size_text(2_512_000_000, "en") == "2.5 GB"
    assert size_text(2_512_000_000, "ru") == "2,5 ГБ"
    assert size_text(98_362_432, "en") == "98 MB"


def test_programs_get_one_shape() -> None:
    assert list(fit_body(fit(LLAMA, 12), "en")) == [
        "weights_bytes", "kv_bytes", "overhead_bytes", "total_bytes", "memory_bytes", "fits", "max_context",
        "gpu_layers", "advice",
    ]  # fmt: skip
