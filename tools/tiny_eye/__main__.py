"""Train the tiny eye: ``python -m tools.tiny_eye --model MODEL.gguf --out FILE.gguf --minutes 11``."""

import argparse
import math
import os
import random
import time
from pathlib import Path
from typing import Any, Final

# One thread: the machine may have other work, and the matrices are small.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import jax  # type: ignore[import-not-found]  # installed only where the projector is trained
import jax.numpy as jnp  # type: ignore[import-not-found]  # as above
import numpy as np
from numpy.typing import NDArray

from .network import Weights, make_weights, see
from .projector import write_projector
from .scenes import KINDS, draw_batch
from .vocabulary import read_embeddings

_BATCH: Final = 48
_RATE: Final = 1.5e-3
_WARM_UP_STEPS: Final = 60
_CLOSENESS: Final = 0.03
_DECAY: Final = 0.01
_FIRST: Final = 0.9
_SECOND: Final = 0.98
_TESTED: Final = 400


def main() -> None:
    """Train for the given time, tell the accuracy and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="GGUF file of the language model")
    parser.add_argument("--out", type=Path, required=True, help="where to write the projector")
    parser.add_argument("--minutes", type=float, default=11.0, help="how long to train")
    options = parser.parse_args()
    weights = train(read_embeddings(options.model), options.minutes * 60, options.out)
    write_projector(weights, options.out)


def train(embeddings: NDArray[np.float32], limit_s: float, path: Path) -> Weights:
    """Train by Adam with a cosine rate; print the loss on the way and the accuracy at the end."""
    targets = jnp.asarray(embeddings)
    step = _make_step(targets)
    weights = jax.tree.map(jnp.asarray, make_weights(embeddings.shape[1]))
    first = jax.tree.map(jnp.zeros_like, weights)
    second = jax.tree.map(jnp.zeros_like, weights)
    source = random.Random(1)
    began = saved = time.monotonic()
    count = 0
    while (elapsed := time.monotonic() - began) < limit_s:
        count += 1
        rate = _RATE * min(1, count / _WARM_UP_STEPS) * (0.51 + 0.5 * math.cos(math.pi * elapsed / limit_s))
        pictures, classes = draw_batch(source, _BATCH)
        weights, first, second, loss, exact = step(weights, first, second, float(count), rate, pictures, classes)
        if count % 50 == 0:
            print(f"step {count}  {elapsed:.0f} s  loss {float(loss):.3f}  exact {float(exact):.2f}", flush=True)
        if time.monotonic() - saved > 60:
            saved = time.monotonic()
            write_projector(_to_numpy(weights), path)
    for kind in KINDS:
        pictures, classes = draw_batch(random.Random(99), _TESTED, kind)
        _, exact = _measure(weights, targets, pictures, classes)
        print(f"{kind}: {float(exact):.3f} of {_TESTED} captions exact", flush=True)
    return _to_numpy(weights)


def _measure(weights: Any, targets: Any, pictures: Any, classes: Any) -> tuple[Any, Any]:
    """Return the loss, and the share of captions that are right to the last token.

    A vector is read as the word whose embedding is nearest; besides naming the right one it should lie close to it,
    because the language model sees the vector itself.
    """
    seen = see(weights, pictures)
    nearness = seen @ targets.T - (targets**2).sum(1) / 2
    right = jnp.take_along_axis(jax.nn.log_softmax(nearness, -1), classes[..., None], -1)
    distance = ((seen - targets[classes]) ** 2).sum(-1).mean()
    exact = (nearness.argmax(-1) == classes).all(-1).mean()
    return _CLOSENESS * distance - right.mean(), exact


def _make_step(targets: Any) -> Any:
    def step(weights: Any, first: Any, second: Any, count: Any, rate: Any, pictures: Any, classes: Any) -> Any:
        measure = jax.value_and_grad(lambda given: _measure(given, targets, pictures, classes), has_aux=True)
        (loss, exact), slope = measure(weights)
        steepness = jnp.sqrt(sum((part**2).sum() for part in jax.tree.leaves(slope)))
        slope = jax.tree.map(lambda part: part * jnp.minimum(1, 1 / steepness), slope)
        first = jax.tree.map(lambda old, new: _FIRST * old + (1 - _FIRST) * new, first, slope)
        second = jax.tree.map(lambda old, new: _SECOND * old + (1 - _SECOND) * new**2, second, slope)

        def move(weight: Any, mean: Any, square: Any) -> Any:
            direction = (mean / (1 - _FIRST**count)) / (jnp.sqrt(square / (1 - _SECOND**count)) + 1e-8)
            return weight - rate * (direction + _DECAY * weight)

        return jax.tree.map(move, weights, first, second), first, second, loss, exact

    return jax.jit(step)


def _to_numpy(weights: Any) -> Weights:
    return {name: np.asarray(value) for name, value in weights.items()}


if __name__ == "__main__":
    main()
