"""Give the default model an eye that vLLM runs: ``python give_sight.py FOLDER EYE.gguf NEW_FOLDER``.

The eye is the projector of ``tools/tiny_eye``. It becomes the vision tower of a LLaVA, exactly: the tower is wider than
the eye, and what is more than the eye stays zero. Run by the Python that has vLLM.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
from pathlib import Path
from typing import Any, Final

import gguf
import torch  # type: ignore[import-not-found]  # installed only where vLLM is
from safetensors.torch import load_file, save_file  # type: ignore[import-not-found]  # as above
from transformers import AutoTokenizer  # type: ignore[import-not-found]  # as above

_HEADS: Final = 4
_WIDTH: Final = 160
_HIDDEN: Final = 512
#: The eye's stream, and beside it what its projection computes last.
_WIDE: Final = _WIDTH + _HIDDEN
_BLOCKS: Final = 4
_PIXELS: Final = 128
_PATCH_PIXELS: Final = 32
_EPSILON: Final = 1e-6
#: So far from zero GELU changes nothing, which makes LLaVA's second activation harmless.
_FAR: Final = 24.0
#: A token of the model's own vocabulary that no chat needs.
_IMAGE_TOKEN: Final = "<jupyter_output>"
_TOWER: Final = "vision_tower.vision_model."
_TEMPLATE: Final = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'text' %}{{ part['text'] }}{% else %}{{ '" + _IMAGE_TOKEN + "' }}{% endif %}{% endfor %}"
    "{% endif %}{{ '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def main() -> None:
    """Write the folder."""
    source, eye_file, target = (Path(argument) for argument in sys.argv[1:])
    target.mkdir()
    reader = gguf.GGUFReader(eye_file)
    eye = {tensor.name: torch.tensor(tensor.data.copy()).float() for tensor in reader.tensors}
    text = load_file(source / "model.safetensors")
    weights = {f"language_model.{name}": value for name, value in text.items()} | build_tower(eye) | build_bridge(eye)
    save_file({name: value.contiguous() for name, value in weights.items()}, target / "model.safetensors")
    write_settings(source, target)


def build_tower(eye: dict[str, Any]) -> dict[str, Any]:
    """The eye's blocks, and one more that holds the first half of its projection."""
    weights = {
        "embeddings.patch_embedding.weight": _pad(_centre(eye["v.patch_embd.weight"]), _WIDE),
        "embeddings.patch_embedding.bias": _pad(_centre(eye["v.patch_embd.bias"]), _WIDE),
        "embeddings.position_embedding.weight": _pad(_centre(eye["v.position_embd.weight"].T), _WIDE).T,
        "post_layernorm.weight": torch.ones(_WIDE),
        "post_layernorm.bias": torch.zeros(_WIDE),
    }
    for block in range(_BLOCKS):
        ours, theirs = f"v.blk.{block}", f"encoder.layers.{block}"
        weights |= _norm(f"{theirs}.layer_norm1", eye, f"{ours}.ln1") | _norm(
            f"{theirs}.layer_norm2", eye, f"{ours}.ln2"
        )
        for name in ("q", "k", "v"):
            # A wider head divides its scores by more, which a larger query makes good.
            scale = math.sqrt(_WIDE / _WIDTH) if name == "q" else 1.0
            for part in ("weight", "bias"):
                value = _spread(eye[f"{ours}.attn_{name}.{part}"] * scale)
                weights[f"{theirs}.self_attn.{name}_proj.{part}"] = _pad_columns(value, _WIDE)
        out = _centre(eye[f"{ours}.attn_out.weight"])
        weights[f"{theirs}.self_attn.out_proj.weight"] = _pad(_spread(out.T).T, _WIDE)
        weights[f"{theirs}.self_attn.out_proj.bias"] = _pad(_centre(eye[f"{ours}.attn_out.bias"]), _WIDE)
        weights |= {
            f"{theirs}.mlp.fc1.weight": _pad_columns(_pad(eye[f"{ours}.ffn_up.weight"], _HIDDEN), _WIDE),
            f"{theirs}.mlp.fc1.bias": _pad(eye[f"{ours}.ffn_up.bias"], _HIDDEN),
            f"{theirs}.mlp.fc2.weight": _pad(_pad_columns(_centre(eye[f"{ours}.ffn_down.weight"]), _HIDDEN), _WIDE),
            f"{theirs}.mlp.fc2.bias": _pad(_centre(eye[f"{ours}.ffn_down.bias"]), _WIDE),
        }
    weights |= _projecting_block(eye, f"encoder.layers.{_BLOCKS}")
    return {_TOWER + name: value for name, value in weights.items()}


def _projecting_block(eye: dict[str, Any], name: str) -> dict[str, Any]:
    """A block that attends to nothing and writes the projection's hidden layer beside the stream."""
    beside = torch.zeros(_WIDE, _HIDDEN)
    beside[_WIDTH:] = torch.eye(_HIDDEN)
    nothing = {
        f"{name}.self_attn.{part}_proj.{kind}": torch.zeros(_WIDE, _WIDE) if kind == "weight" else torch.zeros(_WIDE)
        for part in ("q", "k", "v", "out")
        for kind in ("weight", "bias")
    }
    return {
        **nothing,
        f"{name}.layer_norm1.weight": torch.ones(_WIDE),
        f"{name}.layer_norm1.bias": torch.zeros(_WIDE),
        **_norm(f"{name}.layer_norm2", eye, "v.post_ln"),
        f"{name}.mlp.fc1.weight": _pad_columns(eye["mm.0.weight"], _WIDE),
        f"{name}.mlp.fc1.bias": eye["mm.0.bias"],
        f"{name}.mlp.fc2.weight": beside,
        f"{name}.mlp.fc2.bias": torch.zeros(_WIDE),
    }


def build_bridge(eye: dict[str, Any]) -> dict[str, Any]:
    """The second half of the projection; LLaVA's own second layer only undoes the shift."""
    model_width = eye["mm.1.bias"].shape[0]
    return {
        "multi_modal_projector.linear_1.weight": torch.cat(
            [torch.zeros(model_width, _WIDTH), eye["mm.1.weight"]], dim=1
        ),
        "multi_modal_projector.linear_1.bias": eye["mm.1.bias"] + _FAR,
        "multi_modal_projector.linear_2.weight": torch.eye(model_width),
        "multi_modal_projector.linear_2.bias": torch.full((model_width,), -_FAR),
    }


def write_settings(source: Path, target: Path) -> None:
    """Write what describes the model: its configuration, the tokenizer with a template for pictures, the processor."""
    tokenizer = AutoTokenizer.from_pretrained(source)
    tokenizer.chat_template = _TEMPLATE
    tokenizer.save_pretrained(target)
    shutil.copy(source / "generation_config.json", target)
    text = json.loads((source / "config.json").read_text(encoding="utf-8"))
    vision = {
        "model_type": "siglip_vision_model",
        "hidden_size": _WIDE,
        "intermediate_size": _HIDDEN,
        "num_hidden_layers": _BLOCKS + 1,
        "num_attention_heads": _HEADS,
        "image_size": _PIXELS,
        "patch_size": _PATCH_PIXELS,
        "hidden_act": "gelu_pytorch_tanh",
        "layer_norm_eps": _EPSILON * _WIDTH / _WIDE,
    }
    config = {
        "architectures": ["LlavaForConditionalGeneration"],
        "model_type": "llava",
        "text_config": text,
        "vision_config": vision,
        "image_token_index": tokenizer.convert_tokens_to_ids(_IMAGE_TOKEN),
        "image_seq_length": (_PIXELS // _PATCH_PIXELS) ** 2,
        "vision_feature_layer": -1,
        "vision_feature_select_strategy": "full",
        "projector_hidden_act": "gelu",
        "tie_word_embeddings": True,
    }
    processor = {
        "processor_class": "LlavaProcessor",
        "image_token": _IMAGE_TOKEN,
        "patch_size": _PATCH_PIXELS,
        "num_additional_image_tokens": 0,
        "vision_feature_select_strategy": "full",
    }
    pictures = {
        "image_processor_type": "SiglipImageProcessor",
        "do_resize": True,
        "size": {"height": _PIXELS, "width": _PIXELS},
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
        "do_convert_rgb": True,
    }
    for name, value in (("config", config), ("processor_config", processor), ("preprocessor_config", pictures)):
        (target / f"{name}.json").write_text(json.dumps(value, indent=2), encoding="utf-8")


def _centre(value: Any) -> Any:
    """Take the mean off what is written into the stream: each norm does so anyway, and beside it stay zeros."""
    return value - value.mean(0, keepdim=True)


def _norm(name: str, eye: dict[str, Any], ours: str) -> dict[str, Any]:
    """A norm over the wider stream, whose zeros make the variance smaller by a known factor."""
    return {
        f"{name}.weight": _pad(eye[f"{ours}.weight"] * math.sqrt(_WIDTH / _WIDE), _WIDE),
        f"{name}.bias": _pad(eye[f"{ours}.bias"], _WIDE),
    }


def _pad(value: Any, rows: int) -> Any:
    """Add rows of zeros."""
    return torch.cat([value, torch.zeros(rows - value.shape[0], *value.shape[1:])])


def _pad_columns(value: Any, columns: int) -> Any:
    """Add columns of zeros to a matrix; a vector stays as it is."""
    return value if value.dim() == 1 else _pad(value.T, columns).T


def _spread(value: Any) -> Any:
    """Lay the rows of each head at the beginning of the wider head's."""
    heads = value.reshape(_HEADS, _WIDTH // _HEADS, *value.shape[1:])
    wide = torch.zeros(_HEADS, _WIDE // _HEADS, *value.shape[1:])
    wide[:, : _WIDTH // _HEADS] = heads
    return wide.reshape(_WIDE, *value.shape[1:])


if __name__ == "__main__":
    main()
