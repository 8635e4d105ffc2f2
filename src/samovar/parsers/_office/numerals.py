"""Numbers as lists write them: figures, letters, Roman and Russian."""

from typing import Final

__all__ = ["bullet", "numeral", "symbol"]

_ROMAN: Final = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
#: Lists in Russian leave out letters that look like others. Source: GOST R 2.105-2019, 6.1.7.
_RUSSIAN: Final = "абвгдежзиклмнопрстуфхцчшщэюя"
_WORD_RUSSIAN: Final = "абвгдежзиклмнопрстуфхцчшщыэюя"
_LATIN: Final = "abcdefghijklmnopqrstuvwxyz"
_HIGHEST_ROMAN: Final = 4000

#: The font Symbol: its bytes 0x61... as Unicode. Source: Unicode mapping of Adobe's Symbol encoding (1998).
_SYMBOL: Final = dict(
    zip(
        range(0x41, 0x5B), "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ", strict=True,
    )
) | dict(zip(range(0x61, 0x7B), "αβχδεφγηιϕκλμνοπθρστυϖωξψζ", strict=True)) | {
    0x22: "∀", 0x24: "∃", 0x40: "≅", 0x5C: "∴", 0x5E: "⊥", 0xA3: "≤", 0xA5: "∞", 0xAB: "↔", 0xAC: "←", 0xAD: "↑",
    0xAE: "→", 0xAF: "↓", 0xB0: "°", 0xB1: "±", 0xB2: "″", 0xB3: "≥", 0xB4: "×", 0xB5: "∝", 0xB6: "∂", 0xB7: "•",
    0xB8: "÷", 0xB9: "≠", 0xBA: "≡", 0xBB: "≈", 0xBC: "…", 0xC5: "⊕", 0xC6: "∅", 0xC7: "∩", 0xC8: "∪", 0xCC: "⊂",
    0xCE: "∈", 0xCF: "∉", 0xD0: "∠", 0xD1: "∇", 0xD5: "∏", 0xD6: "√", 0xD7: "⋅", 0xD8: "¬", 0xD9: "∧", 0xDA: "∨",
    0xDB: "⇔", 0xDC: "⇐", 0xDE: "⇒", 0xE5: "∑", 0xF2: "∫",
}  # fmt: skip
#: The signs of Wingdings that papers use. Source: Unicode's mapping of Wingdings (L2/11-052, 2011).
_WINGDINGS: Final = {
    0x6C: "●", 0x6D: "○", 0x6E: "■", 0x6F: "□", 0x71: "❑", 0x75: "◆", 0x76: "❖", 0x77: "◆", 0x9F: "•", 0xA7: "▪",
    0xA8: "◻", 0xD8: "➢", 0xE0: "→", 0xE8: "➔", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑", 0x4A: "☺", 0x28: "☎",
}  # fmt: skip
_BULLETS: Final = {"o": "◦", "·": "•", "": "•"}


def numeral(number: int, form: str) -> str:
    """Write a number in a form of OOXML (``lowerRoman``) or OpenDocument (``i``)."""
    match form:
        case "lowerRoman" | "i":
            return _roman(number)
        case "upperRoman" | "I":
            return _roman(number).upper()
        case "lowerLetter" | "a":
            return _letters(number, _LATIN)
        case "upperLetter" | "A":
            return _letters(number, _LATIN).upper()
        case "russianLower":
            return _letters(number, _WORD_RUSSIAN)
        case "russianUpper":
            return _letters(number, _WORD_RUSSIAN).upper()
        case _:
            return _other(number, form)


def symbol(code: int, font: str) -> str:
    """What a character of a font of signs looks like; empty for an unknown one in the private area."""
    low = code - 0xF000 if 0xF000 <= code <= 0xF0FF else code
    table = _SYMBOL if font.lower().startswith("symbol") else _WINGDINGS if "wingdings" in font.lower() else {}
    if low in table:
        return table[low]
    if low != code:
        return chr(low) if 0x20 <= low < 0x7F and font.lower().startswith("symbol") else ""
    return chr(code) if 0x20 <= code < 0x110000 and not 0xD800 <= code < 0xE000 else ""


def bullet(text: str, font: str) -> str:
    """The mark of a list without numbers, as a character that every font has."""
    if not text:
        return "•"
    if text == "o" and "courier" in font.lower():
        return "◦"
    if ord(text[0]) >= 0xF000 or font.lower().startswith(("symbol", "wingdings")):
        return symbol(ord(text[0]), font or "Symbol") or "•"
    return _BULLETS.get(text, text)


def _other(number: int, form: str) -> str:
    if form.startswith(("А, Б", "а, б", "Аа", "аа")):  # as LibreOffice names Russian letters
        letters = _letters(number, _RUSSIAN)
        return letters.upper() if form[0] == "А" else letters
    if form in ("none", ""):
        return ""
    return f"{number:02d}" if form == "decimalZero" else str(number)


def _roman(number: int) -> str:
    if not 0 < number < _HIGHEST_ROMAN:
        return str(number)
    written = ""
    for worth, letters in _ROMAN:
        count, number = divmod(number, worth)
        written += letters * count
    return written


def _letters(number: int, alphabet: str) -> str:
    """Write a to z, then aa to zz: the same letter again, as Word and LibreOffice count."""
    if not 0 < number <= 100 * len(alphabet):
        return str(number)
    again, place = divmod(number - 1, len(alphabet))
    return alphabet[place] * (again + 1)
