"""What Tesseract has read: words in lines, with boxes in pixels."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

__all__ = ["Box", "ReadLine", "ReadWord", "mean_confidence", "typical_height", "union"]


@dataclass(frozen=True, slots=True)
class Box:
    """Sides in pixels of the picture that was read."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """From side to side."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre, x and y."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def moved(self, x: float, y: float) -> "Box":
        """The same box, elsewhere."""
        return Box(self.left + x, self.top + y, self.right + x, self.bottom + y)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadWord:
    """One word; ``confidence`` from 0 to 1; ``is_known``: it stands in Tesseract's word lists."""

    text: str
    box: Box
    confidence: float
    is_known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLine:
    """One line of text; ``block`` is the number of Tesseract's own block that it stands in."""

    words: tuple[ReadWord, ...]
    box: Box
    block: int

    @property
    def text(self) -> str:
        """Its words with a blank between them."""
        return " ".join(word.text for word in self.words)


def union(boxes: Iterable[Box]) -> Box:
    """The box around boxes; at least one."""
    sides = [(box.left, box.top, box.right, box.bottom) for box in boxes]
    lefts, tops, rights, bottoms = zip(*sides, strict=True)
    return Box(min(lefts), min(tops), max(rights), max(bottoms))


def typical_height(lines: Sequence[ReadLine]) -> float:
    """The height of the lines that most letters stand in; 0 without lines."""
    heights = [line.box.height for line in lines for _ in range(max(1, len(line.text)))]
    return float(median(heights)) if heights else 0.0


def mean_confidence(lines: Sequence[ReadLine]) -> float:
    """The mean over all letters, 0 without any."""
    weights = [(word.confidence, len(word.text)) for line in lines for word in line.words]
    total = sum(weight for _, weight in weights)
    return sum(confidence * weight for confidence, weight in weights) / total if total else 0.0
