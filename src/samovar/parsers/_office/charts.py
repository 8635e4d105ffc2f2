"""Charts and diagrams: the words and values that the file keeps of them. Source: ECMA-376-1, 21.2 and 21.4."""

from typing import Final

from samovar.parsers._office.elements import Element, local, name
from samovar.parsers._office.inline import Inline
from samovar.parsers._office.writing import Grid, GridCell

__all__ = ["chart_grid", "chart_title", "diagram_lines"]

_MOST_POINTS: Final = 2000
_MOST_SERIES: Final = 100


def chart_title(chart: Element) -> str:
    """The title that people gave the chart."""
    title = chart.find(f"{name('c:chart')}/{name('c:title')}")
    if title is None:
        return ""
    rich = title.find(f".//{name('c:rich')}")
    if rich is not None:
        return " ".join("".join(found.text or "" for found in rich.iter(name("a:t"))).split())
    return " ".join(found.text or "" for found in title.iter(name("c:v")))


def chart_grid(chart: Element) -> Grid:
    """The values as a table: a row for each category, a column for each series."""
    grid = Grid()
    series = list(chart.iter(name("c:ser")))[:_MOST_SERIES]
    categories: dict[int, str] = {}
    for column, element in enumerate(series, start=1):
        grid.cells.append(_cell(0, column, _series_name(element), is_header=True))
        for kind in ("c:cat", "c:xVal"):
            found = element.find(name(kind))
            for place, text in _points(found) if found is not None else ():
                categories.setdefault(place, text)
        for kind in ("c:val", "c:yVal"):
            found = element.find(name(kind))
            for place, text in _points(found) if found is not None else ():
                grid.cells.append(_cell(place + 1, column, _number(text)))
    if not series:
        return grid
    grid.cells.append(_cell(0, 0, "", is_header=True))
    grid.cells.extend(_cell(place + 1, 0, _number(text)) for place, text in categories.items())
    return grid


def diagram_lines(model: Element) -> list[str]:
    """The words of a SmartArt diagram, a line for each box."""
    lines = []
    for point in model.iter(name("dgm:pt")):
        if point.get("type", "node") in ("node", "asst"):
            paragraphs = point.iter(name("a:p"))
            words = (" ".join("".join(t.text or "" for t in p.iter(name("a:t"))).split()) for p in paragraphs)
            lines.append("\n".join(word for word in words if word))
    return [line for line in lines if line]


def _series_name(series: Element) -> str:
    title = series.find(name("c:tx"))
    return "" if title is None else " ".join(found.text or "" for found in title.iter(name("c:v")))


def _points(axis: Element) -> list[tuple[int, str]]:
    """The cached points of an axis; of several levels of names each point has all, the outer first."""
    levels = list(axis.iter(name("c:lvl")))
    if levels:
        return _levelled(levels)
    return [found for found in map(_point, axis.iter(name("c:pt"))) if 0 <= found[0] < _MOST_POINTS]


def _levelled(levels: list[Element]) -> list[tuple[int, str]]:
    joined: dict[int, list[str]] = {}
    for depth, level in enumerate(levels):
        named = dict(map(_point, level.iter(name("c:pt"))))
        if depth == 0:
            joined = {place: [text] for place, text in named.items() if 0 <= place < _MOST_POINTS}
            continue
        outer = ""
        for place in sorted(joined):
            outer = named.get(place, outer)
            joined[place].insert(0, outer)
    return [(place, " ".join(texts)) for place, texts in joined.items()]


def _point(point: Element) -> tuple[int, str]:
    place = point.get("idx", "")
    value = next((child.text for child in point if local(child) == "v"), None)
    return (int(place) if place.isascii() and place.isdigit() and len(place) < 9 else -1), value or ""


def _number(text: str) -> str:
    """Values are cached with all the noise of binary fractions: 0.1 + 0.2 is 0.30000000000000004."""
    try:
        return f"{float(text):.10g}" if len(text) > 12 else text
    except ValueError:
        return text


def _cell(row: int, column: int, text: str, *, is_header: bool = False) -> GridCell:
    return GridCell(row=row, column=column, content=Inline(text), is_header=is_header)
