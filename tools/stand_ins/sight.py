"""A look at a picture: which colours it has. Enough to tell a model that sees from one that only takes pictures in."""

import re
from io import BytesIO
from typing import Final

from PIL import Image, UnidentifiedImageError

__all__ = ["ImageUnreadable", "describe_images", "name_colours"]

_MOST_PIXELS: Final = 50_000_000
_SIDE: Final = 32
#: A colour is named when it covers at least this share of the picture.
_SHARE: Final = 0.15
_RUSSIAN: Final = re.compile("[а-яёА-ЯЁ]")
_COLOURS: Final[dict[str, tuple[tuple[int, int, int], str]]] = {
    "red": ((220, 30, 30), "красный"),
    "green": ((30, 160, 50), "зелёный"),
    "blue": ((30, 60, 220), "синий"),
    "yellow": ((240, 220, 40), "жёлтый"),
    "orange": ((250, 140, 20), "оранжевый"),
    "purple": ((130, 40, 160), "фиолетовый"),
    "pink": ((250, 150, 190), "розовый"),
    "brown": ((120, 70, 30), "коричневый"),
    "cyan": ((40, 210, 220), "голубой"),
    "black": ((10, 10, 10), "чёрный"),
    "white": ((245, 245, 245), "белый"),
    "grey": ((128, 128, 128), "серый"),
}
_NEUTRAL: Final = frozenset({"black", "white", "grey"})


class ImageUnreadable(Exception):
    """The bytes are no picture that Pillow can read."""


def name_colours(content: bytes) -> list[str]:
    """Name the colours of a picture, the largest first; black, white and grey only where there is no other.

    Raises: ImageUnreadable.
    """
    try:
        with Image.open(BytesIO(content), formats=("PNG", "JPEG", "WEBP", "GIF")) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise ImageUnreadable("too many pixels")
            pixels = image.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.NEAREST).tobytes()
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise ImageUnreadable(str(error)) from error
    counted: dict[str, int] = {}
    for start in range(0, len(pixels), 3):
        name = _nearest(pixels[start], pixels[start + 1], pixels[start + 2])
        counted[name] = counted.get(name, 0) + 1
    large = [name for name in sorted(counted, key=lambda one: -counted[one]) if counted[name] >= _SHARE * _SIDE * _SIDE]
    return [name for name in large if name not in _NEUTRAL] or large[:1] or ["grey"]


def describe_images(images: tuple[bytes, ...], question: str) -> str:
    """Say what colours the pictures have, colours first: ``Red. ...``. Raises: ImageUnreadable."""
    is_russian = bool(_RUSSIAN.search(question))
    named = [name for content in images for name in name_colours(content)]
    shown = [_COLOURS[name][1] if is_russian else name for name in named]
    listed = (" и " if is_russian else " and ").join(shown).capitalize()
    if is_russian:
        return f"{listed}. Это главные цвета того, что показано (картинок: {len(images)})."
    return f"{listed}. This is what the {'picture shows' if len(images) == 1 else 'pictures show'} most."


def _nearest(red: int, green: int, blue: int) -> str:
    def distance(name: str) -> int:
        (r, g, b), _ = _COLOURS[name]
        return (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2

    return min(_COLOURS, key=distance)
