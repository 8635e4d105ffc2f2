"""Transformations of places on a page. Source: ISO 32000-1, 8.3.3 and 8.3.4."""

from typing import Final

from samovar.parsers._pdf.library import Box, Matrix

__all__ = ["UNTURNED", "moved", "moved_box", "multiplied"]

UNTURNED: Final[Matrix] = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def multiplied(first: Matrix, second: Matrix) -> Matrix:
    """One transformation after another."""
    a, b, c, d, e, f = first
    g, h, i, j, k, m = second
    return a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m


def moved(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    """A point after a transformation."""
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def moved_box(matrix: Matrix, box: Box) -> Box:
    """The box around a box after a transformation."""
    if matrix is UNTURNED:
        return box
    a, b, c, d, e, f = matrix
    if b == c == 0.0 and a > 0.0 and d > 0.0:
        return a * box[0] + e, d * box[1] + f, a * box[2] + e, d * box[3] + f
    corners = [moved(matrix, x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
    across, down = [x for x, _ in corners], [y for _, y in corners]
    return min(across), min(down), max(across), max(down)
