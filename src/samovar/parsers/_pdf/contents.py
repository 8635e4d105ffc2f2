"""What stands on a page beside its text: pictures, ruled lines, and painted areas that hide or show text."""

from collections.abc import Iterator
from typing import Any, Final

import pypdfium2.raw as pdfium_c

from samovar.parsers._pdf import library
from samovar.parsers._pdf.areas import MOST_STEPS, Area, is_nearly_white, painted_area
from samovar.parsers._pdf.library import Box, Handle, Matrix
from samovar.parsers._pdf.matrix import UNTURNED, moved, moved_box, multiplied

__all__ = ["Contents", "Image", "Rule", "read_contents"]

#: Forms may hold forms; PDFium itself gives up soon after.
_DEEPEST_FORM: Final = 15
_TEXT: Final = pdfium_c.FPDF_PAGEOBJ_TEXT
_PATH: Final = pdfium_c.FPDF_PAGEOBJ_PATH
_LINE: Final = pdfium_c.FPDF_SEGMENT_LINETO
_MOST_OBJECTS: Final = 50_000
_MOST_RULES: Final = 20_000
_MOST_AREAS: Final = 2000
#: A painted line, in points.
_THICKEST_RULE: Final = 3.0
_SHORTEST_RULE: Final = 4.0
#: From end to end a straight line along an axis leaves it by less than this, in points.
_CROOKED: Final = 1.0
#: So many text objects are looked at one by one; of more, every fifth.
_FEW_TEXTS: Final = 200
_INVISIBLE_MODES: Final = (pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium_c.FPDF_TEXTRENDERMODE_CLIP)


class Image:
    """A picture on the page: its handle, how the form lies that holds it, its box, and its order of drawing."""

    __slots__ = ("box", "form", "handle", "order")

    def __init__(self, handle: Handle, form: Matrix, box: Box, order: int) -> None:
        self.handle = handle
        self.form = form
        self.box = box
        self.order = order


class Rule:
    """A straight line along an axis; ``box`` has no thickness."""

    __slots__ = ("box", "is_level")

    def __init__(self, box: Box, *, is_level: bool) -> None:
        self.box = box
        self.is_level = is_level


class Contents:
    """The objects of one page. ``faint`` holds text that is not drawn, or drawn in white or without opacity."""

    def __init__(self) -> None:
        self.images: list[Image] = []
        self.rules: list[Rule] = []
        self.areas: list[Area] = []
        self.faint: set[Handle] = set()
        self.invisible: set[Handle] = set()
        self.first_text = -1
        self.texts: list[tuple[Handle, int]] = []
        self.count = 0
        self.is_cut_short = False

    @property
    def covers(self) -> list[Area]:
        """The areas and pictures that are drawn after the first text, and so may hide some."""
        images = [Area(image.box, image.order, is_white=False, hides=True) for image in self.images]
        return [area for area in (*self.areas, *images) if area.hides and 0 <= self.first_text < area.order]


def read_contents(page: Any) -> Contents:
    """Look at every object of a page, forms included, each once."""
    contents = Contents()
    handle = library.argument(page.raw)
    count = library.count_objects(handle)
    texts = contents.texts
    for order, (item, kind) in enumerate(library.page_objects(handle, min(count, _MOST_OBJECTS))):
        if kind == _TEXT:
            texts.append((item, order))
        else:
            _add(contents, item, kind, order, UNTURNED, 0)
    contents.count = count
    contents.is_cut_short = count > _MOST_OBJECTS
    if texts:
        contents.first_text = texts[0][1]
        _find_faint(contents)
    return contents


def _add(contents: Contents, item: Handle, kind: int, order: int, form: Matrix, depth: int) -> None:
    if kind == _PATH:
        _add_path(contents, item, order, form)
    elif kind == pdfium_c.FPDF_PAGEOBJ_IMAGE:
        box = _box(item, form)
        if box is not None:
            contents.images.append(Image(item, form, box, order))
    elif kind == pdfium_c.FPDF_PAGEOBJ_SHADING:
        box = _box(item, form)
        if box is not None:
            contents.areas.append(Area(box, order, is_white=False, hides=False))
    elif kind == _TEXT:
        contents.texts.append((item, order))
    elif kind == pdfium_c.FPDF_PAGEOBJ_FORM and depth < _DEEPEST_FORM:
        inner = multiplied(library.object_matrix(item), form)
        for part, part_kind in library.form_objects(item, _MOST_OBJECTS - contents.count):
            contents.count += 1
            _add(contents, part, part_kind, order, inner, depth + 1)


def _find_faint(contents: Contents) -> None:
    """Find text that is not drawn; of very many pieces a part is looked at first."""
    items = [item for item, _ in contents.texts]
    step = 1 if len(items) <= _FEW_TEXTS else 5
    while True:
        asked = items[::step]
        modes = library.render_modes(asked)
        looks = list(zip(modes, library.fill_colours(asked), strict=True))
        # Thousands of texts have a handful of looks.
        faint = {look for look in set(looks) if _is_faint(*look)}
        if faint:
            contents.faint.update(item for item, look in zip(asked, looks, strict=True) if look in faint)
            contents.invisible.update(item for item, mode in zip(asked, modes, strict=True) if mode in _INVISIBLE_MODES)
        if step == 1 or not faint:
            return
        step = 1


def _is_faint(mode: int, colour: tuple[int, int, int, int]) -> bool:
    return mode in _INVISIBLE_MODES or colour[3] == 0 or is_nearly_white(colour)


def _add_path(contents: Contents, item: Handle, order: int, form: Matrix) -> None:
    box = _box(item, form)
    if box is None or len(contents.rules) >= _MOST_RULES:
        return
    left, bottom, right, top = box
    across, down = right - left, top - bottom
    if min(across, down) <= _THICKEST_RULE:
        if max(across, down) >= _SHORTEST_RULE:
            contents.rules.append(_rule(box))
        return
    is_filled, is_stroked = library.path_is_painted(item)
    if is_filled and len(contents.areas) < _MOST_AREAS:
        area = painted_area(item, order, form, box, is_after_text=bool(contents.texts))
        if area is not None:
            contents.areas.append(area)
    if is_stroked:
        contents.rules.extend(_edges(item, form))


def _rule(box: Box) -> Rule:
    left, bottom, right, top = box
    if right - left >= top - bottom:
        middle = (bottom + top) / 2
        return Rule((left, middle, right, middle), is_level=True)
    middle = (left + right) / 2
    return Rule((middle, bottom, middle, top), is_level=False)


def _edges(item: Handle, form: Matrix) -> Iterator[Rule]:
    """The straight level and upright edges of an outline."""
    points = library.path_points(item, MOST_STEPS)
    if points is None:
        return
    matrix = library.object_matrix(item)
    if form is not UNTURNED:
        matrix = multiplied(matrix, form)
    is_moved = matrix != UNTURNED
    x = y = 0.0
    for kind, drawn_x, drawn_y in points:
        next_x, next_y = moved(matrix, drawn_x, drawn_y) if is_moved else (drawn_x, drawn_y)
        if kind == _LINE:
            across, down = abs(next_x - x), abs(next_y - y)
            if (down < _CROOKED and across >= _SHORTEST_RULE) or (across < _CROOKED and down >= _SHORTEST_RULE):
                yield _rule((min(x, next_x), min(y, next_y), max(x, next_x), max(y, next_y)))
        x, y = next_x, next_y


def _box(item: Handle, form: Matrix) -> Box | None:
    box = library.object_bounds(item)
    return box if box is None else moved_box(form, box)
