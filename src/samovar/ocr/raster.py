"""Pictures as arrays of grey tones, and how places on them lead back to the page."""

import math
from dataclasses import dataclass
from io import BytesIO
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from samovar.domain.layout import Rectangle
from samovar.domain.page import Picture

__all__ = ["Grey", "Mask", "Placement", "decode", "otsu", "resized", "rotated", "turned"]

#: Shape: (height, width); 0 is black, 255 white.
Grey: TypeAlias = NDArray[np.uint8]
#: Shape: (height, width); true where there is ink.
Mask: TypeAlias = NDArray[np.bool_]

_WHITE: Final = 255


@dataclass(frozen=True, slots=True)
class Placement:
    """Leads from a place on a changed picture back to the page: ``x' = a*x + b*y + c``, ``y' = d*x + e*y + f``."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 0.0
    e: float = 1.0
    f: float = 0.0

    def after(self, inner: "Placement") -> "Placement":
        """First ``inner``, then this."""
        return Placement(
            a=self.a * inner.a + self.b * inner.d,
            b=self.a * inner.b + self.b * inner.e,
            c=self.a * inner.c + self.b * inner.f + self.c,
            d=self.d * inner.a + self.e * inner.d,
            e=self.d * inner.b + self.e * inner.e,
            f=self.d * inner.c + self.e * inner.f + self.f,
        )

    def box(self, left: float, top: float, right: float, bottom: float, width: float, height: float) -> Rectangle:
        """The upright box on the page around a box on the picture, kept inside a page of this size."""
        corners = [
            (self.a * x + self.b * y + self.c, self.d * x + self.e * y + self.f)
            for x, y in ((left, top), (right, top), (left, bottom), (right, bottom))
        ]
        xs = [min(max(x, 0.0), width) for x, _ in corners]
        ys = [min(max(y, 0.0), height) for _, y in corners]
        return Rectangle(x=min(xs), y=min(ys), width=max(xs) - min(xs), height=max(ys) - min(ys))


def decode(picture: Picture) -> Grey:
    """The grey tones of a picture on white paper. Raises: what Pillow raises for bytes that are no picture."""
    with Image.open(BytesIO(picture.content), formats=("PNG", "JPEG")) as image:
        if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
            paper = Image.new("RGBA", image.size, (_WHITE, _WHITE, _WHITE, _WHITE))
            return np.asarray(Image.alpha_composite(paper, image.convert("RGBA")).convert("L"))
        return np.asarray(image.convert("L"))


def resized(grey: Grey, scale: float) -> tuple[Grey, Placement]:
    """The picture made larger or smaller."""
    height, width = grey.shape
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.BOX
    changed = np.asarray(Image.fromarray(grey).resize(size, method))
    return changed, Placement(a=width / size[0], e=height / size[1])


def turned(grey: Grey, quarters: int) -> tuple[Grey, Placement]:
    """The picture turned by quarters anticlockwise."""
    height, width = grey.shape
    changed = np.ascontiguousarray(np.rot90(grey, quarters))
    match quarters % 4:
        case 1:
            return changed, Placement(a=0.0, b=-1.0, c=float(width), d=1.0, e=0.0)
        case 2:
            return changed, Placement(a=-1.0, c=float(width), e=-1.0, f=float(height))
        case 3:
            return changed, Placement(a=0.0, b=1.0, d=-1.0, e=0.0, f=float(height))
        case _:
            return grey, Placement()


def rotated(grey: Grey, degrees: float) -> tuple[Grey, Placement]:
    """The picture turned anticlockwise by a small angle about its centre, its size kept, white at the corners."""
    height, width = grey.shape
    image = Image.fromarray(grey).rotate(degrees, Image.Resampling.BICUBIC, fillcolor=_WHITE)
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    x, y = width / 2, height / 2
    back = Placement(a=cosine, b=-sine, c=x - cosine * x + sine * y, d=sine, e=cosine, f=y - sine * x - cosine * y)
    return np.asarray(image), back


def otsu(grey: Grey) -> int:
    """The tone that divides ink from paper best. Source: N. Otsu, A threshold selection method, 1979."""
    counts = np.bincount(grey.ravel(), minlength=256).astype(float)
    below = np.cumsum(counts)
    weighted = np.cumsum(counts * np.arange(256))
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (weighted[-1] * below - weighted * below[-1]) ** 2 / (below * above)
    return int(np.nanargmax(np.where(np.isfinite(between), between, -1.0)))
