"""Books (EPUB 2 and 3): a page for each chapter of the spine, in its order."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from lxml import etree

from samovar.domain.errors import DocumentError, FileDamaged, FileEmpty, FileEncrypted, FileTooComplex
from samovar.domain.page import DocumentHead, DocumentKind, OutlineEntry, Page, ParsedPage, ParsedPart
from samovar.parsers._markup.html_text import PictureFinder, decode_html
from samovar.parsers._markup.markup_reader import read_markup
from samovar.parsers._markup.page_writer import PageWriter
from samovar.parsers._office.container import Container, container_kind
from samovar.parsers._shared.text import clean_characters
from samovar.ports.parser import ParserLimits

__all__ = ["KIND", "MEDIA_TYPES", "SUFFIXES", "read", "recognises"]

KIND: Final[DocumentKind] = "epub"
SUFFIXES: Final = (".epub",)
MEDIA_TYPES: Final = ("application/epub+zip",)

_LARGEST_PART_BYTES: Final = 50_000_000
_LARGEST_LIST_BYTES: Final = 10_000_000
_MOST_OUTLINE: Final = 5000
_DEEPEST_OUTLINE: Final = 20
_LONGEST_TITLE: Final = 500
_FONT_SCRAMBLING: Final = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Book:
    """What the package file says. ``chapters`` are names of members in reading order."""

    title: str | None
    author: str | None
    chapters: tuple[str, ...]
    contents: str | None


def recognises(content: bytes, name: str) -> bool:
    """Tell by what the container says it holds."""
    del name  # names lie
    return container_kind(content) == KIND


def read(content: bytes, name: str, limits: ParserLimits, *, first_page: int = 1) -> Iterator[ParsedPart]:
    """Read the chapters from ``first_page`` on; one that cannot be read is a page of status ``failed``.

    Raises: FileDamaged, FileEmpty (no chapters), FileEncrypted (chapters behind rights management), FileTooComplex.
    """
    container = Container(content, name, limits)
    book = _open_book(container, name)
    if not book.chapters:
        raise FileEmpty(name=name)
    if len(book.chapters) > limits.pages:
        raise FileTooComplex(name=name, reason="pages")
    if _scrambled(container) & set(book.chapters):
        raise FileEncrypted(name=name)
    outline = _outline(container, book)
    yield DocumentHead(
        kind=KIND,
        media_type=MEDIA_TYPES[0],
        page_count=len(book.chapters),
        title=book.title,
        author=book.author,
        outline=outline,
    )
    labels = {entry.page: entry.title for entry in reversed(outline)}
    for number in range(first_page, len(book.chapters) + 1):
        yield _read_chapter(container, book.chapters[number - 1], number, labels.get(number), limits)


def _read_chapter(
    container: Container, member: str, number: int, label: str | None, limits: ParserLimits
) -> ParsedPage:
    def part_of(address: str) -> bytes | None:
        try:
            return container.read(_joined(member, address), most_bytes=_LARGEST_PART_BYTES)
        except DocumentError:
            return None

    writer = PageWriter()
    finder = PictureFinder(limits, part_of)
    try:
        text = decode_html(container.read(member, most_bytes=_LARGEST_PART_BYTES))
    except DocumentError:
        return ParsedPage(page=Page(number=number, text="", status="failed", reason="damaged", label=label))
    head = read_markup(text, writer, find_picture=finder, keeps_navigation=True)
    writer.is_full = writer.is_full or finder.left_out
    return writer.page(number=number, label=label or head.title)


def _open_book(container: Container, name: str) -> _Book:
    """Read the package file. Raises: FileDamaged."""
    root_file = _tree(container, "META-INF/container.xml", name)
    path = next((found.get("full-path", "") for found in _all(root_file, "rootfile")), "")
    package = _tree(container, path, name)
    items = {found.get("id"): found for found in _all(package, "item")}
    contents = next((item for item in items.values() if "nav" in item.get("properties", "").split()), None)
    spine = next(_all(package, "spine"), None)
    if contents is None and spine is not None:
        contents = items.get(spine.get("toc"))
    named = (items.get(found.get("idref")) for found in _all(package, "itemref"))
    chapters = [_joined(path, item.get("href", "")) for item in named if item is not None]
    return _Book(
        title=next(_words(package, "title"), None),
        author=", ".join(_words(package, "creator"))[:_LONGEST_TITLE] or None,
        chapters=tuple(dict.fromkeys(chapters)),
        contents=None if contents is None else _joined(path, contents.get("href", "")),
    )


def _outline(container: Container, book: _Book) -> tuple[OutlineEntry, ...]:
    """Read the table of contents: a list of links (EPUB 3) or a map of points (EPUB 2); a damaged one is left out."""
    if book.contents is None:
        return ()
    try:
        tree = _tree(container, book.contents, "")
    except DocumentError:
        return ()
    pages = {chapter: number for number, chapter in enumerate(book.chapters, start=1)}
    entries: list[OutlineEntry] = []
    for element in tree.iter():
        kind = _local(element)
        if kind == "navPoint":
            title = next(_words(element, "text"), "")
            target = next((found.get("src", "") for found in _all(element, "content")), "")
        elif kind == "a" and _has_above(element, "nav"):
            title, target = _spoken(element), element.get("href", "")
        else:
            continue
        level = 1 + sum(_local(above) in ("navPoint", "li") for above in element.iterancestors())
        page = pages.get(_joined(book.contents, target))
        if title and len(entries) < _MOST_OUTLINE:
            level = max(1, level - (kind == "a"))
            entries.append(OutlineEntry(title=title, level=min(level, _DEEPEST_OUTLINE), page=page))
    return tuple(entries)


def _has_above(element: etree._Element, kind: str) -> bool:
    """Tell whether an element stands in one of that kind; page lists and landmarks are no table of contents."""
    for above in element.iterancestors():
        if _local(above) == kind:
            return str(above.get("{http://www.idpf.org/2007/ops}type", "toc")) == "toc"
    return False


def _scrambled(container: Container) -> set[str]:
    """Names of the members that are encrypted; fonts may be, text may not."""
    if not container.has("META-INF/encryption.xml"):
        return set()
    try:
        tree = _tree(container, "META-INF/encryption.xml", "")
    except DocumentError:
        return set()
    names: set[str] = set()
    for part in _all(tree, "EncryptedData"):
        method = next((found.get("Algorithm", "") for found in _all(part, "EncryptionMethod")), "")
        if method not in _FONT_SCRAMBLING:
            names.update(unquote(found.get("URI", "")) for found in _all(part, "CipherReference"))
    return names


def _tree(container: Container, member: str, name: str) -> etree._Element:
    """Read a small XML part without entities. Raises: DocumentError."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False, remove_comments=True
    )
    try:
        tree = etree.fromstring(container.read(member, most_bytes=_LARGEST_LIST_BYTES), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise FileDamaged(name=name) from error
    if tree is None:
        raise FileDamaged(name=name)
    return tree


def _all(element: etree._Element, kind: str) -> Iterator[etree._Element]:
    return (found for found in element.iter() if _local(found) == kind)


def _local(element: etree._Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _words(element: etree._Element, kind: str) -> Iterator[str]:
    return (words for found in _all(element, kind) if (words := _spoken(found)))


def _spoken(element: etree._Element) -> str:
    return " ".join(clean_characters("".join(element.itertext())).split())[:_LONGEST_TITLE]


def _joined(base: str, address: str) -> str:
    """The name of the member that an address in another member means; never a path outside."""
    path = unquote(address.partition("#")[0])
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), path)).lstrip("./") if path else base
