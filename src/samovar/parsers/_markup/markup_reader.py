"""HTML into blocks: read as a stream of tags, so that depth and size cost no memory."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from lxml import etree

from samovar.domain.layout import BlockKind
from samovar.domain.page import Picture
from samovar.parsers._markup.flow import Flow, Inline, Table, write_flow
from samovar.parsers._markup.page_writer import PageWriter, Passage, is_safe_target
from samovar.parsers._shared.text import clean_characters

__all__ = ["MarkupHead", "read_markup"]

#: Beyond so many tags, what follows is left out with a sign.
_MOST_TAGS: Final = 1_000_000
_PIECE_CHARACTERS: Final = 1 << 16
_DEEPEST_TABLES: Final = 30
_DEEPEST_LISTS: Final = 30
_LONGEST_TITLE: Final = 500

_LEFT_OUT: Final = frozenset({
    "script", "style", "object", "embed", "applet", "iframe", "frameset", "noframes", "noembed", "audio", "video",
    "canvas", "map", "xml", "annotation", "annotation-xml",
})  # fmt: skip
_BLOCKS: Final = frozenset({
    "html", "body", "p", "div", "section", "article", "main", "header", "footer", "aside", "address", "blockquote",
    "ul", "ol", "menu", "dl", "dt", "dd", "li", "figure", "hr", "form", "fieldset", "legend", "center", "details",
    "summary", "dir", "pre", "xmp", "listing", "plaintext", "textarea", "h1", "h2", "h3", "h4", "h5", "h6",
    "figcaption", "nav", "caption", "noscript", "hgroup", "search", "dialog", "select", "datalist", "optgroup",
    "option",
})  # fmt: skip
_AS_WRITTEN: Final = frozenset({"pre", "xmp", "listing", "plaintext", "textarea"})
_PARTS_OF_TABLES: Final = frozenset({"tr", "thead", "tbody", "tfoot", "td", "th"})
_LISTS: Final = frozenset({"ul", "ol", "menu", "dir"})
#: What a drawing shows as words; what else has text in it describes it, or is drawn as something else.
_WORDS_OF_DRAWINGS: Final = frozenset({"text", "foreignobject"})
_DESCRIBING_DRAWINGS: Final = frozenset({"title", "desc", "metadata"})
_CHOSEN: Final = "✓ "
_HIDDEN: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)
#: How Word, LibreOffice and the makers of books mark notes.
_NOTE_ID: Final = re.compile(r"_?(?:ftn|edn|sdfootnote|sdendnote)\d+", re.IGNORECASE)
_NOTE_ROLES: Final = frozenset({
    "footnote", "endnote", "rearnote", "footnotes", "endnotes", "doc-footnote", "doc-endnote", "doc-endnotes",
})  # fmt: skip
_WORD_LIST_LEVEL: Final = re.compile(r"mso-list\s*:[^;]{0,40}\blevel(\d)")
_WORD_BULLET: Final = re.compile(r"[·§•o\uf0a7\uf0b7\uf0d8\uf0fc–-]\s+")
_MOST_STYLE: Final = 2000


class MarkupHead(NamedTuple):
    """What the markup says of itself."""

    title: str | None
    author: str | None


class _Context(NamedTuple):
    """What the words of an element are; ``depth`` is where it was opened."""

    depth: int
    kind: BlockKind
    level: int | None = None


class _Realm(NamedTuple):
    """Where tags mean something else than on a page; ``depth`` is where it was opened.

    Of a drawing only its words are read. A template is shown by a script, or never: its words only leave a sign.
    """

    depth: int
    kind: Literal["drawing", "words", "template"]


@dataclass(slots=True)
class _List:
    is_ordered: bool
    number: int = 0


def read_markup(
    text: str,
    writer: PageWriter,
    *,
    find_picture: Callable[[str], Picture | None],
    keeps_navigation: bool = False,
) -> MarkupHead:
    """Write the blocks of an HTML text, in whatever state it is.

    Scripts, styles, hidden elements and (unless kept) navigation are left out, and templates with a sign.
    ``find_picture`` gets the address of a picture as it is written and hands over the picture, or None for one that is
    not here: nothing is ever fetched.
    """
    reader = _Reader(writer, find_picture, keeps_navigation=keeps_navigation)
    parser = etree.HTMLParser(target=reader, encoding="utf-8", huge_tree=True)
    try:
        for start in range(0, len(text), _PIECE_CHARACTERS):
            if reader.tags > _MOST_TAGS:
                writer.is_full = True
                break
            parser.feed(text[start : start + _PIECE_CHARACTERS].replace("\x00", " ").encode("utf-8", "replace"))
        parser.close()
    except (etree.XMLSyntaxError, ValueError, AssertionError):
        writer.is_full = writer.is_full or not reader.is_closed
    reader.finish()
    writer.is_full = writer.is_full or reader.has_left_out
    return MarkupHead(reader.title, reader.author)


class _Reader:
    """Takes the tags as they come; libxml2 has closed what people forget to close."""

    def __init__(
        self, writer: PageWriter, find_picture: Callable[[str], Picture | None], *, keeps_navigation: bool
    ) -> None:
        self.tags = 0
        self.is_closed = False
        self.has_left_out = False
        self._writer = writer
        self._find_picture = find_picture
        self._left_out = _LEFT_OUT if keeps_navigation else _LEFT_OUT | {"nav"}
        self._keeps_navigation = keeps_navigation
        self._depth = 0
        self._skipped_from: int | None = None
        self._realms: list[_Realm] = []
        self._title: list[str] | None = None
        self._title_parts: list[str] = []
        self._author: str | None = None
        self._flows = [Flow()]
        self._tables: list[Table] = []
        self._ignored_tables = 0
        self._lists: list[_List] = []
        self._contexts = [_Context(0, "paragraph")]
        self._inline = Inline()
        self._figures: list[tuple[Picture, str]] = []
        self._prefix = ""
        self._as_written = 0
        self._is_in_note_link = False

    @property
    def title(self) -> str | None:
        return " ".join(clean_characters("".join(self._title_parts)).split())[:_LONGEST_TITLE] or None

    @property
    def author(self) -> str | None:
        return self._author

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.tags += 1
        self._depth += 1
        if self._skipped_from is not None:
            return
        if tag in self._left_out or (attributes and self._is_hidden(attributes)):
            self._skipped_from = self._depth
        elif self._realms and self._realms[-1].kind != "words":
            if self._realms[-1].kind == "drawing" and tag in _WORDS_OF_DRAWINGS:
                self._enter_realm("words")
        elif tag == "svg":
            self._enter_realm("drawing")
        elif tag == "template" and "shadowrootmode" not in attributes:
            self._enter_realm("template")
        elif self._realms and tag in _DESCRIBING_DRAWINGS:
            self._skipped_from = self._depth
        elif tag in _BLOCKS:
            self._open_block(tag, attributes)
        else:
            self._open_other(tag, attributes)

    def end(self, tag: str) -> None:
        depth = self._depth
        self._depth -= 1
        if self._skipped_from is not None:
            if self._skipped_from == depth:
                self._skipped_from = None
            return
        if self._realms and self._realms[-1].depth >= depth:
            if self._realms.pop().kind == "words":
                self._flush()
            return
        if self._realms and self._realms[-1].kind != "words":
            return
        if tag in _BLOCKS:
            self._close_block(tag)
        else:
            self._close_other(tag)
        if self._contexts[-1].depth >= depth > 0:
            self._contexts.pop()

    def data(self, text: str) -> None:
        if self._title is not None:
            self._title.append(text)
        elif self._realms and self._realms[-1].kind != "words":
            is_words = self._realms[-1].kind == "template" and not text.isspace()
            self.has_left_out = self.has_left_out or (is_words and self._skipped_from is None)
        elif self._skipped_from is None:
            if self._as_written:
                self._inline.add_as_written(text)
                return
            if self._prefix and not text.isspace():
                self._inline.add(self._prefix)
                self._prefix = ""
            self._inline.add(text)

    def comment(self, text: str) -> None:
        """Comments say nothing to readers."""

    def pi(self, target: str, content: str | None = None) -> None:
        """Instructions say nothing to readers."""

    def close(self) -> None:
        self.is_closed = True

    def finish(self) -> None:
        """Write what is left, also where the markup broke off."""
        while self._tables:
            self._close_table()
        self._flush()

    def _is_hidden(self, attributes: Mapping[str, str]) -> bool:
        if "hidden" in attributes and attributes["hidden"] != "until-found":
            return True
        style = attributes.get("style")
        if style is not None and _HIDDEN.search(style[:_MOST_STYLE]):
            return True
        return not self._keeps_navigation and attributes.get("role") == "navigation"

    def _enter_realm(self, kind: Literal["drawing", "words", "template"]) -> None:
        if kind == "words":
            self._flush()
        self._realms.append(_Realm(self._depth, kind))

    def _open_block(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._flush()
        if tag in _AS_WRITTEN:
            self._as_written += 1
            self._enter("code")
        elif len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self._enter("heading", int(tag[1]))
        elif tag in ("figcaption", "caption"):
            self._enter("caption")
        elif tag in _LISTS:
            self._lists.append(_List(tag == "ol", _whole(attributes.get("start"), 1) - 1))
        elif tag == "li":
            self._open_item(attributes)
        elif tag == "option":
            self._open_option(attributes)
        elif tag == "optgroup":
            self._inline.add(attributes.get("label", ""))
            self._flush()
        elif attributes:
            self._open_marked(tag, attributes)

    def _open_item(self, attributes: Mapping[str, str]) -> None:
        self._prefix = ""
        if self._contexts[-1].kind == "footnote":
            return
        level = min(max(1, len(self._lists)), _DEEPEST_LISTS)
        self._enter("list_item", level)
        if self._lists and self._lists[-1].is_ordered:
            self._lists[-1].number = _whole(attributes.get("value"), self._lists[-1].number + 1)
            self._prefix = f"{self._lists[-1].number}. "

    def _open_option(self, attributes: Mapping[str, str]) -> None:
        self._enter("list_item", 1)
        self._prefix = _CHOSEN if "selected" in attributes else ""
        label = attributes.get("label", "").strip()
        if label:  # it is shown in the place of what the element holds
            self.data(label)
            self._flush()
            self._contexts.pop()
            self._skipped_from = self._depth

    def _open_marked(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Open a block whose attributes say more than its tag."""
        classes = attributes.get("class", "")
        roles = {attributes.get("role", ""), *attributes.get("epub:type", "").split()}
        if roles & _NOTE_ROLES or _NOTE_ID.fullmatch(attributes.get("id", "")) or "MsoFootnoteText" in classes:
            self._enter("footnote")
        elif tag == "p" and "MsoListParagraph" in classes:
            found = _WORD_LIST_LEVEL.search(attributes.get("style", "")[:_MOST_STYLE])
            self._enter("list_item", int(found.group(1)) if found and found.group(1) != "0" else 1)
        elif tag == "p" and "MsoTitle" in classes:
            self._enter("heading", 1)

    def _enter(self, kind: BlockKind, level: int | None = None) -> None:
        self._contexts.append(_Context(self._depth, kind, level))

    def _open_other(self, tag: str, attributes: Mapping[str, str]) -> None:
        match tag:
            case "br":
                self._inline.break_line()
            case "a":
                self._open_link(attributes)
            case "img" | "image":
                self._take_picture(attributes)
            case "table":
                self._open_table(attributes)
            case "title" if not self._title_parts:
                self._title = self._title_parts
            case "meta" if attributes.get("name", "").lower() in ("author", "dc.creator", "creator"):
                self._author = self._author or " ".join(clean_characters(attributes.get("content", "")).split())[:500]
            case "q":
                self._inline.add("“")
            case "button":
                self._inline.add(" ")
            case "sup" if self._is_in_note_link and self._inline.ends_in_word:
                self._inline.add(" ")
            case _:
                self._open_part(tag, attributes)

    def _open_link(self, attributes: Mapping[str, str]) -> None:
        target = attributes.get("href", "").strip()
        self._is_in_note_link = target.startswith("#")
        if target and is_safe_target(target):
            self._inline.open_link(target)

    def _take_picture(self, attributes: Mapping[str, str]) -> None:
        source = attributes.get("src") or attributes.get("href") or attributes.get("xlink:href") or ""
        alt = attributes.get("alt", "")
        picture = self._find_picture(source.strip()) if source else None
        if picture is not None:
            self._figures.append((picture, alt))
        elif alt.strip():
            self._inline.add(f" {alt} ")

    def _open_table(self, attributes: Mapping[str, str]) -> None:
        self._flush()
        if len(self._tables) >= _DEEPEST_TABLES:
            self._ignored_tables += 1
            return
        if self._tables:
            self._tables[-1].has_tables = True
        self._tables.append(Table(is_layout=attributes.get("role") in ("presentation", "none")))

    def _open_part(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag not in _PARTS_OF_TABLES:
            return
        if self._ignored_tables or not self._tables:
            self._flush()
            return
        table = self._tables[-1]
        if tag == "tr":
            table.begin_row()
        elif tag in ("td", "th"):
            self._flush()
            flow = table.open_cell(
                row_span=_whole(attributes.get("rowspan"), 1),
                column_span=_whole(attributes.get("colspan"), 1),
                is_header=tag == "th",
            )
            self._flows.append(flow)
            self._enter("paragraph")
        else:
            table.in_head = tag == "thead"

    def _close_block(self, tag: str) -> None:
        self._flush()
        if tag in _AS_WRITTEN:
            self._as_written = max(0, self._as_written - 1)
        elif tag in _LISTS and self._lists:
            self._lists.pop()
        elif tag == "option":
            self._prefix = ""

    def _close_other(self, tag: str) -> None:
        match tag:
            case "a":
                self._inline.close_link()
                self._is_in_note_link = False
            case "title":
                self._title = None
            case "q":
                self._inline.add("”")
            case "button":
                self._inline.add(" ")
            case "table":
                if self._ignored_tables:
                    self._ignored_tables -= 1
                    self._flush()
                elif self._tables:
                    self._close_table()
            case "td" | "th" if self._tables and not self._ignored_tables and len(self._flows) > 1:
                self._flush()
                self._flows.pop()

    def _close_table(self) -> None:
        self._flush()
        table = self._tables.pop()
        table.close()
        while len(self._flows) > len(self._tables) + 1:  # a cell that was never closed
            self._flows.pop()
        self._flows[-1].add_table(table)
        self._write_out()

    def _flush(self) -> None:
        """End the block that is being read."""
        passage = self._inline.take()
        if passage.text:
            self._add(passage)
        for picture, alt in self._figures:
            self._flows[-1].add_figure(picture, alt)
        self._figures.clear()
        self._write_out()

    def _add(self, passage: Passage) -> None:
        context = self._contexts[-1]
        kind, level = context.kind, context.level
        if kind == "list_item":
            found = _WORD_BULLET.match(passage.text)
            if found is not None and not passage.links:
                passage = Passage(passage.text[found.end() :])
            # Only the first block of an item is the item.
            self._contexts[-1] = _Context(context.depth, "paragraph")
        self._flows[-1].add_text(kind, passage, level)

    def _write_out(self) -> None:
        if not self._tables and len(self._flows) == 1:
            write_flow(self._flows[0], self._writer)


def _whole(text: str | None, otherwise: int) -> int:
    """Read a small whole number."""
    if text is None or len(text) > 9:
        return otherwise
    try:
        return int(text)
    except ValueError:
        return otherwise
