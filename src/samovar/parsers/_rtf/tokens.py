"""RTF as a stream of tokens. Source: Rich Text Format Specification 1.9.1 (Microsoft, 2008)."""

import re
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

__all__ = ["Token", "TokenKind", "rtf_tokens"]

TokenKind: TypeAlias = Literal["open", "close", "word", "byte", "symbol", "text", "binary"]
#: Kind, bytes (the name of a word, the bytes of letters), and the number behind a word.
Token: TypeAlias = tuple[TokenKind, bytes, int | None]

_TOKEN: Final = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?[0-9]{1,10})? ?"
    rb"|((?:\\'[0-9a-fA-F]{2})+)|\\([^a-zA-Z])|([{}])|[\r\n\x00]+|([^\\{}\r\n\x00]+)",
    re.DOTALL,
)


def rtf_tokens(content: bytes) -> Iterator[Token]:
    """Cut RTF into tokens; bytes that belong to none are passed over."""
    place = 0
    while (found := _TOKEN.search(content, place)) is not None:
        place = found.end()
        word, number, byte, symbol, brace, text = found.groups()
        if text is not None:
            yield "text", text, None
        elif word is not None:
            value = None if number is None else int(number)
            if word == b"bin":
                place += max(0, value or 0)
                yield "binary", content[found.end() : place], None
            else:
                yield "word", word, value
        elif byte is not None:
            yield "byte", bytes.fromhex(byte.replace(b"\\'", b"").decode("ascii")), None
        elif brace is not None:
            yield ("open" if brace == b"{" else "close"), b"", None
        elif symbol is not None:
            yield "symbol", symbol, None
