"""PDFium's functions with plain numbers for handles: a page asks for some hundreds of places.

The same functions as in ``pypdfium2.raw``, with prototypes that cost a third of the time. Handles are addresses,
absent ones are None. Source: fpdf_text.h, fpdf_edit.h of PDFium 159.
"""

from collections.abc import Callable
from ctypes import PYFUNCTYPE, addressof, c_double, c_float, c_int, c_uint, c_void_p, cast
from typing import Any, Final, TypeAlias

import pypdfium2.raw as pdfium_c

__all__ = [
    "Box",
    "Handle",
    "Matrix",
    "address",
    "char_box",
    "count_chars",
    "count_form_objects",
    "count_objects",
    "count_rects",
    "face_flags",
    "face_name",
    "face_weight",
    "fill_colour",
    "font_of",
    "font_size",
    "form_object",
    "get_text",
    "has_transparency",
    "object_bounds",
    "object_matrix",
    "object_type",
    "page_object",
    "path_has_fill",
    "path_is_stroked",
    "path_points",
    "rect",
    "render_mode",
    "text_index",
    "text_matrix",
    "text_object",
    "unicode_of",
]

Handle: TypeAlias = int
#: Left, bottom, right, top, in points from the bottom left corner.
Box: TypeAlias = tuple[float, float, float, float]
#: The six numbers a to f of a transformation. Source: ISO 32000-1, 8.3.3.
Matrix: TypeAlias = tuple[float, float, float, float, float, float]

_NAME_BYTES: Final = 256
_CLOSED: Final = 1

_doubles = (c_double * 4)()
_D0, _D1, _D2, _D3 = (addressof(_doubles) + 8 * place for place in range(4))
_floats = (c_float * 6)()
_F0, _F1, _F2, _F3 = (addressof(_floats) + 4 * place for place in range(4))
_numbers = (c_uint * 4)()
_N0, _N1, _N2, _N3 = (addressof(_numbers) + 4 * place for place in range(4))
_letters = (c_int * (_NAME_BYTES // 4))()


def _function(name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    return PYFUNCTYPE(result, *arguments)(cast(getattr(pdfium_c, name), c_void_p).value or 0)


count_chars = _function("FPDFText_CountChars", c_int, c_void_p)
unicode_of = _function("FPDFText_GetUnicode", c_uint, c_void_p, c_int)
get_text = _function("FPDFText_GetText", c_int, c_void_p, c_int, c_int, c_void_p)
text_index = _function("FPDFText_GetTextIndexFromCharIndex", c_int, c_void_p, c_int)
count_rects = _function("FPDFText_CountRects", c_int, c_void_p, c_int, c_int)
text_object = _function("FPDFText_GetTextObject", c_void_p, c_void_p, c_int)
font_size = _function("FPDFText_GetFontSize", c_double, c_void_p, c_int)
font_of = _function("FPDFTextObj_GetFont", c_void_p, c_void_p)
render_mode = _function("FPDFTextObj_GetTextRenderMode", c_int, c_void_p)
face_flags = _function("FPDFFont_GetFlags", c_int, c_void_p)
face_weight = _function("FPDFFont_GetWeight", c_int, c_void_p)
count_objects = _function("FPDFPage_CountObjects", c_int, c_void_p)
page_object = _function("FPDFPage_GetObject", c_void_p, c_void_p, c_int)
object_type = _function("FPDFPageObj_GetType", c_int, c_void_p)
count_form_objects = _function("FPDFFormObj_CountObjects", c_int, c_void_p)
form_object = _function("FPDFFormObj_GetObject", c_void_p, c_void_p, c_uint)
has_transparency = _function("FPDFPageObj_HasTransparency", c_int, c_void_p)
_rect = _function("FPDFText_GetRect", c_int, c_void_p, c_int, *[c_void_p] * 4)
_char_box = _function("FPDFText_GetCharBox", c_int, c_void_p, c_int, *[c_void_p] * 4)
_text_matrix = _function("FPDFText_GetMatrix", c_int, c_void_p, c_int, c_void_p)
_face_name = _function("FPDFFont_GetBaseFontName", c_uint, c_void_p, c_void_p, c_uint)
_bounds = _function("FPDFPageObj_GetBounds", c_int, c_void_p, *[c_void_p] * 4)
_fill = _function("FPDFPageObj_GetFillColor", c_int, c_void_p, *[c_void_p] * 4)
_matrix = _function("FPDFPageObj_GetMatrix", c_int, c_void_p, c_void_p)
_draw_mode = _function("FPDFPath_GetDrawMode", c_int, c_void_p, c_void_p, c_void_p)
_count_segments = _function("FPDFPath_CountSegments", c_int, c_void_p)
_segment = _function("FPDFPath_GetPathSegment", c_void_p, c_void_p, c_int)
_segment_type = _function("FPDFPathSegment_GetType", c_int, c_void_p)
_segment_point = _function("FPDFPathSegment_GetPoint", c_int, c_void_p, c_void_p, c_void_p)
_segment_closes = _function("FPDFPathSegment_GetClose", c_int, c_void_p)


def address(pointer: Any) -> Handle:
    """The address that a helper object of pypdfium2 stands for."""
    return cast(pointer, c_void_p).value or 0


def rect(textpage: Handle, place: int) -> Box:
    """One of the boxes that ``count_rects`` has found."""
    _rect(textpage, place, _D0, _D3, _D2, _D1)
    return _doubles[0], _doubles[1], _doubles[2], _doubles[3]


def char_box(textpage: Handle, place: int) -> Box:
    """The ink of one character; blanks have none (no width)."""
    if not _char_box(textpage, place, _D0, _D2, _D1, _D3):
        return 0.0, 0.0, 0.0, 0.0
    return _doubles[0], _doubles[1], _doubles[2], _doubles[3]


def text_matrix(textpage: Handle, place: int) -> Matrix:
    """How the text that a character belongs to lies on the page; its last two numbers are where it begins."""
    if not _text_matrix(textpage, place, _F0):
        return 1.0, 0.0, 0.0, 1.0, 0.0, 0.0
    return _floats[0], _floats[1], _floats[2], _floats[3], _floats[4], _floats[5]


def face_name(font: Handle) -> str:
    """The name of a font, as a rule PostScript's own."""
    length = _face_name(font, addressof(_letters), _NAME_BYTES)
    return bytes(_letters)[: min(max(0, length - 1), _NAME_BYTES)].decode("utf-8", "replace")


def object_bounds(item: Handle) -> Box | None:
    """The box of an object in the space of its page or form."""
    if not _bounds(item, _F0, _F1, _F2, _F3):
        return None
    return _floats[0], _floats[1], _floats[2], _floats[3]


def object_matrix(item: Handle) -> Matrix:
    """How an object lies in the space of its page or form."""
    if not _matrix(item, _F0):
        return 1.0, 0.0, 0.0, 1.0, 0.0, 0.0
    return _floats[0], _floats[1], _floats[2], _floats[3], _floats[4], _floats[5]


def fill_colour(item: Handle) -> tuple[int, int, int, int]:
    """Red, green, blue and opacity, 0 to 255 each; black where it is not known."""
    if not _fill(item, _N0, _N1, _N2, _N3):
        return 0, 0, 0, 255
    return _numbers[0], _numbers[1], _numbers[2], _numbers[3]


def path_has_fill(path: Handle) -> bool:
    """Tell whether the inside of a path is painted."""
    return bool(_draw_mode(path, _N0, _N1)) and _numbers[0] != 0


def path_is_stroked(path: Handle) -> bool:
    """Tell whether the outline of a path is painted."""
    return bool(_draw_mode(path, _N0, _N1)) and _numbers[1] != 0


def path_points(path: Handle, most: int) -> list[tuple[int, float, float]] | None:
    """The points of a path with the kind of each step (``FPDF_SEGMENT_*``), in its own space; None for curves.

    A closed outline ends with a line to where it began. ``most`` bounds the number of steps.
    """
    count = _count_segments(path)
    if not 0 < count <= most:
        return None
    points: list[tuple[int, float, float]] = []
    begin = (0.0, 0.0)
    for place in range(count):
        segment = _segment(path, place)
        kind = _segment_type(segment)
        if kind == pdfium_c.FPDF_SEGMENT_BEZIERTO or not _segment_point(segment, _F0, _F1):
            return None
        x, y = _floats[0], _floats[1]
        if kind == pdfium_c.FPDF_SEGMENT_MOVETO:
            begin = (x, y)
        points.append((kind, x, y))
        if _segment_closes(segment) == _CLOSED:
            points.append((pdfium_c.FPDF_SEGMENT_LINETO, *begin))
    return points
