"""ZIP containers, read inside limits: nothing is unpacked that was not counted before.

Own code instead of ``zipfile``, because that one reads a directory of any length before it can be asked, lets
entries overlap and hides entries of equal names. Source: APPNOTE.TXT 6.3.10 (PKWARE, 2022).
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import Final, Literal, TypeAlias

from samovar.domain.errors import FileDamaged, FileEncrypted, FileTooComplex, FileTypeUnknown
from samovar.ports.parser import ParserLimits

__all__ = ["Container", "ContainerKind", "Member", "MemberStream", "container_kind", "is_encrypted_office"]

#: What a ZIP holds: the kinds are those of the parsers, ``zip`` is an ordinary archive.
ContainerKind: TypeAlias = Literal["docx", "pptx", "xlsx", "odt", "ods", "odp", "epub", "zip"]

_LOCAL: Final = struct.Struct("<4s5H3I2H")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")
_END_64_PLACE: Final = struct.Struct("<4sIQI")
_END_64: Final = struct.Struct("<4sQ2H2I4Q")
_LOCAL_MARK: Final = b"PK\x03\x04"
_CENTRAL_MARK: Final = b"PK\x01\x02"
_END_MARK: Final = b"PK\x05\x06"
_END_64_PLACE_MARK: Final = b"PK\x06\x07"
_END_64_MARK: Final = b"PK\x06\x06"
_LONGEST_COMMENT: Final = 0xFFFF
_OLE_MARK: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE: Final = "EncryptedPackage".encode("utf-16-le")
_MANY_32: Final = 0xFFFFFFFF

_ENCRYPTED: Final = 0x1
_NAMES_ARE_UTF8: Final = 0x800
_EXTRA_ZIP64: Final = 0x0001
_EXTRA_UNICODE_NAME: Final = 0x7075

#: A container that unpacks to less is no bomb, however well it was packed.
_ALWAYS_ALLOWED_BYTES: Final = 16_000_000
_PIECE_BYTES: Final = 1 << 18
#: How far the directory is read only to learn what kind of container it is.
_ENTRIES_LOOKED_AT: Final = 20_000
_LONGEST_TYPE_LIST: Final = 4_000_000

_MAIN_TYPES: Final[dict[bytes, ContainerKind]] = {
    b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml": "docx",
    b"application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml": "docx",
    b"application/vnd.ms-word.document.macroenabled.main+xml": "docx",
    b"application/vnd.ms-word.template.macroenabledtemplate.main+xml": "docx",
    b"application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml": "pptx",
    b"application/vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml": "pptx",
    b"application/vnd.openxmlformats-officedocument.presentationml.template.main+xml": "pptx",
    b"application/vnd.ms-powerpoint.presentation.macroenabled.main+xml": "pptx",
    b"application/vnd.ms-powerpoint.slideshow.macroenabled.main+xml": "pptx",
    b"application/vnd.ms-powerpoint.template.macroenabled.main+xml": "pptx",
    b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml": "xlsx",
    b"application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml": "xlsx",
    b"application/vnd.ms-excel.sheet.macroenabled.main+xml": "xlsx",
    b"application/vnd.ms-excel.template.macroenabled.main+xml": "xlsx",
}
_MIME_TYPES: Final[dict[bytes, ContainerKind]] = {
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.text-template": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
    b"application/vnd.oasis.opendocument.spreadsheet-template": "ods",
    b"application/vnd.oasis.opendocument.presentation": "odp",
    b"application/vnd.oasis.opendocument.presentation-template": "odp",
    b"application/epub+zip": "epub",
}
_CONTENT_TYPE: Final = re.compile(rb"""ContentType\s*=\s*["']([^"']{1,200})["']""")
_ROOT_MEDIA_TYPE: Final = re.compile(
    rb"""<(?:\w+:)?file-entry\b(?=[^>]*full-path="/")[^>]*media-type="([^"]{1,200})\""""
)


class _Packing(IntEnum):
    STORED = 0
    DEFLATED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One entry of the directory; ``name`` is as it is written there, with forward slashes, and is never a path.

    ``size`` is what the directory promises (bytes unpacked); reading stops there. ``method`` and ``offset`` (of the
    local header) serve ``Container``.
    """

    name: str
    size: int
    packed_size: int
    is_folder: bool
    is_encrypted: bool
    checksum: int
    method: int
    offset: int


class Container:
    """A ZIP file inside limits. Its methods raise DocumentError alone."""

    def __init__(self, content: bytes, name: str, limits: ParserLimits) -> None:
        """Read the directory.

        Raises: FileDamaged (no directory, entries that overlap or lie outside), FileTooComplex (more entries, bytes or
        a higher ratio than allowed; reason ``unpacked``).
        """
        self._content = content
        self._name = name
        members = _directory(content, name, most=limits.entries + 1)
        if len(members) > limits.entries:
            raise FileTooComplex(name=name, reason="unpacked")
        unpacked = sum(member.size for member in members)
        allowed = max(_ALWAYS_ALLOWED_BYTES, limits.ratio * len(content))
        if unpacked > min(limits.unpacked_bytes, allowed):
            raise FileTooComplex(name=name, reason="unpacked")
        self._starts = {member.offset: _start(content, member, name) for member in members}
        self._check_overlap(members)
        self._members = tuple(members)
        self._by_name: dict[str, Member | None] = {}
        for member in members:
            self._by_name[member.name] = None if member.name in self._by_name else member

    @property
    def members(self) -> tuple[Member, ...]:
        """Every entry in the order of the directory, folders and equal names too."""
        return self._members

    def has(self, member_name: str) -> bool:
        """Tell whether there is an entry of this very name."""
        return member_name in self._by_name

    def member(self, member_name: str) -> Member:
        """Find an entry by name. Raises: FileDamaged where there is none, or more than one."""
        found = self._by_name.get(member_name)
        if found is None:
            raise FileDamaged(name=self._name)
        return found

    def read(self, member: Member | str, *, most_bytes: int | None = None) -> bytes:
        """Unpack one entry.

        Raises: FileTooComplex (more than ``most_bytes``), FileEncrypted, FileTypeUnknown (a rare way of packing),
        FileDamaged (not there, wrong checksum, or more than the directory promised).
        """
        entry = self.member(member) if isinstance(member, str) else member
        if most_bytes is not None and entry.size > most_bytes:
            raise FileTooComplex(name=self._name, reason="unpacked")
        return b"".join(self.pieces(entry))

    def pieces(self, member: Member | str) -> Iterator[bytes]:
        """Unpack one entry piece by piece, at most 256 KiB each. Raises: as ``read``; a wrong checksum at the end."""
        entry = self.member(member) if isinstance(member, str) else member
        if entry.is_encrypted:
            raise FileEncrypted(name=self._name)
        start = self._starts[entry.offset]
        packed = memoryview(self._content)[start : start + entry.packed_size]
        match entry.method:
            case _Packing.STORED:
                unpacked = _copy(packed)
            case _Packing.DEFLATED:
                unpacked = _inflate(packed)
            case _:
                raise FileTypeUnknown(name=self._name)
        size = checksum = 0
        try:
            for piece in unpacked:
                size += len(piece)
                if size > entry.size:
                    raise FileDamaged(name=self._name)
                checksum = zlib.crc32(piece, checksum)
                yield piece
        except zlib.error as error:
            raise FileDamaged(name=self._name) from error
        if size != entry.size or checksum != entry.checksum:
            raise FileDamaged(name=self._name)

    def stream(self, member: Member | str) -> "MemberStream":
        """Open one entry to be read like a file. Raises: as ``read``, while it is read."""
        return MemberStream(self.pieces(member))

    def _check_overlap(self, members: list[Member]) -> None:
        spans = sorted((member.offset, self._starts[member.offset] + member.packed_size) for member in members)
        if any(end > following for (_, end), (following, _) in pairwise(spans)):
            raise FileDamaged(name=self._name)


class MemberStream:
    """An entry as a file that is read once, forwards."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, count: int = -1) -> bytes:
        """Read up to ``count`` bytes, everything when it is negative; empty at the end."""
        if count < 0:
            taken, self._rest = self._rest + b"".join(self._pieces), b""
            return taken
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = piece
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken


def container_kind(content: bytes) -> ContainerKind | None:
    """Tell by content what a ZIP holds; None for no ZIP and for papers that are not read (drawings, binary sheets).

    A ZIP whose directory is damaged is a ``zip``: reading it tells what is wrong. Raises: nothing.
    """
    if not content.startswith((_LOCAL_MARK, _END_MARK)):
        return None
    try:
        listed = _directory(content, "", most=_ENTRIES_LOOKED_AT)
        return _kind(content, {member.name: member for member in reversed(listed)})
    except (FileDamaged, FileEncrypted, FileTooComplex, FileTypeUnknown):
        return "zip"


def is_encrypted_office(content: bytes) -> bool:
    """Tell whether this is an Office paper behind a password: an OLE file that holds an encrypted package.

    Source: [MS-OFFCRYPTO] 1.3.1 (Microsoft, 2024).
    """
    return content.startswith(_OLE_MARK) and _ENCRYPTED_PACKAGE in content


def _kind(content: bytes, members: dict[str, Member]) -> ContainerKind | None:
    if "mimetype" in members:
        mime_type = _small(content, members["mimetype"]).strip().lower()
        if mime_type in _MIME_TYPES:
            return _MIME_TYPES[mime_type]
        if mime_type.startswith(b"application/vnd."):
            return None
    types = members.get("[Content_Types].xml")
    if types is not None:
        named = (found.lower() for found in _CONTENT_TYPE.findall(_small(content, types)))
        return next((_MAIN_TYPES[name] for name in named if name in _MAIN_TYPES), None)
    book = members.get("META-INF/container.xml")
    if book is not None and b"oebps-package+xml" in _small(content, book):
        return "epub"
    manifest = members.get("META-INF/manifest.xml")
    if manifest is not None and "content.xml" in members:
        found = _ROOT_MEDIA_TYPE.search(_small(content, manifest))
        return _MIME_TYPES.get(found.group(1).lower()) if found else "zip"
    return "zip"


def _small(content: bytes, member: Member) -> bytes:
    """Unpack what names the type, which is never long. Raises: as ``Container.read``."""
    if member.size > _LONGEST_TYPE_LIST:
        raise FileTooComplex(name="", reason="unpacked")
    if member.is_encrypted:
        raise FileEncrypted(name="")
    start = _start(content, member, "")
    packed = memoryview(content)[start : start + member.packed_size]
    try:
        found = next(
            iter(_inflate(packed, most=_LONGEST_TYPE_LIST) if member.method == _Packing.DEFLATED else _copy(packed)),
            b"",
        )
    except zlib.error as error:
        raise FileDamaged(name="") from error
    return found.decode("utf-16", "replace").encode() if found.startswith((b"\xff\xfe", b"\xfe\xff")) else found


def _copy(packed: memoryview) -> Iterator[bytes]:
    for start in range(0, len(packed), _PIECE_BYTES):
        yield bytes(packed[start : start + _PIECE_BYTES])


def _inflate(packed: memoryview, *, most: int = _PIECE_BYTES) -> Iterator[bytes]:
    """Unpack a raw Deflate stream in pieces of at most ``most`` bytes. Raises: zlib.error."""
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    for start in range(0, len(packed), _PIECE_BYTES):
        rest = bytes(packed[start : start + _PIECE_BYTES])
        while rest and not unpacker.eof:
            piece = unpacker.decompress(rest, most)
            rest = unpacker.unconsumed_tail
            if piece:
                yield piece
    while not unpacker.eof:
        piece = unpacker.decompress(b"", most)
        if not piece:
            raise zlib.error("cut short")
        yield piece


def _start(content: bytes, member: Member, name: str) -> int:
    """Where the packed bytes begin: behind the local header, whose own lengths count. Raises: FileDamaged."""
    try:
        mark, *_, name_length, extra_length = _LOCAL.unpack_from(content, member.offset)
    except struct.error as error:
        raise FileDamaged(name=name) from error
    start: int = member.offset + _LOCAL.size + name_length + extra_length
    if mark != _LOCAL_MARK or start + member.packed_size > len(content):
        raise FileDamaged(name=name)
    return start


def _directory(content: bytes, name: str, *, most: int) -> list[Member]:
    """Read at most ``most`` entries of the central directory. Raises: FileDamaged."""
    count, place = _end(content, name)
    members: list[Member] = []
    try:
        while len(members) < min(count, most):
            member, place = _entry(content, place)
            members.append(member)
    except (struct.error, ValueError) as error:
        raise FileDamaged(name=name) from error
    return members


def _end(content: bytes, name: str) -> tuple[int, int]:
    """Find how many entries there are and where the directory begins. Raises: FileDamaged."""
    place = content.rfind(_END_MARK, max(0, len(content) - _END.size - _LONGEST_COMMENT))
    try:
        if place < 0:
            raise ValueError("no end of the directory")
        _, _, _, _, count, _, start, _ = _END.unpack_from(content, place)
        if place >= _END_64_PLACE.size and (count == 0xFFFF or start == _MANY_32):
            mark, _, end, _ = _END_64_PLACE.unpack_from(content, place - _END_64_PLACE.size)
            if mark == _END_64_PLACE_MARK:
                mark, _, _, _, _, _, _, count, _, start = _END_64.unpack_from(content, end)
                if mark != _END_64_MARK:
                    raise ValueError("no 64-bit end of the directory")
        if start > len(content):
            raise ValueError("the directory lies outside")
    except (struct.error, ValueError, OverflowError) as error:
        raise FileDamaged(name=name) from error
    return count, start


def _entry(content: bytes, place: int) -> tuple[Member, int]:
    """Read one entry and where the next one begins. Raises: struct.error, ValueError."""
    (
        mark, _, _, flags, method, _, _, checksum, packed_size, size, name_length, extra_length, comment_length, _, _,
        _, offset,
    ) = _CENTRAL.unpack_from(content, place)  # fmt: skip
    if mark != _CENTRAL_MARK:
        raise ValueError("no entry")
    place += _CENTRAL.size
    raw_name = content[place : place + name_length]
    extra = dict(_extra_fields(content[place + name_length : place + name_length + extra_length]))
    wide_field = extra.get(_EXTRA_ZIP64, b"")
    wide = struct.iter_unpack("<Q", wide_field[: len(wide_field) // 8 * 8])
    size, packed_size, offset = (
        next(wide, (value,))[0] if value == _MANY_32 else value for value in (size, packed_size, offset)
    )
    name = _member_name(raw_name, flags, extra.get(_EXTRA_UNICODE_NAME, b""))
    member = Member(
        name=name,
        size=size,
        packed_size=packed_size,
        is_folder=name.endswith("/"),
        is_encrypted=bool(flags & _ENCRYPTED),
        checksum=checksum,
        method=method,
        offset=offset,
    )
    return member, place + name_length + extra_length + comment_length


def _extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, place)
        yield kind, extra[place + 4 : place + 4 + length]
        place += 4 + length


def _member_name(raw: bytes, flags: int, unicode_name: bytes) -> str:
    """Decode a name: as it says, else UTF-8 where it is that, else as Windows writes Russian names."""
    if flags & _NAMES_ARE_UTF8:
        return _slashes(raw.decode("utf-8", "replace"))
    if len(unicode_name) > 5 and struct.unpack_from("<I", unicode_name, 1)[0] == zlib.crc32(raw):
        return _slashes(unicode_name[5:].decode("utf-8", "replace"))
    try:
        return _slashes(raw.decode("utf-8"))
    except UnicodeDecodeError:
        return _slashes(raw.decode("cp866", "replace"))


def _slashes(name: str) -> str:
    return name.replace("\\", "/")
