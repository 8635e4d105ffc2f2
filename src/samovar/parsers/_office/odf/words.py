"""The line of a paragraph of OpenDocument: its text with links and marks of notes, and what floats beside it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from samovar.parsers._office.elements import Element, count_of, local, name
from samovar.parsers._office.equations import equation_text
from samovar.parsers._office.inline import Inline
from samovar.parsers._office.odf.package import OdfPackage
from samovar.parsers._office.odf.styles import StyleBook

__all__ = ["OdfLine", "OdfNote", "OdfWords"]

_BLANKS: Final = re.compile(r"[ \t\r\n]+")
_LEFT_OUT: Final = frozenset(
    {"tracked-changes", "change", "change-start", "change-end", "script", "forms", "annotation-end", "ruby-text",
     "soft-page-break", "event-listeners", "note-citation"}
)  # fmt: skip
_DRAWN: Final = frozenset(
    {"frame", "custom-shape", "g", "rect", "ellipse", "circle", "line", "polygon", "path", "connector", "caption",
     "regular-polygon", "polyline", "measure", "text-box", "control"}
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class OdfNote:
    """A note or a remark with its mark: ``[1]``, ``[author]``."""

    mark: str
    body: Element


@dataclass(slots=True)
class OdfLine:
    """A paragraph as it was read; ``drawn`` are the shapes beside it."""

    text: Inline = field(default_factory=Inline)
    drawn: list[Element] = field(default_factory=list)
    notes: list[OdfNote] = field(default_factory=list)


class OdfWords:
    """Reads paragraphs."""

    def __init__(self, package: OdfPackage, styles: StyleBook) -> None:
        self._package = package
        self._styles = styles
        #: Whether words were left out that are put out of sight.
        self.has_left_out = False
        self._readers: dict[str, Callable[[Element, OdfLine], None]] = {
            "s": lambda element, line: line.text.write(" " * min(100, count_of(element.get(name("text:c"))) or 1)),
            "tab": lambda _, line: line.text.write("\t"),
            "line-break": lambda _, line: line.text.write("\n"),
            "span": self._span,
            "a": self._link,
            "note": self._note,
            "annotation": self._remark,
            "hidden-text": self._hidden,
            "hidden-paragraph": self._hidden,
            "math": lambda element, line: line.text.write(equation_text(element)),
        }

    def read(self, paragraph: Element) -> OdfLine:
        """Read one paragraph or heading."""
        line = OdfLine()
        self._inside(paragraph, line)
        return line

    def _inside(self, element: Element, line: OdfLine) -> None:
        if element.text:
            line.text.write(_BLANKS.sub(" ", element.text))
        for child in element:
            kind = local(child)
            reader = self._readers.get(kind)
            if reader is not None:
                reader(child, line)
            elif kind in _DRAWN:
                self._drawing(child, line)
            elif kind not in _LEFT_OUT:
                self._inside(child, line)
            if child.tail:
                line.text.write(_BLANKS.sub(" ", child.tail))

    def _span(self, element: Element, line: OdfLine) -> None:
        if self._styles.is_hidden("text", element.get(name("text:style-name"), "")):
            self.has_left_out = True
            return
        self._inside(element, line)

    def _link(self, element: Element, line: OdfLine) -> None:
        start = len(line.text)
        self._inside(element, line)
        line.text.link(start, element.get(name("xlink:href"), ""))

    def _note(self, element: Element, line: OdfLine) -> None:
        citation, body = element.find(name("text:note-citation")), element.find(name("text:note-body"))
        mark = "" if citation is None else "".join(citation.itertext()).strip()
        line.text.write(f"[{mark}]")
        if body is not None:
            line.notes.append(OdfNote(mark=f"[{mark}]", body=body))

    def _remark(self, element: Element, line: OdfLine) -> None:
        author = element.find(name("dc:creator"))
        who = "" if author is None else " ".join("".join(author.itertext()).split())
        line.notes.append(OdfNote(mark=f"[{who}]" if who else "", body=element))

    def _hidden(self, element: Element, line: OdfLine) -> None:
        if element.get(name("text:is-hidden"), "true") == "true":
            self.has_left_out |= bool("".join(element.itertext()).strip())
        else:
            self._inside(element, line)

    def _drawing(self, element: Element, line: OdfLine) -> None:
        """A formula is a part of the line; everything else stands beside it."""
        for held in element.iterfind(name("draw:object")):
            formula = _formula(held, self._package)
            if formula is not None:
                line.text.write(equation_text(formula))
                return
        line.drawn.append(element)


def _formula(held: Element, package: OdfPackage) -> Element | None:
    inside = next((child for child in held if local(child) == "math"), None)
    if inside is not None:
        return inside
    tree = package.object_tree(held.get(name("xlink:href"), ""))
    return tree if tree is not None and local(tree) == "math" else None
