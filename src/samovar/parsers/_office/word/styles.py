"""Styles of a DOCX: what a paragraph is, by the names and outline levels of its style and of those it is based on."""

from dataclasses import dataclass, field
from typing import Final

from samovar.parsers._office.elements import Element, name
from samovar.parsers._office.roles import Role, role_of_name

__all__ = ["ParagraphStyle", "Styles", "is_on", "value", "whole"]

_DEEPEST_CHAIN: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ParagraphStyle:
    """What a style makes of its paragraphs: level of a heading (1 to 6), list (number, level from 0), hidden text."""

    role: Role = "body"
    level: int = 1
    number: str | None = None
    number_level: int | None = None
    is_hidden: bool = False


@dataclass(slots=True)
class Styles:
    """The styles of one document, resolved when they are asked for."""

    tree: Element | None
    _elements: dict[str, Element] = field(default_factory=dict)
    _resolved: dict[str, ParagraphStyle] = field(default_factory=dict)
    _default: str = ""

    def __post_init__(self) -> None:
        for element in () if self.tree is None else self.tree.iter(name("w:style")):
            style = element.get(name("w:styleId"), "")
            self._elements[style] = element
            if element.get(name("w:type")) == "paragraph" and element.get(name("w:default")) in ("1", "true", "on"):
                self._default = style

    def paragraph(self, style: str | None) -> ParagraphStyle:
        """What the style named by its id makes of a paragraph; an unknown id is looked at as a name."""
        key = self._default if style is None else style
        if key not in self._resolved:
            self._resolved[key] = self._resolve(key)
        return self._resolved[key]

    def has_header_row(self, style: str | None) -> bool:
        """Tell whether a style of tables gives the first row a look of its own."""
        return any(
            part.get(name("w:type")) == "firstRow"
            for element in self._chain(style or "")
            for part in element.iterfind(name("w:tblStylePr"))
        )

    def _chain(self, style: str) -> list[Element]:
        chain: list[Element] = []
        while style in self._elements and len(chain) < _DEEPEST_CHAIN:
            chain.append(self._elements[style])
            style = value(chain[-1].find(name("w:basedOn"))) or ""
        return chain

    def _resolve(self, style: str) -> ParagraphStyle:
        chain = self._chain(style)
        role, level = role_of_name("" if chain else style)
        outline: int | None = None
        number = number_level = None
        is_hidden = False
        for element in chain:
            if role == "body":
                role, level = role_of_name(value(element.find(name("w:name"))) or "")
            if outline is None:
                outline = whole(value(element.find(f"{name('w:pPr')}/{name('w:outlineLvl')}")))
            numbered = element.find(f"{name('w:pPr')}/{name('w:numPr')}")
            if numbered is not None and number is None:
                number = value(numbered.find(name("w:numId")))
                number_level = whole(value(numbered.find(name("w:ilvl"))))
            is_hidden = is_hidden or is_on(element.find(f"{name('w:rPr')}/{name('w:vanish')}"))
        if outline is not None and role in ("body", "heading"):
            role, level = ("heading", min(6, outline + 1)) if 0 <= outline <= 8 else ("body", 1)
        return ParagraphStyle(role=role, level=level, number=number, number_level=number_level, is_hidden=is_hidden)


def value(element: Element | None) -> str | None:
    """The attribute ``w:val``."""
    found = None if element is None else element.get(name("w:val"))
    return None if found is None else str(found)


def whole(text: str | None) -> int | None:
    """A whole number within reason, or None."""
    try:
        number = int(text or "")
    except ValueError:
        return None
    return number if abs(number) < 1_000_000 else None


def is_on(element: Element | None) -> bool:
    """Tell whether a switch such as ``w:vanish`` is on: there, and not said to be off."""
    return element is not None and (value(element) or "1") not in ("0", "false", "off")
