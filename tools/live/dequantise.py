"""Write a GGUF model as a folder that vLLM loads: ``python dequantise.py MODEL.gguf FOLDER``.

Run by the Python that has vLLM, whose transformers reads GGUF files.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch  # type: ignore[import-not-found]  # installed only where vLLM is
from transformers import AutoModelForCausalLM, AutoTokenizer  # type: ignore[import-not-found]  # as above


def main() -> None:
    """Read the file, undo its quantisation and save the result in half precision."""
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    read = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name, dtype=torch.float32)
    # What was read from a GGUF file counts as quantised and refuses to be saved, so the weights move to a fresh model.
    config = read.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    config.architectures = [type(read).__name__]
    model = type(read)(config)
    model.load_state_dict(read.state_dict())
    model.tie_weights()
    model.generation_config.bos_token_id = tokenizer.bos_token_id
    model.generation_config.eos_token_id = [tokenizer.eos_token_id]
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    # Q4_1 keeps its scales in this precision, so next to nothing is lost.
    model.to(torch.float16).save_pretrained(target)
    tokenizer.model_max_length = config.max_position_embeddings
    tokenizer.save_pretrained(target)


if __name__ == "__main__":
    main()
