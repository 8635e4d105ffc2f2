"""RTF into blocks: paragraphs, headings by style, lists, tables, notes, headers, links and pictures."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias

from samovar.domain.layout import BlockKind
from samovar.domain.page import Picture
from samovar.parsers._markup.flow import Flow, Inline, write_flow
from samovar.parsers._markup.page_writer import PageWriter, Passage, is_safe_target
from samovar.parsers._rtf.encodings import code_page, of_character_set
from samovar.parsers._rtf.rows import Rows
from samovar.parsers._rtf.tokens import rtf_tokens
from samovar.parsers._shared.encoding import find_encoding
from samovar.parsers._shared.text import clean_characters

__all__ = ["RtfReader"]

_MOST_TOKENS: Final = 3_000_000
_DEEPEST: Final = 1000
_LONGEST_PROPERTY: Final = 2000
_MOST_STYLES: Final = 5000
_LARGEST_PICTURE_BYTES: Final = 30_000_000
_SAMPLE_BYTES: Final = 1 << 20

#: Where the words of a group go.
_Destination: TypeAlias = Literal[
    "body", "skip", "info", "fonts", "styles", "title", "author", "field", "picture", "number"
]

_SKIPPED: Final = frozenset(
    b"colortbl listtable listoverridetable rsidtbl generator nonshppict filetbl revtbl bkmkstart bkmkend falt panose "
    b"listname object objdata objclass datafield formfield tc xe annotation atnid atnauthor sp pn pnseclvl template "
    b"background ud".split()
)
#: Groups that are marked as ones to skip when unknown (``\*``) and are known here.
_KNOWN_MARKED: Final = frozenset(b"shppict fldinst footnote shpinst".split())
_CHARACTERS: Final = {
    b"emdash": "—", b"endash": "–", b"bullet": "•", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“",
    b"rdblquote": "”", b"emspace": " ", b"enspace": " ", b"qmspace": " ", b"tab": " ",
}  # fmt: skip
_SYMBOLS: Final = {b"~": " ", b"_": "-", b"\t": " "}
_APART: Final[dict[bytes, BlockKind]] = {
    b"footnote": "footnote", b"header": "header", b"headerl": "header", b"headerr": "header", b"headerf": "header",
    b"footer": "footer", b"footerl": "footer", b"footerr": "footer", b"footerf": "footer",
}  # fmt: skip
_PLACES: Final[dict[bytes, _Destination]] = {
    b"fonttbl": "fonts", b"stylesheet": "styles", b"info": "info", b"title": "title", b"author": "author",
    b"fldinst": "field", b"pict": "picture", b"listtext": "number", b"pntext": "number",
}  # fmt: skip
_ESCAPED: Final = re.compile(rb"(?:\\'[0-9a-fA-F]{2})+")
_HYPERLINK: Final = re.compile(r'\s*HYPERLINK\s+"?([^"\s]{1,2000})', re.IGNORECASE)
_HEADING_STYLE: Final = re.compile(r"(?:heading|заголовок)\s*([1-9])", re.IGNORECASE)
_TITLE_STYLE: Final = re.compile(r"title|название|заголовок", re.IGNORECASE)


@dataclass(slots=True)
class _Paragraph:
    """What holds for a paragraph until it is reset."""

    style: int = 0
    outline: int | None = None
    in_table: bool = False
    level: int = 1
    is_item: bool = False

    def take_word(self, word: bytes, number: int | None) -> None:
        """Take a word that says what the paragraph is."""
        match word:
            case b"s":
                self.style = number or 0
            case b"outlinelevel":
                self.outline = number
            case b"intbl":
                self.in_table = True
            case b"ilvl":
                self.level = min(max(0, number or 0), 8) + 1
            case b"ls":
                self.is_item = bool(number)


@dataclass(slots=True)
class _State:
    """What holds until the group ends."""

    destination: _Destination = "body"
    apart: BlockKind | None = None
    encoding: str | None = None
    fallback_characters: int = 1
    is_hidden: bool = False
    is_result: bool = False
    is_at_start: bool = True
    is_marked: bool = False


@dataclass(slots=True)
class _Region:
    """A stretch of text with blocks of its own: the body, a note, a header."""

    inline: Inline = field(default_factory=Inline)
    flow: Flow = field(default_factory=Flow)


class RtfReader:
    """Reads one file; ``title`` and ``author`` are known when it has been read."""

    def __init__(self, writer: PageWriter, find_picture: Callable[[bytes], Picture | None]) -> None:
        """Keep where the blocks go and what decodes pictures."""
        self.title: str | None = None
        self.author: str | None = None
        self._writer = writer
        self._find_picture = find_picture
        self._state = _State()
        self._stack: list[tuple[_State, _Paragraph]] = []
        self._too_deep = 0
        self._encoding = "cp1252"
        self._seen_encoding: str | None = None
        self._default_font: int | None = None
        self._fonts: dict[int, str] = {}
        self._font: int | None = None
        self._styles: dict[int, str] = {}
        self._style = 0
        self._pending = bytearray()
        self._skip_characters = 0
        self._surrogate = 0
        self._property: list[str] = []
        self._target: str | None = None
        self._digits: list[bytes] = []
        self._paragraph = _Paragraph()
        self._regions = [_Region()]
        self._notes = Flow()
        self._rows = Rows()

    def read(self, content: bytes) -> None:
        """Read everything; damage and limits leave a sign on the page."""
        escaped = b" ".join(_ESCAPED.findall(content[:_SAMPLE_BYTES]))
        seen = find_encoding(bytes.fromhex(escaped.replace(b"\\'", b"").decode("ascii")), "ascii") if escaped else None
        self._seen_encoding = seen if seen in ("cp1251", "cp866", "koi8-r") else None
        for count, (kind, value, number) in enumerate(rtf_tokens(content)):
            if count > _MOST_TOKENS:
                self._writer.is_full = True
                break
            match kind:
                case "open":
                    self._open()
                case "close":
                    if not self._close():
                        break
                case "word":
                    self._word(value, number)
                case "symbol":
                    self._symbol(value)
                case "binary":
                    if self._state.destination == "picture":
                        self._digits = [value.hex().encode()]
                case _:
                    self._bytes(value)
        else:
            self._writer.is_full = True  # the last group was never ended
        self._finish()

    def _finish(self) -> None:
        self._release()
        while len(self._regions) > 1:
            self._leave_region(self._state.apart or "paragraph")
        self._end_paragraph()
        self._end_table()
        write_flow(self._regions[0].flow, self._writer)
        write_flow(self._notes, self._writer)

    def _open(self) -> None:
        self._release()
        self._skip_characters = 0
        if len(self._stack) >= _DEEPEST:
            self._too_deep += 1
            self._writer.is_full = True
            return
        self._stack.append((self._state, self._paragraph))
        self._state = replace(self._state, is_at_start=True, is_marked=False)
        self._paragraph = replace(self._paragraph)

    def _close(self) -> bool:
        """End a group; False when the file is at its end."""
        self._release()
        self._skip_characters = 0
        if self._too_deep:
            self._too_deep -= 1
            return True
        if not self._stack:
            return False
        ended, inner = self._state, self._paragraph
        self._state, self._paragraph = self._stack.pop()
        if ended.apart is not None and self._state.apart is None:
            self._paragraph, outer = inner, self._paragraph
            self._leave_region(ended.apart)
            self._paragraph = outer
        elif ended.destination != self._state.destination:
            self._end_destination(ended.destination)
        if ended.is_result and not self._state.is_result:
            self._inline.close_link()
        return bool(self._stack)

    def _end_destination(self, destination: _Destination) -> None:
        words = " ".join(clean_characters("".join(self._property)).split())
        match destination:
            case "title":
                self.title = words or None
            case "author":
                self.author = words or None
            case "field":
                found = _HYPERLINK.match(words)
                self._target = found.group(1) if found else None
            case "picture":
                self._take_picture()
            case "number":
                self._paragraph.is_item = True
                if words[:1].isalnum() or words[:1] == "(":
                    self._inline.add(f"{words} ")
            case _:
                return
        self._property = []

    def _leave_region(self, kind: BlockKind) -> None:
        self._end_paragraph(kind)
        region = self._regions.pop()
        if kind == "header":
            write_flow(region.flow, self._writer)
        else:
            self._notes.pieces.extend(region.flow.pieces)

    def _word(self, word: bytes, number: int | None) -> None:
        if word == b"u":
            self._unicode(number or 0)
            return
        self._release()
        state = self._state
        is_first, state.is_at_start = state.is_at_start, False
        if state.destination == "skip" or (is_first and self._begin_group(word)):
            return
        if state.destination == "fonts":
            self._font_word(word, number)
        elif state.destination == "styles":
            self._style = (number or 0) if word == b"s" else self._style
        elif word in _CHARACTERS:
            self._text(_CHARACTERS[word])
        elif not self._character_word(word, number):
            self._paragraph_word(word, number)

    def _begin_group(self, word: bytes) -> bool:
        """Tell where a group goes by its first word; True when that word is done with."""
        state = self._state
        if word in _SKIPPED or (state.is_marked and word not in _KNOWN_MARKED):
            state.destination = "skip"
        elif word in _APART:
            state.apart = _APART[word]
            state.destination = "body"
            self._regions.append(_Region())
            self._paragraph = _Paragraph()
        elif word in _PLACES:
            state.destination = _PLACES[word]
            self._property, self._digits, self._style = [], [], 0
        elif word == b"fldrslt":
            state.is_result = True
            if self._target and is_safe_target(self._target):
                self._inline.open_link(self._target)
            self._target = None
        else:
            return False
        return True

    def _font_word(self, word: bytes, number: int | None) -> None:
        if word == b"f":
            self._font = number
        elif word in (b"fcharset", b"cpg") and self._font is not None:
            encoding = of_character_set(number) if word == b"fcharset" else code_page(number)
            if encoding is not None:
                self._fonts[self._font] = encoding

    def _character_word(self, word: bytes, number: int | None) -> bool:
        state = self._state
        match word:
            case b"ansicpg":
                self._encoding = code_page(number) or self._encoding
            case b"pc" | b"pca":
                self._encoding = "cp437" if word == b"pc" else "cp850"
            case b"mac":
                self._encoding = "mac-roman"
            case b"deff":
                self._default_font = number
            case b"f":
                state.encoding = self._fonts.get(-1 if number is None else number)
            case b"uc":
                state.fallback_characters = min(max(0, 1 if number is None else number), 10)
            case b"v" | b"deleted":
                state.is_hidden = number != 0
            case b"plain":
                state.is_hidden = False
                state.encoding = self._fonts.get(-1 if self._default_font is None else self._default_font)
            case _:
                return False
        return True

    def _paragraph_word(self, word: bytes, number: int | None) -> None:
        if self._state.destination != "body":
            return
        match word:
            case b"par" | b"sect" | b"page" | b"nestcell" | b"nestrow":
                self._end_paragraph()
            case b"line":
                self._inline.break_line()
            case b"pard":
                self._paragraph = _Paragraph()
            case b"cell":
                self._end_paragraph(is_cell=True)
                if len(self._regions) == 1:
                    self._rows.end_cell()
            case _:
                self._paragraph.take_word(word, number)
                if len(self._regions) == 1:
                    self._rows.take_word(word, number)

    @property
    def _inline(self) -> Inline:
        return self._regions[-1].inline

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self._state.is_marked = True
            return
        if symbol in (b"\\", b"{", b"}"):
            self._bytes(symbol)
            return
        self._release()
        if symbol in (b"\n", b"\r"):
            self._paragraph_word(b"par", None)
        elif symbol in _SYMBOLS:
            self._text(_SYMBOLS[symbol])

    def _bytes(self, content: bytes) -> None:
        state = self._state
        state.is_at_start = False
        if state.destination == "picture":
            self._digits.append(content)
            return
        if self._skip_characters:
            skipped = min(self._skip_characters, len(content))
            self._skip_characters -= skipped
            content = content[skipped:]
        if state.destination != "skip" and content:
            self._surrogate = 0
            self._pending += content

    def _release(self) -> None:
        """Decode the bytes that have come together: a letter may take two."""
        if not self._pending:
            return
        content, self._pending = bytes(self._pending), bytearray()
        if content.isascii():
            self._text(content.decode("ascii"))
            return
        encoding = self._state.encoding or self._encoding
        if encoding == "cp1252" and self._seen_encoding is not None:
            # Many programs name a Western character set for Russian fonts; accented letters stand alone.
            high = sum(byte >= 0x80 for byte in content)
            if high * 2 > sum(byte >= 0x80 or chr(byte).isalpha() for byte in content):
                encoding = self._seen_encoding
        self._text(content.decode(encoding, "replace"))

    def _unicode(self, number: int) -> None:
        """One UTF-16 unit; the characters behind it say the same for old readers."""
        self._release()
        self._state.is_at_start = False
        self._skip_characters = self._state.fallback_characters
        code = number & 0xFFFF
        surrogate, self._surrogate = self._surrogate, 0
        if 0xD800 <= code < 0xDC00:
            self._surrogate = code
        elif 0xDC00 <= code < 0xE000:
            if surrogate:
                self._text(chr(0x10000 + ((surrogate - 0xD800) << 10) + (code - 0xDC00)))
        else:
            # Fonts of symbols keep their signs in a private place.
            self._text("•" if 0xF000 <= code < 0xF100 else chr(code))

    def _text(self, text: str) -> None:
        match self._state.destination:
            case "body":
                if not self._state.is_hidden:
                    if not text.isspace():
                        self._leave_table()
                    self._inline.add(text)
            case "title" | "author" | "field" | "number":
                if len(self._property) < _LONGEST_PROPERTY:
                    self._property.append(text)
            case "styles":
                known = self._styles.get(self._style, "")
                if ";" not in known and len(self._styles) < _MOST_STYLES:
                    self._styles[self._style] = (known + text)[:_LONGEST_PROPERTY]

    def _leave_table(self) -> None:
        """Text outside of a table ends the table before it."""
        if self._rows.has_any and not self._paragraph.in_table and len(self._regions) == 1:
            self._end_table()

    def _end_table(self) -> None:
        table = self._rows.take_table()
        if table is not None:
            self._regions[0].flow.add_table(table)

    def _end_paragraph(self, kind: BlockKind | None = None, *, is_cell: bool = False) -> None:
        passage = self._inline.take()
        if not passage.text:
            return
        is_body = len(self._regions) == 1
        if is_body and (is_cell or self._paragraph.in_table):
            self._rows.cell.add_text("paragraph", passage)
            return
        self._leave_table()
        self._add(passage, kind or self._state.apart)
        if is_body:
            write_flow(self._regions[0].flow, self._writer)

    def _add(self, passage: Passage, kind: BlockKind | None) -> None:
        paragraph, flow = self._paragraph, self._regions[-1].flow
        style = self._styles.get(paragraph.style, "").partition(";")[0].strip()
        heading = _HEADING_STYLE.match(style)
        if kind is not None:
            flow.add_text(kind, passage)
        elif heading is not None:
            flow.add_text("heading", passage, min(6, int(heading.group(1))))
        elif paragraph.outline is not None and 0 <= paragraph.outline < 6:
            flow.add_text("heading", passage, paragraph.outline + 1)
        elif _TITLE_STYLE.fullmatch(style):
            flow.add_text("heading", passage, 1)
        elif paragraph.is_item:
            flow.add_text("list_item", passage, paragraph.level)
        else:
            flow.add_text("paragraph", passage)

    def _take_picture(self) -> None:
        digits = re.sub(rb"[^0-9a-fA-F]", b"", b"".join(self._digits))
        self._digits = []
        if not digits:
            return
        if len(digits) > 2 * _LARGEST_PICTURE_BYTES:
            self._writer.is_full = True
            return
        picture = self._find_picture(bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii")))
        if picture is None:
            return
        if self._paragraph.in_table and len(self._regions) == 1:
            self._rows.cell.add_figure(picture, "")
        else:
            self._end_paragraph()
            self._leave_table()
            self._regions[-1].flow.add_figure(picture, "")
