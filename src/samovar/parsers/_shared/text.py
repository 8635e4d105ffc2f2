"""Characters that are safe to store, and text in whatever encoding it came."""

import re
from typing import Final

from samovar.domain.errors import FileEmpty, FileTypeUnknown
from samovar.parsers._shared.encoding import find_encoding

__all__ = ["SOFT_HYPHEN", "clean_characters", "decode_bytes", "decode_text", "looks_like_text"]

SOFT_HYPHEN: Final = "\u00ad"

#: Formats that are written as text but are not prose.
_MARKUP_STARTS: Final = ("<?xml", "<!doctype", "<html", "<svg", "{\\rtf", "%!ps", "%pdf-")
#: Colours and cursor moves in what a terminal has shown. Source: ECMA-48, 5.4 (1991).
_TERMINAL_CODE: Final = re.compile(r"\x1b\[[0-?]{0,20}[ -/]{0,5}[@-~]")
#: DOS marks the end of a text with it.
_END_MARK: Final = "\x1a"

_UNSAFE: Final = {
    **dict.fromkeys((*range(0x09), 0x0B, *range(0x0E, 0x20), *range(0x7F, 0xA0)), " "),
    0x0C: "\n",
    0xFEFF: " ",
    0xFFFE: SOFT_HYPHEN,
    0xFFFF: " ",
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}
_UNSAFE_IN_PRINT: Final = {code: safe for code, safe in _UNSAFE.items() if code != 0x0C}
_ANY_UNSAFE: Final = re.compile("[" + "".join(map(re.escape, map(chr, _UNSAFE))) + "]")


def clean_characters(text: str) -> str:
    """Replace what cannot be stored or shown, one character for one, so that places stay true."""
    return text.translate(_UNSAFE) if _ANY_UNSAFE.search(text) else text


def looks_like_text(content: bytes) -> bool:
    """Tell whether the bytes are plain text in an encoding that is read here."""
    try:
        decode_text(content, name="")
    except FileEmpty:
        return True
    except FileTypeUnknown:
        return False
    return True


def decode_text(content: bytes, *, name: str, keep_form_feeds: bool = False) -> str:
    r"""Decode plain text: Unicode by its mark or by its form, else the likeliest Russian or Western code page.

    Line ends become ``\n``, and so do form feeds unless they are kept. Raises: FileTypeUnknown for binary data and
    markup, FileEmpty for white space alone.
    """
    encoding = find_encoding(content)
    if encoding is None:
        raise FileTypeUnknown(name=name)
    text = content.decode(encoding, "replace")
    if text.lstrip("\ufeff \t\r\n")[:10].lower().startswith(_MARKUP_STARTS) or "\x00" in text:
        raise FileTypeUnknown(name=name)
    text = _whole_lines(text)
    text = text.translate(_UNSAFE_IN_PRINT) if keep_form_feeds and "\f" in text else clean_characters(text)
    if not text.strip():
        raise FileEmpty(name=name)
    return text


def decode_bytes(content: bytes, declared: str | None = None) -> str:
    r"""Decode text of a part whose type is known; what ``declared`` says is checked against the bytes.

    Line ends become ``\n``; characters are not cleaned yet. Raises: nothing, damage becomes U+FFFD.
    """
    encoding = find_encoding(content, declared) or find_encoding(content, "ascii") or "cp1252"
    return _whole_lines(content.decode(encoding, "replace"))


def _whole_lines(text: str) -> str:
    text = text.removeprefix("\ufeff").rstrip(_END_MARK)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _TERMINAL_CODE.sub("", text) if "\x1b" in text else text
