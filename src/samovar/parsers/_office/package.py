"""Open Packaging: the parts of an OOXML file and what relates them. Source: ECMA-376-2 (2021)."""

import posixpath
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from samovar.domain.errors import DocumentError, FileDamaged
from samovar.parsers._office.container import Container, MemberStream
from samovar.parsers._office.elements import Element, name, parse
from samovar.ports.parser import ParserLimits

__all__ = ["Package", "Properties", "Relationship"]

_LONGEST_TITLE: Final = 2000
_LARGEST_PART_BYTES: Final = 40_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Relationship:
    """What a part refers to: ``kind`` is the last word of the type's address; external targets are never opened."""

    kind: str
    target: str
    is_external: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Properties:
    """What the file says of itself."""

    title: str | None
    author: str | None


class Package:
    """An OOXML file. Methods raise DocumentError alone."""

    def __init__(self, content: bytes, file_name: str, limits: ParserLimits) -> None:
        self.container = Container(content, file_name, limits)
        self.file_name = file_name
        # The names of parts are equal without regard to case.
        self._names = {member.name.lstrip("/").lower(): member.name for member in self.container.members}
        self._relationships: dict[str, dict[str, Relationship]] = {}

    def has(self, part: str) -> bool:
        """Tell whether there is such a part."""
        return part.lower() in self._names

    def read(self, part: str) -> bytes:
        """The bytes of a part."""
        return self.container.read(self._member(part), most_bytes=_LARGEST_PART_BYTES)

    def stream(self, part: str) -> MemberStream:
        """The bytes of a long part, to be read once."""
        return self.container.stream(self._member(part))

    def tree(self, part: str) -> Element:
        """The XML of a part."""
        return parse(self.read(part), file_name=self.file_name)

    def tree_or_none(self, part: str | None) -> Element | None:
        """The XML of a part that the paper can be read without: None where it is missing or damaged."""
        if part is None or not self.has(part):
            return None
        try:
            return self.tree(part)
        except DocumentError:
            return None

    def relationships(self, part: str) -> dict[str, Relationship]:
        """What a part refers to, by id; empty text is the whole package."""
        if part not in self._relationships:
            self._relationships[part] = self._read_relationships(part)
        return self._relationships[part]

    def related(self, part: str, kind: str) -> tuple[str, ...]:
        """The parts of one kind that a part refers to, in the order of the file."""
        return tuple(
            found.target for found in self.relationships(part).values() if found.kind == kind and not found.is_external
        )

    def first_related(self, part: str, kind: str) -> str | None:
        """The only part of a kind, like the styles."""
        return next(iter(self.related(part, kind)), None)

    @property
    def main_part(self) -> str:
        """The document, workbook or presentation itself. Raises: FileDamaged."""
        main = self.first_related("", "officeDocument")
        if main is None or not self.has(main):
            raise FileDamaged(name=self.file_name)
        return main

    def properties(self) -> Properties:
        """Title and author, where they are written."""
        tree = self.tree_or_none(self.first_related("", "core-properties") or "docProps/core.xml")
        return Properties(title=_line(tree, "dc:title"), author=_line(tree, "dc:creator"))

    def _member(self, part: str) -> str:
        found = self._names.get(part.lower())
        if found is None:
            raise FileDamaged(name=self.file_name)
        return found

    def _read_relationships(self, part: str) -> dict[str, Relationship]:
        folder, base = posixpath.split(part)
        tree = self.tree_or_none(posixpath.join(folder, "_rels", f"{base}.rels"))
        found: dict[str, Relationship] = {}
        for element in () if tree is None else tree.iter(name("rel:Relationship")):
            target = element.get("Target", "")
            is_external = element.get("TargetMode") == "External"
            found[element.get("Id", "")] = Relationship(
                kind=element.get("Type", "").rpartition("/")[2],
                target=target if is_external else _resolved(folder, target),
                is_external=is_external,
            )
        return found


def _resolved(folder: str, target: str) -> str:
    """The name of a part as seen from a folder; it stays inside the package whatever it says."""
    target = unquote(target.split("#", 1)[0]).replace("\\", "/")
    path = target if target.startswith("/") else f"/{folder}/{target}"
    return posixpath.normpath("/" + path.lstrip("/")).lstrip("/")


def _line(tree: Element | None, tag: str) -> str | None:
    found = None if tree is None else tree.find(f".//{name(tag)}")
    words = " ".join("".join(found.itertext()).split()) if found is not None else ""
    return words[:_LONGEST_TITLE] or None
