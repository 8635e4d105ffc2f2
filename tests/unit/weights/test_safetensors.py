"""A model from its config.json: families, quantisations, sizes beside it, and configs that lie."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samovar.domain.errors import ModelFileInvalid, ModelFileMissing
from samovar.weights.safetensors import read_config
from samovar.weights.shape import SizedModel

LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "max_position_embeddings": 131072,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "vocab_size": 128256,
}
QWEN_MOE: dict[str, Any] = {
    "model_type": "qwen3_moe",
    "hidden_size": 2048,
    "intermediate_size": 6144,
    "moe_intermediate_size": 768,
    "head_dim": 128,
    "num_attention_heads": 32,
    "num_key_value_heads": 4,
    "num_hidden_layers": 48,
    "num_experts": 128,
    "num_experts_per_tok": 8,
    "vocab_size": 151936,
    "tie_word_embeddings": False,
}
DEEPSEEK_LITE: dict[str, Any] = {
    "model_type": "deepseek_v2",
    "hidden_size": 2048,
    "intermediate_size": 10944,
    "moe_intermediate_size": 1408,
    "n_routed_experts": 64,
    "n_shared_experts": 2,
    "num_experts_per_tok": 6,
    "first_k_dense_replace": 1,
    "num_attention_heads": 16,
    "num_key_value_heads": 16,
    "num_hidden_layers": 27,
    "kv_lora_rank": 512,
    "q_lora_rank": None,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "v_head_dim": 128,
    "vocab_size": 102400,
}


def read(folder: Path, config: object) -> SizedModel:
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return read_config(path)


@pytest.mark.parametrize(
    ("config", "billions"), [(LLAMA, 8.030), (QWEN_MOE, 30.532), (DEEPSEEK_LITE, 15.706)], ids=["llama", "moe", "mla"]
)
def test_the_parameters_follow_from_the_measures(tmp_path: Path, config: dict[str, Any], billions: float) -> None:
    weights = read(tmp_path, config).weights
    assert weights.parameters / 1e9 == pytest.approx(billions, rel=0.001)
    assert weights.total_bytes / 1e9 == pytest.approx(2 * billions, rel=0.001)


def test_latent_attention_keeps_one_vector(tmp_path: Path) -> None:
    layer = read(tmp_path, DEEPSEEK_LITE).shape.layers[0]
    assert (layer.key_values, layer.value_values) == (576, 0)


@pytest.mark.parametrize(
    ("quantisation", "name", "gigabytes"),
    [
        ({"quant_method": "awq", "bits": 4, "group_size": 128}, "AWQ 4-bit", 5.73),
        ({"quant_method": "gptq", "bits": 8, "group_size": 128}, "GPTQ 8-bit", 9.2),
        ({"quant_method": "fp8"}, "FP8", 9.08),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, "bitsandbytes 4-bit", 6.03),
        ({"quant_method": "bitsandbytes", "load_in_8bit": True}, "bitsandbytes 8-bit", 9.08),
        (
            {"quant_method": "compressed-tensors", "config_groups": {"g": {"weights": {"num_bits": 4}}}},
            "compressed-tensors 4-bit",
            5.7,
        ),
        (None, "F16", 16.06),
    ],
    ids=lambda value: value.get("quant_method") if isinstance(value, dict) else None,
)
def test_quantisations_leave_the_tables_as_they_are(
    tmp_path: Path, quantisation: dict[str, Any] | None, name: str, gigabytes: float
) -> None:
    found = read(tmp_path, {**LLAMA, "quantization_config": quantisation})
    assert found.quantisation == name
    assert found.weights.total_bytes / 1e9 == pytest.approx(gigabytes, rel=0.01)


def test_experts_alone_may_be_quantised(tmp_path: Path) -> None:
    found = read(tmp_path, {**QWEN_MOE, "quantization_config": {"quant_method": "mxfp4"}}).weights
    assert found.expert_bytes / 1e9 == pytest.approx(48 * 128 * 3 * 2048 * 768 * 4.25 / 8 / 1e9, rel=0.001)
    assert found.embedding_bytes == 151936 * 2048 * 2


def test_the_size_beside_it_counts_more_than_the_measures(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(bytes(1000))
    assert read(tmp_path, LLAMA).weights.total_bytes == 1000
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": 16_060_522_496}}))
    weights = read(tmp_path, LLAMA).weights
    assert weights.total_bytes == 16_060_522_496
    assert sum(weights.layer_bytes) < weights.total_bytes


def test_a_vision_model_keeps_its_measures_one_level_down(tmp_path: Path) -> None:
    nested = {"model_type": "gemma3", "text_config": {**LLAMA, "model_type": "gemma3_text"}, "vision_config": {}}
    assert read(tmp_path, nested).shape.heads == 32


@pytest.mark.parametrize(
    ("fields", "with_window"),
    [
        ({"sliding_window": 4096}, []),
        ({"sliding_window": None}, []),
        ({"model_type": "gemma2", "sliding_window": 4096}, [*range(0, 32, 2)]),
        ({"model_type": "gemma3_text", "sliding_window": 512}, [n for n in range(32) if n % 6 != 5]),
        ({"sliding_window": 128, "layer_types": ["sliding_attention", "full_attention"] * 16}, [*range(0, 32, 2)]),
        ({"model_type": "qwen2", "sliding_window": 4096, "use_sliding_window": False}, []),
    ],
)
def test_windows_are_where_the_config_says(tmp_path: Path, fields: dict[str, Any], with_window: list[int]) -> None:
    layers = read(tmp_path, {**LLAMA, **fields}).shape.layers
    assert [number for number, layer in enumerate(layers) if layer.window_tokens] == with_window


def test_layers_of_linear_attention_remember_no_tokens(tmp_path: Path) -> None:
    kinds = ["linear_attention"] * 3 + ["full_attention"]
    layers = read(tmp_path, {**LLAMA, "layer_types": kinds * 8}).shape.layers
    assert [layer.key_values > 0 for layer in layers[:4]] == [False, False, False, True]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "JSON"),
        ("[]", "JSON object"),
        ("{", "JSON"),
        ("[" * 100_000, ""),
        (json.dumps({**LLAMA, "num_hidden_layers": 10**9}), "num_hidden_layers"),
        (json.dumps({**LLAMA, "hidden_size": -1}), "hidden_size"),
        (json.dumps({**LLAMA, "num_local_experts": 10**8}), "num_local_experts"),
        (json.dumps({**LLAMA, "vocab_size": "many"}), "vocab_size"),
        (json.dumps({**LLAMA, "quantization_config": {"quant_method": "secret"}}), "secret"),
        (json.dumps(LLAMA) + " " * 4_000_001, "larger"),
    ],
)
def test_each_lie_is_named(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(content)
    with pytest.raises(ModelFileInvalid) as caught:
        read_config(path)
    assert reason in caught.value.message


def test_a_config_that_is_not_there_is_told_as_that(tmp_path: Path) -> None:
    with pytest.raises(ModelFileMissing):
        read_config(tmp_path / "config.json")
    with pytest.raises(ModelFileInvalid):
        read_config(tmp_path)


anything = st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats() | st.text(max_size=8)
nested = st.recursive(anything, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from([*LLAMA, *QWEN_MOE, *DEEPSEEK_LITE, "quantization_config"]), nested))
def test_whatever_a_config_says_ends_in_measures_or_a_named_error(tmp_path: Path, changes: dict[str, Any]) -> None:
    try:
        found = read(tmp_path, {**LLAMA, **changes})
    except ModelFileInvalid:
        return
    assert found.weights.total_bytes >= 0
    assert 0 < len(found.shape.layers) <= 4096
