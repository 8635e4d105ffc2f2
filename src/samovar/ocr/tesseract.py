"""Tesseract through tesserocr: pictures in, lines of words out."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

# More threads than cores make Tesseract slower, and a confined process may start none.
os.environ["OMP_THREAD_LIMIT"] = "1"

import tesserocr

from samovar.ocr.lines import Box, ReadLine, ReadWord
from samovar.ocr.raster import Grey

__all__ = ["EngineNotLoadedError", "Tesseract"]

_WORD: Final = tesserocr.RIL.WORD
_LINE: Final = tesserocr.RIL.TEXTLINE
_BLOCK: Final = tesserocr.RIL.BLOCK
_PAGE: Final = tesserocr.PSM.AUTO
_SCATTERED: Final = tesserocr.PSM.SPARSE_TEXT
_ONE_BLOCK: Final = tesserocr.PSM.SINGLE_BLOCK
_ONE_LINE: Final = tesserocr.PSM.SINGLE_LINE
_ONE_WORD: Final = tesserocr.PSM.SINGLE_WORD
_ONE_LETTER: Final = tesserocr.PSM.SINGLE_CHAR
#: Pictures are brought to this resolution before they are read; Tesseract would guess otherwise.
_DPI: Final = 200
_MARGIN_PX: Final = 12
#: A single word is taken to fill its picture: a wider frame makes its letters small, and reading them worse.
_WORD_MARGIN_PX: Final = 5
_WHITE: Final = 255
#: Lower than this is no line of text.
_LEAST_LINE_PX: Final = 4


class EngineNotLoadedError(Exception):
    """Tesseract refuses the language data."""


class Tesseract:
    """One set of languages, loaded."""

    def __init__(self, tessdata: Path, languages: tuple[str, ...]) -> None:
        """Load the data. Raises: EngineNotLoadedError."""
        try:
            self._api: Any = tesserocr.PyTessBaseAPI(
                path=str(tessdata), lang="+".join(languages), oem=tesserocr.OEM.LSTM_ONLY
            )
        except RuntimeError as error:
            raise EngineNotLoadedError(str(error)) from error
        # tesserocr sends remarks to /dev/null by name; where that cannot be opened, the first remark ends the process.
        self._api.SetVariable("debug_file", "")

    @property
    def version(self) -> str:
        """The version of the library."""
        return str(self._api.Version())

    def line_heights(self, grey: Grey) -> list[float]:
        """The heights of lines, in pixels, by the layout alone."""
        self._show(grey, _PAGE)
        found = self._api.AnalyseLayout()
        if not found:
            return []
        sides = (line.BoundingBox(_LINE) for line in tesserocr.iterate_level(found, _LINE))
        boxes = [Box(*four) for four in sides if four is not None]
        return [box.height for box in boxes if box.height >= _LEAST_LINE_PX and box.width > box.height]

    def read_page(self, grey: Grey) -> list[ReadLine]:
        """Read a whole page in reading order."""
        self._show(grey, _PAGE)
        return list(self._lines())

    def read_scattered(self, grey: Grey) -> list[ReadLine]:
        """Read the words on a picture that is no page of text: labels of a drawing, signs on a photograph."""
        self._show(grey, _SCATTERED)
        return list(self._lines())

    def read_block(self, grey: Grey) -> list[ReadLine]:
        """Read one block of lines, or a single sign."""
        framed = np.pad(grey, _MARGIN_PX, constant_values=_WHITE)
        for mode in (_ONE_BLOCK, _ONE_LINE, _ONE_LETTER):
            self._show(framed, mode)
            if lines := list(self._lines(_MARGIN_PX)):
                return lines
        return []

    def read_word(self, grey: Grey) -> ReadWord | None:
        """Read a picture of one word."""
        self._show(np.pad(grey, _WORD_MARGIN_PX, constant_values=_WHITE), _ONE_WORD)
        return next((word for line in self._lines(_WORD_MARGIN_PX) for word in line.words), None)

    def forget(self) -> None:
        """Let go of the last picture."""
        self._api.Clear()

    def _show(self, grey: Grey, mode: int) -> None:
        height, width = grey.shape
        self._api.SetPageSegMode(mode)
        self._api.SetImageBytes(np.ascontiguousarray(grey).tobytes(), width, height, 1, width)
        self._api.SetSourceResolution(_DPI)

    def _lines(self, margin: int = 0) -> Iterator[ReadLine]:
        """Recognise what is shown; boxes are those of the picture without its margin."""
        self._api.Recognize()
        found = self._api.GetIterator()
        words: list[ReadWord] = []
        block, box = -1, Box(0, 0, 0, 0)
        for place in tesserocr.iterate_level(found, _WORD) if found else ():
            if words and place.IsAtBeginningOf(_LINE):
                yield ReadLine(words=tuple(words), box=box, block=block)
                words = []
            if place.IsAtBeginningOf(_BLOCK):
                block += 1
            if (word := _word(place, margin)) is not None:
                words.append(word)
                box = Box(*place.BoundingBox(_LINE)).moved(-margin, -margin)
        if words:
            yield ReadLine(words=tuple(words), box=box, block=block)


def _word(place: Any, margin: int) -> ReadWord | None:
    try:
        text = place.GetUTF8Text(_WORD)
    except RuntimeError:  # nothing was recognised here
        return None
    # What cannot be shown has no business in a text.
    text = "".join(character for character in text if character.isprintable() and character != "\ufffd").strip()
    if not text or place.BoundingBox(_WORD) is None:
        return None
    return ReadWord(
        text=text,
        box=Box(*place.BoundingBox(_WORD)).moved(-margin, -margin),
        confidence=min(1.0, max(0.0, place.Confidence(_WORD) / 100)),
        is_known=bool(place.WordIsFromDictionary()),
    )
