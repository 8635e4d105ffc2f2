"""The paragraphs of a shape: their text with links, and the bullets and numbers that a slide inherits."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from samovar.parsers._office.elements import Element, local, name
from samovar.parsers._office.equations import equation_text
from samovar.parsers._office.inline import Inline
from samovar.parsers._office.numerals import bullet, numeral
from samovar.parsers._office.package import Package

__all__ = ["SlideLine", "inline_of", "lines_of"]

_LEVELS: Final = 9
_FORMS: Final = {
    "alphaLc": "lowerLetter", "alphaUc": "upperLetter", "arabic": "decimal", "romanLc": "lowerRoman",
    "romanUc": "upperRoman",
}  # fmt: skip
_DRAWN: Final = {"ParenBoth": ("(", ")"), "ParenR": ("", ")"), "Period": ("", "."), "Plain": ("", "")}


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideLine:
    """A paragraph; ``level`` is the depth of a list item, from 1, or None."""

    text: Inline
    level: int | None


def lines_of(body: Element, styles: list[Element | None], package: Package, part: str) -> Iterator[SlideLine]:
    """Read the paragraphs of ``p:txBody``; ``styles`` are those that it inherits, the nearest first."""
    counters: dict[int, tuple[str, int]] = {}
    for paragraph in body.iterfind(name("a:p")):
        text = inline_of(paragraph, package, part)
        properties = paragraph.find(name("a:pPr"))
        said = "0" if properties is None else properties.get("lvl", "0")
        level = int(said) if said in "012345678" else 0
        if text.is_blank:
            continue
        mark = _mark([properties, *(_level_of(style, level) for style in styles)], level, counters)
        if mark is None:
            yield SlideLine(text=text, level=None)
            continue
        marked = Inline(f"{mark} ")
        marked.add(text)
        yield SlideLine(text=marked, level=level + 1)


def inline_of(paragraph: Element, package: Package, part: str) -> Inline:
    """The text of one paragraph."""
    line = Inline()
    _write(paragraph, line, package, part)
    return line


def _write(element: Element, line: Inline, package: Package, part: str) -> None:
    for child in element:
        match local(child):
            case "r" | "fld":
                start = len(line)
                line.write("".join(found.text or "" for found in child.iterfind(name("a:t"))).replace("\v", "\n"))
                clicked = child.find(f"{name('a:rPr')}/{name('a:hlinkClick')}")
                found = package.relationships(part).get("" if clicked is None else clicked.get(name("r:id"), ""))
                if found is not None and found.is_external:
                    line.link(start, found.target)
            case "br":
                line.write("\n")
            case "oMath" | "oMathPara":
                line.write(equation_text(child))
            case "AlternateContent" | "Choice" | "m":
                _write(child, line, package, part)
            case _:
                pass


def _level_of(style: Element | None, level: int) -> Element | None:
    if style is None:
        return None
    found = style.find(name(f"a:lvl{level + 1}pPr"))
    return found if found is not None else style.find(name("a:defPPr"))


def _mark(sources: list[Element | None], level: int, counters: dict[int, tuple[str, int]]) -> str | None:
    """The bullet or number of a paragraph: the nearest source that says something decides."""
    for deeper in [place for place in counters if place > level]:
        del counters[deeper]
    font = ""
    for source in sources:
        for child in () if source is None else source:
            kind = local(child)
            if kind == "buFont" and not font:
                font = child.get("typeface", "")
            if kind == "buAutoNum":
                return _number(child, level, counters)
            if kind in ("buNone", "buChar", "buBlip"):
                counters.pop(level, None)
                if kind == "buNone":
                    return None
                return bullet(child.get("char", ""), font) if kind == "buChar" else "•"
    counters.pop(level, None)
    return None


def _number(element: Element, level: int, counters: dict[int, tuple[str, int]]) -> str:
    kind, start = element.get("type", "arabicPeriod"), element.get("startAt", "1")
    first = int(start) if start.isascii() and start.isdigit() and len(start) < 6 else 1
    before = counters.get(level)
    count = before[1] + 1 if before is not None and before[0] == kind + start else first
    counters[level] = (kind + start, count)
    form = next((form for begin, form in _FORMS.items() if kind.startswith(begin)), "decimal")
    left, right = next((signs for end, signs in _DRAWN.items() if kind.endswith(end)), ("", "."))
    return f"{left}{numeral(count, form)}{right}"
