"""A real llama.cpp server with a real, tiny re-ranking model whose weights are drawn by lot.

Run as a script it serves the model file that is named until its input ends, and prints its address.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np

__all__ = ["CONTEXT_TOKENS", "WORDS", "run_reranking_engine", "write_reranking_model"]

CONTEXT_TOKENS: Final = 512
WORDS: Final = ("tea", "water", "railway", "hot", "how", "is", "for", "the", "samovar", "green", "degrees", "opened")
_SPECIAL: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_WIDTH: Final = 32


def write_reranking_model(path: Path) -> Path:
    """Write a BERT of one layer with a head for classification, as GGUF; 80 KB."""
    import gguf

    tokens = [*_SPECIAL, *("\u2581" + word for word in WORDS)]
    writer = gguf.GGUFWriter(str(path), "bert")
    writer.add_context_length(CONTEXT_TOKENS)
    writer.add_embedding_length(_WIDTH)
    writer.add_feed_forward_length(2 * _WIDTH)
    writer.add_block_count(1)
    writer.add_head_count(2)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.RANK)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("bert")
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token in _SPECIAL else 1 for token in tokens])
    writer.add_token_type_count(2)
    writer.add_pad_token_id(0)
    writer.add_unk_token_id(1)
    writer.add_bos_token_id(2)
    writer.add_sep_token_id(3)
    writer.add_eos_token_id(3)
    writer.add_mask_token_id(4)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(True)
    lot = np.random.default_rng(7)
    for name, shape in _shapes(len(tokens)).items():
        is_scale = name.endswith("norm.weight")
        drawn = np.ones(shape) if is_scale else lot.normal(0.0, 0.3, shape)
        writer.add_tensor(name, drawn.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _shapes(vocabulary: int) -> dict[str, tuple[int, ...]]:
    width, wide = _WIDTH, 2 * _WIDTH
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (vocabulary, width),
        "token_types.weight": (2, width),
        "position_embd.weight": (CONTEXT_TOKENS, width),
    }
    for norm in ("token_embd_norm", "blk.0.attn_output_norm", "blk.0.layer_output_norm"):
        shapes |= {f"{norm}.weight": (width,), f"{norm}.bias": (width,)}
    for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
        shapes |= {f"blk.0.{part}.weight": (width, width), f"blk.0.{part}.bias": (width,)}
    shapes |= {"blk.0.ffn_up.weight": (wide, width), "blk.0.ffn_up.bias": (wide,)}
    shapes |= {"blk.0.ffn_down.weight": (width, wide), "blk.0.ffn_down.bias": (width,)}
    shapes |= {"cls.weight": (width, width), "cls.bias": (width,), "cls.output.weight": (1, width)}
    return shapes | {"cls.output.bias": (1,)}


@contextmanager
def run_reranking_engine(model: Path) -> Iterator[str]:
    """Serve a model in a process of its own; gives the address."""
    command = [sys.executable, __file__, str(model)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        address = child.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), "the model was loaded"
        try:
            yield address
        finally:
            child.stdin.close()
            child.wait(30)


def _serve(model: str) -> None:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.embedding = True
    params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_RANK
    params.n_ctx = params.n_batch = params.n_ubatch = CONTEXT_TOKENS
    params.cpuparams.n_threads = 1
    params.warmup = False
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    _serve(sys.argv[1])
