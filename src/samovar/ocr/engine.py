"""Reads the text of a picture with Tesseract."""

from pathlib import Path

import tesserocr

__all__ = ["Engine", "EngineNotLoadedError", "load"]


class EngineNotLoadedError(Exception):
    """Tesseract refuses the language data."""


class Engine:
    """Tesseract with its language data."""

    def __init__(self, api: tesserocr.PyTessBaseAPI) -> None:
        self._api = api

    @property
    def version(self) -> str:
        """Tesseract's version."""
        return str(self._api.Version())


def load(tessdata: Path, languages: tuple[str, ...]) -> Engine:
    """Load the engine. Raises: EngineNotLoadedError."""
    try:
        api = tesserocr.PyTessBaseAPI(path=str(tessdata), lang="+".join(languages), oem=tesserocr.OEM.LSTM_ONLY)
    except RuntimeError as error:
        raise EngineNotLoadedError(str(error)) from error
    return Engine(api)
