"""What a model is made of, as far as memory depends on it."""

from dataclasses import dataclass, field

__all__ = ["LayerShape", "ModelShape", "ModelWeights", "SizedModel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerShape:
    """One repeating layer. A layer may remember tokens, a state of fixed size, both or nothing."""

    #: Numbers kept for each token as keys and as values; 0 and 0 for a layer without attention of its own.
    key_values: int = 0
    value_values: int = 0
    #: How many tokens it looks back on; None looks back on all of them.
    window_tokens: int | None = None
    #: Size of the state that a recurrent layer keeps however long the text is.
    state_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShape:
    """The measures of a model. ``layers`` holds one entry a repeating layer, in order."""

    architecture: str
    layers: tuple[LayerShape, ...]
    embedding_length: int
    #: Width of the widest dense feed-forward part; 0 where every layer is a mixture of experts.
    feed_forward_length: int
    vocabulary: int
    context_tokens: int | None
    heads: int
    expert_count: int = 0
    expert_used_count: int = 0
    expert_feed_forward_length: int = 0

    @property
    def has_window(self) -> bool:
        """Whether a layer looks back on a window only."""
        return any(layer.window_tokens is not None for layer in self.layers)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelWeights:
    """Sizes of a model's weights, in bytes. ``layer_bytes`` holds one entry a repeating layer."""

    total_bytes: int
    parameters: int
    layer_bytes: tuple[int, ...] = ()
    #: The table of tokens, and the last projection with its norm.
    embedding_bytes: int = 0
    output_bytes: int = 0
    #: The share of the layers that belongs to experts.
    expert_bytes: int = 0

    def scaled_to(self, total_bytes: int) -> "ModelWeights":
        """The same proportions in a size that is known."""
        factor = total_bytes / self.total_bytes if self.total_bytes else 0.0
        return ModelWeights(
            total_bytes=total_bytes,
            parameters=self.parameters,
            layer_bytes=tuple(round(size * factor) for size in self.layer_bytes),
            embedding_bytes=round(self.embedding_bytes * factor),
            output_bytes=round(self.output_bytes * factor),
            expert_bytes=round(self.expert_bytes * factor),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SizedModel:
    """A model whose memory can be estimated."""

    name: str
    quantisation: str | None
    shape: ModelShape
    weights: ModelWeights
    #: Bytes of a vision projector that is loaded beside it.
    projector_bytes: int = field(default=0)
