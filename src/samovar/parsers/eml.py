"""Letters as mail programs save them: who wrote to whom, what, and what came along."""

from collections.abc import Iterator
from email.utils import parseaddr
from typing import Final
from urllib.parse import unquote

from samovar.domain.errors import FileEmpty
from samovar.domain.page import DocumentHead, DocumentKind, ParsedPart
from samovar.parsers._eml.headers import Letter, header
from samovar.parsers._eml.parts import LetterParts, open_letter
from samovar.parsers._markup.html_text import PictureFinder
from samovar.parsers._markup.markup_reader import read_markup
from samovar.parsers._markup.page_writer import PageWriter, Passage, TableCell
from samovar.parsers._markup.plain import write_plain_text
from samovar.parsers._shared.text_kind import text_kind
from samovar.ports.parser import ParserLimits

__all__ = ["KIND", "MEDIA_TYPES", "SUFFIXES", "read", "recognises"]

KIND: Final[DocumentKind] = "eml"
SUFFIXES: Final = (".eml", ".mht", ".mhtml")
MEDIA_TYPES: Final = ("message/rfc822", "multipart/related")

_SHOWN_HEADERS: Final = ("From", "To", "Cc", "Date", "Subject")
_LONGEST_TITLE: Final = 500


def recognises(content: bytes, name: str) -> bool:
    """Tell by the headers at the start."""
    return text_kind(content, name) == KIND


def read(content: bytes, name: str, limits: ParserLimits, *, first_page: int = 1) -> Iterator[ParsedPart]:
    """Read the letter as one page, headers first; what came along follows as attachments.

    The text is the plain one, unless the marked-up one holds tables or pictures. Raises: FileDamaged, FileTooComplex,
    FileEmpty.
    """
    del first_page  # there is only one
    letter, parts = open_letter(content, name, most_parts=limits.entries)
    writer = PageWriter()
    shown = _write_body(writer, letter, parts, limits)
    if not writer.has_blocks and not parts.attachments:
        raise FileEmpty(name=name)
    subject = header(letter, "subject")[:_LONGEST_TITLE] or None
    sender, address = parseaddr(header(letter, "from"))
    yield DocumentHead(
        kind=KIND, media_type=MEDIA_TYPES[0], page_count=1, title=subject, author=(sender or address)[:500] or None
    )
    yield writer.page()
    yield from parts.attachments
    seen: set[int] = set()
    for key, picture in parts.pictures.items():
        if key not in shown and id(picture) not in seen:
            seen.add(id(picture))
            yield picture


def _write_body(writer: PageWriter, letter: Letter, parts: LetterParts, limits: ParserLimits) -> set[str]:
    """Write headers and text; hand over which pictures the text shows."""
    _write_headers(writer, letter, parts)
    shown: set[str] = set()

    def picture_of(address: str) -> bytes | None:
        key = unquote(address[4:]) if address[:4].lower() == "cid:" else address
        found = parts.pictures.get(key)
        if found is None:
            return None
        shown.add(key)
        return found.content

    plain = "\n\n".join(text for text in parts.plain if text.strip())
    if parts.marked and (not plain or _is_richer(parts)):
        finder = PictureFinder(limits, picture_of)
        for text in parts.marked:
            read_markup(text, writer, find_picture=finder)
        writer.is_full = writer.is_full or finder.left_out
    else:
        write_plain_text(writer, plain)
    return shown


def _is_richer(parts: LetterParts) -> bool:
    """Tell whether the marked-up text has what the plain one cannot show: tables of values, pictures."""
    probe = PageWriter()
    tables = False
    for text in parts.marked:
        if any("cid:" + key in text for key in parts.pictures):
            return True
        if "<table" in text.lower():
            read_markup(text, probe, find_picture=lambda _: None)
            tables = tables or any(block.kind == "table" for block in probe.page().page.blocks)
    return tables


def _write_headers(writer: PageWriter, letter: Letter, parts: LetterParts) -> None:
    rows = [(name, header(letter, name.lower())) for name in _SHOWN_HEADERS]
    rows.extend(("Attachment", attachment.name) for attachment in parts.attachments)
    filled = [(name, value) for name, value in rows if value]
    writer.write_table(
        TableCell(row=place, column=column, passage=Passage(text), is_header=column == 0)
        for place, row in enumerate(filled)
        for column, text in enumerate(row)
    )
