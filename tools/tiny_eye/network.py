"""The network: a vision transformer over 16 patches, and a projection into the model's embedding space."""

import math
from typing import Final

import jax  # type: ignore[import-not-found]  # installed only where the projector is trained
import jax.numpy as jnp  # type: ignore[import-not-found]  # as above
import numpy as np
from numpy.typing import NDArray

from .scenes import IMAGE_PIXELS

__all__ = ["BLOCKS", "EPSILON", "FEED_FORWARD", "HEADS", "PATCH_PIXELS", "WIDTH", "Weights", "make_weights", "see"]

PATCH_PIXELS: Final = 32
WIDTH: Final = 160
BLOCKS: Final = 4
HEADS: Final = 4
FEED_FORWARD: Final = 480
EPSILON: Final = 1e-6

_SIDE: Final = IMAGE_PIXELS // PATCH_PIXELS
_PATCHES: Final = _SIDE * _SIDE
_HIDDEN: Final = 512

Weights = dict[str, NDArray[np.float32]]


def make_weights(model_width: int) -> Weights:
    """Draw the first weights from a fixed seed."""
    source = np.random.default_rng(0)

    def normal(*shape: int, scale: float) -> NDArray[np.float32]:
        return source.normal(0, scale, shape).astype(np.float32)

    weights = {
        "patch.weight": normal(3 * PATCH_PIXELS**2, WIDTH, scale=0.02),
        "patch.bias": np.zeros(WIDTH, np.float32),
        "position": normal(_PATCHES, WIDTH, scale=0.02),
        "last_norm.weight": np.ones(WIDTH, np.float32),
        "last_norm.bias": np.zeros(WIDTH, np.float32),
        "project0.weight": normal(WIDTH, _HIDDEN, scale=1 / math.sqrt(WIDTH)),
        "project0.bias": np.zeros(_HIDDEN, np.float32),
        "project1.weight": normal(_HIDDEN, model_width, scale=0.1 / math.sqrt(_HIDDEN)),
        "project1.bias": np.zeros(model_width, np.float32),
    }
    for block in range(BLOCKS):
        for name, rows, columns, scale in (
            ("query", WIDTH, WIDTH, 1.0),
            ("key", WIDTH, WIDTH, 1.0),
            ("value", WIDTH, WIDTH, 1.0),
            ("out", WIDTH, WIDTH, 1.0),
            ("up", WIDTH, FEED_FORWARD, 1.0),
            ("down", FEED_FORWARD, WIDTH, 0.5),
        ):
            weights[f"{block}.{name}.weight"] = normal(rows, columns, scale=scale / math.sqrt(rows))
            weights[f"{block}.{name}.bias"] = np.zeros(columns, np.float32)
        for name in ("norm1", "norm2"):
            weights[f"{block}.{name}.weight"] = np.ones(WIDTH, np.float32)
            weights[f"{block}.{name}.bias"] = np.zeros(WIDTH, np.float32)
    return weights


def see(weights: "dict[str, jax.Array]", pictures: "jax.Array") -> "jax.Array":
    """Look at pictures. Shape: (count, 128, 128, 3) from -1 to 1 → (count, 16, width of the model)."""
    count = pictures.shape[0]
    patches = pictures.reshape(count, _SIDE, PATCH_PIXELS, _SIDE, PATCH_PIXELS, 3)
    # Within a patch the order is channel, row, column: a convolution's weights lie so in the file.
    patches = patches.transpose(0, 1, 3, 5, 2, 4).reshape(count, _PATCHES, -1)
    state = _linear(weights, "patch", patches) + weights["position"]
    for block in range(BLOCKS):
        state = state + _attend(weights, block, _normalise(weights, f"{block}.norm1", state))
        state = state + _feed_forward(weights, block, _normalise(weights, f"{block}.norm2", state))
    state = _normalise(weights, "last_norm", state)
    return _linear(weights, "project1", _gelu(_linear(weights, "project0", state)))


def _linear(weights: "dict[str, jax.Array]", name: str, state: "jax.Array") -> "jax.Array":
    return state @ weights[f"{name}.weight"] + weights[f"{name}.bias"]


def _normalise(weights: "dict[str, jax.Array]", name: str, state: "jax.Array") -> "jax.Array":
    centred = state - state.mean(-1, keepdims=True)
    scaled = centred / jnp.sqrt((centred**2).mean(-1, keepdims=True) + EPSILON)
    return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def _attend(weights: "dict[str, jax.Array]", block: int, state: "jax.Array") -> "jax.Array":
    count = state.shape[0]
    query, key, value = (
        _linear(weights, f"{block}.{name}", state).reshape(count, _PATCHES, HEADS, -1).transpose(0, 2, 1, 3)
        for name in ("query", "key", "value")
    )
    share = jax.nn.softmax(query @ key.transpose(0, 1, 3, 2) / math.sqrt(WIDTH // HEADS), -1)
    mixed = (share @ value).transpose(0, 2, 1, 3).reshape(count, _PATCHES, WIDTH)
    return _linear(weights, f"{block}.out", mixed)


def _feed_forward(weights: "dict[str, jax.Array]", block: int, state: "jax.Array") -> "jax.Array":
    return _linear(weights, f"{block}.down", _gelu(_linear(weights, f"{block}.up", state)))


def _gelu(state: "jax.Array") -> "jax.Array":
    return jax.nn.gelu(state, approximate=True)
