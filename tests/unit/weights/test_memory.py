"""Memory besides the weights, against what llama.cpp (build 11549) reported of itself for heads of the same shapes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.gguf_files import FieldValue, write_model

from samovar.weights.gguf import read_gguf
from samovar.weights.memory import KV_TYPES, compute_bytes, kv_bytes
from samovar.weights.shape import LayerShape, ModelShape

MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A head, and llama.cpp's words about it: MiB of cache (with states) and of scratch space at a context."""

    name: str
    architecture: str
    fields: Mapping[str, FieldValue]
    vocabulary: int
    context: int
    cache_mib: float
    scratch_mib: float | None


def attention(layers: int, width: int, inner: int, heads: int, kv_heads: int, length: int) -> dict[str, int]:
    return {
        "block_count": layers,
        "context_length": 131_072,
        "embedding_length": width,
        "feed_forward_length": inner,
        "attention.head_count": heads,
        "attention.head_count_kv": kv_heads,
        "attention.key_length": length,
        "attention.value_length": length,
    }


def experts(count: int, used: int, inner: int | None = None) -> dict[str, int]:
    return {
        "expert_count": count,
        "expert_used_count": used,
        **({"expert_feed_forward_length": inner} if inner else {}),
    }


LLAMA_8B = attention(32, 4096, 14336, 32, 8, 128)
GEMMA_2_9B = {**attention(42, 3584, 14336, 16, 8, 256), "attention.sliding_window": 4096}
GEMMA_3_4B = {**attention(34, 2560, 10240, 8, 4, 256), "attention.sliding_window": 1024}
DEEPSEEK_LITE = {
    "block_count": 27,
    "embedding_length": 2048,
    "feed_forward_length": 10944,
    "attention.head_count": 16,
    "leading_dense_block_count": 1,
    **experts(64, 6, 1408),
}
LATENT = {
    "attention.kv_lora_rank": 512,
    "attention.head_count_kv": 1,
    "attention.key_length": 576,
    "attention.value_length": 512,
    "attention.key_length_mla": 192,
    "attention.value_length_mla": 128,
}
EXPANDED = {
    "attention.kv_lora_rank": 512,
    "attention.head_count_kv": 16,
    "attention.key_length": 192,
    "attention.value_length": 128,
}
LFM2: Mapping[str, FieldValue] = {
    "block_count": 16,
    "embedding_length": 2048,
    "feed_forward_length": 8192,
    "attention.head_count": 32,
    "attention.head_count_kv": [8 if layer in (2, 5, 8, 10, 12, 14) else 0 for layer in range(16)],
    "shortconv.l_cache": 3,
}
MAMBA2 = {
    "block_count": 24,
    "embedding_length": 768,
    "feed_forward_length": 0,
    "attention.head_count": 0,
    "ssm.conv_kernel": 4,
    "ssm.inner_size": 1536,
    "ssm.state_size": 128,
    "ssm.group_count": 1,
    "ssm.time_step_rank": 24,
}
SMOLLM2 = {
    "block_count": 30,
    "embedding_length": 576,
    "feed_forward_length": 1536,
    "attention.head_count": 9,
    "attention.head_count_kv": 3,
}


def said(
    name: str,
    architecture: str,
    fields: Mapping[str, FieldValue],
    vocabulary: int,
    *figures: tuple[int, float, float | None],
) -> list[Reported]:
    return [
        Reported(
            name=f"{name} {context}",
            architecture=architecture,
            fields=fields,
            vocabulary=vocabulary,
            context=context,
            cache_mib=cache,
            scratch_mib=scratch,
        )
        for context, cache, scratch in figures
    ]


REPORTED = [
    *said("SmolLM2 135M", "llama", SMOLLM2, 49_152, (1024, 22.5, 15.64), (8192, 180.0, 22.64)),
    *said("Llama 3.1 8B", "llama", LLAMA_8B, 128_256, (2048, 256.0, 126.02), (131_072, 16_384.0, 252.02)),
    *said("Llama 3.3 70B", "llama", attention(80, 8192, 28672, 64, 8, 128), 128_256, (8192, 2560.0, 256.02)),
    *said(
        "Mixtral 8x7B", "llama", {**attention(32, 4096, 14336, 32, 8, 128), **experts(8, 2)}, 32_000, (8192, 1024, 216)
    ),
    *said("Qwen2.5 7B", "qwen2", attention(28, 3584, 18944, 28, 4, 128), 152_064, (8192, 448.0, 154.02)),
    *said("Qwen2.5 14B", "qwen2", attention(48, 5120, 13824, 40, 8, 128), 152_064, (8192, 1536.0, 139.02)),
    *said(
        "Qwen3 30B-A3B",
        "qwen3moe",
        {**attention(48, 2048, 6144, 32, 4, 128), **experts(128, 8, 768)},
        151_936,
        (8192, 768.0, 96.02),
    ),
    *said("Gemma 2 9B", "gemma2", GEMMA_2_9B, 256_000, (2048, 672.0, 123.03), (8192, 2100.0, 131.53)),
    *said("Gemma 3 4B", "gemma3", GEMMA_3_4B, 262_144, (2048, 214.0, 88.53), (32_768, 814.0, 118.53)),
    *said("DeepSeek V2 Lite", "deepseek2", {**DEEPSEEK_LITE, **LATENT}, 102_400, (2048, 60.75, 86.14), (8192, 243, 92)),
    *said("DeepSeek V2 Lite, old file", "deepseek2", {**DEEPSEEK_LITE, **EXPANDED}, 102_400, (8192, 2160.0, 92.14)),
    *said("LFM2 1.2B", "lfm2", LFM2, 65_536, (8192, 96.16, 76.02)),
    # What recurrent layers need for their own work is not estimated.
    *said("Mamba2 130M", "mamba2", MAMBA2, 50_288, (8192, 18.49, None)),
]


def shape_of(folder: Path, reported: Reported) -> ModelShape:
    path = write_model(
        folder / "m.gguf",
        reported.architecture,
        fields=reported.fields,
        vocabulary=0,
    )
    shape = read_gguf(path).shape
    assert shape is not None
    return shape


@pytest.mark.parametrize("reported", REPORTED, ids=lambda reported: reported.name)
def test_the_cache_is_what_llama_cpp_reserves(tmp_path: Path, reported: Reported) -> None:
    found = kv_bytes(shape_of(tmp_path, reported), reported.context, "f16") / MIB
    assert found == pytest.approx(reported.cache_mib, abs=0.01)


@pytest.mark.parametrize("reported", [one for one in REPORTED if one.scratch_mib], ids=lambda reported: reported.name)
def test_the_scratch_space_is_what_llama_cpp_reserves(tmp_path: Path, reported: Reported) -> None:
    found = compute_bytes(shape_of(tmp_path, reported), reported.context) / MIB
    assert found == pytest.approx(reported.scratch_mib, rel=0.002)


def test_a_cache_in_8_or_4_bits_is_as_much_smaller_as_its_blocks() -> None:
    shape = ModelShape(
        architecture="llama",
        layers=(LayerShape(key_values=1024, value_values=1024),) * 32,
        embedding_length=4096,
        feed_forward_length=14336,
        vocabulary=128_256,
        context_tokens=131_072,
        heads=32,
    )
    # llama.cpp said 1024 MiB and 544 MiB for Llama 3.1 8B at 8192 tokens.
    assert kv_bytes(shape, 8192, "f16") == 1024 * MIB
    assert kv_bytes(shape, 8192, "q8_0") == 544 * MIB
    assert kv_bytes(shape, 8192, "q4_0") == 288 * MIB


layers = st.builds(
    LayerShape,
    key_values=st.integers(0, 4096),
    value_values=st.integers(0, 4096),
    window_tokens=st.none() | st.integers(1, 8192),
    state_bytes=st.integers(0, 10**6),
)


@given(st.lists(layers, min_size=1, max_size=8), st.integers(1, 10**6), st.integers(1, 10**6))
def test_more_context_never_takes_less(shapes: list[LayerShape], one: int, other: int) -> None:
    shape = ModelShape(
        architecture="any",
        layers=tuple(shapes),
        embedding_length=64,
        feed_forward_length=64,
        vocabulary=100,
        context_tokens=None,
        heads=1,
    )
    short, long = sorted((one, other))
    for kv in KV_TYPES:
        assert kv_bytes(shape, short, kv) <= kv_bytes(shape, long, kv)
    assert compute_bytes(shape, short) <= compute_bytes(shape, long)
