"""The line of a paragraph of a DOCX: its runs, fields, links, changes, equations and marks of notes."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from samovar.parsers._office.elements import Element, name
from samovar.parsers._office.equations import equation_text
from samovar.parsers._office.inline import Inline
from samovar.parsers._office.numerals import symbol
from samovar.parsers._office.package import Package
from samovar.parsers._office.pictures import PictureShelf
from samovar.parsers._office.word.drawings import Floating, chosen, drawn_in
from samovar.parsers._office.word.styles import Styles, is_on, value, whole

__all__ = ["Line", "Notes", "Runs"]

_LINK_FIELD: Final = re.compile(r'HYPERLINK\s+"([^"]+)"', re.IGNORECASE)


@dataclass(slots=True)
class Notes:
    """Which notes the text has asked for, in order; ``[1]`` stands in the text and before the note."""

    footnotes: list[str] = field(default_factory=list)
    endnotes: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    #: Notes whose mark is written by hand.
    own_marks: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Line:
    """A paragraph as it was read: its text, and what floats beside it."""

    text: Inline = field(default_factory=Inline)
    floating: list[Floating] = field(default_factory=list)


@dataclass(slots=True)
class _Field:
    instruction: str = ""
    is_result: bool = False
    start: int = 0
    line: Inline | None = None
    #: What a form field shows that has no text of its own.
    shown: str = ""


class Runs:
    """Reads the paragraphs of one story (the body, a header, the notes); fields may go over several paragraphs."""

    def __init__(self, package: Package, part: str, styles: Styles, shelf: PictureShelf, notes: Notes) -> None:
        self._package = package
        self._part = part
        self._styles = styles
        self._shelf = shelf
        self._notes = notes
        self._fields: list[_Field] = []
        #: Whether something was met that is not read.
        self.has_left_out = False
        self._readers: dict[str, Callable[[Element, Line], None]] = {
            name(tag): reader
            for tag, reader in {
                "w:r": self._run,
                "w:t": self._words,
                "w:tab": lambda _, line: self._write(line, "\t"),
                "w:ptab": lambda _, line: self._write(line, "\t"),
                "w:br": lambda _, line: self._write(line, "\n"),
                "w:cr": lambda _, line: self._write(line, "\n"),
                "w:noBreakHyphen": lambda _, line: self._write(line, "-"),
                "w:softHyphen": _nothing,
                "w:sym": self._symbol,
                "w:fldChar": self._field_mark,
                "w:instrText": self._instruction,
                "w:fldSimple": self._simple_field,
                "w:hyperlink": self._hyperlink,
                "w:del": _nothing,
                "w:moveFrom": _nothing,
                "w:pPr": _nothing,
                "w:rPr": _nothing,
                "w:sdtPr": _nothing,
                "w:sdtEndPr": _nothing,
                "w:delText": _nothing,
                "w:delInstrText": _nothing,
                "w:rt": _nothing,
                "w:footnoteReference": lambda element, line: self._note(element, line, self._notes.footnotes, "{}"),
                "w:endnoteReference": lambda element, line: self._note(element, line, self._notes.endnotes, "e{}"),
                "w:commentReference": self._comment,
                "w:drawing": self._drawing,
                "w:pict": self._drawing,
                "w:object": self._drawing,
                "m:oMath": self._equation,
                "m:oMathPara": self._equation,
                "mc:AlternateContent": self._alternate,
                "w:altChunk": self._left_out,
                "w:subDoc": self._left_out,
            }.items()
        }

    def read(self, paragraph: Element) -> Line:
        """Read one paragraph."""
        line = Line()
        for open_field in self._fields:
            open_field.line = None
        self._inside(paragraph, line)
        return line

    def _inside(self, element: Element, line: Line) -> None:
        for child in element:
            reader = self._readers.get(child.tag)
            if reader is not None:
                reader(child, line)
            elif len(child):
                self._inside(child, line)

    def _write(self, line: Line, text: str) -> None:
        if all(one.is_result for one in self._fields):
            line.text.write(text)

    def _run(self, run: Element, line: Line) -> None:
        properties = run.find(name("w:rPr"))
        if properties is not None and self._is_hidden(properties):
            # Fields go on inside hidden runs; words that nobody sees are left out.
            for child in run:
                if child.tag in (name("w:fldChar"), name("w:instrText")):
                    self._readers[child.tag](child, line)
                elif child.tag == name("w:t") and (child.text or "").strip() and self._is_seen:
                    self.has_left_out = True
            return
        font = None if properties is None else properties.find(name("w:rFonts"))
        if font is not None and (font.get(name("w:ascii")) or "").lower() in ("symbol", "wingdings"):
            self._in_signs(run, str(font.get(name("w:ascii"))), line)
            return
        self._inside(run, line)

    @property
    def _is_seen(self) -> bool:
        return all(one.is_result for one in self._fields)

    def _is_hidden(self, properties: Element) -> bool:
        own = properties.find(name("w:vanish"))
        if own is not None:
            return is_on(own)
        style = properties.find(name("w:rStyle"))
        return style is not None and self._styles.paragraph(value(style)).is_hidden

    def _in_signs(self, run: Element, font: str, line: Line) -> None:
        for child in run:
            if child.tag == name("w:t"):
                text = child.text or ""
                self._write(line, "".join(symbol(ord(sign), font) if sign != " " else " " for sign in text))
            elif child.tag in self._readers:
                self._readers[child.tag](child, line)

    def _words(self, element: Element, line: Line) -> None:
        if element.text:
            self._write(line, element.text)

    def _symbol(self, element: Element, line: Line) -> None:
        try:
            code = int(element.get(name("w:char"), ""), 16)
        except ValueError:
            return
        self._write(line, symbol(code, element.get(name("w:font"), "")))

    def _field_mark(self, element: Element, line: Line) -> None:
        match element.get(name("w:fldCharType")):
            case "begin":
                self._fields.append(_Field(shown=_form_field(element)))
            case "separate" if self._fields:
                self._fields[-1].is_result = True
                self._fields[-1].start, self._fields[-1].line = len(line.text), line.text
            case "end" if self._fields:
                ended = self._fields.pop()
                self._end_field(ended, line)
            case _:
                pass

    def _end_field(self, ended: _Field, line: Line) -> None:
        if ended.shown and (not ended.is_result or len(line.text) == ended.start):
            self._write(line, ended.shown)
        target = _LINK_FIELD.search(ended.instruction)
        if target and ended.is_result:
            line.text.link(ended.start if ended.line is line.text else 0, target[1])

    def _instruction(self, element: Element, line: Line) -> None:
        del line
        if self._fields and len(self._fields[-1].instruction) < 5000:
            self._fields[-1].instruction += element.text or ""

    def _simple_field(self, element: Element, line: Line) -> None:
        start = len(line.text)
        self._inside(element, line)
        target = _LINK_FIELD.search(element.get(name("w:instr"), ""))
        if target:
            line.text.link(start, target[1])

    def _hyperlink(self, element: Element, line: Line) -> None:
        start = len(line.text)
        self._inside(element, line)
        found = self._package.relationships(self._part).get(element.get(name("r:id"), ""))
        if found is not None and found.is_external:
            line.text.link(start, found.target)

    def _note(self, element: Element, line: Line, notes: list[str], mark: str) -> None:
        note = element.get(name("w:id"), "")
        if note not in notes:
            notes.append(note)
        if is_on_attribute(element.get(name("w:customMarkFollows"))):
            self._notes.own_marks.add(mark.format(note))
        else:
            self._write(line, f"[{mark.format(notes.index(note) + 1)}]")

    def _comment(self, element: Element, line: Line) -> None:
        del line
        note = element.get(name("w:id"), "")
        if note not in self._notes.comments:
            self._notes.comments.append(note)

    def _drawing(self, element: Element, line: Line) -> None:
        if self._is_seen:
            line.floating.extend(drawn_in(element, self._package, self._part, self._shelf))

    def _equation(self, element: Element, line: Line) -> None:
        self._write(line, equation_text(element))

    def _alternate(self, element: Element, line: Line) -> None:
        branch = chosen(element)
        if branch is not None:
            self._inside(branch, line)

    def _left_out(self, element: Element, line: Line) -> None:
        del element, line
        self.has_left_out = True


def is_on_attribute(text: str | None) -> bool:
    """Tell whether an attribute says yes."""
    return text in ("1", "true", "on")


def _nothing(element: Element, line: Line) -> None:
    del element, line


def _form_field(mark: Element) -> str:
    """What an old form field shows: a box, ticked or not, or the chosen line of a list."""
    form = mark.find(name("w:ffData"))
    if form is None:
        return ""
    box = form.find(name("w:checkBox"))
    if box is not None:
        ticked = box.find(name("w:checked"))
        return "☒" if is_on(ticked if ticked is not None else box.find(name("w:default"))) else "☐"
    choice = form.find(name("w:ddList"))
    if choice is None:
        return ""
    entries = [value(entry) or "" for entry in choice.iterfind(name("w:listEntry"))]
    place = whole(value(choice.find(name("w:result")))) or 0
    return entries[place] if 0 <= place < len(entries) else ""
