"""What several parsers need: characters that are safe to store, old Russian encodings, bounded pictures."""

from samovar.parsers._shared.pictures import (
    LONGER_SIDE_PX,
    PICTURE_DAMAGE,
    encode_picture,
    fit_picture,
    open_picture,
    plain_picture,
)
from samovar.parsers._shared.text import SOFT_HYPHEN, clean_characters, decode_bytes, decode_text, looks_like_text

__all__ = [
    "LONGER_SIDE_PX",
    "PICTURE_DAMAGE",
    "SOFT_HYPHEN",
    "clean_characters",
    "decode_bytes",
    "decode_text",
    "encode_picture",
    "fit_picture",
    "looks_like_text",
    "open_picture",
    "plain_picture",
]
