"""Characters that are safe to store, and text in old Russian encodings."""

from math import log
from typing import Final

from samovar.domain.errors import FileEmpty, FileTypeUnknown

__all__ = ["SOFT_HYPHEN", "clean_characters", "decode_text", "looks_like_text"]

SOFT_HYPHEN: Final = "\u00ad"

_BYTE_ORDER_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
#: Bytes that text never holds: control characters other than tab, line ends, form feed and the end mark of DOS.
_CONTROL_BYTES: Final = bytes(set(range(32)) - {0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x1A, 0x1B}) + b"\x7f"
#: Formats that are written as text but are not prose.
_MARKUP_STARTS: Final = ("<?xml", "<!doctype", "<html", "<svg", "{\\rtf", "%!ps", "%pdf-")
_RUSSIAN_ENCODINGS: Final = ("cp1251", "koi8-r", "cp866")
_SAMPLE_BYTES: Final = 65_536

#: Occurrences among 10,000 letters of Russian prose. Source: frequencies of the Russian National Corpus, rounded.
_RUSSIAN_LETTERS: Final = {
    "о": 1097, "е": 845, "а": 801, "и": 735, "н": 670, "т": 626, "с": 547, "р": 473, "в": 454, "л": 440, "к": 349,
    "м": 321, "д": 298, "п": 281, "у": 262, "я": 201, "ы": 190, "ь": 174, "г": 170, "з": 165, "б": 159, "ч": 144,
    "й": 121, "х": 97, "ж": 94, "ш": 73, "ю": 64, "ц": 48, "щ": 36, "э": 32, "ф": 26, "ъ": 4, "ё": 4,
}  # fmt: skip
_NOT_A_LETTER: Final = log(0.3 / 10_000)
_CASE_RISES_IN_A_WORD: Final = log(1 / 1_000)

_UNSAFE: Final = {
    **dict.fromkeys((*range(0x09), 0x0B, *range(0x0E, 0x20), *range(0x7F, 0xA0)), " "),
    0x0C: "\n",
    0xFEFF: " ",
    0xFFFE: SOFT_HYPHEN,
    0xFFFF: " ",
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}


def clean_characters(text: str) -> str:
    """Replace what cannot be stored or shown, one character for one, so that places stay true."""
    return text.translate(_UNSAFE)


def looks_like_text(content: bytes) -> bool:
    """Tell whether the bytes are plain text in an encoding that is read here."""
    try:
        decode_text(content, name="")
    except FileEmpty:
        return True
    except FileTypeUnknown:
        return False
    return True


def decode_text(content: bytes, *, name: str) -> str:
    r"""Decode plain text: Unicode by its mark or by its form, else the likeliest Russian or Western code page.

    Line ends become ``\n``. Raises: FileTypeUnknown for binary data and markup, FileEmpty for white space alone.
    """
    encoding = _encoding(content)
    if encoding is None:
        raise FileTypeUnknown(name=name)
    try:
        text = content.decode(encoding, "strict" if encoding.startswith("utf") else "replace")
    except UnicodeDecodeError as error:
        raise FileTypeUnknown(name=name) from error
    if text.lstrip()[:10].lower().startswith(_MARKUP_STARTS):
        raise FileTypeUnknown(name=name)
    if "\x00" in text:
        raise FileTypeUnknown(name=name)
    text = clean_characters(text.replace("\r\n", "\n").replace("\r", "\n"))
    if not text.strip():
        raise FileEmpty(name=name)
    return text


def _encoding(content: bytes) -> str | None:
    """Choose the encoding, or None for bytes that are not text."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return encoding
    if len(content.translate(None, _CONTROL_BYTES)) != len(content):
        return None
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return _code_page(content[:_SAMPLE_BYTES])
    return "utf-8"


def _code_page(sample: bytes) -> str:
    if _is_western(sample):
        return "cp1252"
    return max(_RUSSIAN_ENCODINGS, key=lambda encoding: _russian_score(sample.decode(encoding, "replace")))


def _is_western(sample: bytes) -> bool:
    """Accented letters stand alone among Latin ones; Russian letters stand side by side."""
    beside_latin = beside_high = 0
    for place, byte in enumerate(sample):
        if byte < 0x80:
            continue
        for neighbour in sample[max(0, place - 1) : place] + sample[place + 1 : place + 2]:
            beside_high += neighbour >= 0x80
            beside_latin += chr(neighbour).isalpha() and neighbour < 0x80
    return beside_latin > beside_high


def _russian_score(text: str) -> float:
    """How much the text looks like Russian prose; comparable between decodings of the same bytes."""
    score = 0.0
    was_lower = False
    for character in text:
        if character < "\x80":
            was_lower = False
            continue
        frequency = _RUSSIAN_LETTERS.get(character.lower())
        score += _NOT_A_LETTER if frequency is None else log(frequency / 10_000)
        if was_lower and character.isupper():
            score += _CASE_RISES_IN_A_WORD
        was_lower = frequency is not None and character.islower()
    return score
