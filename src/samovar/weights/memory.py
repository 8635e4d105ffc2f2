"""Memory that a model needs besides its weights: what it remembers of the text, its scratch space, its process.

All of it follows llama.cpp with one answer at a time (``engine.parallel`` = 1), flash attention and batches of 512
tokens, as the embedded engine runs it. Each further answer at the same time remembers a text of its own.
"""

from typing import Final, get_args

from samovar.domain.backend import KvCacheType
from samovar.weights.shape import LayerShape, ModelShape

__all__ = ["KV_TYPES", "KvType", "cells_of", "compute_bytes", "kv_bytes", "layer_kv_bytes", "overhead_bytes"]

#: How the keys and values of past tokens are stored.
KvType = KvCacheType
KV_TYPES: Final[tuple[KvType, ...]] = get_args(KvType)

#: Bytes of 32 stored numbers. Source: ggml-common.h, blocks of q8_0 and q4_0.
_KV_BLOCK_BYTES: Final = {"f16": 64, "q8_0": 34, "q4_0": 18}
_KV_BLOCK: Final = 32
#: Caches are rounded up to this many tokens. Source: llama-context.cpp and llama-kv-cache-iswa.cpp, 2026.
_CELLS: Final = 256
_BATCH_TOKENS: Final = 512
_F32_BYTES: Final = 4
_F16_BYTES: Final = 2
#: The engine's process before it holds a model: Python, llama.cpp and its HTTP server. Measured on Linux x86-64,
#: Python 3.11, xllamacpp 2026.10: 33 to 38 MB resident.
_PROCESS_BYTES: Final = 38_000_000
#: What the tokenizer keeps for each token of its vocabulary. Measured with vocabularies of 32,000 to 262,144:
#: 210 bytes (SentencePiece) to 470 (byte pairs with merges).
_TOKEN_BYTES: Final = 420


def kv_bytes(shape: ModelShape, context_tokens: int, kv: KvType) -> int:
    """What is remembered of a text that fills the context: 2 x tokens x layers x kv-heads x head-dim x bytes.

    Layers with a window remember the window and one batch; recurrent layers a state of fixed size.
    """
    return sum(layer_kv_bytes(layer, context_tokens, kv) for layer in shape.layers)


def layer_kv_bytes(layer: LayerShape, context_tokens: int, kv: KvType) -> int:
    """The same for one layer."""
    numbers = (layer.key_values + layer.value_values) * cells_of(layer, context_tokens)
    return numbers * _KV_BLOCK_BYTES[kv] // _KV_BLOCK + layer.state_bytes


def cells_of(layer: LayerShape, context_tokens: int) -> int:
    """How many tokens a layer has room for. Source: llama-kv-cache-iswa.cpp, 2026."""
    cells = _padded(context_tokens)
    return cells if layer.window_tokens is None else min(cells, _padded(layer.window_tokens + _BATCH_TOKENS))


def compute_bytes(shape: ModelShape, context_tokens: int) -> int:
    """Scratch space for one batch: activations, and a mask for each size of cache.

    Fitted to llama.cpp's own report of its buffers (build 11549, October 2026) for the shapes of SmolLM2 135M,
    Llama 3.1 8B, Mixtral 8x7B, Qwen2.5 7B, Qwen3 30B-A3B, Gemma 2 9B, Gemma 3 4B, DeepSeek V2 Lite and LFM2 1.2B, with
    1,024 to 131,072 tokens of context; within 0.1 % of each. What recurrent layers need here is not counted: some
    megabytes.
    """
    experts = shape.expert_used_count
    expert_width = experts * shape.expert_feed_forward_length
    activations = max(
        3 * max(shape.feed_forward_length, expert_width) + 5 * shape.embedding_length,
        2 * expert_width + 2 * experts * shape.embedding_length,
    )
    masks = {layer.window_tokens is None: cells_of(layer, context_tokens) for layer in shape.layers if layer.key_values}
    return _BATCH_TOKENS * (activations * _F32_BYTES + sum(masks.values()) * _F16_BYTES)


def overhead_bytes(shape: ModelShape, context_tokens: int) -> int:
    """Everything besides weights and cache, as it is resident in the engine's process.

    Of the scratch space a short prompt touches little and a full batch all: half of it is counted, which is within
    5 % of the resident size of the default model either way.
    """
    return _PROCESS_BYTES + shape.vocabulary * _TOKEN_BYTES + compute_bytes(shape, context_tokens) // 2


def _padded(tokens: int) -> int:
    return -(-tokens // _CELLS) * _CELLS
