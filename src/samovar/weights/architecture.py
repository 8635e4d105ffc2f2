"""A transformer described by the measures that its publisher gives, and the list of tensors that follows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from samovar.weights.shape import LayerShape, ModelShape

__all__ = ["Architecture", "LatentAttention", "Role", "Tensor"]

#: What a tensor is for, in llama.cpp's names. Quantisers treat them differently.
Role = Literal[
    "token_embd", "output", "attn_q", "attn_k", "attn_v", "attn_qkv", "attn_output", "ffn_gate", "ffn_up", "ffn_down",
    "attn_latent", "router", "norm",
]  # fmt: skip

_OUTSIDE_LAYERS: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One tensor: ``columns`` is the length of its rows; ``layer`` is -1 outside the repeating layers."""

    role: Role
    layer: int
    columns: int
    elements: int
    is_expert: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LatentAttention:
    """Widths of multi-head latent attention. Source: DeepSeek-V2 report, 2024; names of its config.json."""

    kv_lora_rank: int
    qk_nope_head_dim: int
    qk_rope_head_dim: int
    v_head_dim: int
    #: 0 where queries are projected at once.
    q_lora_rank: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """A decoder as its config.json describes it."""

    name: str
    layers: int
    embedding_length: int
    heads: int
    kv_heads: int
    head_length: int
    feed_forward_length: int
    vocabulary: int
    context_tokens: int | None = None
    #: The table of tokens serves as the last projection too.
    is_tied: bool = False
    has_attention_bias: bool = False
    #: Queries, keys and values in one tensor, gate and up in another (Phi-3, Phi-4).
    is_fused: bool = False
    #: Norms beside the two that each layer has, as wide as the model (Gemma 2 and 3 have two).
    more_norms: int = 0
    expert_count: int = 0
    expert_used_count: int = 0
    expert_feed_forward_length: int = 0
    shared_expert_feed_forward_length: int = 0
    #: Layers at the beginning without experts.
    dense_layers: int = 0
    latent: LatentAttention | None = None
    #: The window of each layer, None for the whole context; empty when all layers see everything.
    windows: tuple[int | None, ...] = ()

    def shape(self) -> ModelShape:
        """The measures that memory depends on."""
        if self.latent is not None:
            keys, values = self.latent.kv_lora_rank + self.latent.qk_rope_head_dim, 0
        else:
            keys = values = self.kv_heads * self.head_length
        windows = self.windows or (None,) * self.layers
        has_dense = self.expert_count == 0 or self.dense_layers > 0
        return ModelShape(
            architecture=self.name,
            layers=tuple(LayerShape(key_values=keys, value_values=values, window_tokens=window) for window in windows),
            embedding_length=self.embedding_length,
            feed_forward_length=self.feed_forward_length if has_dense else 0,
            vocabulary=self.vocabulary,
            context_tokens=self.context_tokens,
            heads=self.heads,
            expert_count=self.expert_count,
            expert_used_count=self.expert_used_count,
            expert_feed_forward_length=self.expert_feed_forward_length,
        )

    def tensors(self) -> Iterator[Tensor]:
        """Every tensor, as llama.cpp's converter writes them; norms of single heads are too small to count."""
        width = self.embedding_length
        yield _outside("token_embd", width, self.vocabulary * width)
        if not self.is_tied:
            yield _outside("output", width, self.vocabulary * width)
        yield _outside("norm", width, width)
        for layer in range(self.layers):
            yield from self._attention(layer)
            if self.expert_count and layer >= self.dense_layers:
                yield from self._experts(layer)
            else:
                yield from self._feed_forward(layer, self.feed_forward_length)
            norms = (2 + self.more_norms) * width
            yield Tensor(role="norm", layer=layer, columns=width, elements=norms)

    def _attention(self, layer: int) -> Iterator[Tensor]:
        width = self.embedding_length
        queries, keys = self.heads * self.head_length, self.kv_heads * self.head_length
        if self.latent is not None:
            yield from self._latent_attention(layer, self.latent)
            return
        if self.is_fused:
            yield _matrix("attn_qkv", layer, width, queries + 2 * keys)
        else:
            yield _matrix("attn_q", layer, width, queries)
            yield _matrix("attn_k", layer, width, keys)
            yield _matrix("attn_v", layer, width, keys)
        yield _matrix("attn_output", layer, queries, width)
        if self.has_attention_bias:
            biases = queries + 2 * keys
            yield Tensor(role="norm", layer=layer, columns=biases, elements=biases)

    def _latent_attention(self, layer: int, latent: LatentAttention) -> Iterator[Tensor]:
        width = self.embedding_length
        head = latent.qk_nope_head_dim + latent.qk_rope_head_dim
        if latent.q_lora_rank:
            yield _matrix("attn_latent", layer, width, latent.q_lora_rank)
            yield _matrix("attn_latent", layer, latent.q_lora_rank, self.heads * head)
        else:
            yield _matrix("attn_q", layer, width, self.heads * head)
        yield _matrix("attn_latent", layer, width, latent.kv_lora_rank + latent.qk_rope_head_dim)
        yield _matrix("attn_latent", layer, latent.qk_nope_head_dim, self.heads * latent.kv_lora_rank)
        yield _matrix("attn_latent", layer, latent.kv_lora_rank, self.heads * latent.v_head_dim)
        yield _matrix("attn_output", layer, self.heads * latent.v_head_dim, width)

    def _feed_forward(self, layer: int, inner: int) -> Iterator[Tensor]:
        if self.is_fused:
            yield _matrix("ffn_up", layer, self.embedding_length, 2 * inner)
        else:
            yield _matrix("ffn_gate", layer, self.embedding_length, inner)
            yield _matrix("ffn_up", layer, self.embedding_length, inner)
        yield _matrix("ffn_down", layer, inner, self.embedding_length)

    def _experts(self, layer: int) -> Iterator[Tensor]:
        width, inner, count = self.embedding_length, self.expert_feed_forward_length, self.expert_count
        yield _matrix("router", layer, width, count)
        yield _matrix("ffn_gate", layer, width, inner * count, is_expert=True)
        yield _matrix("ffn_up", layer, width, inner * count, is_expert=True)
        yield _matrix("ffn_down", layer, inner, width * count, is_expert=True)
        if self.shared_expert_feed_forward_length:
            yield from self._feed_forward(layer, self.shared_expert_feed_forward_length)


def _outside(role: Role, columns: int, elements: int) -> Tensor:
    return Tensor(role=role, layer=_OUTSIDE_LAYERS, columns=columns, elements=elements)


def _matrix(role: Role, layer: int, columns: int, rows: int, *, is_expert: bool = False) -> Tensor:
    return Tensor(role=role, layer=layer, columns=columns, elements=columns * rows, is_expert=is_expert)
