"""What all slides share: their list, their size, the layouts and masters."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from samovar.parsers._office.elements import Element, name
from samovar.parsers._office.package import Package
from samovar.parsers._office.slides.shapes import Sheets

__all__ = ["Presentation", "SlideEntry"]

_EMU_IN_A_POINT: Final = 12_700
_USUAL_SIZE: Final = (9_144_000, 6_858_000)
_LARGEST_SIDE: Final = 100_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideEntry:
    """A slide as the presentation lists it; ``part`` is None where the file does not hold it."""

    part: str | None


class Presentation:
    """Reads what is shared. Raises: DocumentError."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self._main = package.main_part
        tree = package.tree(self._main)
        self.slides = tuple(self._listed(tree))
        across, down = _size(tree.find(name("p:sldSz")))
        #: Points.
        self.width, self.height = across / _EMU_IN_A_POINT, down / _EMU_IN_A_POINT
        self.text_style = tree.find(name("p:defaultTextStyle"))
        self._trees: dict[str, Element | None] = {}

    def sheets(self, slide: str) -> Sheets:
        """The layout and the master of a slide."""
        layout = self.package.first_related(slide, "slideLayout")
        master = None if layout is None else self.package.first_related(layout, "slideMaster")
        return Sheets(layout=self._kept(layout), master=self._kept(master))

    def comment_authors(self) -> dict[str, str]:
        """Names by the ids that comments use, of both kinds of comments."""
        names: dict[str, str] = {}
        for kind in ("commentAuthors", "authors"):
            tree = self.package.tree_or_none(self.package.first_related(self._main, kind))
            for author in () if tree is None else tree:
                names[author.get("id", "")] = " ".join(author.get("name", "").split())
        return names

    def _listed(self, tree: Element) -> Iterator[SlideEntry]:
        relationships = self.package.relationships(self._main)
        for slide in tree.iter(name("p:sldId")):
            found = relationships.get(slide.get(name("r:id"), ""))
            yield SlideEntry(part=found.target if found is not None and not found.is_external else None)

    def _kept(self, part: str | None) -> Element | None:
        if part is None:
            return None
        if part not in self._trees:
            self._trees[part] = self.package.tree_or_none(part)
        return self._trees[part]


def _size(element: Element | None) -> tuple[int, int]:
    sides = [] if element is None else [element.get("cx", ""), element.get("cy", "")]
    if len(sides) == 2 and all(
        side.isascii() and side.isdigit() and 0 < int(side[:12]) < _LARGEST_SIDE for side in sides
    ):
        return int(sides[0]), int(sides[1])
    return _USUAL_SIZE
