"""DOCX, DOTX and DOCM: one page without a number, with all that a reader of the paper sees; macros are never run.

Source: ECMA-376-1 (2016), WordprocessingML; names and habits as Word and LibreOffice write them.
"""

import re
from collections.abc import Iterator
from typing import Final

from samovar.domain.errors import FileEncrypted
from samovar.domain.layout import BlockKind
from samovar.domain.page import DocumentHead, DocumentKind, ParsedPart
from samovar.parsers._office.container import container_kind, is_encrypted_office
from samovar.parsers._office.elements import Element, children_of, name
from samovar.parsers._office.inline import Inline
from samovar.parsers._office.package import Package
from samovar.parsers._office.pictures import PictureShelf
from samovar.parsers._office.word.numbering import Numbering
from samovar.parsers._office.word.runs import Notes, Runs
from samovar.parsers._office.word.story import Story
from samovar.parsers._office.word.styles import Styles, is_on
from samovar.parsers._office.writing import PageWriter
from samovar.ports.parser import ParserLimits

__all__ = ["KIND", "MEDIA_TYPES", "SUFFIXES", "read", "recognises"]

KIND: Final[DocumentKind] = "docx"
SUFFIXES: Final = (".docx", ".docm", ".dotx", ".dotm")
MEDIA_TYPES: Final = (
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template",
    "application/vnd.ms-word.document.macroenabled.12",
    "application/vnd.ms-word.template.macroenabled.12",
)

_HAS_WORDS: Final = re.compile(r"[^\W\d_]")


def recognises(content: bytes, name: str) -> bool:
    """Tell by the types named inside whether this is a paper of Word, or any Office paper behind a password."""
    del name  # names lie
    return container_kind(content) == KIND or is_encrypted_office(content)


def read(content: bytes, name: str, limits: ParserLimits, *, first_page: int = 1) -> Iterator[ParsedPart]:
    """Read the paper as one page without a number. Raises: FileDamaged, FileEncrypted, FileTooComplex."""
    del first_page  # there is one
    if is_encrypted_office(content):
        raise FileEncrypted(name=name)
    package = Package(content, name, limits)
    reader = _Reader(package, limits)
    reader.read_body()
    properties = package.properties()
    yield DocumentHead(
        kind=KIND,
        media_type=MEDIA_TYPES[0],
        page_count=1,
        title=properties.title,
        author=properties.author,
        outline=tuple(reader.body.outline),
    )
    yield reader.whole().finish(number=None)


class _Reader:
    """The stories of one document: its body, its notes, its running heads."""

    def __init__(self, package: Package, limits: ParserLimits) -> None:
        self._package = package
        self._main = package.main_part
        self._shelf = PictureShelf(package.file_name, limits)
        self._styles = Styles(self._tree("styles"))
        self._numbering = Numbering(self._tree("numbering"))
        self._notes = Notes()
        self._sections: list[tuple[str, str, str]] = []  # header or footer, which, relationship
        self._has_first_page = False
        self._runs = self._runs_of(self._main)
        self.body = Story(PageWriter(), self._runs, self._styles, self._numbering)

    def read_body(self) -> None:
        """Read the body piece by piece, then the notes that it asks for."""
        self.body.read(self._noting_sections())
        self._read_notes("footnotes", "w:footnote", self._notes.footnotes, "{}")
        self._read_notes("endnotes", "w:endnote", self._notes.endnotes, "e{}")
        self._read_comments()
        self.body.writer.is_partly_read |= self._runs.has_left_out

    def whole(self) -> PageWriter:
        """The headers, the body and the footers."""
        page = PageWriter()
        seen: set[str] = set()
        self._running(page, "header", seen)
        page.append(self.body.writer)
        self._running(page, "footer", seen)
        return page

    def _tree(self, kind: str) -> Element | None:
        return self._package.tree_or_none(self._package.first_related(self._main, kind))

    def _runs_of(self, part: str) -> Runs:
        return Runs(self._package, part, self._styles, self._shelf, self._notes)

    def _noting_sections(self) -> Iterator[Element]:
        parents = frozenset({name("w:body")})
        for element in children_of(self._package.stream(self._main), parents, file_name=self._package.file_name):
            for section in element.iter(name("w:sectPr")):
                self._note_section(section)
            yield element

    def _note_section(self, section: Element) -> None:
        self._has_first_page |= is_on(section.find(name("w:titlePg")))
        for kind in ("header", "footer"):
            for reference in section.iterfind(name(f"w:{kind}Reference")):
                found = (kind, reference.get(name("w:type"), "default"), reference.get(name("r:id"), ""))
                if found not in self._sections:
                    self._sections.append(found)

    def _running(self, page: PageWriter, kind: BlockKind, seen: set[str]) -> None:
        """Write each different header or footer that is in use, once; bare page numbers are none."""
        settings = self._tree("settings")
        has_even = settings is not None and is_on(settings.find(name("w:evenAndOddHeaders")))
        in_use = {"default", *(["first"] if self._has_first_page else []), *(["even"] if has_even else [])}
        for which in ("first", "default", "even"):
            for of_kind, of_which, relationship in self._sections:
                if of_kind != kind or of_which != which or which not in in_use:
                    continue
                self._running_part(page, kind, relationship, seen)

    def _running_part(self, page: PageWriter, kind: BlockKind, relationship: str, seen: set[str]) -> None:
        found = self._package.relationships(self._main).get(relationship)
        tree = self._package.tree_or_none(found.target if found and not found.is_external else None)
        if found is None or tree is None:
            page.is_partly_read = True
            return
        runs = self._runs_of(found.target)
        apart = PageWriter()
        Story(apart, runs, self._styles, self._numbering, kind=kind).read(tree)
        text = apart.text
        if text in seen or not (_HAS_WORDS.search(text) or apart.figure_count):
            return
        seen.add(text)
        page.append(apart)

    def _read_notes(self, kind: str, tag: str, asked: list[str], mark: str) -> None:
        part = self._package.first_related(self._main, kind)
        tree = self._package.tree_or_none(part)
        if part is None or tree is None:
            self.body.writer.is_partly_read |= bool(asked)
            return
        notes = {note.get(name("w:id"), ""): note for note in tree.iterfind(name(tag))}
        runs = self._runs_of(part)
        for place, asked_for in enumerate(asked, start=1):
            note = notes.get(asked_for)
            if note is None:
                self.body.writer.is_partly_read = True
                continue
            has_own = mark.format(asked_for) in self._notes.own_marks
            self._write_note(note, runs, "" if has_own else f"[{mark.format(place)}] ")

    def _read_comments(self) -> None:
        part = self._package.first_related(self._main, "comments")
        tree = self._package.tree_or_none(part)
        if part is None or tree is None:
            return
        comments = {comment.get(name("w:id"), ""): comment for comment in tree.iterfind(name("w:comment"))}
        runs = self._runs_of(part)
        for asked_for in self._notes.comments:
            comment = comments.get(asked_for)
            if comment is not None:
                author = " ".join(comment.get(name("w:author"), "").split())
                self._write_note(comment, runs, f"[{author}] " if author else "")

    def _write_note(self, note: Element, runs: Runs, mark: str) -> None:
        """Write a note of any number of paragraphs as one block."""
        whole = Inline(mark)
        floating = []
        for place, paragraph in enumerate(note.iter(name("w:p"))):
            line = runs.read(paragraph)
            whole.add(line.text, between="\n" if place else "")
            floating.extend(line.floating)
        if len(whole) > len(mark):
            self.body.writer.block("footnote", whole)
        self.body.show(floating)
