"""JSON and JSON Lines as text that people can read: a value a line, each behind its path."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from samovar.domain.page import DocumentHead, DocumentKind, ParsedPart
from samovar.parsers._markup.page_writer import PageWriter
from samovar.parsers._shared.json_text import TokenKind, json_tokens
from samovar.parsers._shared.text import decode_text
from samovar.parsers._shared.text_kind import text_kind
from samovar.ports.parser import ParserLimits

__all__ = ["KIND", "MEDIA_TYPES", "SUFFIXES", "read", "recognises"]

KIND: Final[DocumentKind] = "json"
SUFFIXES: Final = (".json", ".jsonl", ".ndjson", ".geojson", ".ipynb")
MEDIA_TYPES: Final = ("application/json", "application/x-ndjson")

_MOST_VALUES: Final = 500_000
_MOST_CHARACTERS: Final = 30_000_000
_LONGEST_PATH: Final = 400
_LONGEST_KEY: Final = 100
_DEEPEST: Final = 200
#: Lines of one thing are kept together up to so many.
_BLOCK_LINES: Final = 60


def recognises(content: bytes, name: str) -> bool:
    """Tell by the grammar of the beginning."""
    return text_kind(content, name) == KIND


def read(content: bytes, name: str, limits: ParserLimits, *, first_page: int = 1) -> Iterator[ParsedPart]:
    """Read the values as one page; numbers stay as they are written.

    What comes behind a break of the grammar, a very deep or a very large rest is left out with a sign.
    Raises: FileTypeUnknown, FileEmpty.
    """
    del limits, first_page  # one page without pictures
    reader = _Reader(decode_text(content, name=name))
    writer = PageWriter()
    for lines in reader.groups():
        writer.write("paragraph", "\n".join(lines))
    if not writer.has_blocks:
        writer.write("paragraph", reader.text.strip()[:_LONGEST_PATH])
    writer.is_full = writer.is_full or reader.is_cut
    yield DocumentHead(kind=KIND, media_type=MEDIA_TYPES[reader.values > 1], page_count=1)
    yield writer.page()


@dataclass(slots=True)
class _Place:
    """Where in an object (the key) or in a list (the number) the next value stands."""

    is_list: bool
    path: str
    key: str = ""
    number: int = 0
    is_empty: bool = True

    def step(self) -> str:
        if self.is_list:
            return f"{self.path}[{self.number}]"
        if not self.path:
            return self.key
        return f"{self.path}.{self.key}"


class _Reader:
    """Walks over the tokens; ``values`` counts the values side by side at the top."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.is_cut = False
        self.values = 0
        self._stack: list[_Place] = []

    def groups(self) -> Iterator[list[str]]:
        """Lines that belong together: a member of the whole each, cut where it is long."""
        group: list[str] = []
        characters = 0
        for count, (line, is_new) in enumerate(self._lines()):
            if group and (is_new or len(group) >= _BLOCK_LINES):
                yield group
                group = []
            group.append(line)
            characters += len(line) + 1
            if count >= _MOST_VALUES or characters > _MOST_CHARACTERS:
                self.is_cut = True
                break
        if group:
            yield group

    def _lines(self) -> Iterator[tuple[str, bool]]:
        """A line for each value, and whether a new member of the whole begins with it."""
        is_new = is_key = False
        for kind, written in json_tokens(self.text):
            if kind == "open":
                is_new = is_new or len(self._stack) <= 1
                if len(self._stack) >= _DEEPEST:
                    self.is_cut = True
                    return
                is_key = written == "{"
                self._stack.append(_Place(not is_key, self._path()))
            elif kind == "comma" and self._stack:
                self._stack[-1].number += 1
                is_key = not self._stack[-1].is_list
            elif kind == "string" and is_key and self._stack:
                self._stack[-1].key, is_key = _key(written), False
            elif kind in ("wrong", "end"):
                self.is_cut = self.is_cut or kind == "wrong" or bool(self._stack)
                return
            elif (line := self._line(kind, written)) is not None:
                yield line, is_new
                is_new = False

    def _line(self, kind: TokenKind, written: str) -> str | None:
        """What a value, or the end of an object or a list that holds nothing, says."""
        if kind in ("string", "scalar"):
            path = self._path()
            self._count_value()
            return f"{path}: {_value(written)}" if path else _value(written)
        if kind != "close" or not self._stack:
            return None
        closed = self._stack.pop()
        self._count_value()
        if not closed.is_empty or not self._stack:
            return None
        return f"{closed.path}: {'[]' if closed.is_list else '{}'}"

    def _count_value(self) -> None:
        if self._stack:
            self._stack[-1].is_empty = False
        else:
            self.values += 1

    def _path(self) -> str:
        path = self._stack[-1].step() if self._stack else ""
        return path if len(path) <= _LONGEST_PATH else "…" + path[-_LONGEST_PATH:]


def _key(token: str) -> str:
    key = _value(token)
    plain = key.replace("_", "").replace("-", "").replace(" ", "").isalnum()
    return (key if plain else json.dumps(key, ensure_ascii=False))[:_LONGEST_KEY]


def _value(token: str) -> str:
    """The words of a string; everything else as it is written."""
    if not token.startswith('"'):
        return token
    try:
        return str(json.loads(token, strict=False))
    except ValueError:
        return token[1:-1]
