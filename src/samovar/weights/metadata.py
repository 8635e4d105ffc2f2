"""The metadata of a GGUF file, and the measures of the model that follow from them."""

from dataclasses import dataclass, field
from typing import Final

from samovar.weights.shape import LayerShape, ModelShape

__all__ = ["MAX_LAYERS", "Metadata", "Scalar", "read_shape"]

Scalar = int | float | bool | str | None

#: No model has so many layers or so wide ones; a file that says so is lying.
MAX_LAYERS: Final = 4096
_MAX_WIDTH: Final = 2**24
_F32_BYTES: Final = 4

#: Every how many layers one looks back on the whole context, where the file does not say it itself.
#: Source: llama.cpp, calls of ``set_swa_pattern``, 2026. Architectures that are missing look back on everything.
_WINDOW_PERIODS: Final = {
    "afmoe": 4, "cohere2": 4, "exaone4": 4, "gemma-embedding": 6, "gemma2": 2, "gemma3": 6, "gemma3n": 5,
    "gpt-oss": 2, "llama4": 4, "olmo2": 4, "smallthinker": 4,
}  # fmt: skip
#: Where the whole-context layer is the first of its group and not the last.
_DENSE_FIRST: Final = frozenset({"smallthinker"})
_DEFAULT_WINDOWS: Final = {"gemma2": 4096, "llama4": 8192}
#: Architectures without attention.
_RECURRENT: Final = frozenset({"arwkv7", "mamba", "mamba2", "rwkv6", "rwkv6qwen2", "rwkv7"})
#: Architectures in which every layer has both attention and a state.
_BOTH: Final = frozenset({"falcon-h1"})
#: Architectures in which every n-th layer has attention and the others a state.
_ATTENTION_INTERVALS: Final = {"qwen35": 4, "qwen35moe": 4, "qwen3next": 4}


@dataclass(frozen=True, slots=True)
class Metadata:
    """What was kept of a file's metadata. ``lists`` holds those about layers, ``lengths`` counts every list."""

    values: dict[str, Scalar] = field(default_factory=dict)
    lists: dict[str, tuple[int, ...]] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)

    @property
    def architecture(self) -> str | None:
        """The architecture's name, or None."""
        name = self.values.get("general.architecture")
        return name if isinstance(name, str) and name else None

    @property
    def is_projector(self) -> bool:
        """Whether the file holds the eyes of another model."""
        return self.architecture == "clip" or self.values.get("general.type") == "mmproj"

    def scalar(self, key: str) -> Scalar:
        """A value as it stands in the file, or None."""
        return self.values.get(key)

    def number(self, key: str) -> int | None:
        """A whole number that is not negative, or None."""
        value = self.values.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None

    def own(self, key: str) -> int | None:
        """A whole number among the architecture's own keys, or None."""
        return self.number(f"{self.architecture}.{key}")

    def width(self, key: str) -> int:
        """A width among the architecture's own keys; 0 where there is none, or none that can be true."""
        value = self.own(key) or 0
        return value if value <= _MAX_WIDTH else 0

    def per_layer(self, key: str, layers: int) -> tuple[int, ...] | None:
        """A number for each layer, whether the file gives one for all or a list; None without either."""
        listed = self.lists.get(f"{self.architecture}.{key}")
        if listed is not None:
            return listed if len(listed) >= layers and all(0 <= value <= _MAX_WIDTH for value in listed) else None
        value = self.own(key)
        return None if value is None or value > _MAX_WIDTH else (value,) * layers


def read_shape(metadata: Metadata) -> ModelShape | None:
    """Derive a model's measures; None for projectors and where the file does not give them.

    Source: llama.cpp, ``llama_hparams`` and the caches made from it, 2026.
    """
    architecture = metadata.architecture
    layers = metadata.own("block_count") or 0
    embedding_length = metadata.width("embedding_length")
    if architecture is None or metadata.is_projector or not 0 < layers <= MAX_LAYERS or not embedding_length:
        return None
    heads = metadata.per_layer("attention.head_count", layers) or (0,) * layers
    kv_heads = metadata.per_layer("attention.head_count_kv", layers) or heads
    feed_forward = metadata.per_layer("feed_forward_length", layers) or (0,) * layers
    windows = _windows(metadata, architecture, layers)
    recurrent = _recurrent(metadata, architecture, layers, kv_heads, feed_forward)
    with_cache = layers - (metadata.own("attention.shared_kv_layers") or metadata.own("nextn_predict_layers") or 0)
    width = _head_widths(metadata, embedding_length, max(heads))
    state_bytes = _state_bytes(metadata, embedding_length)
    shapes = []
    for layer in range(layers):
        has_attention = layer < with_cache and (not recurrent[layer] or architecture in _BOTH)
        keys, values = width(is_windowed=windows[layer] is not None)
        shapes.append(
            LayerShape(
                key_values=kv_heads[layer] * keys if has_attention else 0,
                value_values=kv_heads[layer] * values if has_attention else 0,
                window_tokens=windows[layer],
                state_bytes=state_bytes if recurrent[layer] else 0,
            )
        )
    experts = metadata.width("expert_count")
    return ModelShape(
        architecture=architecture[:64],
        layers=tuple(shapes),
        embedding_length=embedding_length,
        feed_forward_length=max(feed_forward),
        vocabulary=metadata.lengths.get("tokenizer.ggml.tokens") or metadata.width("vocab_size"),
        context_tokens=metadata.own("context_length") or None,
        heads=max(heads),
        expert_count=experts,
        expert_used_count=metadata.width("expert_used_count"),
        # Mixtral and its kin write the width of one expert where others write that of a dense layer.
        expert_feed_forward_length=(metadata.width("expert_feed_forward_length") or max(feed_forward))
        if experts
        else 0,
    )


class _HeadWidths:
    """How many numbers a head keeps for a token, as a key and as a value."""

    def __init__(self, full: tuple[int, int], windowed: tuple[int, int]) -> None:
        self._full = full
        self._windowed = windowed

    def __call__(self, *, is_windowed: bool) -> tuple[int, int]:
        return self._windowed if is_windowed else self._full


def _head_widths(metadata: Metadata, embedding_length: int, heads: int) -> _HeadWidths:
    usual = embedding_length // heads if heads else 0
    keys = metadata.width("attention.key_length") or usual
    values = metadata.width("attention.value_length") or usual
    if metadata.own("attention.key_length_mla"):
        # Latent attention keeps one vector, out of which both are made.
        values = 0
    return _HeadWidths(
        (keys, values),
        (metadata.width("attention.key_length_swa") or keys, metadata.width("attention.value_length_swa") or values),
    )


def _windows(metadata: Metadata, architecture: str, layers: int) -> list[int | None]:
    """The window of each layer; None where it looks back on everything."""
    window = metadata.own("attention.sliding_window")
    if window is None:
        window = _DEFAULT_WINDOWS.get(architecture, 0)
    listed = metadata.lists.get(f"{architecture}.attention.sliding_window_pattern")
    if not window:
        return [None] * layers
    if listed is not None and len(listed) >= layers:
        return [window if listed[layer] else None for layer in range(layers)]
    period = metadata.own("attention.sliding_window_pattern") or _WINDOW_PERIODS.get(architecture, 1)
    whole = 0 if architecture in _DENSE_FIRST else period - 1
    return [window if layer % period != whole else None for layer in range(layers)]


def _recurrent(
    metadata: Metadata, architecture: str, layers: int, kv_heads: tuple[int, ...], feed_forward: tuple[int, ...]
) -> list[bool]:
    """Which layers keep a state."""
    if architecture in _RECURRENT or architecture in _BOTH:
        return [True] * layers
    interval = metadata.own("full_attention_interval") or _ATTENTION_INTERVALS.get(architecture)
    if interval:
        return [(layer + 1) % interval != 0 for layer in range(layers)]
    if not (metadata.own("ssm.conv_kernel") or metadata.own("shortconv.l_cache") or metadata.own("wkv.head_size")):
        return [False] * layers
    # Among the layers without heads those that have a feed-forward part alone keep nothing (nemotron_h).
    is_split = min(feed_forward) == 0 < max(feed_forward)
    return [kv_heads[layer] == 0 and not (is_split and feed_forward[layer] > 0) for layer in range(layers)]


def _state_bytes(metadata: Metadata, embedding_length: int) -> int:
    """Size of the state of one recurrent layer, kept in 32-bit numbers."""
    if head := metadata.width("wkv.head_size"):
        return (2 * embedding_length + embedding_length * head) * _F32_BYTES
    if taps := metadata.width("shortconv.l_cache"):
        return (taps - 1) * embedding_length * _F32_BYTES
    taps, inner = metadata.width("ssm.conv_kernel"), metadata.width("ssm.inner_size")
    state, groups = metadata.width("ssm.state_size"), metadata.width("ssm.group_count")
    convolution = max(taps - 1, 0) * (inner + 2 * groups * state)
    return (convolution + state * inner) * _F32_BYTES
