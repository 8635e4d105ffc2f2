"""Archives: what is inside, under names that lead nowhere, inside limits."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Mapping

import pytest

from samovar.domain.errors import FileDamaged, FileEmpty, FileTooComplex
from samovar.domain.page import Attachment, DocumentHead, ParsedPage
from samovar.parsers import archive
from samovar.ports.parser import ParserLimits

_LIMITS = ParserLimits(pages=20, pixels=1_000_000, entries=20, unpacked_bytes=30_000_000)


def _zip(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return buffer.getvalue()


def _tar(members: Mapping[str, bytes], kind: bytes = tarfile.REGTYPE) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as made:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.type, member.linkname = len(content), kind, "/etc/passwd"
            made.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _read(content: bytes, name: str = "a.zip") -> tuple[ParsedPage, dict[str, bytes]]:
    head, page, *rest = archive.read(content, name, _LIMITS)
    assert isinstance(head, DocumentHead)
    assert isinstance(page, ParsedPage)
    return page, {part.name: part.content for part in rest if isinstance(part, Attachment)}


def test_every_member_comes_with_its_folders() -> None:
    page, members = _read(_zip({"отчёты/смета.txt": b"abc", "notes.txt": b"hello", "empty.txt": b""}))
    assert members == {"отчёты/смета.txt": b"abc", "notes.txt": b"hello"}
    assert page.page.text.split("\n") == [
        "Name\tBytes\tNote", "отчёты/смета.txt\t3\t", "notes.txt\t5\t", "empty.txt\t0\tempty",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "C:\\etc\\passwd", "..\\..\\etc\\passwd", "./etc/./passwd", "etc//passwd"],
)
def test_no_name_leads_out(name: str) -> None:
    assert list(_read(_zip({name: b"x"}))[1]) == ["etc/passwd"]
    assert list(_read(_tar({name: b"x"}))[1]) == ["etc/passwd"]


def test_links_and_litter_are_listed_and_left_out() -> None:
    page, members = _read(_tar({"link": b""}, tarfile.SYMTYPE))
    assert members == {}
    assert "left out" in page.page.text
    page, members = _read(_zip({"__MACOSX/._a": b"x", "a.txt": b"y"}))
    assert list(members) == ["a.txt"]


def test_a_damaged_member_leaves_a_sign_and_the_others_are_read() -> None:
    content = bytearray(_zip({"a.txt": b"first words", "b.txt": b"second words"}))
    content[content.index(b"a.txt") + 6] ^= 0xFF
    page, members = _read(bytes(content))
    assert list(members) == ["b.txt"]
    assert page.page.reason == "partly_read"
    assert "damaged" in page.page.text


def test_packed_tars_and_single_files_are_read() -> None:
    assert _read(gzip.compress(_tar({"a.txt": b"x"})))[1] == {"a.txt": b"x"}
    assert _read(gzip.compress(b"hello"), "отчёт.txt.gz")[1] == {"отчёт.txt": b"hello"}
    assert _read(gzip.compress(b"one") + gzip.compress(b"two"), "a.gz")[1] == {"a": b"onetwo"}


def test_an_archive_inside_is_a_member() -> None:
    inner = _zip({"a.txt": b"x"})
    assert _read(_zip({"inner.zip": inner}))[1] == {"inner.zip": inner}


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (gzip.compress(b"\0" * 40_000_000), FileTooComplex),
        (_zip({"zeros": b"\0" * 40_000_000}), FileTooComplex),
        (_zip({f"{number}": b"x" for number in range(30)}), FileTooComplex),
        (_tar({f"{number}": b"x" for number in range(30)}), FileTooComplex),
        (_zip({}), FileEmpty),
        (gzip.compress(b""), FileEmpty),
        (gzip.compress(b"hello")[:-9], FileDamaged),
        (_zip({"a": b"x" * 100})[:60], FileDamaged),
    ],
    # Archives hold the time at which they were made, so their bytes name no test.
    ids=["gzip bomb", "zip bomb", "zip of many", "tar of many", "empty zip", "empty gzip", "cut gzip", "cut zip"],
)
def test_bombs_and_ruins_are_refused(content: bytes, error: type[Exception]) -> None:
    assert archive.recognises(content, "a.bin")
    with pytest.raises(error):
        _read(content)
