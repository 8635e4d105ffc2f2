"""Text and JSON as PostgreSQL can hold them: without NUL characters and lone surrogates."""

import re
from typing import Final

import orjson

__all__ = ["indexed_text", "read_json", "storable_text", "write_json"]

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def storable_text(text: str) -> str:
    """Replace what cannot be stored, one character by one, so that offsets stay true."""
    if text.isascii() and "\x00" not in text:
        return text
    return _UNSTORABLE.sub(REPLACEMENT, text)


def indexed_text(text: str) -> str:
    """Text as the index of words takes it: what the SQL function ``samovar_plain`` makes of it, but sooner."""
    plain = storable_text(text)
    if plain.isascii():
        return plain
    plain = plain.replace("Ё", "Е").replace("ё", "е")
    return plain.replace(REPLACEMENT, " ").replace("\N{SOFT HYPHEN}", "")


def write_json(value: object) -> str:
    """Spell a value as JSON that ``jsonb`` accepts."""
    try:
        written = orjson.dumps(value)
    except orjson.JSONEncodeError:
        written = orjson.dumps(_storable(value))
    if b"\\u0000" in written:
        written = orjson.dumps(_storable(value))
    return written.decode()


def read_json(written: str | bytes) -> object:
    """Read a value back."""
    return orjson.loads(written)


def _storable(value: object) -> object:
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    return value
