"""Headers of letters in words: encoded words decoded, raw eight-bit text too."""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from binascii import a2b_qp
from email.message import Message
from email.utils import collapse_rfc2231_value
from itertools import groupby
from typing import Final, TypeAlias

from samovar.parsers._shared.text import clean_characters, decode_bytes

__all__ = ["Letter", "decode_header", "file_name", "header"]

Letter: TypeAlias = "Message[str, str]"

_LONGEST: Final = 20_000
#: Source: RFC 2047, 2 (1996); real letters have blanks inside the text.
_ENCODED_WORD: Final = re.compile(r"=\?([\w.:*+-]{1,60})\?([bBqQ])\?([^?\r\n]{0,2000})\?=")
_ONE_WORD: Final = r"=\?[\w.:*+-]{1,60}\?[bBqQ]\?[^?\r\n]{0,2000}\?="
_ENCODED_RUN: Final = re.compile(rf"{_ONE_WORD}(?:\s*{_ONE_WORD}){{0,200}}")


def header(letter: Letter, name: str) -> str:
    """Read a header in words, on one line; empty where there is none."""
    values = [decode_header(str(value)) for key, value in letter.raw_items() if key.lower() == name]
    return ", ".join(filter(None, values))


def decode_header(raw: str) -> str:
    """Decode encoded words, those side by side as one, and bytes that should not be there."""
    raw = raw[:_LONGEST]
    if any("\udc80" <= character <= "\udcff" for character in raw):
        raw = decode_bytes(raw.encode("ascii", "surrogateescape") if _is_bytes(raw) else raw.encode("utf-8", "replace"))
    return " ".join(clean_characters(_ENCODED_RUN.sub(lambda found: _decode_run(found.group()), raw)).split())


def file_name(part: Letter) -> str:
    """The name under which a part was attached; empty where it has none. Source: RFC 2231 (1997)."""
    for parameter, where in (("filename", "content-disposition"), ("name", "content-type")):
        try:
            found = part.get_param(parameter, None, where, unquote=True)
            if found:
                return decode_header(collapse_rfc2231_value(found))
        except (ValueError, TypeError, LookupError, AttributeError):
            continue  # a parameter that the library cannot take apart
    return ""


def _is_bytes(raw: str) -> bool:
    return all(character < "\x80" or "\udc80" <= character <= "\udcff" for character in raw)


def _decode_run(run: str) -> str:
    """Decode encoded words that follow each other; a letter of several bytes may be divided between two."""
    words = [
        (charset.partition("*")[0].lower(), kind.lower(), text) for charset, kind, text in _ENCODED_WORD.findall(run)
    ]
    return "".join(
        decode_bytes(b"".join(_decode_word(kind, text) for _, kind, text in same), charset)
        for charset, same in groupby(words, key=lambda word: word[0])
    )


def _decode_word(kind: str, text: str) -> bytes:
    raw = text.encode("ascii", "replace")
    if kind == "q":
        return a2b_qp(raw, header=True)
    try:
        return b64decode(raw + b"=" * (-len(raw) % 4), validate=False) or raw
    except (Base64Error, ValueError):
        return raw
