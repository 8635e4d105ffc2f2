"""The measures of a model as they follow from a head: which layers remember what."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.gguf_files import FieldValue, write_model

from samovar.weights.gguf import read_gguf
from samovar.weights.metadata import Metadata, read_shape
from samovar.weights.shape import ModelShape

PLAIN: dict[str, FieldValue] = {
    "block_count": 12,
    "embedding_length": 512,
    "feed_forward_length": 1024,
    "attention.head_count": 8,
    "attention.head_count_kv": 2,
}


def shape_of(folder: Path, architecture: str, **fields: FieldValue) -> ModelShape:
    named = {key.replace("__", "."): value for key, value in fields.items()}
    path = write_model(folder / "m.gguf", architecture, fields={**PLAIN, **named}, vocabulary=7)
    shape = read_gguf(path).shape
    assert shape is not None
    return shape


def windowed(shape: ModelShape) -> list[int]:
    return [number for number, layer in enumerate(shape.layers) if layer.window_tokens is not None]


def remembering(shape: ModelShape) -> list[int]:
    return [number for number, layer in enumerate(shape.layers) if layer.key_values]


def test_grouped_heads_and_the_usual_length_of_a_head(tmp_path: Path) -> None:
    shape = shape_of(tmp_path, "llama")
    assert {(layer.key_values, layer.value_values) for layer in shape.layers} == {(2 * 64, 2 * 64)}
    assert (shape.vocabulary, shape.heads, shape.expert_count) == (7, 8, 0)


def test_heads_may_differ_from_layer_to_layer(tmp_path: Path) -> None:
    heads = [1, 2, 3, 4] * 3
    shape = shape_of(tmp_path, "openelm", attention__head_count_kv=heads, attention__key_length=32)
    assert [layer.key_values for layer in shape.layers] == [32 * count for count in heads]


@pytest.mark.parametrize(
    ("architecture", "fields", "with_window"),
    [
        ("llama", {"attention__sliding_window": 4096}, []),
        ("phi3", {"attention__sliding_window": 2047}, []),
        ("gemma2", {}, [0, 2, 4, 6, 8, 10]),
        ("gemma3", {"attention__sliding_window": 512}, [0, 1, 2, 3, 4, 6, 7, 8, 9, 10]),
        ("cohere2", {"attention__sliding_window": 4096}, [0, 1, 2, 4, 5, 6, 8, 9, 10]),
        ("smallthinker", {"attention__sliding_window": 4096}, [1, 2, 3, 5, 6, 7, 9, 10, 11]),
        ("new", {"attention__sliding_window": 64, "attention__sliding_window_pattern": [1, 0, 0] * 4}, [0, 3, 6, 9]),
        ("new", {"attention__sliding_window": 64, "attention__sliding_window_pattern": 2}, [0, 2, 4, 6, 8, 10]),
        ("gemma3", {"attention__sliding_window": 0}, []),
    ],
)
def test_the_layers_with_a_window_are_found(
    tmp_path: Path, architecture: str, fields: dict[str, FieldValue], with_window: list[int]
) -> None:
    assert windowed(shape_of(tmp_path, architecture, **fields)) == with_window


def test_windowed_layers_may_have_heads_of_their_own_length(tmp_path: Path) -> None:
    shape = shape_of(
        tmp_path,
        "gemma4",
        attention__sliding_window=512,
        attention__sliding_window_pattern=[1, 1, 1, 1, 1, 0] * 2,
        attention__key_length=512,
        attention__value_length=512,
        attention__key_length_swa=256,
        attention__value_length_swa=256,
    )
    assert [layer.key_values for layer in shape.layers][4:6] == [2 * 256, 2 * 512]


def test_layers_that_share_a_cache_have_none(tmp_path: Path) -> None:
    assert remembering(shape_of(tmp_path, "gemma3n", attention__shared_kv_layers=5)) == [*range(7)]


def test_hybrids_remember_in_some_layers_and_keep_a_state_in_the_others(tmp_path: Path) -> None:
    ssm: dict[str, FieldValue] = {
        "ssm__conv_kernel": 4,
        "ssm__inner_size": 64,
        "ssm__state_size": 16,
        "ssm__group_count": 1,
    }
    listed = shape_of(tmp_path, "granitehybrid", attention__head_count_kv=[0, 0, 2] * 4, **ssm)
    assert remembering(listed) == [2, 5, 8, 11]
    state = (3 * (64 + 2 * 16) + 16 * 64) * 4
    assert [layer.state_bytes for layer in listed.layers[:3]] == [state, state, 0]
    every_fourth = shape_of(tmp_path, "qwen3next", **ssm)
    assert remembering(every_fourth) == [3, 7, 11]
    both = shape_of(tmp_path, "falcon-h1", **ssm)
    assert remembering(both) == [*range(12)]
    assert all(layer.state_bytes == state for layer in both.layers)
    feeding_alone = shape_of(
        tmp_path,
        "nemotron_h",
        attention__head_count_kv=[0, 0, 2] * 4,
        feed_forward_length=[0, 99, 0] * 4,
        **ssm,
    )
    assert [layer.state_bytes > 0 for layer in feeding_alone.layers[:3]] == [True, False, False]


@pytest.mark.parametrize(
    "fields",
    [{"block_count": 0}, {"block_count": 5000}, {"embedding_length": 0}, {"embedding_length": 2**31}],
)
def test_measures_that_cannot_be_true_give_no_shape(tmp_path: Path, fields: dict[str, int]) -> None:
    assert read_gguf(write_model(tmp_path / "m.gguf", fields={**PLAIN, **fields})).shape is None


@given(
    st.dictionaries(
        st.sampled_from([*PLAIN, "attention.sliding_window", "attention.sliding_window_pattern", "expert_count"]),
        st.integers(0, 2**64 - 1) | st.floats() | st.booleans() | st.text(max_size=5),
    ),
    st.dictionaries(
        st.sampled_from(["attention.head_count", "attention.head_count_kv", "feed_forward_length"]),
        st.lists(st.integers(-(2**63), 2**64 - 1), max_size=20).map(tuple),
    ),
    st.sampled_from(["llama", "gemma3", "mamba", "qwen3next", "clip"]),
)
def test_whatever_a_head_says_gives_bounded_measures_or_none(
    fields: dict[str, int | float | bool | str], lists: dict[str, tuple[int, ...]], architecture: str
) -> None:
    values = {"general.architecture": architecture, **{f"{architecture}.{key}": value for key, value in fields.items()}}
    named = {f"{architecture}.{key}": value for key, value in lists.items()}
    shape = read_shape(Metadata(values=dict(values), lists=named))
    if shape is not None:
        assert 0 < len(shape.layers) <= 4096
        assert all(0 <= layer.key_values < 2**60 for layer in shape.layers)
