"""What the command line says of OCR, in English and in Russian."""

from collections.abc import Mapping
from typing import Final

from samovar.cli.words import Language, language_of

__all__ = ["OCR_WORDS", "say_ocr"]

OCR_WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "off": "switched off (ocr.enabled)",
        "missing": "no language data, so scans and pictures are not read",
        "missing_there": "no Russian and English data in {folder} (ocr.tessdata), so scans and pictures are not read",
        "broken": "the language data in {folder} cannot be loaded",
        "ready": "Tesseract {version}, {languages}, {folder}",
        "get": "Run `samovar ocr install`, or install the packages tesseract-ocr-rus and tesseract-ocr-eng.",
        "get_anew": "Delete it and run `samovar ocr install`.",
    },
    "ru": {
        "off": "выключено (ocr.enabled)",
        "missing": "нет языковых данных, поэтому сканы и картинки не читаются",
        "missing_there": "в {folder} (ocr.tessdata) нет русских и английских данных, поэтому сканы и картинки "
        "не читаются",
        "broken": "языковые данные в {folder} не загружаются",
        "ready": "Tesseract {version}, {languages}, {folder}",
        "get": "Выполните `samovar ocr install` или установите пакеты tesseract-ocr-rus и tesseract-ocr-eng.",
        "get_anew": "Удалите их и выполните `samovar ocr install`.",
    },
}


def say_ocr(key: str, **values: object) -> str:
    """A sentence in the language of the command line."""
    return OCR_WORDS[language_of()][key].format_map(values)
