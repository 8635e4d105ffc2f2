"""Ruled tables read cell by cell."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from samovar.ocr.lines import Box, ReadLine, ReadWord
from samovar.ocr.pieces import ReadCell, TablePiece
from samovar.ocr.raster import Grey, Mask
from samovar.ocr.ruling import Grid, GridCell
from samovar.ocr.tesseract import Tesseract

__all__ = ["read_grid", "without_grids"]

#: A cell with less ink, in squares of a tenth of a line's height, is empty: specks and remains of rules.
_LEAST_INK: Final = 2.0
_INSET: Final = 0.12


def read_grid(
    grid: Grid, grey: Grey, ink: Mask, line_px: float, engine: Tesseract
) -> list[tuple[GridCell, list[ReadLine]]]:
    """The lines of each cell, boxes in pixels of the picture; ``grey`` and ``ink`` are without the rules."""
    return [(cell, list(_read_cell(cell, grey, ink, line_px, engine))) for cell in grid.cells]


def without_grids(grey: Grey, grids: Sequence[Grid]) -> Grey:
    """The picture with the tables left out."""
    if not grids:
        return grey
    rest = grey.copy()
    for grid in grids:
        rest[max(0, int(grid.top)) : int(grid.bottom) + 1, max(0, int(grid.left)) : int(grid.right) + 1] = 255
    return rest


def _read_cell(cell: GridCell, grey: Grey, ink: Mask, line_px: float, engine: Tesseract) -> Iterator[ReadLine]:
    inset = max(1, round(line_px * _INSET))
    top, bottom = max(0, int(cell.top) + inset), max(0, int(cell.bottom) - inset)
    left, right = max(0, int(cell.left) + inset), max(0, int(cell.right) - inset)
    inside = ink[top:bottom, left:right]
    if inside.sum() < _LEAST_INK * (line_px / 10) ** 2:
        return
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    # Tesseract reads a small picture best when it holds little but the words.
    top, bottom = top + max(0, int(rows[0]) - inset), top + int(rows[-1]) + 1 + inset
    left, right = left + max(0, int(columns[0]) - inset), left + int(columns[-1]) + 1 + inset
    for line in engine.read_block(grey[top:bottom, left:right]):
        words = tuple(replace(word, box=word.box.moved(left, top)) for word in line.words)
        yield replace(line, words=words, box=line.box.moved(left, top))


def table_piece(grid: Grid, cells: Sequence[tuple[GridCell, Sequence[ReadWord]]]) -> TablePiece:
    """The table of a grid with the words of its cells."""
    return TablePiece(
        cells=tuple(
            ReadCell(
                row=cell.row,
                column=cell.column,
                row_span=cell.row_span,
                column_span=cell.column_span,
                words=tuple(words),
            )
            for cell, words in cells
        ),
        box=Box(grid.left, grid.top, grid.right, grid.bottom),
    )
