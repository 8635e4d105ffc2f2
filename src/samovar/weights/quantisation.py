"""How large a model becomes in each quantisation.

A quantised file is a mixture: llama.cpp keeps the tensors that matter most at more bits. The rules below are those
of ``llama-quantize`` for the quantisations that people publish. Source: llama-quant.cpp, 2026.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from samovar.weights.architecture import Architecture, Tensor
from samovar.weights.shape import ModelWeights

__all__ = ["BITS_PER_WEIGHT", "QUANTISATIONS", "quantised_weights", "weights_of"]

#: Bits for each weight of a whole file, coarsest first: what advice about another quantisation goes by.
#: Source: llama.cpp, tools/quantize/README.md, Llama 3.1 8B, 2026.
BITS_PER_WEIGHT: Final = {
    "IQ2_M": 2.9294, "Q2_K": 3.1593, "IQ3_XXS": 3.2548, "IQ3_M": 3.7628, "Q3_K_M": 3.9960, "IQ4_XS": 4.4597,
    "Q4_K_S": 4.6672, "Q4_K_M": 4.8944, "Q5_K_S": 5.5704, "Q5_K_M": 5.7036, "Q6_K": 6.5633, "Q8_0": 8.5008,
    "F16": 16.0005,
}  # fmt: skip

#: Bits of a value in each tensor type. Source: ggml-common.h, block sizes.
_TYPE_BITS: Final = {
    "F32": 32.0, "BF16": 16.0, "F16": 16.0, "Q8_0": 8.5, "Q6_K": 6.5625, "Q5_K": 5.5, "Q5_1": 6.0, "Q5_0": 5.5,
    "Q4_K": 4.5, "Q4_1": 5.0, "Q4_0": 4.5, "IQ4_NL": 4.5, "IQ4_XS": 4.25, "Q3_K": 3.4375, "Q2_K": 2.625,
}  # fmt: skip
#: The type that most tensors get.
_BASE: Final = {
    "Q2_K": "Q2_K", "Q3_K_M": "Q3_K", "IQ4_XS": "IQ4_XS", "Q4_0": "Q4_0", "Q4_K_S": "Q4_K", "Q4_K_M": "Q4_K",
    "Q5_K_S": "Q5_K", "Q5_K_M": "Q5_K", "Q6_K": "Q6_K", "Q8_0": "Q8_0", "F16": "F16", "BF16": "BF16",
}  # fmt: skip
QUANTISATIONS: Final = tuple(_BASE)

#: What a type gives way to where rows do not fill its blocks of 256.
_SHORT_ROWS: Final = {
    "Q2_K": "Q4_0", "Q3_K": "Q4_0", "IQ4_XS": "IQ4_NL", "Q4_K": "Q5_0", "Q5_K": "Q5_1", "Q6_K": "Q8_0",
}  # fmt: skip
_LONG_BLOCK: Final = 256


@lru_cache(maxsize=256)
def quantised_weights(architecture: Architecture, quantisation: str) -> ModelWeights:
    """Estimate the sizes of a GGUF file. Raises: KeyError for a quantisation outside ``QUANTISATIONS``."""
    base = _BASE[quantisation]

    def bits(tensor: Tensor) -> float:
        kind = _tensor_type(architecture, tensor, quantisation, base)
        if kind in _SHORT_ROWS and tensor.columns % _LONG_BLOCK:
            kind = _SHORT_ROWS[kind]
        return _TYPE_BITS[kind]

    return weights_of(architecture, bits)


def weights_of(architecture: Architecture, bits: Callable[[Tensor], float]) -> ModelWeights:
    """Add up all tensors at the bits that each of them takes."""
    layers = [0.0] * architecture.layers
    total = embedding = output = experts = 0.0
    parameters = 0
    for tensor in architecture.tensors():
        size = tensor.elements * bits(tensor) / 8
        total += size
        parameters += tensor.elements
        if tensor.layer >= 0:
            layers[tensor.layer] += size
            experts += size if tensor.is_expert else 0
        elif tensor.role == "token_embd":
            embedding += size
        else:
            output += size
    return ModelWeights(
        total_bytes=round(total),
        parameters=parameters,
        layer_bytes=tuple(round(size) for size in layers),
        embedding_bytes=round(embedding),
        output_bytes=round(output),
        expert_bytes=round(experts),
    )


def _tensor_type(architecture: Architecture, tensor: Tensor, quantisation: str, base: str) -> str:
    if tensor.role in ("norm", "router"):
        return "F32"
    if base in ("F16", "BF16", "Q8_0"):
        return base
    if tensor.role == "output" or (tensor.role == "token_embd" and architecture.is_tied):
        return "Q6_K"
    return _MIXTURES.get(tensor.role, _plain)(architecture, tensor, quantisation) or base


def _plain(_architecture: Architecture, _tensor: Tensor, _quantisation: str) -> str | None:
    return None


def _values(architecture: Architecture, tensor: Tensor, quantisation: str) -> str | None:
    is_grouped = architecture.heads >= 4 * architecture.kv_heads
    layer, found = tensor.layer, None
    match quantisation:
        case "Q2_K":
            found = "Q4_K" if is_grouped else "Q3_K"
        case "Q3_K_M":
            found = "Q5_K" if layer < 2 else "Q4_K"
        case "IQ4_XS" if is_grouped:
            found = "Q5_K"
        case "Q4_K_S" if layer < 4:
            found = "Q5_K"
        case "Q4_K_M" | "Q5_K_M" if _matters(layer, architecture.layers):
            found = "Q6_K"
    # Eight experts share their attention, which is small beside them.
    return "Q8_0" if architecture.expert_count == 8 else found


def _keys(architecture: Architecture, _tensor: Tensor, _quantisation: str) -> str | None:
    return "Q8_0" if architecture.expert_count == 8 else None


def _down(architecture: Architecture, tensor: Tensor, quantisation: str) -> str | None:
    layer, layers = tensor.layer, architecture.layers
    match quantisation:
        case "Q2_K":
            return "Q3_K"
        case "Q3_K_M":
            return "Q5_K" if layer < layers // 16 else "Q4_K"
        case "IQ4_XS" | "Q4_K_S" if layer < layers // 8:
            return "Q5_K"
        case "Q4_K_M" | "Q5_K_M" if _matters(layer, layers):
            return "Q6_K"
    return None


def _attention_output(architecture: Architecture, _tensor: Tensor, quantisation: str) -> str | None:
    if architecture.expert_count == 8 and quantisation in ("Q2_K", "Q3_K_M", "IQ4_XS", "Q4_K_S", "Q4_K_M"):
        return "Q5_K"
    return {"Q2_K": "Q3_K", "Q3_K_M": "Q4_K"}.get(quantisation)


def _fused(_architecture: Architecture, _tensor: Tensor, quantisation: str) -> str | None:
    return {"Q3_K_M": "Q4_K", "Q4_K_M": "Q5_K", "Q5_K_M": "Q6_K"}.get(quantisation)


_MIXTURES: Final[dict[str, Callable[[Architecture, Tensor, str], str | None]]] = {
    "attn_v": _values,
    "attn_k": _keys,
    "attn_qkv": _fused,
    "attn_output": _attention_output,
    "ffn_down": _down,
}


def _matters(layer: int, layers: int) -> bool:
    """Whether a layer gets more bits: the first and the last eighth, and every third between."""
    return layer < layers // 8 or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2
