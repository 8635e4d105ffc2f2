"""The network as a GGUF file that llama.cpp loads as a projector."""

from pathlib import Path
from typing import Final

import gguf
import numpy as np

from .network import BLOCKS, EPSILON, FEED_FORWARD, HEADS, PATCH_PIXELS, WIDTH, Weights
from .scenes import IMAGE_PIXELS

__all__ = ["write_projector"]

#: Ours to llama.cpp's names of the matrices of a block. Source: tools/mtmd/clip-impl.h, 2026.
_MATRICES: Final = {
    "query": "attn_q",
    "key": "attn_k",
    "value": "attn_v",
    "out": "attn_out",
    "up": "ffn_up",
    "down": "ffn_down",
}


def write_projector(weights: Weights, path: Path) -> None:
    """Write the file whole, then put it in place. Matrices are kept in half precision."""
    draft = path.with_name(path.name + ".draft")
    writer = gguf.GGUFWriter(str(draft), "clip")
    _write_description(writer, model_width=weights["project1.bias"].shape[0])
    _write_tensors(writer, weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    draft.replace(path)


def _write_description(writer: gguf.GGUFWriter, *, model_width: int) -> None:
    writer.add_string("general.type", "mmproj")
    writer.add_string("general.name", "samovar-tiny-eye")
    writer.add_string("clip.projector_type", "janus_pro")
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_bool("clip.use_gelu", True)
    numbers = {
        "image_size": IMAGE_PIXELS,
        "patch_size": PATCH_PIXELS,
        "embedding_length": WIDTH,
        "feed_forward_length": FEED_FORWARD,
        "projection_dim": model_width,
        "block_count": BLOCKS,
        "attention.head_count": HEADS,
    }
    for name, number in numbers.items():
        writer.add_uint32(f"clip.vision.{name}", number)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", EPSILON)
    writer.add_array("clip.vision.image_mean", [0.5] * 3)
    writer.add_array("clip.vision.image_std", [0.5] * 3)


def _write_tensors(writer: gguf.GGUFWriter, weights: Weights) -> None:
    def add(name: str, ours: str, *, is_matrix: bool = False) -> None:
        value = weights[ours].T.astype(np.float16) if is_matrix else weights[ours]
        writer.add_tensor(name, np.ascontiguousarray(value))

    kernel = weights["patch.weight"].T.reshape(WIDTH, 3, PATCH_PIXELS, PATCH_PIXELS)
    writer.add_tensor("v.patch_embd.weight", np.ascontiguousarray(kernel))
    add("v.patch_embd.bias", "patch.bias")
    add("v.position_embd.weight", "position")
    for block in range(BLOCKS):
        for ours, theirs in _MATRICES.items():
            add(f"v.blk.{block}.{theirs}.weight", f"{block}.{ours}.weight", is_matrix=True)
            add(f"v.blk.{block}.{theirs}.bias", f"{block}.{ours}.bias")
        for number in (1, 2):
            add(f"v.blk.{block}.ln{number}.weight", f"{block}.norm{number}.weight")
            add(f"v.blk.{block}.ln{number}.bias", f"{block}.norm{number}.bias")
    add("v.post_ln.weight", "last_norm.weight")
    add("v.post_ln.bias", "last_norm.bias")
    for number in (0, 1):
        add(f"mm.{number}.weight", f"project{number}.weight", is_matrix=True)
        add(f"mm.{number}.bias", f"project{number}.bias")
