"""Files that are made to harm their reader. Equal calls give equal bytes."""

import zlib
from collections.abc import Callable
from functools import cache
from typing import Final

__all__ = ["bombs_among_pages_pdf", "long_pdf"]

_BOMB_BYTES: Final = 160_000_000


@cache
def bombs_among_pages_pdf(pages: int, bombs: tuple[int, ...], size_bytes: int = _BOMB_BYTES) -> bytes:
    """A paper of which some pages, counted from 1, unfold to much drawing; by default to more than is allowed."""
    text = b"(A) Tj "
    drawing = zlib.compress(zlib.compress(b"BT /F1 9 Tf " + text * (size_bytes // len(text)) + b"ET", 9), 9)
    return _pdf(pages, lambda page: 5 if page in bombs else 4, drawing)


@cache
def long_pdf(pages: int) -> bytes:
    """A paper of many short pages."""
    return _pdf(pages, lambda _: 4, b"")


def _pdf(pages: int, content_of: Callable[[int], int], drawing: bytes) -> bytes:
    """Write a paper whose pages are drawn by object 4 or object 5. Source: ISO 32000-1, 7.5."""
    first = 7
    kids = b" ".join(b"%d 0 R" % (first + place) for place in range(pages))
    short = b"BT /F1 9 Tf 20 100 Td (still here) Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, pages),
        b"<</Font<</F1 6 0 R>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(short), short),
        b"<</Length %d/Filter[/FlateDecode/FlateDecode]>>stream\n%s\nendstream" % (len(drawing), drawing),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        *(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Resources 3 0 R/Contents %d 0 R>>" % content_of(page)
            for page in range(1, pages + 1)
        ),
    ]
    output = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(output))
        output += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(output)
    output += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    output += b"".join(b"%010d 00000 n \n" % place for place in places)
    output += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, table)
    return bytes(output)
