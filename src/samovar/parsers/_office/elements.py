"""XML of office papers through lxml: no entities, no network, no giant trees, and long parts piece by piece."""

from collections.abc import Iterator
from typing import Final, Protocol, TypeAlias

from lxml import etree

from samovar.domain.errors import FileDamaged, FileTooComplex
from samovar.parsers._office.container import Container

__all__ = ["NAMESPACES", "Element", "children_of", "count_of", "local", "name", "parse", "read_tree", "rows_of"]

#: An element of lxml, which has no types of its own.
Element: TypeAlias = etree._Element

#: Sources: ECMA-376 5th edition (2016); OpenDocument 1.3 (OASIS, 2021).
NAMESPACES: Final = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "w14": "http://schemas.microsoft.com/office/word/2010/wordml",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "pic": "http://schemas.openxmlformats.org/drawingml/2006/picture",
    "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
    "dgm": "http://schemas.openxmlformats.org/drawingml/2006/diagram",
    "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "v": "urn:schemas-microsoft-com:vml",
    "p": "http://schemas.openxmlformats.org/presentationml/2006/main",
    "s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "xdr": "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing",
    "rel": "http://schemas.openxmlformats.org/package/2006/relationships",
    "cp": "http://schemas.openxmlformats.org/package/2006/metadata/core-properties",
    "dc": "http://purl.org/dc/elements/1.1/",
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
    "draw": "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0",
    "svg": "urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0",
    "fo": "urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0",
    "presentation": "urn:oasis:names:tc:opendocument:xmlns:presentation:1.0",
    "chart": "urn:oasis:names:tc:opendocument:xmlns:chart:1.0",
    "manifest": "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0",
    "meta": "urn:oasis:names:tc:opendocument:xmlns:meta:1.0",
    "xlink": "http://www.w3.org/1999/xlink",
    "xml": "http://www.w3.org/XML/1998/namespace",
}

#: Strict Open XML says the same in other namespaces. Source: ISO/IEC 29500-1:2016, annex on namespaces.
_STRICT_ROOT: Final = b"http://purl.oclc.org/ooxml/"
_STRICT: Final = {
    b"http://purl.oclc.org/ooxml/officeDocument/": b"http://schemas.openxmlformats.org/officeDocument/2006/",
    b"http://purl.oclc.org/ooxml/wordprocessingml/main": NAMESPACES["w"].encode(),
    b"http://purl.oclc.org/ooxml/presentationml/main": NAMESPACES["p"].encode(),
    b"http://purl.oclc.org/ooxml/spreadsheetml/main": NAMESPACES["s"].encode(),
    b"http://purl.oclc.org/ooxml/drawingml/wordprocessingDrawing": NAMESPACES["wp"].encode(),
    b"http://purl.oclc.org/ooxml/drawingml/spreadsheetDrawing": NAMESPACES["xdr"].encode(),
    b"http://purl.oclc.org/ooxml/drawingml/": b"http://schemas.openxmlformats.org/drawingml/2006/",
}
#: A tree takes some ten times its text: longer parts are refused, or read piece by piece.
_LARGEST_TREE_BYTES: Final = 40_000_000
#: What an element that is read as one piece may hold: a table of a million cells is not a paragraph.
_SAFE: Final[dict[str, bool]] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}
_NAMES: Final[dict[str, str]] = {}


class _Readable(Protocol):
    def read(self, count: int = -1) -> bytes: ...


def name(short: str) -> str:
    """Write ``w:p`` as lxml does."""
    found = _NAMES.get(short)
    if found is None:
        prefix, _, tail = short.partition(":")
        found = _NAMES[short] = f"{{{NAMESPACES[prefix]}}}{tail}"
    return found


def local(element: Element) -> str:
    """The name of an element without its namespace."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def count_of(text: str | None) -> int | None:
    """A whole number from 0 to 99,999,999 as it stands in an attribute; None for anything else."""
    return int(text) if text and len(text) <= 8 and text.isascii() and text.isdigit() else None


def parse(content: bytes, *, file_name: str) -> Element:
    """Read a part as a tree. Raises: FileDamaged (not well formed, or with a document type), FileTooComplex."""
    if len(content) > _LARGEST_TREE_BYTES:
        raise FileTooComplex(name=file_name, reason="memory")
    if _STRICT_ROOT in content:
        for strict, usual in _STRICT.items():
            content = content.replace(strict, usual)
    try:
        tree = etree.fromstring(content, etree.XMLParser(**_SAFE))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise FileDamaged(name=file_name) from error
    if tree.getroottree().docinfo.doctype:
        raise FileDamaged(name=file_name)
    return tree


def read_tree(container: Container, member_name: str, *, file_name: str) -> Element:
    """Read a member as a tree. Raises: DocumentError."""
    return parse(container.read(member_name, most_bytes=_LARGEST_TREE_BYTES), file_name=file_name)


def children_of(stream: _Readable, parents: frozenset[str], *, file_name: str) -> Iterator[Element]:
    """Every child of the elements named ``parents``, whole, one at a time; a child is gone when the next is asked for.

    Text and attributes of what was read before are still there on the way up to the root. Raises: FileDamaged.
    """
    yield from _completed(stream, parents, None, file_name)


def rows_of(stream: _Readable, tags: frozenset[str], *, file_name: str) -> Iterator[Element]:
    """Every element of these names, whole, wherever it stands. Raises: FileDamaged."""
    yield from _completed(stream, None, tags, file_name)


def _completed(
    stream: _Readable, parents: frozenset[str] | None, tags: frozenset[str] | None, file_name: str
) -> Iterator[Element]:
    try:
        parsed = etree.iterparse(_Usual(stream), events=("end",), tag=tuple(tags) if tags else None, **_SAFE)
        is_first = True
        for _, element in parsed:
            parent = element.getparent()
            if is_first:
                is_first = False
                if element.getroottree().docinfo.doctype:
                    raise FileDamaged(name=file_name)
            if parents is not None and (parent is None or parent.tag not in parents):
                continue
            yield element
            element.clear()
            if parent is not None:
                while element.getprevious() is not None:
                    del parent[0]
    except (etree.XMLSyntaxError, ValueError) as error:
        raise FileDamaged(name=file_name) from error


class _Usual:
    """A stream in which the namespaces of Strict Open XML, named at its beginning, are the usual ones."""

    def __init__(self, stream: _Readable) -> None:
        self._stream = stream
        self._is_start = True

    def read(self, count: int = -1) -> bytes:
        piece = self._stream.read(count)
        if self._is_start and _STRICT_ROOT in piece:
            for strict, usual in _STRICT.items():
                piece = piece.replace(strict, usual)
        self._is_start = False
        return piece
