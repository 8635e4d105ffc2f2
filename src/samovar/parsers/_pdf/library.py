"""PDFium's functions with plain numbers for handles: a page asks for some hundreds of places.

The same functions as in ``pypdfium2.raw`` at a quarter of the time. Handles of objects and fonts are addresses, absent
ones are None; those of pages are arguments as ``argument`` prepares them. ctypes takes prepared arguments as they are,
while a prototype with the types of its arguments makes new ones at each call: so the functions here name none, take
int for the rest, and are right for pointers and int only. What is asked of many things is asked by ``map``, answered
into one piece of memory and unpacked at once: that is half the time of as many calls from Python. Source: fpdf_text.h,
fpdf_edit.h, fpdf_doc.h of PDFium 159; Python documentation of ctypes, "Specifying the required argument types", 2023.
"""

from collections.abc import Callable, Sequence
from ctypes import PYFUNCTYPE, addressof, c_char, c_double, c_float, c_int, c_size_t, c_uint, c_ulong, c_void_p, cast
from itertools import islice, repeat
from struct import Struct
from typing import Any, Final, TypeAlias

import pypdfium2.raw as pdfium_c

__all__ = [
    "Argument",
    "Box",
    "Handle",
    "Matrix",
    "address",
    "argument",
    "char_box",
    "clip_box",
    "count_chars",
    "count_objects",
    "count_rects",
    "face_flags",
    "face_name",
    "face_weight",
    "fill_colour",
    "fill_colours",
    "font_at",
    "font_size",
    "font_sizes",
    "fonts",
    "form_objects",
    "has_transparency",
    "link_address",
    "link_page",
    "links",
    "object_bounds",
    "object_matrix",
    "page_bounds",
    "page_objects",
    "page_turns",
    "path_is_painted",
    "path_points",
    "rects",
    "rects_of",
    "render_modes",
    "text_index",
    "text_matrices",
    "text_matrix",
    "text_object",
    "text_objects",
    "text_of",
    "unicode_of",
]

Handle: TypeAlias = int
#: A pointer as ctypes hands it over; it has no type of its own that can be named.
Argument: TypeAlias = Any
#: Left, bottom, right, top, in points from the bottom left corner.
Box: TypeAlias = tuple[float, float, float, float]
#: The six numbers a to f of a transformation. Source: ISO 32000-1, 8.3.3.
Matrix: TypeAlias = tuple[float, float, float, float, float, float]

_NAME_BYTES: Final = 256
_CLOSED: Final = 1
_MOVE: Final = pdfium_c.FPDF_SEGMENT_MOVETO
_CURVE: Final = pdfium_c.FPDF_SEGMENT_BEZIERTO
_LONGEST_ADDRESS: Final = 2000
_MOST_CLIPS: Final = 16

#: Makes an argument of an address; PDFium takes None for an absent one.
_pointer: Final = c_void_p.from_param

_doubles: Final = (c_double * 4)()
_D0, _D1, _D2, _D3 = (_pointer(addressof(_doubles) + 8 * place) for place in range(4))
_floats: Final = (c_float * 6)()
_F0, _F1, _F2, _F3 = (_pointer(addressof(_floats) + 4 * place) for place in range(4))
_numbers: Final = (c_uint * 4)()
_N0, _N1, _N2, _N3 = (_pointer(addressof(_numbers) + 4 * place) for place in range(4))
_letters: Final = (c_int * (_NAME_BYTES // 4))()
_four_doubles: Final = Struct("4d").unpack_from
_four_floats: Final = Struct("4f").unpack_from
_six_floats: Final = Struct("6f").unpack_from
_four_numbers: Final = Struct("4I").unpack_from

#: So many things are asked at once, and their answers stand in this memory one after the other.
_AT_ONCE: Final = 256
_many_doubles: Final = (c_double * (4 * _AT_ONCE))()
_many_floats: Final = (c_float * (6 * _AT_ONCE))()
_many_numbers: Final = (c_uint * (4 * _AT_ONCE))()
_doubles_each: Final = Struct("4d")
_floats_each: Final = Struct("6f")
_points_each: Final = Struct("2f")
_numbers_each: Final = Struct("4I")


def _places(memory: Any, struct: Struct, shift: int) -> tuple[Argument, ...]:
    """Where the answers to each of many questions go: ``shift`` bytes from the start of each piece."""
    return tuple(_pointer(addressof(memory) + shift + struct.size * number) for number in range(_AT_ONCE))


_MANY_D: Final = tuple(_places(_many_doubles, _doubles_each, shift) for shift in (0, 24, 16, 8))
_MANY_F: Final = _places(_many_floats, _floats_each, 0)
_POINTS_X: Final = _places(_many_floats, _points_each, 0)
_POINTS_Y: Final = _places(_many_floats, _points_each, 4)
_MANY_N: Final = tuple(_places(_many_numbers, _numbers_each, shift) for shift in (0, 4, 8, 12))
_doubles_view: Final = memoryview(_many_doubles).cast("B")
_floats_view: Final = memoryview(_many_floats).cast("B")
_numbers_view: Final = memoryview(_many_numbers).cast("B")


def _function(name: str, result: Any) -> Callable[..., Any]:
    return PYFUNCTYPE(result)(_place_of(name))


def _typed_function(name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    """A function with arguments that are neither pointers nor int."""
    return PYFUNCTYPE(result, *arguments)(_place_of(name))


def _place_of(name: str) -> int:
    return cast(getattr(pdfium_c, name), c_void_p).value or 0


count_chars = _function("FPDFText_CountChars", c_int)
unicode_of = _function("FPDFText_GetUnicode", c_uint)
text_index = _function("FPDFText_GetTextIndexFromCharIndex", c_int)
text_object = _function("FPDFText_GetTextObject", c_void_p)
font_size = _function("FPDFText_GetFontSize", c_double)
_get_text = _function("FPDFText_GetText", c_int)
_count_rects = _function("FPDFText_CountRects", c_int)
_rect = _function("FPDFText_GetRect", c_int)
_char_box = _function("FPDFText_GetCharBox", c_int)
_text_matrix = _function("FPDFText_GetMatrix", c_int)
_font = _function("FPDFTextObj_GetFont", c_void_p)
_render_mode = _function("FPDFTextObj_GetTextRenderMode", c_int)
_face_flags = _function("FPDFFont_GetFlags", c_int)
_face_weight = _function("FPDFFont_GetWeight", c_int)
_face_name = _typed_function("FPDFFont_GetBaseFontName", c_size_t, c_void_p, c_void_p, c_size_t)
_page_box = _function("FPDF_GetPageBoundingBox", c_int)
_page_turns = _function("FPDFPage_GetRotation", c_int)
_count_objects = _function("FPDFPage_CountObjects", c_int)
_page_object = _function("FPDFPage_GetObject", c_void_p)
_object_type = _function("FPDFPageObj_GetType", c_int)
_count_form_objects = _function("FPDFFormObj_CountObjects", c_int)
_form_object = _typed_function("FPDFFormObj_GetObject", c_void_p, c_void_p, c_ulong)
_has_transparency = _function("FPDFPageObj_HasTransparency", c_int)
_bounds = _function("FPDFPageObj_GetBounds", c_int)
_fill = _function("FPDFPageObj_GetFillColor", c_int)
_matrix = _function("FPDFPageObj_GetMatrix", c_int)
_draw_mode = _function("FPDFPath_GetDrawMode", c_int)
_count_segments = _function("FPDFPath_CountSegments", c_int)
_segment = _function("FPDFPath_GetPathSegment", c_void_p)
_segment_type = _function("FPDFPathSegment_GetType", c_int)
_segment_point = _function("FPDFPathSegment_GetPoint", c_int)
_segment_closes = _function("FPDFPathSegment_GetClose", c_int)
_clip_path = _function("FPDFPageObj_GetClipPath", c_void_p)
_count_clip_paths = _function("FPDFClipPath_CountPaths", c_int)
_count_clip_segments = _function("FPDFClipPath_CountPathSegments", c_int)
_clip_segment = _function("FPDFClipPath_GetPathSegment", c_void_p)
_next_link = _function("FPDFLink_Enumerate", c_int)
_link_box = _function("FPDFLink_GetAnnotRect", c_int)
_link_action = _function("FPDFLink_GetAction", c_void_p)
_link_target = _function("FPDFLink_GetDest", c_void_p)
_action_type = _function("FPDFAction_GetType", c_ulong)
_action_target = _function("FPDFAction_GetDest", c_void_p)
_action_address = _typed_function("FPDFAction_GetURIPath", c_ulong, c_void_p, c_void_p, c_void_p, c_ulong)
_target_page = _function("FPDFDest_GetDestPageIndex", c_int)


def address(pointer: Any) -> Handle:
    """The address that a helper object of pypdfium2 stands for."""
    return cast(pointer, c_void_p).value or 0


def argument(pointer: Any) -> Argument:
    """What stands for a page or its text in calls; valid as long as they are open."""
    return _pointer(address(pointer))


def text_of(textpage: Argument, start: int, count: int) -> str:
    """So many characters from one on; a few kinds of them are left out by PDFium."""
    buffer = bytearray(2 * (count + 1))
    place = _pointer(addressof(c_char.from_buffer(buffer)))
    written = _get_text(textpage, start, count, place)
    return buffer[: 2 * max(0, written - 1)].decode("utf-16-le", "surrogatepass")


def rects(textpage: Argument, start: int, count: int) -> list[Box]:
    """The boxes of a stretch of characters, one for each run of a font."""
    return _counted_rects(textpage, _count_rects(textpage, start, count))


def count_rects(textpage: Argument, starts: Sequence[int], lengths: Sequence[int]) -> list[int]:
    """How many boxes stretches of characters have."""
    return list(map(_count_rects, repeat(textpage), starts, lengths))


def rects_of(textpage: Argument, count: int, counts: Sequence[int]) -> list[list[Box]] | None:
    """The boxes of each stretch of a page of ``count`` characters, if there are so many of each.

    The stretches must follow each other. None where a box belongs to two of them: it is one of the page's.
    """
    wanted = sum(counts)
    if _count_rects(textpage, 0, count) != wanted:
        return None
    found = _counted_rects(textpage, wanted)
    if wanted == len(counts):
        return [[box] for box in found]
    boxes = iter(found)
    return [list(islice(boxes, number)) for number in counts]


def _counted_rects(textpage: Argument, count: int) -> list[Box]:
    if count == 1:
        _rect(textpage, 0, _D0, _D3, _D2, _D1)
        return [_four_doubles(_doubles)]
    found: list[Box] = []
    for first in range(0, count, _AT_ONCE):
        asked = min(_AT_ONCE, count - first)
        list(map(_rect, repeat(textpage), range(first, first + asked), *_MANY_D))
        found.extend(_doubles_each.iter_unpack(_doubles_view[: _doubles_each.size * asked]))
    return found


def char_box(textpage: Argument, place: int) -> Box:
    """The ink of one character; blanks have none (no width)."""
    if not _char_box(textpage, place, _D0, _D2, _D1, _D3):
        return 0.0, 0.0, 0.0, 0.0
    return _four_doubles(_doubles)


def text_matrix(textpage: Argument, place: int) -> Matrix:
    """How the text that a character belongs to lies on the page; its last two numbers are where it begins."""
    if not _text_matrix(textpage, place, _F0):
        return 1.0, 0.0, 0.0, 1.0, 0.0, 0.0
    return _six_floats(_floats)


def text_matrices(textpage: Argument, places: Sequence[int]) -> list[Matrix]:
    """The same for many characters."""
    found: list[Matrix] = []
    for first in range(0, len(places), _AT_ONCE):
        asked = places[first : first + _AT_ONCE]
        if all(map(_text_matrix, repeat(textpage), asked, _MANY_F)):
            found.extend(_floats_each.iter_unpack(_floats_view[: _floats_each.size * len(asked)]))
        else:
            found.extend([text_matrix(textpage, place) for place in asked])
    return found


def font_sizes(textpage: Argument, places: Sequence[int]) -> list[float]:
    """The sizes of type of many characters, before their matrices."""
    return list(map(font_size, repeat(textpage), places))


def text_objects(textpage: Argument, places: Sequence[int]) -> list[Handle | None]:
    """The objects that many characters belong to."""
    return list(map(text_object, repeat(textpage), places))


def fonts(texts: Sequence[Handle | None]) -> list[Handle | None]:
    """The fonts of text objects."""
    return list(map(_font, map(_pointer, texts)))


def font_at(textpage: Argument, place: int) -> Handle | None:
    """The font of one character, if it has one."""
    font: Handle | None = _font(_pointer(text_object(textpage, place)))
    return font


def face_name(font: Handle) -> str:
    """The name of a font, as a rule PostScript's own."""
    length = _face_name(font, addressof(_letters), _NAME_BYTES)
    return bytes(_letters)[: min(max(0, length - 1), _NAME_BYTES)].decode("utf-8", "replace")


def face_flags(font: Handle) -> int:
    """The flags of a font; 0 where they are not known. Source: ISO 32000-1, 9.8.2."""
    flags: int = _face_flags(_pointer(font))
    return max(0, flags)


def face_weight(font: Handle) -> int:
    """How bold a font is: 400 is usual."""
    weight: int = _face_weight(_pointer(font))
    return weight


def page_bounds(page: Argument) -> Box | None:
    """What a viewer shows of a page: its crop box inside of its media box."""
    # FS_RECTF: left, top, right, bottom.
    if not _page_box(page, _F0):
        return None
    left, top, right, bottom = _four_floats(_floats)
    return left, bottom, right, top


def page_turns(page: Argument) -> int:
    """By how many quarters a viewer turns a page clockwise."""
    turns: int = _page_turns(page)
    return max(0, turns)


def count_objects(page: Argument) -> int:
    """How many objects stand on a page, each form counted as one."""
    count: int = _count_objects(page)
    return count


def page_objects(page: Argument, count: int) -> list[tuple[Handle, int]]:
    """The first objects of a page with their kinds (``FPDF_PAGEOBJ_*``), in the order of drawing."""
    items = list(map(_page_object, repeat(page), range(count)))
    return list(zip(items, map(_object_type, map(_pointer, items)), strict=True))


def form_objects(form: Handle, most: int) -> list[tuple[Handle, int]]:
    """The first objects of a form with their kinds."""
    count = min(_count_form_objects(_pointer(form)), most)
    return [(item := _form_object(form, place), _object_type(_pointer(item))) for place in range(count)]


def render_modes(texts: Sequence[Handle]) -> list[int]:
    """How text objects are drawn (``FPDF_TEXTRENDERMODE_*``)."""
    return list(map(_render_mode, map(_pointer, texts)))


def has_transparency(item: Handle) -> bool:
    """Tell whether something may be seen through an object."""
    return bool(_has_transparency(_pointer(item)))


def object_bounds(item: Handle) -> Box | None:
    """The box of an object in the space of its page or form."""
    if not _bounds(_pointer(item), _F0, _F1, _F2, _F3):
        return None
    return _four_floats(_floats)


def object_matrix(item: Handle) -> Matrix:
    """How an object lies in the space of its page or form."""
    if not _matrix(_pointer(item), _F0):
        return 1.0, 0.0, 0.0, 1.0, 0.0, 0.0
    return _six_floats(_floats)


def fill_colour(item: Handle) -> tuple[int, int, int, int]:
    """Red, green, blue and opacity, 0 to 255 each; black where it is not known."""
    if not _fill(_pointer(item), _N0, _N1, _N2, _N3):
        return 0, 0, 0, 255
    return _four_numbers(_numbers)


def fill_colours(items: Sequence[Handle]) -> list[tuple[int, int, int, int]]:
    """The same for many objects."""
    found: list[tuple[int, int, int, int]] = []
    for first in range(0, len(items), _AT_ONCE):
        asked = items[first : first + _AT_ONCE]
        if all(map(_fill, map(_pointer, asked), *_MANY_N)):
            found.extend(_numbers_each.iter_unpack(_numbers_view[: _numbers_each.size * len(asked)]))
        else:
            found.extend(map(fill_colour, asked))
    return found


def path_is_painted(path: Handle) -> tuple[bool, bool]:
    """Tell whether the inside of a path is painted, and whether its outline is."""
    if not _draw_mode(_pointer(path), _N0, _N1):
        return False, False
    return _numbers[0] != 0, _numbers[1] != 0


def path_points(path: Handle, most: int) -> list[tuple[int, float, float]] | None:
    """The points of a path with the kind of each step (``FPDF_SEGMENT_*``), in its own space; None for curves.

    A closed outline ends with a line to where it began. ``most``, up to 256, bounds the number of steps.
    """
    pointer = _pointer(path)
    count = _count_segments(pointer)
    if not 0 < count <= min(most, _AT_ONCE):
        return None
    segments = list(map(_pointer, map(_segment, repeat(pointer), range(count))))
    kinds = list(map(_segment_type, segments))
    if _CURVE in kinds or not all(map(_segment_point, segments, _POINTS_X, _POINTS_Y)):
        return None
    points: list[tuple[int, float, float]] = []
    begin = (0.0, 0.0)
    drawn = _points_each.iter_unpack(_floats_view[: _points_each.size * count])
    for kind, (x, y), is_closed in zip(kinds, drawn, map(_segment_closes, segments), strict=True):
        if kind == _MOVE:
            begin = (x, y)
        points.append((kind, x, y))
        if is_closed == _CLOSED:
            points.append((pdfium_c.FPDF_SEGMENT_LINETO, *begin))
    return points


def clip_box(item: Handle) -> Box | None:
    """The box that an object is seen through, in the space of its page or form; None where nothing is cut off.

    Of very many points the first are looked at, so that the box may be too small.
    """
    clip = _clip_path(_pointer(item))
    pointer = _pointer(clip)
    boxes: list[Box] = []
    for path in range(min(_count_clip_paths(pointer), _MOST_CLIPS) if clip else 0):
        points: list[tuple[float, ...]] = []
        for place in range(min(_count_clip_segments(pointer, path), _AT_ONCE)):
            if _segment_point(_pointer(_clip_segment(pointer, path, place)), _F0, _F1):
                points.append(_four_floats(_floats)[:2])
        if points:
            across, down = zip(*points, strict=True)
            boxes.append((min(across), min(down), max(across), max(down)))
    if not boxes:
        return None
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    return max(lefts), max(bottoms), min(rights), min(tops)


def links(page: Argument, most: int) -> list[tuple[Handle, Box]]:
    """The first links of a page with their boxes."""
    found: list[tuple[Handle, Box]] = []
    place, link = c_int(0), c_void_p()
    place_pointer, link_pointer = _pointer(addressof(place)), _pointer(addressof(link))
    while len(found) < most and _next_link(page, place_pointer, link_pointer):
        # FS_RECTF: left, top, right, bottom.
        if link.value is None or not _link_box(_pointer(link.value), _F0):
            continue
        left, top, right, bottom = _four_floats(_floats)
        found.append((link.value, (left, min(bottom, top), right, max(bottom, top))))
    return found


def link_address(document: Argument, link: Handle) -> bytes:
    """The address that a link leads to; empty where it leads elsewhere, or where the address is very long."""
    action = _link_action(_pointer(link))
    if action is None or _action_type(_pointer(action)) != pdfium_c.PDFACTION_URI:
        return b""
    buffer = bytearray(_LONGEST_ADDRESS)
    place = addressof(c_char.from_buffer(buffer))
    length = _action_address(document, action, place, _LONGEST_ADDRESS)
    return bytes(buffer[: length - 1]) if 1 < length <= _LONGEST_ADDRESS else b""


def link_page(document: Argument, link: Handle) -> int | None:
    """The page of the same file that a link leads to, from 0 on."""
    pointer = _pointer(link)
    target = _link_target(document, pointer)
    if target is None:
        action = _link_action(pointer)
        if action is None or _action_type(_pointer(action)) != pdfium_c.PDFACTION_GOTO:
            return None
        target = _action_target(document, _pointer(action))
    index: int = _target_page(document, _pointer(target)) if target is not None else -1
    return index if index >= 0 else None
