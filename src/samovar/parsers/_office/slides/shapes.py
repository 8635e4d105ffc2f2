"""The shapes of a slide with their places in points; places that a slide leaves out come from its layout and master."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, radians, sin
from typing import Final

from samovar.domain.layout import Rectangle
from samovar.parsers._office.elements import Element, local, name

__all__ = ["Placeholder", "Shape", "Sheets", "shapes_of"]

_EMU_IN_A_POINT: Final = 12_700
_DEEPEST: Final = 40
_MOST_SHAPES: Final = 20_000
_FARTHEST: Final = 1e6
_UNDERSTOOD: Final = frozenset({"a14", "p14", "p15", "v", "wps", "wpg", "c14", "x14"})
_TITLES: Final = ("title", "ctrTitle")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placeholder:
    """What a layout names a shape by."""

    kind: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A shape that shows something; ``inherited`` are the shapes of the layout and master that it fills."""

    element: Element
    box: Rectangle | None
    placeholder: Placeholder | None
    inherited: tuple[Element, ...]

    @property
    def is_title(self) -> bool:
        """Tell whether it is the title of the slide."""
        return self.placeholder is not None and self.placeholder.kind in _TITLES


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheets:
    """The layout and the master of a slide, where there are any."""

    layout: Element | None
    master: Element | None

    def inherited(self, placeholder: Placeholder | None) -> tuple[Element, ...]:
        """The shapes that a placeholder fills, the nearest first."""
        if placeholder is None:
            return ()
        in_layout = _filled(self.layout, placeholder, by_number=True)
        kind = placeholder.kind
        if in_layout is not None:
            kind = _placeholder(in_layout, Placeholder(kind="obj", number="")).kind
        in_master = _filled(self.master, Placeholder(kind=_MASTER_KINDS.get(kind, kind), number=""), by_number=False)
        return tuple(shape for shape in (in_layout, in_master) if shape is not None)


@dataclass(frozen=True, slots=True)
class _Frame:
    """How a group puts its own units on the page."""

    x: float = 0.0
    y: float = 0.0
    across: float = 1.0
    down: float = 1.0


#: The master knows five kinds only.
_MASTER_KINDS: Final = {"ctrTitle": "title", "subTitle": "body", "obj": "body", "tbl": "body", "chart": "body",
                        "pic": "body", "media": "body", "clipArt": "body", "dgm": "body"}  # fmt: skip


def shapes_of(tree: Element, sheets: Sheets) -> list[Shape]:
    """Every shape that is not a group, in the order of the file."""
    found: list[Shape] = []
    for held in tree.iter(name("p:spTree")):
        for shape in _walk(held, _Frame(), sheets, 0):
            if len(found) >= _MOST_SHAPES:
                break
            found.append(shape)
        break
    return found


def _walk(held: Element, frame: _Frame, sheets: Sheets, depth: int) -> Iterator[Shape]:
    if depth > _DEEPEST:
        return
    for element in held:
        match local(element):
            case "grpSp":
                yield from _walk(element, _inner(element, frame), sheets, depth + 1)
            case "AlternateContent":
                yield from _alternate(element, frame, sheets, depth)
            case "sp" | "pic" | "graphicFrame":
                placeholder = _own_placeholder(element)
                inherited = sheets.inherited(placeholder)
                box = _box(element, frame)
                if box is None:
                    box = next((found for found in (_box(one, _Frame()) for one in inherited) if found), None)
                yield Shape(element=element, box=box, placeholder=placeholder, inherited=inherited)
            case _:
                pass


def _alternate(element: Element, frame: _Frame, sheets: Sheets, depth: int) -> Iterator[Shape]:
    """Read the first branch that is understood and shows something."""
    choices = element.findall(name("mc:Choice"))
    for choice in choices:
        if all(word in _UNDERSTOOD or word.startswith("cx") for word in choice.get("Requires", "").split()):
            shapes = list(_walk(choice, frame, sheets, depth + 1))
            if shapes:
                yield from shapes
                return
    for fallback in element.iterfind(name("mc:Fallback")):
        yield from _walk(fallback, frame, sheets, depth + 1)


def _own_placeholder(element: Element) -> Placeholder | None:
    if element.find(f"./*/{name('p:nvPr')}/{name('p:ph')}") is None:
        return None
    return _placeholder(element, Placeholder(kind="obj", number=""))


def _placeholder(element: Element, default: Placeholder) -> Placeholder:
    found = element.find(f"./*/{name('p:nvPr')}/{name('p:ph')}")
    if found is None:
        return default
    return Placeholder(kind=found.get("type", "obj"), number=found.get("idx", "0"))


def _filled(sheet: Element | None, wanted: Placeholder, *, by_number: bool) -> Element | None:
    of_kind = None
    for element in () if sheet is None else sheet.iter(name("p:sp"), name("p:pic"), name("p:graphicFrame")):
        found = _own_placeholder(element)
        if found is None:
            continue
        if by_number and wanted.kind not in _TITLES and found.number == wanted.number:
            return element
        if of_kind is None and _MASTER_KINDS.get(found.kind, found.kind) == _MASTER_KINDS.get(wanted.kind, wanted.kind):
            of_kind = element
    return of_kind


def _inner(group: Element, frame: _Frame) -> _Frame:
    form = group.find(f"{name('p:grpSpPr')}/{name('a:xfrm')}")
    outer = _corners(form, "a:off", "a:ext")
    inner = _corners(form, "a:chOff", "a:chExt")
    if outer is None or inner is None:
        return frame
    across = outer[2] / inner[2] if inner[2] else 1.0
    down = outer[3] / inner[3] if inner[3] else 1.0
    return _Frame(
        frame.x + (outer[0] - inner[0] * across) * frame.across,
        frame.y + (outer[1] - inner[1] * down) * frame.down,
        frame.across * across,
        frame.down * down,
    )


def _box(element: Element, frame: _Frame) -> Rectangle | None:
    form = element.find(f"{name('p:spPr')}/{name('a:xfrm')}")
    if form is None:
        form = element.find(name("p:xfrm"))
    found = _corners(form, "a:off", "a:ext")
    if found is None or form is None:
        return None
    x, y = frame.x + found[0] * frame.across, frame.y + found[1] * frame.down
    width, height = abs(found[2] * frame.across), abs(found[3] * frame.down)
    x, y, width, height = _turned(x, y, width, height, form.get("rot", "0"))
    points = [side / _EMU_IN_A_POINT for side in (x, y, width, height)]
    if any(abs(side) > _FARTHEST for side in points):
        return None
    return Rectangle(x=points[0], y=points[1], width=points[2], height=points[3])


def _turned(x: float, y: float, width: float, height: float, turn: str) -> tuple[float, float, float, float]:
    """The upright box around a turned one; ``turn`` is in 60,000ths of a degree."""
    try:
        angle = radians(int(turn) / 60_000 % 360)
    except ValueError:
        return x, y, width, height
    if not angle:
        return x, y, width, height
    wide = abs(width * cos(angle)) + abs(height * sin(angle))
    high = abs(width * sin(angle)) + abs(height * cos(angle))
    return x + (width - wide) / 2, y + (height - high) / 2, wide, high


def _corners(form: Element | None, place: str, size: str) -> tuple[float, float, float, float] | None:
    offset = None if form is None else form.find(name(place))
    extent = None if form is None else form.find(name(size))
    if offset is None or extent is None:
        return None
    try:
        return float(offset.get("x")), float(offset.get("y")), float(extent.get("cx")), float(extent.get("cy"))
    except (TypeError, ValueError):
        return None
