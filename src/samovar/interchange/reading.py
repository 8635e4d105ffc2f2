"""A file of chats, whoever has written it, read one chat at a time."""

import hashlib
import json
from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Final, Protocol

import ijson
import orjson

from samovar.domain.errors import ImportDamaged, ImportTooNew, ImportUnrecognised
from samovar.domain.ids import UserId
from samovar.interchange import chatgpt, claude, librechat, openwebui, own
from samovar.interchange.arriving import ArrivingChat, Draft, Source
from samovar.interchange.package import ChatFile, chat_files
from samovar.interchange.planting import plant
from samovar.interchange.report import Report
from samovar.interchange.splitting import Piece, split

__all__ = ["ChatReader"]

#: What the quick readers nest without harm; deeper JSON is read by one that does not recurse.
_QUICK_DEPTH: Final = 400
_SNIFFED_BYTES: Final = 256


class _Form(Protocol):
    """What each module of a foreign form offers."""

    def is_chat(self, value: Mapping[str, object]) -> bool: ...

    def read(self, value: Mapping[str, object], source_id: str, report: Report) -> Draft: ...


_FORMS: Final[tuple[_Form, ...]] = (chatgpt, claude, openwebui, librechat)


class ChatReader:
    """Reads the chats of a file; ``source`` is whose form the first of them has, None before it."""

    def __init__(self, path: Path, name: str, owner_id: UserId, now: datetime, report: Report) -> None:
        """Read for an owner; ``name`` is what the file is called in errors, ``now`` the date of what has none."""
        self._path = path
        self._name = name
        self._owner_id = owner_id
        self._now = now
        self._report = report
        self._found = 0
        self.source: Source | None = None

    def chats(self, on_progress: Callable[[int], None] = lambda _bytes: None) -> Generator[ArrivingChat, None, None]:
        """Every chat in the order of the file; what is no chat is reported. Closing it closes the file.

        ``on_progress`` is told how many bytes of the file have been read.

        Raises: ImportUnrecognised when there is none at all, ImportTooNew, ImportDamaged, ImportPackingUnknown,
        ImportTooComplex, FileEncrypted.
        """
        with self._path.open("rb") as file:
            for chat_file in chat_files(file, self._name, self._report):
                for chat in self._chats_of(chat_file):
                    on_progress(file.tell())
                    yield chat
                    del chat  # or it would live on while the next one is read
                on_progress(file.tell())
        if self.source is None:
            if self._begins_well() and any(problem.what == "broken_file" for problem in self._report.problems()):
                raise ImportDamaged(name=self._name)
            raise ImportUnrecognised(name=self._name)

    def _begins_well(self) -> bool:
        """Whether the file begins like JSON or like a ZIP, so that it may have held chats once."""
        with self._path.open("rb") as file:
            return file.read(_SNIFFED_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"[", b"{", b"PK"))

    def _chats_of(self, file: ChatFile) -> Iterator[ArrivingChat]:
        before, strangers, is_ours = self._found, 0, False
        pieces = split(file.read)
        while (piece := self._next(pieces, file)) is not None:
            place = f"{file.name}, byte {piece.offset}"
            if piece.kind == "head":
                is_ours = self._is_ours(piece)
            elif piece.kind == "broken":
                self._report.note("broken_file", place)
            elif piece.kind == "too_large":
                self._report.note("chat_too_large", place)
            else:
                content_hash = hashlib.sha256(piece.content).hexdigest()
                value = _parsed(piece)
                del piece  # the value takes as much again
                if value is None:
                    self._report.note("broken_chat", place)
                elif not isinstance(value, dict) or not self._is_chat(value, is_ours=is_ours):
                    strangers += 1
                elif (chat := self._chat(value, content_hash, place, is_ours=is_ours)) is not None:
                    del value
                    yield chat
                    del chat
        if strangers and self._found == before:
            self._report.note("other_file", file.name)
        elif strangers:
            self._report.note("not_a_chat", file.name, count=strangers)

    def _next(self, pieces: Iterator[Piece], file: ChatFile) -> Piece | None:
        try:
            return next(pieces, None)
        except ImportDamaged:
            # What was read before this place of the archive is good.
            self._report.note("broken_file", file.name)
            return None

    def _is_ours(self, head: Piece) -> bool:
        value = _parsed(head)
        if not isinstance(value, dict) or value.get("format") != own.FORMAT:
            return False
        version = value.get("version")
        if not isinstance(version, int) or version > own.VERSION:
            raise ImportTooNew(name=self._name, version=str(version)[:20])
        self.source = self.source or "samovar"
        return True

    def _is_chat(self, value: Mapping[str, object], *, is_ours: bool) -> bool:
        return is_ours or any(form.is_chat(value) for form in _FORMS)

    def _chat(
        self, value: Mapping[str, object], content_hash: str, place: str, *, is_ours: bool
    ) -> ArrivingChat | None:
        self._found += 1
        if is_ours:
            try:
                return own.read(value, self._owner_id, self._report)
            except own.NotOurs as error:
                self._report.note("broken_chat", f"{place}: {error}")
                return None
        form = next(form for form in _FORMS if form.is_chat(value))
        draft = form.read(value, content_hash, self._report)
        self.source = self.source or draft.source
        return plant(draft, self._owner_id, self._now, self._report)


def _parsed(piece: Piece) -> object:
    """The value of a piece; None for what is no JSON, and for null."""
    if piece.depth > _QUICK_DEPTH:
        return _parsed_deep(piece.content)
    try:
        return orjson.loads(piece.content)
    except orjson.JSONDecodeError:
        pass
    try:
        # It takes halves of characters too, which some programs write.
        value: object = json.loads(piece.content)
    except (ValueError, RecursionError):
        return None
    return value


def _parsed_deep(content: bytes | bytearray) -> object:
    try:
        value: object = next(ijson.items(BytesIO(content), "", use_float=True))
    except (ijson.JSONError, ValueError, StopIteration):
        return None
    return value
