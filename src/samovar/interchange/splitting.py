"""A long JSON file cut into its chats, one at a time, without ever holding more than one.

A general reader of JSON in events cannot bound a single string: it must have it whole to hand it over. So the file is
scanned for brackets outside of strings alone, and each chat is then read from its own bounded bytes.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from samovar.interchange.limits import DEEPEST, MOST_CHAT_BYTES, MOST_VALUES, PIECE_BYTES

__all__ = ["Piece", "PieceKind", "split"]

#: ``item``: the JSON of one value. ``head``: the members of an object before its list of chats. ``too_large``: a value
#: above the limits, left out. ``broken``: here the file stops to be JSON; nothing comes after it.
PieceKind = Literal["item", "head", "too_large", "broken"]

_MARK: Final = re.compile(rb'["\[\]{},]')
#: Everything up to the next bracket, whole strings included.
_RUN: Final = re.compile(rb'[^"\[\]{}]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"\[\]{}]*+)*+', re.DOTALL)
_STRING: Final = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
#: What stands before the list of chats in an object that has more to say than them.
_LIST_NAME: Final = re.compile(rb'(?<!\\)"(?:chats|conversations)"\s*:\s*\Z')
_LONGEST_LIST_NAME: Final = 100
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_SPACE: Final = b" \t\r\n"
_OPENING: Final = {ord("}"): ord("{"), ord("]"): ord("[")}
_QUOTE, _COMMA, _BACKSLASH = b'",\\'


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of the file that begins at byte ``offset``; ``depth`` is how deep it nests."""

    kind: PieceKind
    offset: int
    content: bytes | bytearray = b""
    depth: int = 0


def split(read: Callable[[int], bytes]) -> Iterator[Piece]:
    """Cut a stream into values: the items of a list, those of the list of chats in an object, or the object itself.

    Several values one after the other (JSON lines) are read in their order. Memory: the bytes of one value.
    """
    splitter = _Splitter()
    while chunk := read(PIECE_BYTES):
        yield from splitter.take(chunk)
        if splitter.is_over:
            return
    yield from splitter.end()


class _Splitter:
    """The state between two chunks."""

    def __init__(self) -> None:
        self.is_over = False
        self._stack = bytearray()
        #: Values between brackets at this depth are the pieces: 0 for a lone object, 1 in a list, 2 inside an object.
        self._level = 0
        self._in_string = False
        self._is_escaped = False
        #: The bytes of this value so far; handed over as they are, for a copy would be as large again.
        self._kept = bytearray()
        self._kept_bytes = 0
        self._is_dropping = False
        self._begun_at = 0
        #: Where in the chunk that is read now the part begins that is not kept yet.
        self._begun = 0
        self._deepest = 0
        self._offset = 0
        self._is_after_list = False

    def take(self, chunk: bytes) -> Iterator[Piece]:
        """Read on."""
        if self._offset == 0 and chunk.startswith(_BYTE_ORDER_MARK):
            chunk = b" " * len(_BYTE_ORDER_MARK) + chunk[len(_BYTE_ORDER_MARK) :]
        self._begun = place = 0
        while not self.is_over and (found := self._next_mark(chunk, place)) is not None:
            place = found + 1
            if chunk[found] == _COMMA:
                if len(self._stack) == self._level and self._level:
                    self._keep(chunk[self._begun : found])
                    yield from self._value(place)
            elif chunk[found] in _OPENING:
                yield from self._close(chunk, found)
            else:
                yield from self._open(chunk, found)
        self._keep(chunk[self._begun :])
        self._offset += len(chunk)

    def _close(self, chunk: bytes, found: int) -> Iterator[Piece]:
        """A bracket closes here."""
        if not self._stack or self._stack[-1] != _OPENING[chunk[found]]:
            yield self._broken(found)
            return
        self._stack.pop()
        depth, place = len(self._stack), found + 1
        if depth + 1 == self._level:
            self._keep(chunk[self._begun : found])
            yield from self._value(place)
            self._level, self._is_after_list = 0, depth > 0
        elif depth == 0:
            self._keep(chunk[self._begun : place])
            if self._is_after_list:
                self._forget(place)  # what an object says after its list of chats
            yield from self._value(place)
            self._is_after_list = False

    def _open(self, chunk: bytes, found: int) -> Iterator[Piece]:
        """A bracket opens here."""
        before = chunk[self._begun : found]
        is_garbage = not self._stack and (before.strip(_SPACE) or self._kept_bytes)
        if is_garbage or len(self._stack) >= DEEPEST:
            yield self._broken(found)
            return
        if self._opens_list(before, chunk[found]):
            self._keep(before)
            if self._stack:
                yield self._head()
            self._forget(found + 1)
            self._level = len(self._stack) + 1
        self._stack.append(chunk[found])
        self._deepest = max(self._deepest, len(self._stack))

    def end(self) -> Iterator[Piece]:
        """Tell whether the file ended where it should."""
        if self._stack or self._in_string or self._kept_bytes:
            yield self._broken(0)

    def _next_mark(self, chunk: bytes, place: int) -> int | None:
        """Where the next bracket stands that is in no string, or the next comma between pieces."""
        while True:
            if self._in_string:
                if self._is_escaped:
                    place, self._is_escaped = place + 1, False
                found = _STRING.match(chunk, place)
                assert found is not None, "the pattern matches nothing too"
                place = found.end()
                if place >= len(chunk):
                    return None
                if chunk[place] == _BACKSLASH:
                    self._is_escaped = True
                    return None
                self._in_string = False
                place += 1
            if len(self._stack) > self._level:
                run = _RUN.match(chunk, place)
                assert run is not None, "the pattern matches nothing too"
                place = run.end()
                if place >= len(chunk):
                    return None
            else:
                mark = _MARK.search(chunk, place)
                if mark is None:
                    return None
                place = mark.start()
            if chunk[place] != _QUOTE:
                return place
            self._in_string = True
            place += 1

    def _opens_list(self, before: bytes, mark: int) -> bool:
        if mark != ord("[") or self._level:
            return False
        if not self._stack:
            return True
        if len(self._stack) > 1 or self._is_after_list or self._is_dropping:
            return False
        tail = before[-_LONGEST_LIST_NAME:]
        if len(tail) < _LONGEST_LIST_NAME:
            tail = bytes(self._kept[-_LONGEST_LIST_NAME:]) + tail
        return _LIST_NAME.search(tail) is not None

    def _keep(self, part: bytes) -> None:
        if not self._kept_bytes:
            bare = part.lstrip(_SPACE)
            self._begun_at += len(part) - len(bare)
            part = bare
        if not part:
            return
        self._kept_bytes += len(part)
        if self._kept_bytes > MOST_CHAT_BYTES and not self._is_dropping:
            self._is_dropping = True
            self._kept = bytearray()
        if not self._is_dropping:
            self._kept += part

    def _value(self, after: int) -> Iterator[Piece]:
        """Hand over what was kept; the next value begins at this place of the chunk."""
        content, self._kept = self._kept, bytearray()
        while content and content[-1] in _SPACE:
            content.pop()
        if self._is_dropping or _values(content) > MOST_VALUES:
            yield Piece(kind="too_large", offset=self._begun_at)
        elif content:
            yield Piece(kind="item", offset=self._begun_at, content=content, depth=self._deepest)
        del content
        self._forget(after)

    def _head(self) -> Piece:
        content = _LIST_NAME.sub(b"", bytes(self._kept)).rstrip(_SPACE + b",") + b"}"
        return Piece(kind="head", offset=self._begun_at, content=content, depth=1)

    def _forget(self, after: int) -> None:
        self._kept, self._kept_bytes, self._is_dropping, self._deepest = bytearray(), 0, False, len(self._stack)
        self._begun, self._begun_at = after, self._offset + after

    def _broken(self, at: int) -> Piece:
        self.is_over = True
        return Piece(kind="broken", offset=self._offset + at)


def _values(content: bytearray) -> int:
    """At least as many as there are values: what separates them is counted inside of strings too."""
    return content.count(b",") + content.count(b"{") + content.count(b"[")
