"""Styles of an OpenDocument file: roles of paragraphs, marks of lists, what is put out of sight, sizes of pages."""

import re
from dataclasses import dataclass, field
from typing import Final

from samovar.parsers._office.elements import Element, count_of, local, name
from samovar.parsers._office.numerals import bullet, numeral
from samovar.parsers._office.roles import Role, role_of_name

__all__ = ["ListLevel", "StyleBook", "mark_of", "points"]

_DEEPEST_CHAIN: Final = 20
_LENGTH: Final = re.compile(r"(-?[0-9]*\.?[0-9]+)(cm|mm|in|pt|pc|px)?")
_POINTS: Final = {"cm": 72 / 2.54, "mm": 7.2 / 2.54, "in": 72.0, "pt": 1.0, "pc": 12.0, "px": 0.75}
_FARTHEST: Final = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLevel:
    """How one level of a list marks its items."""

    bullet: str | None = None
    form: str = ""
    prefix: str = ""
    suffix: str = ""
    start: int = 1
    shown_levels: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Style:
    parent: str
    title: str
    outline_level: int | None
    master_page: str
    is_hidden: bool


@dataclass(slots=True)
class StyleBook:
    """Learns styles as they come: those of ``styles.xml`` at once, the automatic ones while the body is read."""

    lists: dict[str, dict[int, ListLevel]] = field(default_factory=dict)
    outline: dict[int, ListLevel] = field(default_factory=dict)
    #: Master pages that paragraphs name, in order.
    master_pages: list[str] = field(default_factory=list)
    _styles: dict[tuple[str, str], _Style] = field(default_factory=dict)

    def learn_all(self, tree: Element | None) -> None:
        """Learn every style of a tree."""
        for group in () if tree is None else tree.iter(name("office:styles"), name("office:automatic-styles")):
            for element in group:
                self.learn(element)

    def learn(self, element: Element) -> None:
        """Learn one style."""
        match local(element):
            case "style":
                self._learn_style(element)
            case "list-style":
                self.lists[element.get(name("style:name"), "")] = _levels(element)
            case "outline-style":
                self.outline = _levels(element)
            case _:
                pass

    def role(self, style: str) -> tuple[Role, int]:
        """What a paragraph of the style is, and the level of a heading."""
        for found, style_name in self._chain("paragraph", style):
            if found.outline_level is not None:
                return "heading", min(6, max(1, found.outline_level))
            role, level = role_of_name(found.title or style_name)
            if role != "body":
                return role, level
        return role_of_name(style)

    def is_hidden(self, family: str, style: str) -> bool:
        """Tell whether the style puts things out of sight."""
        return any(found.is_hidden for found, _ in self._chain(family, style))

    def _learn_style(self, element: Element) -> None:
        family, style = element.get(name("style:family"), ""), element.get(name("style:name"), "")
        master = element.get(name("style:master-page-name"), "")
        if master and master not in self.master_pages:
            self.master_pages.append(master)
        self._styles[family, style] = _Style(
            parent=element.get(name("style:parent-style-name"), ""),
            title=element.get(name("style:display-name"), ""),
            outline_level=count_of(element.get(name("style:default-outline-level"))),
            master_page=master,
            is_hidden=_hides(element),
        )

    def _chain(self, family: str, style: str) -> list[tuple[_Style, str]]:
        chain: list[tuple[_Style, str]] = []
        while (family, style) in self._styles and len(chain) < _DEEPEST_CHAIN:
            found = self._styles[family, style]
            chain.append((found, style))
            style = found.parent
        return chain


def points(length: str | None) -> float | None:
    """Turn ``2.5cm`` into points; None for what is no length."""
    found = _LENGTH.fullmatch(length or "")
    if found is None:
        return None
    value = float(found[1]) * _POINTS[found[2] or "pt"]
    return value if abs(value) < _FARTHEST else None


def _hides(element: Element) -> bool:
    for properties in element:
        if properties.get(name("text:display")) == "none" or properties.get(name("table:display")) == "false":
            return True
        if properties.get(name("presentation:visibility")) == "hidden":
            return True
    return False


def _levels(element: Element) -> dict[int, ListLevel]:
    levels = {}
    for child in element:
        place = count_of(child.get(name("text:level")))
        if place is None:
            continue
        if local(child) == "list-level-style-number" or local(child) == "outline-level-style":
            start = count_of(child.get(name("text:start-value")))
            levels[place] = ListLevel(
                form=child.get(name("style:num-format"), ""),
                prefix=child.get(name("style:num-prefix"), ""),
                suffix=child.get(name("style:num-suffix"), ""),
                start=1 if start is None else start,
                shown_levels=count_of(child.get(name("text:display-levels"))) or 1,
            )
        else:
            levels[place] = ListLevel(bullet=bullet(child.get(name("text:bullet-char"), ""), _font(child)))
    return levels


def _font(level: Element) -> str:
    for properties in level:
        font = properties.get(name("style:font-name")) or properties.get(name("fo:font-family"))
        if font:
            return str(font)
    return ""


def mark_of(levels: dict[int, ListLevel], counters: dict[int, int], level: int) -> str:
    """Write the mark of an item: its own number, and those of as many levels above as the style shows."""
    own = levels.get(level)
    if own is None:
        return "•"
    if own.bullet is not None:
        return own.bullet
    if not own.form:
        return ""
    numbers = [
        numeral(counters[above], levels[above].form)
        for above in range(max(1, level - own.shown_levels + 1), level + 1)
        if above in counters and above in levels and levels[above].form
    ]
    return f"{own.prefix}{'.'.join(numbers)}{own.suffix}"
