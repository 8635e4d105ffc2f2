"""The language model's own embeddings of the words that captions use."""

from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

from .scenes import WORDS

__all__ = ["read_embeddings"]


def read_embeddings(model_file: Path) -> NDArray[np.float32]:
    """Return one embedding for each of ``WORDS``. Shape: (words, width of the model).

    Raises: SystemExit when a word is not a single token of this model.
    """
    reader = gguf.GGUFReader(model_file)
    tokens = reader.fields["tokenizer.ggml.tokens"].contents()
    place = {token: number for number, token in enumerate(tokens)}
    # Byte-level vocabularies write a space and a line end with letters of their own.
    written = [word.replace(" ", "Ġ").replace("\n", "Ċ") for word in WORDS]
    missing = [word for word in written if word not in place]
    if missing:
        raise SystemExit(f"{model_file}: not single tokens: {missing}")
    table = next(tensor for tensor in reader.tensors if tensor.name == "token_embd.weight")
    rows: NDArray[np.float32] = gguf.dequantize(table.data[[place[word] for word in written]], table.tensor_type)
    return rows.astype(np.float32)
