"""Generated pictures with their captions."""

import random
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

__all__ = ["CAPTION_TOKENS", "IMAGE_PIXELS", "KINDS", "WORDS", "Kind", "draw_batch", "draw_scene"]

IMAGE_PIXELS: Final = 128
#: As many as the network emits; a shorter caption is filled up with line ends.
CAPTION_TOKENS: Final = 16

Kind = Literal["one", "two"]
KINDS: Final[tuple[Kind, ...]] = ("one", "two")

_COLOURS: Final = {
    "red": (220, 40, 40),
    "green": (40, 160, 60),
    "blue": (40, 70, 220),
    "yellow": (240, 215, 40),
    "orange": (245, 140, 30),
    "purple": (140, 50, 170),
    "black": (20, 20, 20),
    "pink": (250, 130, 180),
}
_SHAPES: Final = ("circle", "square", "triangle")
_STOP: Final = "."
_FILL: Final = "\n"
#: Every token that a caption may hold; the place in this list is the class that the network learns.
WORDS: Final = (" a", " and", _STOP, _FILL, *(f" {colour}" for colour in _COLOURS), *(f" {shape}" for shape in _SHAPES))
_CLASS: Final = {word: place for place, word in enumerate(WORDS)}


def draw_scene(source: random.Random, kind: Kind) -> tuple[Image.Image, list[str]]:
    """Draw one picture; return it with the words of its caption."""
    background = tuple(source.randint(225, 255) for _ in range(3))
    picture = Image.new("RGB", (IMAGE_PIXELS, IMAGE_PIXELS), background)
    pen = ImageDraw.Draw(picture)
    if kind == "one":
        radius = source.randint(18, 48)
        words = _draw_shape(source, pen, source.randint(radius + 2, IMAGE_PIXELS - radius - 2), radius)
    else:
        words = _draw_shape(source, pen, 32 + source.randint(-4, 4), source.randint(15, 27))
        words += [" and", *_draw_shape(source, pen, 96 + source.randint(-4, 4), source.randint(15, 27))]
    return picture, [*words, _STOP]


def draw_batch(
    source: random.Random, count: int, kind: Kind | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Draw pictures of one kind, or of both.

    Shape: pictures (count, 128, 128, 3) from -1 to 1, and classes (count, 16).
    """
    pictures, classes = [], []
    for _ in range(count):
        picture, words = draw_scene(source, source.choice(KINDS) if kind is None else kind)
        pictures.append(np.asarray(picture))
        filled = words + [_FILL] * (CAPTION_TOKENS - len(words))
        classes.append([_CLASS[word] for word in filled])
    return np.stack(pictures).astype(np.float32) / 127.5 - 1, np.array(classes, np.int32)


def _draw_shape(source: random.Random, pen: ImageDraw.ImageDraw, x: int, radius: int) -> list[str]:
    colour, shape = source.choice(list(_COLOURS)), source.choice(_SHAPES)
    y = source.randint(radius + 2, IMAGE_PIXELS - radius - 2)
    fill = tuple(max(0, min(255, value + source.randint(-12, 12))) for value in _COLOURS[colour])
    if shape == "circle":
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)
    elif shape == "square":
        half = radius * 0.88
        pen.rectangle((x - half, y - half, x + half, y + half), fill=fill)
    else:
        pen.polygon([(x, y - radius), (x - radius, y + radius * 0.8), (x + radius, y + radius * 0.8)], fill=fill)
    return [" a", f" {colour}", f" {shape}"]
