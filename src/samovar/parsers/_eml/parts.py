"""The parts of a letter: which of them is its text, which are pictures in it, and which came along."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import compat32
from typing import Final

from samovar.domain.errors import FileDamaged, FileTooComplex
from samovar.domain.page import Attachment
from samovar.parsers._eml.headers import Letter, file_name, header
from samovar.parsers._markup.html_text import decode_html
from samovar.parsers._shared.text import clean_characters, decode_bytes

__all__ = ["LetterParts", "open_letter"]

_MOST_BOUNDARIES: Final = 100
_MOST_DASHED_LINES: Final = 50_000
_LONGEST_HEAD_BYTES: Final = 1_000_000
_DEEPEST: Final = 20
_LONGEST_NAME: Final = 240
_BOUNDARY: Final = re.compile(rb"boundary\s*\*?\d*\*?\s*=", re.IGNORECASE)
_UNNAMED: Final = {
    "message/rfc822": "message.eml",
    "text/calendar": "invitation.ics",
    "application/pdf": "attachment.pdf",
    "image/png": "picture.png",
    "image/jpeg": "picture.jpg",
    "application/ms-tnef": "winmail.dat",
}


@dataclass(slots=True)
class LetterParts:
    """What a letter holds. ``pictures`` are by content id; those that its text does not show are attachments too."""

    plain: list[str] = field(default_factory=list)
    marked: list[str] = field(default_factory=list)
    pictures: dict[str, Attachment] = field(default_factory=dict)
    attachments: list[Attachment] = field(default_factory=list)


def open_letter(content: bytes, name: str, *, most_parts: int) -> tuple[Letter, LetterParts]:
    """Take a letter apart. Raises: FileDamaged, FileTooComplex (parts without end)."""
    content = content.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    head_bytes = min((place for place in map(content.find, (b"\n\n", b"\n\r\n")) if place >= 0), default=len(content))
    if (
        head_bytes > _LONGEST_HEAD_BYTES
        or content.count(b"\n--") > _MOST_DASHED_LINES
        or len(_BOUNDARY.findall(content)) > _MOST_BOUNDARIES
    ):
        raise FileTooComplex(name=name, reason="unpacked")
    try:
        letter = message_from_bytes(content, policy=compat32)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise FileDamaged(name=name) from error
    parts = LetterParts()
    for count, part in enumerate(_leaves(letter, 0)):
        if count >= most_parts:
            raise FileTooComplex(name=name, reason="unpacked")
        _sort(part, parts)
    return letter, parts


def _leaves(part: Letter, depth: int) -> Iterator[Letter]:
    """Every part that is no container; a letter inside the letter is one part."""
    if part.get_content_maintype() != "multipart" or not part.is_multipart():
        yield part
    elif depth < _DEEPEST:
        for inner in part.get_payload():
            if isinstance(inner, type(part)):
                yield from _leaves(inner, depth + 1)


def _sort(part: Letter, parts: LetterParts) -> None:
    kind = part.get_content_type()
    if kind.startswith("multipart/"):  # a container that names no boundary
        kind = "text/plain"
    named = file_name(part)
    is_attached = header(part, "content-disposition").lower().startswith("attachment")
    if kind == "message/rfc822":
        parts.attachments.append(Attachment(name=_name(named, kind, ".eml"), content=_inner_letter(part)))
        return
    content = _content(part)
    if kind == "text/html" and not is_attached and not named:
        parts.marked.append(decode_html(content, _charset(part)))
    elif kind == "text/plain" and not is_attached and not named:
        text = decode_bytes(content, _charset(part))
        parts.plain.append(_unfolded(text) if _is_flowed(part) else text)
    elif content.strip():
        attachment = Attachment(name=_name(named, kind, ""), content=content)
        content_id = header(part, "content-id").strip("<> ")
        location = header(part, "content-location")
        if kind.startswith("image/") and (content_id or location) and not is_attached:
            for key in filter(None, (content_id, location)):
                parts.pictures.setdefault(key, attachment)
        else:
            parts.attachments.append(attachment)


def _content(part: Letter) -> bytes:
    try:
        payload = part.get_payload(decode=True)
    except (ValueError, TypeError, LookupError, AttributeError):
        return b""
    return payload if isinstance(payload, bytes) else b""


def _inner_letter(part: Letter) -> bytes:
    payload = part.get_payload() if part.is_multipart() else None
    inner = payload[0] if isinstance(payload, list) and payload else part
    try:
        return inner.as_bytes() if isinstance(inner, type(part)) else _content(part)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return _content(part)


def _charset(part: Letter) -> str | None:
    try:
        charset = part.get_content_charset()
    except (ValueError, TypeError, LookupError, AttributeError):
        return None
    return charset


def _is_flowed(part: Letter) -> bool:
    return "format=flowed" in header(part, "content-type").lower().replace(" ", "").replace('"', "")


def _unfolded(text: str) -> str:
    """Join the lines that were cut softly: they end in a blank. Source: RFC 3676, 4.2 (2004)."""
    lines: list[str] = []
    goes_on = False
    for line in text.split("\n"):
        quote = len(line) - len(line.lstrip(">"))
        words = line[quote:].removeprefix(" ") if not quote else line
        if goes_on and not quote:
            lines[-1] += words
        else:
            lines.append(words)
        goes_on = not quote and words.endswith(" ") and words != "-- "
    return "\n".join(lines)


def _name(named: str, kind: str, suffix: str) -> str:
    """A name without folders."""
    name = clean_characters(named).replace("\\", "/").rpartition("/")[2].strip(" .")
    if not name:
        return _UNNAMED.get(kind, "attachment" + (suffix or ".bin"))
    name = name[-_LONGEST_NAME:]
    return name if not suffix or name.lower().endswith(suffix) else name + suffix
