"""Reads the text of a picture: how it lies, what is ruled on it, its words, and how they follow each other."""

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np

from samovar.domain.page import Page, Picture
from samovar.ocr.aligned import take_aligned
from samovar.ocr.clean import evened, quietened
from samovar.ocr.compose import compose
from samovar.ocr.lines import ReadLine, mean_confidence
from samovar.ocr.opinion import settled
from samovar.ocr.pieces import TablePiece, ordered_pieces
from samovar.ocr.raster import Grey, Mask, Placement, decode, otsu, resized, rotated, turned
from samovar.ocr.ruling import Grid, find_grids, find_rules, without_rules
from samovar.ocr.scripts import Script
from samovar.ocr.skew import Lie, lie_of
from samovar.ocr.tables import read_grid, table_piece, without_grids
from samovar.ocr.tesseract import EngineNotLoadedError, Tesseract

__all__ = ["Engine", "EngineNotLoadedError", "load"]

#: Lines of text are brought to a height between these, in pixels, if they are far from it.
_LOWEST_LINE_PX: Final = 22.0
_HIGHEST_LINE_PX: Final = 60.0
_GOOD_LINE_PX: Final = 32.0
_LARGEST_SCALE: Final = 3.0
_MOST_PIXELS: Final = 40_000_000
#: Below this the page may stand on its head.
_UPRIGHT: Final = 0.7
_BAND_SHARE: Final = 0.15
#: Below the first, nothing that was read is believed; below the second, the page is marked.
_BELIEVED: Final = 0.4
_SURE: Final = 0.75
#: A line less sure than this is a drawing that was taken for letters.
_LEAST_LINE: Final = 0.3
_LEAST_SIGN: Final = 0.5
#: Between paper and ink there must be so many tones.
_LEAST_CONTRAST: Final = 40
_USUAL_LINE_PX: Final = 30.0
_STRAIGHT: Final = Lie(is_sideways=False, degrees=0.0)


class Engine:
    """Tesseract with its language data, and what pictures of pages need around it."""

    def __init__(self, both: Tesseract, alone: dict[Script, Tesseract]) -> None:
        self._both = both
        self._alone = alone

    @property
    def version(self) -> str:
        """Tesseract's version."""
        return self._both.version

    def read(self, picture: Picture, *, page_width: float, page_height: float) -> Page:
        """Read one page from its picture; boxes are in the page's units, whichever way the text runs.

        Status ``ocr``; ``picture`` where there is something but no words; ``no_text`` for an empty page, or for one on
        which nothing that was read can be believed.
        """
        grey = decode(picture)
        height, width = grey.shape
        paged = Placement(a=page_width / width, e=page_height / height)
        grey = evened(grey)
        if int(np.ptp(grey[::2, ::2])) < _LEAST_CONTRAST:
            return Page(number=None, text="", status="no_text", reason="empty", width=page_width, height=page_height)
        quiet = quietened(grey)
        lie = lie_of(quiet)
        grey, placement = self._straightened(quiet, lie)
        lines, tables = self._read_upright(grey)
        sure = mean_confidence([*lines, *_table_lines(tables)])
        if sure < _UPRIGHT and lie != _STRAIGHT:
            # The edges of drawings look like lines of text, too.
            plain, plain_placement = self._straightened(quiet, _STRAIGHT)
            plain_lines, plain_tables = self._read_upright(plain)
            if (plain_sure := mean_confidence([*plain_lines, *_table_lines(plain_tables)])) > sure:
                grey, placement, lines, tables, sure = plain, plain_placement, plain_lines, plain_tables, plain_sure
        if sure < _UPRIGHT and self._is_upside_down(grey):
            grey, over = turned(grey, 2)
            placement = placement.after(over)
            lines, tables = self._read_upright(grey)
        self._both.forget()
        return _page(lines, tables, paged.after(placement), page_width, page_height, grey.shape[0])

    def _straightened(self, grey: Grey, lie: Lie) -> tuple[Grey, Placement]:
        """The picture with its lines of text level and of a good height."""
        placement = Placement()
        if lie.is_sideways:
            quarters = 1 if self._confidence(turned(grey, 1)[0]) >= self._confidence(turned(grey, 3)[0]) else 3
            grey, placement = turned(grey, quarters)
        if lie.degrees:
            grey, step = rotated(grey, lie.degrees)
            placement = placement.after(step)
        scale = self._scale(grey)
        if scale != 1.0:
            grey, step = resized(grey, scale)
            placement = placement.after(step)
        return grey, placement

    def _scale(self, grey: Grey) -> float:
        heights = self._both.line_heights(grey)
        line_px = median(heights) if heights else _USUAL_LINE_PX
        if line_px > _HIGHEST_LINE_PX:
            line_px = min(heights)  # drawings are taken for very high lines: no line of text may become too low
        if _LOWEST_LINE_PX <= line_px <= _HIGHEST_LINE_PX:
            return 1.0
        most = math.sqrt(_MOST_PIXELS / grey.size)
        return min(_LARGEST_SCALE, most, _GOOD_LINE_PX / line_px)

    def _read_upright(self, grey: Grey) -> tuple[list[ReadLine], list[TablePiece]]:
        """The lines outside tables, and the tables."""
        line_px = _USUAL_LINE_PX
        threshold = otsu(grey)
        across, down, taken = find_rules(grey <= threshold, line_px)
        clear = without_rules(grey, taken) if across or down else grey
        grids = find_grids(across, down, line_px)
        ink = clear <= threshold
        tables = [self._read_table(grid, clear, ink, line_px) for grid in grids]
        rest = without_grids(clear, grids)
        lines = _believable(self._both.read_page(rest))
        if not lines and not tables:
            lines = [line for line in _believable(self._both.read_scattered(rest)) if _is_label(line)]
        lines, aligned = take_aligned(settled(lines, clear, self._alone))
        tables += [self._read_table(grid, clear, ink, line_px) for grid in aligned]
        return lines, tables

    def _read_table(self, grid: Grid, grey: Grey, ink: Mask, line_px: float) -> TablePiece:
        read = [_believable(lines) for _, lines in read_grid(grid, grey, ink, line_px, self._both)]
        lines = iter(settled([line for part in read for line in part], grey, self._alone))
        words = [[word for _ in part for word in next(lines).words] for part in read]
        return table_piece(grid, list(zip(grid.cells, words, strict=True)))

    def _is_upside_down(self, grey: Grey) -> bool:
        return self._confidence(turned(grey, 2)[0]) > self._confidence(grey)

    def _confidence(self, grey: Grey) -> float:
        """How sure the reading of the darkest band of a page is."""
        height = grey.shape[0]
        band = max(1, round(height * _BAND_SHARE))
        sums = np.concatenate(([0], np.cumsum((255 - grey[:, ::4].astype(np.int64)).sum(axis=1))))
        top = int(np.argmax(sums[band:] - sums[:-band]))
        return mean_confidence(self._both.read_block(grey[top : top + band]))


def load(tessdata: Path, languages: tuple[str, ...]) -> Engine:
    """Load the engine, for one thread. Raises: EngineNotLoadedError."""
    scripts: dict[Script, str] = {"cyrillic": "rus", "latin": "eng"}
    alone = {script: Tesseract(tessdata, (name,)) for script, name in scripts.items() if name in languages}
    return Engine(Tesseract(tessdata, languages), alone if len(alone) == len(scripts) else {})


def _believable(lines: Sequence[ReadLine]) -> list[ReadLine]:
    """The lines without drawings and specks that were taken for letters."""
    kept = []
    for line in lines:
        if mean_confidence([line]) < _LEAST_LINE:
            continue
        words = tuple(word for word in line.words if any(map(str.isalnum, word.text)) or word.confidence >= _LEAST_SIGN)
        if any(any(map(str.isalnum, word.text)) for word in words):
            kept.append(ReadLine(words=words, box=line.box, block=line.block))
    return kept


def _is_label(line: ReadLine) -> bool:
    """Tell whether a line found on a drawing or a photograph is more than a stroke that looks like a letter."""
    return mean_confidence([line]) >= _SURE and any(sum(map(str.isalnum, word.text)) > 1 for word in line.words)


def _table_lines(tables: Sequence[TablePiece]) -> list[ReadLine]:
    return [
        ReadLine(words=cell.words, box=table.box, block=0) for table in tables for cell in table.cells if cell.words
    ]


def _page(
    lines: list[ReadLine],
    tables: list[TablePiece],
    placement: Placement,
    page_width: float,
    page_height: float,
    height_px: int,
) -> Page:
    confidence = mean_confidence([*lines, *_table_lines(tables)])
    if not lines and not any(cell.words for table in tables for cell in table.cells):
        return Page(
            number=None, text="", status="picture", reason="no_words_found", width=page_width, height=page_height
        )
    if confidence < _BELIEVED:
        return Page(
            number=None, text="", status="no_text", reason="low_confidence", confidence=round(confidence, 3),
            width=page_width, height=page_height,
        )  # fmt: skip
    text, blocks, words = compose(
        ordered_pieces(lines, tables, height_px),
        lambda box: placement.box(box.left, box.top, box.right, box.bottom, page_width, page_height),
    )
    return Page(
        number=None,
        text=text,
        status="ocr",
        reason="low_confidence" if confidence < _SURE else None,
        confidence=round(confidence, 3),
        width=page_width,
        height=page_height,
        blocks=blocks,
        words=words,
    )
