"""A model from the ``config.json`` that stands beside safetensors files."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from samovar.domain.errors import ModelFileInvalid, ModelFileMissing
from samovar.weights.architecture import Architecture, LatentAttention, Tensor
from samovar.weights.metadata import MAX_LAYERS
from samovar.weights.quantisation import weights_of
from samovar.weights.shape import LayerShape, ModelShape, SizedModel

__all__ = ["read_config"]

_MAX_CONFIG_BYTES: Final = 4_000_000
_MAX_INDEX_BYTES: Final = 64_000_000
_MAX_WIDTH: Final = 2**24
_MAX_EXPERTS: Final = 65_536
_MAX_TOTAL_BYTES: Final = 2**50
_INDEX: Final = "model.safetensors.index.json"

#: Bits of a number in each type that a config may name.
_DTYPE_BITS: Final = {"float32": 32.0, "float16": 16.0, "bfloat16": 16.0, "float8_e4m3fn": 8.0}
#: Families whose configs leave out that the table of tokens is the last projection too. Source: transformers, 2026.
_TIED_FAMILIES: Final = ("gemma", "cohere")
#: Families whose attention has biases without a word in the config. Source: transformers, 2026.
_BIASED_FAMILIES: Final = ("qwen2",)
_FUSED_FAMILIES: Final = ("phi3",)
#: A quantisation of experts alone. Source: gpt-oss, 2025.
_EXPERTS_ONLY: Final = "MXFP4"
#: Every how many layers one sees everything, where the config gives a window and no list. Source: transformers, 2026.
_WINDOW_PERIODS: Final = {"gemma2": 2, "gemma3": 6, "gemma3_text": 6, "cohere2": 4}
_MORE_NORMS: Final = {"gemma2": 2, "gemma3": 2, "gemma3_text": 2}


def read_config(path: Path) -> SizedModel:
    """Read a config; the sizes come from the index or the files beside it, else from the measures.

    A vision part is counted only where the sizes come from files.

    Raises: ModelFileMissing, ModelFileInvalid.
    Source: config.json of github huggingface/transformers, 2026.
    """
    try:
        whole = _read_json(path, _MAX_CONFIG_BYTES)
        config = _Config(whole)
        architecture = config.architecture()
        weights = weights_of(architecture, config.bits)
        shape = config.with_layer_kinds(architecture.shape())
        if known := _files_bytes(path.parent):
            weights = weights.scaled_to(known)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ModelFileMissing(path=str(path)) from error
    except (_UnclearError, RecursionError) as error:
        raise ModelFileInvalid(path=str(path), reason=str(error)) from error
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "it is not a JSON object"
        raise ModelFileInvalid(path=str(path), reason=reason) from error
    name = path.resolve().parent.name or architecture.name
    return SizedModel(name=name, quantisation=config.quantisation, shape=shape, weights=weights)


class _UnclearError(Exception):
    """Says in words what a config lacks; never leaves this file."""


class _Config:
    """A config with its numbers checked; a vision model keeps those of its language part one level down."""

    def __init__(self, whole: dict[str, Any]) -> None:
        inner = whole.get("text_config")
        self._fields: dict[str, Any] = {**whole, **inner} if isinstance(inner, dict) else whole
        self._whole = whole
        family = self._fields.get("model_type")
        self._family = family[:64] if isinstance(family, str) and family else "unknown"
        self._quantised_bits, self.quantisation = self._read_quantisation()

    def bits(self, tensor: Tensor) -> float:
        """Bits of each value of a tensor: quantisers of this kind leave tables, norms and routers as they are."""
        if tensor.role in ("token_embd", "output", "norm", "router"):
            return self._dtype_bits
        if self.quantisation == _EXPERTS_ONLY and not tensor.is_expert:
            return self._dtype_bits
        return self._quantised_bits

    def architecture(self) -> Architecture:
        """The measures. Raises: _UnclearError."""
        layers = self._need("num_hidden_layers", most=MAX_LAYERS)
        width = self._need("hidden_size")
        heads = self._need("num_attention_heads")
        inner = self._number("intermediate_size") or 4 * width
        experts = self._first("num_local_experts", "num_experts", "n_routed_experts", most=_MAX_EXPERTS)
        expert_inner = (self._number("moe_intermediate_size") or inner) if experts else 0
        shared = self._number("shared_expert_intermediate_size") or self._number("n_shared_experts") * expert_inner
        return Architecture(
            name=self._family,
            layers=layers,
            embedding_length=width,
            heads=heads,
            kv_heads=self._number("num_key_value_heads") or heads,
            head_length=self._number("head_dim") or max(width // heads, 1),
            feed_forward_length=inner,
            vocabulary=self._need("vocab_size"),
            context_tokens=self._number("max_position_embeddings", most=2**40) or None,
            is_tied=self._flag("tie_word_embeddings", default=self._family.startswith(_TIED_FAMILIES)),
            has_attention_bias=self._flag("attention_bias", default=self._family.startswith(_BIASED_FAMILIES)),
            is_fused=self._family.startswith(_FUSED_FAMILIES),
            more_norms=_MORE_NORMS.get(self._family, 0),
            expert_count=experts,
            expert_used_count=self._number("num_experts_per_tok") if experts else 0,
            expert_feed_forward_length=expert_inner,
            shared_expert_feed_forward_length=shared if experts else 0,
            dense_layers=self._number("first_k_dense_replace"),
            latent=self._latent(),
            windows=self._windows(layers),
        )

    def with_layer_kinds(self, shape: ModelShape) -> ModelShape:
        """Layers of linear attention remember no tokens."""
        kinds = self._layer_types(len(shape.layers))
        if "linear_attention" not in kinds:
            return shape
        layers = [
            LayerShape() if kind == "linear_attention" else layer
            for kind, layer in zip(kinds, shape.layers, strict=True)
        ]
        return replace(shape, layers=tuple(layers))

    @property
    def _dtype_bits(self) -> float:
        name = self._fields.get("torch_dtype") or self._fields.get("dtype") or "bfloat16"
        return _DTYPE_BITS.get(name, 16.0) if isinstance(name, str) else 16.0

    def _read_quantisation(self) -> tuple[float, str | None]:
        found = self._whole.get("quantization_config") or self._fields.get("quantization_config")
        if not isinstance(found, dict):
            return self._dtype_bits, {32.0: "F32", 16.0: "F16", 8.0: "FP8"}[self._dtype_bits]
        method = str(found.get("quant_method", ""))[:32].lower()
        bits = found.get("bits")
        four_or_eight = float(bits) if bits in (2, 3, 4, 8) else 4.0
        match method:
            case "awq" | "gptq":
                group = found.get("group_size")
                size = group if isinstance(group, int) and group > 0 else 128
                # Each group has a scale of 16 bits and a zero point of as many bits as a value.
                return four_or_eight + (16 + four_or_eight) / size, f"{method.upper()} {four_or_eight:.0f}-bit"
            case "bitsandbytes" if found.get("load_in_8bit"):
                return 8.0, "bitsandbytes 8-bit"
            case "bitsandbytes":
                # Blocks of 64 values share a 32-bit scale, or an 8-bit one when scales are quantised too.
                scale = 8 / 64 + 32 / (64 * 256) if found.get("bnb_4bit_use_double_quant") else 32 / 64
                return 4.0 + scale, "bitsandbytes 4-bit"
            case "fp8" | "fbgemm_fp8" | "modelopt":
                return 8.0, "FP8"
            case "mxfp4":
                return 4.25, _EXPERTS_ONLY
            case "compressed-tensors":
                return self._compressed_bits(found)
        raise _UnclearError(f"its quantisation {method or 'without a name'} is not known")

    def _compressed_bits(self, found: dict[str, Any]) -> tuple[float, str]:
        groups = found.get("config_groups")
        for group in groups.values() if isinstance(groups, dict) else ():
            weights = group.get("weights") if isinstance(group, dict) else None
            bits = weights.get("num_bits") if isinstance(weights, dict) else None
            if bits in (4, 8):
                return float(bits) + (0.125 if bits == 4 else 0.0), f"compressed-tensors {bits}-bit"
        raise _UnclearError("its quantisation does not say how many bits it has")

    def _latent(self) -> LatentAttention | None:
        if not self._number("kv_lora_rank"):
            return None
        return LatentAttention(
            kv_lora_rank=self._need("kv_lora_rank"),
            qk_nope_head_dim=self._need("qk_nope_head_dim"),
            qk_rope_head_dim=self._need("qk_rope_head_dim"),
            v_head_dim=self._need("v_head_dim"),
            q_lora_rank=self._number("q_lora_rank"),
        )

    def _windows(self, layers: int) -> tuple[int | None, ...]:
        window = self._number("sliding_window")
        if not window or self._fields.get("use_sliding_window") is False:
            return ()
        if kinds := self._layer_types(layers):
            return tuple(window if kind == "sliding_attention" else None for kind in kinds)
        period = self._number("sliding_window_pattern") or _WINDOW_PERIODS.get(self._family, 0)
        if not period:
            # Whether the server honours it depends on the server; without it, more memory is needed and not less.
            return ()
        return tuple(window if layer % period < period - 1 else None for layer in range(layers))

    def _layer_types(self, layers: int) -> list[str]:
        kinds = self._fields.get("layer_types")
        if isinstance(kinds, list) and len(kinds) == layers and all(isinstance(kind, str) for kind in kinds):
            return kinds
        return []

    def _flag(self, name: str, *, default: bool) -> bool:
        value = self._fields.get(name)
        return value if isinstance(value, bool) else default

    def _first(self, *names: str, most: int) -> int:
        return next((value for name in names if (value := self._number(name, most=most))), 0)

    def _number(self, name: str, most: int = _MAX_WIDTH) -> int:
        """A whole number from 0; 0 also where there is none."""
        value = self._fields.get(name)
        if value is None or isinstance(value, bool) or not isinstance(value, int):
            return 0
        if not 0 <= value <= most:
            raise _UnclearError(f"its {name} cannot be true")
        return value

    def _need(self, name: str, most: int = _MAX_WIDTH) -> int:
        value = self._number(name, most)
        if not value:
            raise _UnclearError(f"it does not give {name}")
        return value


def _read_json(path: Path, most_bytes: int) -> dict[str, Any]:
    with path.open("rb") as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise _UnclearError(f"it is larger than {most_bytes // 1_000_000} MB")
    found = json.loads(content)
    if not isinstance(found, dict):
        raise _UnclearError("it is not a JSON object")
    return found


def _files_bytes(folder: Path) -> int:
    """The size that the index gives, else that of the files beside the config; 0 where neither is there."""
    index = folder / _INDEX
    if index.is_file():
        metadata = _read_json(index, _MAX_INDEX_BYTES).get("metadata")
        total = metadata.get("total_size") if isinstance(metadata, dict) else None
        if isinstance(total, (int, float)) and 0 < total < _MAX_TOTAL_BYTES:
            return int(total)
    return sum(path.stat().st_size for path in folder.glob("model*.safetensors") if path.is_file())
