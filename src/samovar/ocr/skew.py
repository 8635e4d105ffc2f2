"""How a page lies: upright or on its side, and at which small angle.

Lines of text make a profile of dark and light bands; the angle at which the bands are sharpest is the page's.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from samovar.ocr.raster import Grey, resized

__all__ = ["Lie", "lie_of"]

_THUMBNAIL_PX: Final = 1000
_WIDEST_DEGREES: Final = 8.0
_COARSE_DEGREES: Final = 0.5
_FINE_DEGREES: Final = 0.1
#: Fainter than this is paper.
_FAINTEST: Final = 40
#: So much sharper must the bands be before a page is turned by a quarter, and by a small angle.
_SIDEWAYS_GAIN: Final = 1.25
_SKEW_GAIN: Final = 1.03
_LEAST_DEGREES: Final = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Lie:
    """``is_sideways``: the lines of text run up or down; ``degrees``: turn by so much, anticlockwise, after that."""

    is_sideways: bool
    degrees: float


def lie_of(grey: Grey) -> Lie:
    """Find out how the lines of a page run. A page on its side is measured as if turned by a quarter anticlockwise."""
    small = resized(grey, min(1.0, _THUMBNAIL_PX / max(grey.shape)))[0]
    darkness = 255 - small.astype(np.int64)
    darkness -= int(np.median(darkness))
    darkness[darkness < _FAINTEST] = 0
    angle, score = _best(darkness)
    side_angle, side_score = _best(np.rot90(darkness))
    if side_score > score * _SIDEWAYS_GAIN:
        return Lie(is_sideways=True, degrees=side_angle)
    return Lie(is_sideways=False, degrees=angle)


def _best(darkness: NDArray[np.int64]) -> tuple[float, float]:
    """The angle at which the bands are sharpest, and how sharp they are."""
    ys, xs = np.nonzero(darkness)
    if len(ys) == 0:
        return 0.0, 0.0
    weights = darkness[ys, xs].astype(float)
    room = darkness.shape[0] + darkness.shape[1]

    def score(degrees: float) -> float:
        rows = ys + xs * np.tan(np.radians(degrees)) + darkness.shape[1]
        whole = rows.astype(np.int64)
        share = rows - whole
        profile = np.bincount(whole, weights * (1 - share), room * 2) + np.bincount(
            whole + 1, weights * share, room * 2
        )
        return float(np.square(np.diff(profile)).sum())

    level = score(0.0)
    coarse = max(np.arange(-_WIDEST_DEGREES, _WIDEST_DEGREES + 0.01, _COARSE_DEGREES), key=score)
    fine = max(np.arange(coarse - _COARSE_DEGREES, coarse + _COARSE_DEGREES + 0.01, _FINE_DEGREES), key=score)
    best = score(float(fine))
    if best < level * _SKEW_GAIN or abs(fine) < _LEAST_DEGREES:
        return 0.0, level
    # Turning anticlockwise lifts what is on the right: rows that sink to the right (y grows with x) need it.
    return -float(fine), best
