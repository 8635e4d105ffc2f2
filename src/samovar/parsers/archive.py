"""Archives (ZIP, TAR, GZIP): a list of what is inside, and every file as a document of its own.

Nothing is written to a disk, and no name of a member is ever used as a path.
"""

import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from samovar.domain.errors import DocumentError, FileDamaged, FileEmpty, FileEncrypted, FileTooComplex
from samovar.domain.page import Attachment, DocumentHead, DocumentKind, ParsedPart
from samovar.parsers._markup.page_writer import PageWriter, Passage, TableCell
from samovar.parsers._office.container import Container, Member, container_kind
from samovar.parsers._shared.text import clean_characters
from samovar.ports.parser import ParserLimits

__all__ = ["KIND", "MEDIA_TYPES", "SUFFIXES", "read", "recognises"]

KIND: Final[DocumentKind] = "archive"
SUFFIXES: Final = (".zip", ".tar", ".tar.gz", ".tgz", ".gz")
MEDIA_TYPES: Final = ("application/zip", "application/x-tar", "application/gzip")

_GZIP_MARK: Final = b"\x1f\x8b\x08"
#: Source: POSIX.1-2017, pax, ustar interchange format.
_TAR_MARK_PLACE: Final = 257
_TAR_MARK: Final = b"ustar"
_GZIP_FLAGS_PLACE: Final = 3
_GZIP_HAS_NAME: Final = 0x08
_GZIP_HAS_EXTRA: Final = 0x04
_GZIP_HEAD_BYTES: Final = 10
_ALWAYS_ALLOWED_BYTES: Final = 16_000_000
_PIECE_BYTES: Final = 1 << 20
_LONGEST_NAME: Final = 500
#: What systems leave in archives for themselves.
_LITTER: Final = ("__macosx/", ".ds_store", "thumbs.db", "desktop.ini")
_HEADER: Final = ("Name", "Bytes", "Note")


@dataclass(frozen=True, slots=True)
class _Listed:
    """One row of the list of members; ``note`` says why a member is not handed over."""

    name: str
    size: int
    note: str = ""


def recognises(content: bytes, name: str) -> bool:
    """Tell by signature; books and office papers are ZIP files too and are none of ours."""
    del name  # names lie
    return _is_gzip(content) or _is_tar(content) or container_kind(content) == "zip"


def read(content: bytes, name: str, limits: ParserLimits, *, first_page: int = 1) -> Iterator[ParsedPart]:
    """Read the list of members as one page, then hand over each.

    Raises: FileDamaged, FileEmpty (no members), FileEncrypted (every member), FileTooComplex (above the limits).
    """
    del first_page  # there is only one
    if _is_gzip(content):
        unpacked = _gunzip(content, name, limits)
        if not _is_tar(unpacked):
            inner = _gzip_name(content, name)
            yield from _parts([_Listed(inner, len(unpacked))], "application/gzip")
            yield Attachment(name=inner, content=unpacked)
            return
        yield from _read_tar(unpacked, name, limits, "application/gzip")
    elif _is_tar(content):
        yield from _read_tar(content, name, limits, "application/x-tar")
    else:
        yield from _read_zip(content, name, limits)


def _read_zip(content: bytes, name: str, limits: ParserLimits) -> Iterator[ParsedPart]:
    container = Container(content, name, limits)
    members = [member for member in container.members if not member.is_folder]
    if not members:
        raise FileEmpty(name=name)
    if all(member.is_encrypted for member in members):
        raise FileEncrypted(name=name)
    taken = [(member, _harmless(member.name)) for member in members]
    notes = {place: _note(container, member, label) for place, (member, label) in enumerate(taken)}
    listed = [_Listed(label, member.size, notes[place]) for place, (member, label) in enumerate(taken)]
    yield from _parts(listed, "application/zip")
    for place, (member, label) in enumerate(taken):
        if not notes[place]:
            yield Attachment(name=label, content=container.read(member))


def _note(container: Container, member: Member, label: str) -> str:
    """Why a member cannot be handed over; what can be is unpacked once to know."""
    if member.is_encrypted:
        return "encrypted"
    if _is_litter(label):
        return "left out"
    try:
        size = sum(map(len, container.pieces(member)))
    except DocumentError:
        return "damaged"
    return "" if size else "empty"


def _read_tar(content: bytes, name: str, limits: ParserLimits, media_type: str) -> Iterator[ParsedPart]:
    listed: list[_Listed] = []
    files: list[Attachment] = []
    try:
        with tarfile.open(fileobj=BytesIO(content), mode="r:", encoding="utf-8", errors="surrogateescape") as archive:
            for member in archive:
                if len(listed) >= limits.entries:
                    raise FileTooComplex(name=name, reason="unpacked")
                if member.isdir():
                    continue
                label = _harmless(_tar_name(member.name))
                stream = archive.extractfile(member) if member.isreg() and not member.issparse() else None
                taken = b"" if stream is None or _is_litter(label) else stream.read(len(content))
                note = "" if taken else ("empty" if member.isreg() and member.size == 0 else "left out")
                listed.append(_Listed(label, max(0, member.size), note))
                if taken:
                    files.append(Attachment(name=label, content=taken))
    except (tarfile.TarError, OSError, ValueError, OverflowError, EOFError, RecursionError) as error:
        if not files:
            raise FileDamaged(name=name) from error
        listed.append(_Listed("…", 0, "damaged"))
    if not listed:
        raise FileEmpty(name=name)
    yield from _parts(listed, media_type)
    yield from files


def _parts(listed: list[_Listed], media_type: str) -> Iterator[ParsedPart]:
    has_notes = any(member.note for member in listed)
    rows = [_HEADER, *((member.name, str(member.size), member.note) for member in listed)]
    writer = PageWriter()
    writer.write_table(
        TableCell(row=place, column=column, passage=Passage(text), is_header=place == 0)
        for place, row in enumerate(rows)
        for column, text in enumerate(row if has_notes else row[:2])
    )
    writer.is_full = any(member.note in ("encrypted", "damaged") for member in listed)
    yield DocumentHead(kind=KIND, media_type=media_type, page_count=1)
    yield writer.page()


def _is_gzip(content: bytes) -> bool:
    return content.startswith(_GZIP_MARK)


def _is_tar(content: bytes) -> bool:
    return content[_TAR_MARK_PLACE : _TAR_MARK_PLACE + len(_TAR_MARK)] == _TAR_MARK and b"\x00" in content[:512]


def _gunzip(content: bytes, name: str, limits: ParserLimits) -> bytes:
    """Unpack inside the limits. Raises: FileDamaged, FileTooComplex, FileEmpty."""
    most = min(limits.unpacked_bytes, max(_ALWAYS_ALLOWED_BYTES, limits.ratio * len(content)))
    pieces: list[bytes] = []
    size = 0
    rest = content
    try:
        while rest.startswith(_GZIP_MARK):  # several may stand one after the other
            unpacker = zlib.decompressobj(wbits=31)
            while not unpacker.eof:
                piece = unpacker.decompress(rest, _PIECE_BYTES)
                rest = unpacker.unconsumed_tail
                size += len(piece)
                if size > most:
                    raise FileTooComplex(name=name, reason="unpacked")
                pieces.append(piece)
                if not piece and not rest and not unpacker.eof:
                    raise FileDamaged(name=name)
            rest = unpacker.unused_data
    except zlib.error as error:
        raise FileDamaged(name=name) from error
    if not size:
        raise FileEmpty(name=name)
    return b"".join(pieces)


def _gzip_name(content: bytes, name: str) -> str:
    """The name inside, else the archive's own without its ending. Source: RFC 1952, 2.3 (1996)."""
    flags = content[_GZIP_FLAGS_PLACE]
    if flags & _GZIP_HAS_NAME and not flags & _GZIP_HAS_EXTRA:
        raw = content[_GZIP_HEAD_BYTES : _GZIP_HEAD_BYTES + _LONGEST_NAME].partition(b"\x00")[0]
        if raw:
            return _harmless(raw.decode("utf-8", "replace"))
    bare = name[:-3] if name.lower().endswith(".gz") else name
    return _harmless(bare) if bare.strip() else "content"


def _tar_name(name: str) -> str:
    if name.isascii():
        return name
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _harmless(name: str) -> str:
    """A name that leads nowhere: no drive, no root, no way upwards; folders stay as words."""
    steps = clean_characters(name).replace("\\", "/").split("/")
    kept = [step.strip() for step in steps if step.strip(" .")]
    if kept and len(kept[0]) == 2 and kept[0].endswith(":"):
        del kept[0]
    return "/".join(kept)[-_LONGEST_NAME:] or "unnamed"


def _is_litter(name: str) -> bool:
    lowered = name.lower()
    return lowered.startswith(_LITTER[0]) or lowered.rpartition("/")[2] in _LITTER[1:]
