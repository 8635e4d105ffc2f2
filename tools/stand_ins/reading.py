"""Reading of JSON whose form is not known: each value is what it should be, or nothing."""

import base64
import binascii
from typing import Final

__all__ = ["as_list", "as_number", "as_object", "as_text", "as_whole", "decode_base64"]

_DATA: Final = "data:"


def as_object(value: object) -> dict[str, object]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def as_text(value: object) -> str:
    """The value if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def as_number(value: object, default: float = 0.0) -> float:
    """The value if it is a number, else ``default``."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else default


def as_whole(value: object) -> int | None:
    """The value if it is a whole number, else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def decode_base64(text: str) -> bytes | None:
    """The bytes of a base64 text or of a data URI; None if it is neither."""
    body = text.partition(",")[2] if text.startswith(_DATA) else text
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return None
