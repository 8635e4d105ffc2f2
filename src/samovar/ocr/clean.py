"""Even paper and quiet noise, so that a letter is the darkest thing around."""

from typing import Final

import numpy as np
from PIL import Image, ImageFilter

from samovar.ocr.raster import Grey

__all__ = ["evened", "quietened"]

#: Paper is looked for in squares of this side; letters are smaller, so each square holds some paper.
_SQUARE_PX: Final = 32
_UNEVEN: Final = 24
_SAMPLE_PX: Final = 512
#: Noise is measured where nothing is printed: all around is at least so light once single specks are gone.
_PAPER: Final = 150
_AROUND_PX: Final = 9
#: A speck is a pixel that differs so much from the middle one of its neighbours.
_SPECK: Final = 70
_MANY_SPECKS: Final = 0.001
_GRAIN: Final = 6.0
_LEAST_PAPER_PX: Final = 2000


def evened(grey: Grey) -> Grey:
    """The page on white paper: shadows, yellowed and grey paper become white."""
    height, width = grey.shape
    rows, columns = -(-height // _SQUARE_PX), -(-width // _SQUARE_PX)
    padded = np.pad(grey, ((0, rows * _SQUARE_PX - height), (0, columns * _SQUARE_PX - width)), mode="edge")
    squares = padded.reshape(rows, _SQUARE_PX, columns, _SQUARE_PX)
    paper = np.percentile(squares[:, ::2, :, ::2], 80, axis=(1, 3))
    if paper.min() >= 255 - _UNEVEN:
        return grey
    smooth = Image.fromarray(paper.astype(np.uint8)).filter(ImageFilter.MaxFilter(5)).filter(ImageFilter.BoxBlur(2))
    size = (columns * _SQUARE_PX, rows * _SQUARE_PX)
    field = np.asarray(smooth.resize(size, Image.Resampling.BILINEAR))[:height, :width].astype(np.float32)
    light = grey.astype(np.float32) * (255.0 / np.maximum(field, 40.0))
    return np.minimum(light, 255.0).astype(np.uint8)


def quietened(grey: Grey) -> Grey:
    """The page without specks and grain; a clean page is handed back as it is."""
    height, width = grey.shape
    top, left = max(0, (height - _SAMPLE_PX) // 2), max(0, (width - _SAMPLE_PX) // 2)
    sample = grey[top : top + _SAMPLE_PX, left : left + _SAMPLE_PX]
    middle = np.asarray(Image.fromarray(sample).filter(ImageFilter.MedianFilter(3)))
    around = np.asarray(Image.fromarray(middle).filter(ImageFilter.MinFilter(_AROUND_PX)))
    difference = np.abs(sample.astype(np.int16) - middle)[around > _PAPER]
    if difference.size < _LEAST_PAPER_PX:
        return grey
    specks = float((difference > _SPECK).mean())
    grain = float(np.sqrt(np.square(np.minimum(difference, _SPECK)).mean()))
    if specks < _MANY_SPECKS and grain < _GRAIN:
        return grey
    image = Image.fromarray(grey).filter(ImageFilter.MedianFilter(3))
    if grain >= _GRAIN:
        image = image.filter(ImageFilter.GaussianBlur(0.8))
    return np.asarray(image)
