"""The size of a file, from a model's measures and the quantisation, against the size that its page shows.

Pages on huggingface.co: bartowski/{Meta-Llama-3.1-8B-Instruct,Llama-3.2-3B-Instruct,Llama-3.3-70B-Instruct,
Qwen2.5-7B-Instruct,Qwen2.5-14B-Instruct,Mistral-7B-Instruct-v0.3,Mistral-Nemo-Instruct-2407,gemma-2-9b-it,phi-4}-GGUF,
ggml-org/gemma-3-{4b,12b}-it-GGUF, Qwen/Qwen3-8B-GGUF, unsloth/Qwen3-30B-A3B-Instruct-2507-GGUF,
HuggingFaceTB/SmolLM2-1.7B-Instruct-GGUF, TheBloke/Mixtral-8x7B-Instruct-v0.1-GGUF. They round to 10 MB.
"""

import pytest

from samovar.weights.architecture import Architecture
from samovar.weights.catalogue import find_entry
from samovar.weights.quantisation import BITS_PER_WEIGHT, QUANTISATIONS, quantised_weights

MIXTRAL = Architecture(
    name="llama",
    layers=32,
    embedding_length=4096,
    heads=32,
    kv_heads=8,
    head_length=128,
    feed_forward_length=14336,
    vocabulary=32000,
    expert_count=8,
    expert_used_count=2,
    expert_feed_forward_length=14336,
)

PUBLISHED_GB = [
    ("llama-3.1-8b-instruct", "Q2_K", 3.18),
    ("llama-3.1-8b-instruct", "Q3_K_M", 4.02),
    ("llama-3.1-8b-instruct", "IQ4_XS", 4.45),
    ("llama-3.1-8b-instruct", "Q4_K_S", 4.69),
    ("llama-3.1-8b-instruct", "Q4_K_M", 4.92),
    ("llama-3.1-8b-instruct", "Q5_K_M", 5.73),
    ("llama-3.1-8b-instruct", "Q6_K", 6.60),
    ("llama-3.1-8b-instruct", "Q8_0", 8.54),
    ("llama-3.2-3b-instruct", "Q4_K_M", 2.02),
    ("llama-3.3-70b-instruct", "Q4_K_M", 42.52),
    ("qwen2.5-7b-instruct", "Q4_K_M", 4.68),
    ("qwen2.5-7b-instruct", "Q5_K_M", 5.44),
    ("qwen2.5-14b-instruct", "Q6_K", 12.12),
    ("mistral-7b-instruct-v0.3", "Q4_K_M", 4.37),
    ("mistral-nemo-instruct-2407", "Q4_K_M", 7.48),
    ("gemma-2-9b-it", "Q4_K_M", 5.76),
    ("gemma-2-9b-it", "Q6_K", 7.59),
    ("gemma-3-4b-it", "Q4_K_M", 2.49),
    ("gemma-3-12b-it", "Q4_K_M", 7.30),
    ("phi-4", "Q4_K_M", 9.05),
    ("qwen3-8b", "Q4_K_M", 5.03),
    ("qwen3-30b-a3b-instruct-2507", "Q4_K_M", 18.56),
    ("smollm2-1.7b-instruct", "Q4_K_M", 1.06),
    ("mixtral", "Q8_0", 49.62),
]


def architecture_of(model: str) -> Architecture:
    if model == "mixtral":
        return MIXTRAL
    found = find_entry(model).architecture
    assert found is not None
    return found


@pytest.mark.parametrize(("model", "quantisation", "published_gb"), PUBLISHED_GB)
def test_a_file_has_the_size_that_its_measures_tell(model: str, quantisation: str, published_gb: float) -> None:
    estimated = quantised_weights(architecture_of(model), quantisation).total_bytes / 1e9
    # One in a hundred, and half of the last digit that the page shows.
    assert estimated == pytest.approx(published_gb, rel=0.01, abs=0.005)


@pytest.mark.parametrize(
    ("model", "billions"),
    [
        ("llama-3.1-8b-instruct", 8.030),
        ("qwen2.5-7b-instruct", 7.616),
        ("gemma-2-9b-it", 9.242),
        ("phi-4", 14.660),
        ("qwen3-30b-a3b-instruct-2507", 30.532),
        ("mixtral", 46.703),
    ],
)
def test_the_parameters_add_up(model: str, billions: float) -> None:
    assert quantised_weights(architecture_of(model), "F16").parameters / 1e9 == pytest.approx(billions, abs=0.001)


@pytest.mark.parametrize("quantisation", [name for name in QUANTISATIONS if name in BITS_PER_WEIGHT])
def test_the_table_of_bits_agrees_with_the_rules(quantisation: str) -> None:
    weights = quantised_weights(architecture_of("llama-3.1-8b-instruct"), quantisation)
    assert weights.total_bytes * 8 / weights.parameters == pytest.approx(BITS_PER_WEIGHT[quantisation], rel=0.005)


def test_the_layers_the_table_and_the_output_make_the_whole() -> None:
    weights = quantised_weights(MIXTRAL, "Q4_K_M")
    parts = sum(weights.layer_bytes) + weights.embedding_bytes + weights.output_bytes
    assert parts == pytest.approx(weights.total_bytes, rel=1e-6)
    assert weights.expert_bytes > 0.9 * weights.total_bytes


def test_rows_that_fill_no_block_get_another_type() -> None:
    smol = find_entry("smollm2-135m-instruct").architecture
    assert smol is not None
    # 576 is no multiple of 256: what would be Q4_K is Q5_0.
    assert quantised_weights(smol, "Q4_K_M").total_bytes > quantised_weights(smol, "Q4_0").total_bytes * 1.1
