"""Which code page the letters of an RTF font are in. Source: RTF 1.9.1, Font Table, and the code pages of Windows."""

from typing import Final

__all__ = ["code_page", "of_character_set"]

_CHARACTER_SETS: Final = {
    0: "cp1252", 77: "mac-roman", 78: "shift_jis", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "big5",
    161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251",
    222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
_PAGES: Final = frozenset(
    {437, 850, 852, 855, 866, 874, 932, 936, 949, 950, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258}
)
_OTHER_PAGES: Final = {936: "gbk", 10000: "mac-roman", 10007: "mac-cyrillic", 65001: "utf-8"}


def code_page(number: int | None) -> str | None:
    """The encoding behind the number of a code page, or None for one that is not known."""
    if number in _OTHER_PAGES:
        return _OTHER_PAGES[number]
    return f"cp{number}" if number in _PAGES else None


def of_character_set(number: int | None) -> str | None:
    """The encoding of a font's character set, or None for symbols and for sets that name none."""
    return _CHARACTER_SETS.get(number) if number is not None else None
