"""An OpenDocument file: its members, what it says of itself, and the objects inside it."""

import base64
import binascii
import posixpath
from typing import Final
from urllib.parse import unquote

from samovar.domain.errors import DocumentError, FileEncrypted
from samovar.domain.page import Picture
from samovar.parsers._office.container import Container, MemberStream
from samovar.parsers._office.elements import Element, name, read_tree
from samovar.parsers._office.pictures import PictureShelf
from samovar.ports.parser import ParserLimits

__all__ = ["OdfPackage"]

_LARGEST_PART_BYTES: Final = 40_000_000
_LONGEST_TITLE: Final = 2000


class OdfPackage:
    """Opens the file. Raises: FileEncrypted, FileDamaged, FileTooComplex."""

    def __init__(self, content: bytes, file_name: str, limits: ParserLimits) -> None:
        self.file_name = file_name
        self.shelf = PictureShelf(file_name, limits)
        self._container = Container(content, file_name, limits)
        manifest = self._tree_or_none("META-INF/manifest.xml")
        if manifest is not None and next(manifest.iter(name("manifest:encryption-data")), None) is not None:
            raise FileEncrypted(name=file_name)

    def content(self) -> MemberStream:
        """The body, to be read once. Raises: DocumentError, while it is read."""
        return self._container.stream("content.xml")

    def styles(self) -> Element | None:
        """The common styles and the running heads."""
        return self._tree_or_none("styles.xml")

    def title_and_author(self) -> tuple[str | None, str | None]:
        """What the file says of itself."""
        tree = self._tree_or_none("meta.xml")
        author = _line(tree, "meta:initial-creator") or _line(tree, "dc:creator")
        return _line(tree, "dc:title"), author

    def object_tree(self, reference: str) -> Element | None:
        """The body of an object inside the file (a formula, a chart), or None."""
        return self._tree_or_none(posixpath.join(_member(reference), "content.xml"))

    def picture(self, image: Element) -> Picture | None:
        """Decode what ``draw:image`` shows; nothing outside the file is ever opened."""
        inside = image.find(name("office:binary-data"))
        try:
            if inside is not None:
                return self.shelf.picture(base64.b64decode(inside.text or ""))
            member = _member(image.get(name("xlink:href"), ""))
            if not self._container.has(member):
                return None
            return self.shelf.picture(self._container.read(member, most_bytes=_LARGEST_PART_BYTES))
        except (DocumentError, binascii.Error, ValueError):
            return None

    def _tree_or_none(self, member: str) -> Element | None:
        if not self._container.has(member):
            return None
        try:
            return read_tree(self._container, member, file_name=self.file_name)
        except FileEncrypted:
            raise
        except DocumentError:
            return None


def _member(reference: str) -> str:
    return posixpath.normpath("/" + unquote(reference)).lstrip("/")


def _line(tree: Element | None, tag: str) -> str | None:
    found = None if tree is None else tree.find(f".//{name(tag)}")
    words = " ".join("".join(found.itertext()).split()) if found is not None else ""
    return words[:_LONGEST_TITLE] or None
