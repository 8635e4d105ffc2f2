"""What floats in a DOCX: pictures, text boxes, charts, diagrams, old VML shapes and embedded objects."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from samovar.domain.errors import DocumentError
from samovar.domain.page import Picture
from samovar.parsers._office.charts import chart_grid, chart_title, diagram_lines
from samovar.parsers._office.elements import Element, local, name
from samovar.parsers._office.package import Package
from samovar.parsers._office.pictures import PictureShelf
from samovar.parsers._office.writing import Grid

__all__ = ["Charted", "Drawn", "Floating", "Listed", "Shown", "chosen", "drawn_in"]

#: What we understand inside ``mc:Choice``.
_UNDERSTOOD: Final = frozenset({"wps", "wpg", "wpc", "wp14", "w14", "w15", "w16", "a14", "c14", "v", "p14", "x14", "m"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A picture; None cannot be shown."""

    picture: Picture | None
    alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A text box: paragraphs and tables, to be read like the body."""

    content: Element


@dataclass(frozen=True, slots=True, kw_only=True)
class Charted:
    """A chart as a table with its title."""

    title: str
    grid: Grid


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Lines of words: of a diagram, or of letters drawn as a picture."""

    lines: list[str] = field(default_factory=list)


Floating: TypeAlias = Shown | Drawn | Charted | Listed


def chosen(alternate: Element) -> Element | None:
    """The branch of ``mc:AlternateContent`` to be read, never two. Source: ECMA-376-3 (2015)."""
    choices = alternate.findall(name("mc:Choice"))
    for choice in choices:
        if all(word in _UNDERSTOOD for word in choice.get("Requires", "").split()):
            return choice
    fallback = alternate.find(name("mc:Fallback"))
    return fallback if fallback is not None else next(iter(choices), None)


def drawn_in(element: Element, package: Package, part: str, shelf: PictureShelf) -> Iterator[Floating]:
    """Everything inside ``w:drawing``, ``w:pict`` or ``w:object``, in order."""
    alt = ""
    for described in element.iter(name("wp:docPr")):
        alt = described.get("descr") or described.get("title") or ""
        break
    yield from _walk(element, _Source(package, part, shelf, alt))


@dataclass(slots=True)
class _Source:
    package: Package
    part: str
    shelf: PictureShelf
    alt: str

    def shown(self, relationship: str | None, alt: str) -> Shown:
        found = self.package.relationships(self.part).get(relationship or "")
        if found is None or found.is_external:
            return Shown(picture=None, alt=alt)
        try:
            return Shown(picture=self.shelf.picture(self.package.read(found.target)), alt=alt)
        except DocumentError:
            return Shown(picture=None, alt=alt)

    def tree(self, relationship: str | None) -> Element | None:
        found = self.package.relationships(self.part).get(relationship or "")
        return None if found is None or found.is_external else self.package.tree_or_none(found.target)


def _walk(element: Element, source: _Source) -> Iterator[Floating]:
    for child in element:
        if child.tag == name("mc:AlternateContent"):
            branch = chosen(child)
            if branch is not None:
                yield from _walk(branch, source)
            continue
        found = _leaf(child, source)
        if found is None:
            yield from _walk(child, source)
        else:
            yield from found


def _leaf(child: Element, source: _Source) -> list[Floating] | None:
    """What one element shows; None for one that only holds others."""
    match local(child):
        case "txbxContent":
            return [Drawn(content=child)]
        case "blip":
            described = next(child.iterancestors(name("pic:pic")), None)
            own = None if described is None else next(described.iter(name("pic:cNvPr")), None)
            alt = source.alt or ("" if own is None else own.get("descr", ""))
            return [source.shown(child.get(name("r:embed")) or child.get(name("r:link")), alt)]
        case "imagedata":
            shape = child.getparent()
            alt = "" if shape is None else shape.get("alt", "")
            return [source.shown(child.get(name("r:id")), alt or source.alt)]
        case "textpath":
            return [Listed(lines=[child.get("string", "")])]
        case "chart" if child.get(name("r:id")):
            return _chart(source.tree(child.get(name("r:id"))), source)
        case "relIds":
            model = source.tree(child.get(name("r:dm")))
            return [Shown(picture=None, alt=source.alt)] if model is None else [Listed(lines=diagram_lines(model))]
        case _:
            return None


def _chart(chart: Element | None, source: _Source) -> list[Floating]:
    if chart is None:
        return [Shown(picture=None, alt=source.alt)]
    return [Charted(title=chart_title(chart) or source.alt, grid=chart_grid(chart))]
