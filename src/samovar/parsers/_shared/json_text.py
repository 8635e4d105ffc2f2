"""JSON as a stream of tokens: nothing is built, so that no file is too large, too deep or too clever."""

import re
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

__all__ = ["JsonToken", "TokenKind", "json_tokens", "looks_like_json"]

TokenKind: TypeAlias = Literal["open", "close", "comma", "colon", "string", "scalar", "wrong", "end"]
JsonToken: TypeAlias = tuple[TokenKind, str]

#: Source: RFC 8259 (2017). Possessive, so that a long string is passed over once. Control characters inside strings
#: are forbidden there and written all the same.
_TOKEN: Final = re.compile(
    r"[ \t\r\n\ufeff]*+(?:"
    r"(?P<string>\"[^\"\\]*+(?:\\[\s\S][^\"\\]*+)*+\")"
    r"|(?P<scalar>-?[0-9]++(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+|true|false|null|NaN|-?Infinity)(?![\w.])"
    r"|(?P<open>[\[{])|(?P<close>[\]}])|(?P<comma>,)|(?P<colon>:)|(?P<end>\Z))"
)
_TOKENS_LOOKED_AT: Final = 2000
_DEEPEST_LOOKED_AT: Final = 500


def json_tokens(text: str) -> Iterator[JsonToken]:
    """Cut JSON into tokens as they are written; the last one is ``end``, or ``wrong`` where it stops being JSON."""
    place = 0
    while True:
        found = _TOKEN.match(text, place)
        if found is None:
            yield "wrong", text[place : place + 100]
            return
        kind = found.lastgroup
        yield kind, found.group(kind)  # type: ignore[misc,arg-type]  # the groups are the kinds of tokens
        if kind == "end":
            return
        place = found.end()


def looks_like_json(head: str, *, is_named: bool) -> bool:
    """Tell whether the beginning of a text follows the grammar of JSON, or of one JSON value a line.

    ``head`` may be cut anywhere. Without a name that says so, a value must hold more than a number or a word in
    brackets, as a footnote has.
    """
    stack: list[str] = []
    expected: frozenset[str] = frozenset({"value"})
    strings = colons = seen = 0
    for kind, token in json_tokens(head):
        seen += 1
        if seen > _TOKENS_LOOKED_AT or len(stack) > _DEEPEST_LOOKED_AT:
            break
        if kind == "end":
            break
        if kind == "wrong":
            if token.strip().startswith('"') or len(token) < 100:
                break  # cut in the middle of a token
            return False
        strings += kind == "string"
        colons += kind == "colon"
        step = _step(kind, token, stack, expected)
        if step is None:
            return False
        expected = step
    return is_named or colons > 0 or (strings > 0 and seen > 3) or (seen > 8 and not stack)


_VALUES: Final = frozenset({"value"})
_AFTER_VALUE: Final = frozenset({"comma", "close"})


def _step(kind: TokenKind, token: str, stack: list[str], expected: frozenset[str]) -> frozenset[str] | None:
    """What may follow, or None where the token may not stand."""
    if kind == "open" and "value" in expected:
        stack.append(token)
        return frozenset({"key", "close"}) if stack[-1] == "{" else frozenset({"value", "close"})
    if kind == "close" and "close" in expected and stack and stack[-1] + token in ("{}", "[]"):
        stack.pop()
        return _AFTER_VALUE if stack else _VALUES
    if kind == "string" and "key" in expected:
        return frozenset({"colon"})
    if kind in ("string", "scalar") and "value" in expected and stack:
        return _AFTER_VALUE
    if kind == "colon" and "colon" in expected:
        return _VALUES
    if kind == "comma" and "comma" in expected:
        return frozenset({"key"}) if stack[-1] == "{" else _VALUES
    return None
