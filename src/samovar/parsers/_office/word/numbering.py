"""The numbers of lists and headings of a DOCX, counted as Word counts them. Source: ECMA-376-1, 17.9."""

import re
from dataclasses import dataclass, field
from typing import Final

from samovar.parsers._office.elements import Element, name
from samovar.parsers._office.numerals import bullet, numeral
from samovar.parsers._office.word.styles import is_on, value, whole

__all__ = ["ListMark", "Numbering"]

_LEVELS: Final = 9
_PLACE: Final = re.compile(r"%([1-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMark:
    """What stands before an item: ``1.2.``, ``а)``, ``•``; empty where the level has no number."""

    text: str
    level: int


@dataclass(slots=True, kw_only=True)
class _Level:
    form: str
    pattern: str
    start: int
    restart: int | None
    is_legal: bool
    font: str


@dataclass(slots=True, kw_only=True)
class _List:
    abstract: str
    levels: dict[int, _Level]
    starts: dict[int, int]
    is_started: bool = False


@dataclass(slots=True)
class Numbering:
    """The lists of one document with their counters; ``mark`` is asked once for each item, in order."""

    tree: Element | None
    _abstract: dict[str, Element] = field(default_factory=dict)
    _numbers: dict[str, Element] = field(default_factory=dict)
    _by_style: dict[str, str] = field(default_factory=dict)
    _lists: dict[str, _List | None] = field(default_factory=dict)
    _counters: dict[str, list[int | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.tree is None:
            return
        for element in self.tree.iterfind(name("w:abstractNum")):
            self._abstract[element.get(name("w:abstractNumId"), "")] = element
            style = value(element.find(name("w:styleLink")))
            if style:
                self._by_style[style] = element.get(name("w:abstractNumId"), "")
        for element in self.tree.iterfind(name("w:num")):
            self._numbers[element.get(name("w:numId"), "")] = element

    def level_of_style(self, number: str, style: str) -> int | None:
        """The level that a list ties to a style of paragraphs."""
        found = self._list(number)
        element = self._abstract.get(found.abstract) if found else None
        for level in () if element is None else element.iterfind(name("w:lvl")):
            if value(level.find(name("w:pStyle"))) == style:
                return whole(level.get(name("w:ilvl")))
        return None

    def mark(self, number: str, level: int) -> ListMark | None:
        """Count one item of a list (level from 0) and write its mark; None where there is no such list."""
        found = self._list(number)
        if found is None or not 0 <= level < _LEVELS:
            return None
        at = found.levels.get(level)
        if at is None:
            return ListMark(text="•", level=level + 1)
        counters = self._counters.setdefault(found.abstract, [None] * _LEVELS)
        if not found.is_started:
            found.is_started = True
            for place in found.starts:
                counters[place] = None
        self._count(found, counters, level)
        if at.form == "bullet":
            return ListMark(text=bullet(at.pattern, at.font), level=level + 1)
        return ListMark(text=_PLACE.sub(lambda hit: _shown(found, counters, int(hit[1]) - 1, at), at.pattern),
                        level=level + 1)  # fmt: skip

    @staticmethod
    def _count(found: _List, counters: list[int | None], level: int) -> None:
        for above in range(level):
            if counters[above] is None:
                counters[above] = _start(found, above)
        current = counters[level]
        counters[level] = _start(found, level) if current is None else current + 1
        for below in range(level + 1, _LEVELS):
            restart = found.levels[below].restart if below in found.levels else None
            if restart is None or level < restart:
                counters[below] = None

    def _list(self, number: str) -> _List | None:
        if number not in self._lists:
            self._lists[number] = self._read_list(number)
        return self._lists[number]

    def _read_list(self, number: str) -> _List | None:
        element = self._numbers.get(number)
        if element is None:
            return None
        abstract = value(element.find(name("w:abstractNumId"))) or ""
        definition = self._abstract.get(abstract)
        link = None if definition is None else value(definition.find(name("w:numStyleLink")))
        if link in self._by_style:
            abstract = self._by_style[link]
            definition = self._abstract.get(abstract)
        if definition is None:
            return None
        levels = {}
        for level in definition.iterfind(name("w:lvl")):
            place = whole(level.get(name("w:ilvl")))
            if place is not None:
                levels[place] = _read_level(level)
        starts = {}
        for override in element.iterfind(name("w:lvlOverride")):
            place = whole(override.get(name("w:ilvl")))
            if place is None or not 0 <= place < _LEVELS:
                continue
            start = whole(value(override.find(name("w:startOverride"))))
            own = override.find(name("w:lvl"))
            if own is not None:
                levels[place] = _read_level(own)
            if start is not None:
                starts[place] = start
        return _List(abstract=abstract, levels=levels, starts=starts)


def _read_level(level: Element) -> _Level:
    fonts = level.find(f"{name('w:rPr')}/{name('w:rFonts')}")
    start = whole(value(level.find(name("w:start"))))
    return _Level(
        form=_form(level),
        pattern=value(level.find(name("w:lvlText"))) or "",
        start=1 if start is None else start,
        restart=whole(value(level.find(name("w:lvlRestart")))),
        is_legal=is_on(level.find(name("w:isLgl"))),
        font="" if fonts is None else fonts.get(name("w:ascii")) or fonts.get(name("w:hAnsi")) or "",
    )


def _form(level: Element) -> str:
    found = level.find(f".//{name('w:numFmt')}")
    return value(found) or "decimal"


def _start(found: _List, level: int) -> int:
    own = found.levels.get(level)
    return found.starts.get(level, own.start if own else 1)


def _shown(found: _List, counters: list[int | None], level: int, shown_by: _Level) -> str:
    own = found.levels.get(level)
    number = counters[level]
    if own is None or number is None or own.form == "bullet":
        return ""
    return numeral(number, "decimal" if shown_by.is_legal else own.form)
