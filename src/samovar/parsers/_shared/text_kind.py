"""Which of the formats that are written as text a file is: decided in one place, so that one parser says yes.

Content decides; a name only breaks the tie between formats that content cannot tell apart.
"""

import re
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from samovar.domain.errors import FileEmpty, FileTypeUnknown
from samovar.parsers._shared.encoding import find_encoding
from samovar.parsers._shared.json_text import looks_like_json
from samovar.parsers._shared.separator import find_separator
from samovar.parsers._shared.text import decode_text

__all__ = ["MARKDOWN_SUFFIXES", "TextKind", "text_kind"]

TextKind: TypeAlias = Literal["delimited", "eml", "html", "json", "markdown", "rtf", "text"]

MARKDOWN_SUFFIXES: Final = (".md", ".markdown", ".mdown", ".mkd")
_TABLE_SUFFIXES: Final = (".csv", ".tsv", ".tab")
_PROSE_SUFFIXES: Final = (*MARKDOWN_SUFFIXES, ".log", ".ini", ".cfg", ".yml", ".yaml", ".py", ".sql", ".tex", ".srt")
_JSON_SUFFIXES: Final = (".json", ".jsonl", ".ndjson", ".geojson", ".ipynb")
_HTML_SUFFIXES: Final = (".html", ".htm", ".xhtml", ".shtml")
_LETTER_SUFFIXES: Final = (".eml", ".mht", ".mhtml")
_HEAD_BYTES: Final = 65_536
_PDF_HEAD_BYTES: Final = 1024
_PDF_TAIL_BYTES: Final = 4096

#: What may stand before the first element: marks, comments, the XML declaration, instructions.
_BEFORE_MARKUP: Final = re.compile(r"(?:\s|<!--(?:(?!-->)[\s\S]){0,20000}-->|<\?[^>]{0,1000}>)*+")
_WHOLE_HTML: Final = re.compile(r"<(?:!doctype\s+html|html|head|body|title|meta)\b", re.IGNORECASE)
_PIECE_OF_HTML: Final = re.compile(
    r"<(?:div|p|table|h[1-6]|ul|ol|span|center|font|article|section|main|style|b|a|pre|link|script)\b[^>]{0,2000}>",
    re.IGNORECASE,
)
_CLOSING_TAG: Final = re.compile(
    r"</(?:div|p|table|h[1-6]|ul|ol|span|center|font|article|section|main|a|pre)\s*>", re.I
)

_HEADER_LINE: Final = re.compile(rb"[A-Za-z][A-Za-z0-9-]{0,70}[ \t]{0,3}:")
_LETTER_HEADERS: Final = frozenset(
    b"from to cc bcc subject date message-id mime-version received return-path delivered-to content-type reply-to "
    b"x-mailer sender in-reply-to references content-transfer-encoding dkim-signature x-received user-agent "
    b"thread-topic x-originating-ip list-id".split()
)
_TELLING_HEADERS: Final = frozenset(b"from received return-path message-id mime-version delivered-to".split())


@lru_cache(maxsize=1)  # every parser of text asks about the same file
def text_kind(content: bytes, name: str) -> TextKind | None:
    """Name the one format of text that the bytes are written in, or None for anything else."""
    name = name.lower()
    if _is_pdf(content):
        return None
    if content[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{\\rtf"):
        return "rtf"
    if _is_letter(content, name):
        return "eml"
    encoding = find_encoding(content)
    if encoding is None:
        return None
    head = content[:_HEAD_BYTES].decode(encoding, "ignore").lstrip("\ufeff \t\r\n\f")
    if head.startswith("<") and _is_html(head, name):
        return "html"
    if head.startswith(("{", "[")) and looks_like_json(head, is_named=name.endswith(_JSON_SUFFIXES)):
        return "json"
    return _prose_kind(content, name)


def _prose_kind(content: bytes, name: str) -> TextKind | None:
    try:
        text = decode_text(content, name=name)
    except FileTypeUnknown:
        return None
    except FileEmpty:
        text = ""
    if name.endswith(MARKDOWN_SUFFIXES):
        return "markdown"
    if name.endswith(_TABLE_SUFFIXES) and text:
        return "delimited"
    if not name.endswith(_PROSE_SUFFIXES) and find_separator(text, is_sure=True) is not None:
        return "delimited"
    return "text"


def _is_pdf(content: bytes) -> bool:
    """The parser of PDF allows junk before the mark; such a file is not taken from it."""
    if b"%PDF-" not in content[:_PDF_HEAD_BYTES]:
        return False
    return b"startxref" in content[-_PDF_TAIL_BYTES:] or content[:64].lstrip(b"\xef\xbb\xbf \t\r\n\x00").startswith(
        b"%PDF-"
    )


def _is_html(head: str, name: str) -> bool:
    start = _BEFORE_MARKUP.match(head)
    rest = head[start.end() if start else 0 :]
    if _WHOLE_HTML.match(rest):
        return True
    if not _PIECE_OF_HTML.match(rest) or head.startswith("<?xml"):
        return False
    return name.endswith(_HTML_SUFFIXES) or len(_CLOSING_TAG.findall(rest)) >= 2


def _is_letter(content: bytes, name: str) -> bool:
    """Tell a letter by the lines it begins with. Source: RFC 5322, 2.2 (2008)."""
    head = content[:_HEAD_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if head.startswith(b"From "):  # the line that mail boxes put before each letter
        head = head.partition(b"\n")[2]
    found: set[bytes] = set()
    for line in head.splitlines()[:500]:
        if not line.strip():
            break
        if line[:1] in b" \t" and found:
            continue
        if not _HEADER_LINE.match(line):
            return False
        found.add(line.partition(b":")[0].strip().lower())
    known = found & _LETTER_HEADERS
    return bool(known & _TELLING_HEADERS) and len(known) >= (2 if name.endswith(_LETTER_SUFFIXES) else 3)
