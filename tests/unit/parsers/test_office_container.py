"""ZIP containers: what they hold is told by content, and nothing is unpacked beyond the limits."""

import struct
import zlib
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest
from tests.corpus import docx_papers, odf_papers, pptx_papers, xlsx_papers
from tests.corpus.office_parts import odf, packed
from tests.corpus.paper import Paper

from samovar.domain.errors import DocumentError, FileDamaged, FileEncrypted, FileTooComplex
from samovar.parsers import docx, odp, ods, odt, pptx, xlsx
from samovar.parsers._office.container import Container, container_kind
from samovar.parsers._office.elements import parse
from samovar.ports.parser import Parser, ParserLimits

_LIMITS = ParserLimits(pages=2000, pixels=25_000_000)
_PARSERS: tuple[Parser, ...] = (docx, pptx, xlsx, odt, ods, odp)
_PAPERS = (*docx_papers.PAPERS, *xlsx_papers.PAPERS, *pptx_papers.PAPERS, *odf_papers.PAPERS)


def _open(content: bytes, **limits: int) -> Container:
    return Container(content, "x.zip", ParserLimits(pages=1, pixels=1, **limits))


@pytest.mark.parametrize("paper", _PAPERS, ids=lambda paper: paper.name)
def test_each_paper_is_recognised_by_one_parser_whatever_its_name(paper: Paper) -> None:
    content = paper.make()
    assert [parser.KIND for parser in _PARSERS if parser.recognises(content, "report.pdf")] == [paper.kind]


def test_other_containers_are_left_to_other_parsers() -> None:
    book = packed({"mimetype": "application/epub+zip", "META-INF/container.xml": "<c/>"})
    drawing = packed({"mimetype": "application/vnd.oasis.opendocument.graphics", "content.xml": "<c/>"})
    plain = packed({"a.txt": "one", "b/c.txt": "two"})
    binary_sheet = packed(
        {"[Content_Types].xml": '<T ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/>'}
    )
    assert [container_kind(content) for content in (book, drawing, plain, binary_sheet)] == ["epub", None, "zip", None]
    assert container_kind(b"") is None
    assert container_kind(b"PK") is None
    assert not any(parser.recognises(content, "a.docx") for parser in _PARSERS for content in (book, drawing, plain))


def test_members_are_read_whole_and_in_pieces() -> None:
    long = b"0123456789" * 100_000
    container = _open(packed({"long.bin": long, "empty": b"", "short": b"abc"}, stored=("short",)))
    assert [member.name for member in container.members] == ["long.bin", "empty", "short"]
    assert container.read("long.bin") == long
    assert (container.read("short"), container.read("empty")) == (b"abc", b"")
    stream = container.stream("long.bin")
    pieces = iter(lambda: stream.read(70_000), b"")
    assert b"".join(pieces) == long
    with pytest.raises(FileTooComplex):
        container.read("long.bin", most_bytes=1000)
    with pytest.raises(FileDamaged):
        container.read("missing")


def test_too_many_bytes_entries_or_too_high_a_ratio_are_refused_before_anything_is_unpacked() -> None:
    zeros = packed({"zeros": bytes(30_000_000)})
    for content, limits in (
        (zeros, {"unpacked_bytes": 20_000_000}),
        (zeros, {"ratio": 100}),
        (packed({str(number): b"x" for number in range(11)}), {"entries": 10}),
    ):
        with pytest.raises(FileTooComplex) as caught:
            _open(content, **limits)
        assert caught.value.values["reason"] == "unpacked"
    assert _open(zeros, ratio=2000).member("zeros").size == 30_000_000


def test_a_size_that_lies_stops_the_reading_there() -> None:
    content = packed({"a": b"x" * 100_000})
    for place in (content.find(b"PK\x03\x04") + 22, content.find(b"PK\x01\x02") + 24):
        content = content[:place] + struct.pack("<I", 10) + content[place + 4 :]
    with pytest.raises(FileDamaged):
        _open(content).read("a")


def test_a_wrong_checksum_is_damage() -> None:
    content = packed({"a": b"tea"}, stored=("a",))
    with pytest.raises(FileDamaged):
        _open(content.replace(b"tea", b"sea", 1)).read("a")


def test_entries_that_overlap_are_refused() -> None:
    content = bytearray(packed({"a": b"one" * 50, "b": b"two" * 50}))
    second = content.find(b"PK\x01\x02", content.find(b"PK\x01\x02") + 1)
    content[second + 42 : second + 46] = struct.pack("<I", 0)
    with pytest.raises(FileDamaged):
        _open(bytes(content))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice_is_no_member() -> None:
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        archive.writestr("a", b"one")
        archive.writestr("a", b"two")
    container = _open(buffer.getvalue())
    assert len(container.members) == 2
    assert [container.read(member) for member in container.members] == [b"one", b"two"]
    with pytest.raises(FileDamaged):
        container.read("a")


def test_names_of_old_windows_archives_are_read_in_russian() -> None:
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        archive.writestr("????.txt", b"one")
        archive.writestr(ZipInfo("отчёт/план.txt"), b"two")
    content = buffer.getvalue().replace(b"????", "план".encode("cp866"))
    assert [member.name for member in _open(content).members] == ["план.txt", "отчёт/план.txt"]


def test_an_encrypted_member_is_told_apart_from_a_damaged_one() -> None:
    content = bytearray(packed({"a": b"one"}))
    for place in (content.find(b"PK\x03\x04") + 6, content.find(b"PK\x01\x02") + 8):
        content[place] |= 1
    with pytest.raises(FileEncrypted):
        _open(bytes(content)).read("a")


def test_a_wide_container_is_read_by_its_64_bit_sizes() -> None:
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive, archive.open("a", "w", force_zip64=True) as member:
        member.write(b"tea " * 1000)
    assert _open(buffer.getvalue()).read("a") == b"tea " * 1000


@pytest.mark.parametrize(
    "paper",
    [papers.PAPERS[0] for papers in (docx_papers, xlsx_papers, pptx_papers, odf_papers)],
    ids=lambda paper: paper.name,
)
def test_a_paper_cut_short_anywhere_is_damaged_and_nothing_worse(paper: Paper) -> None:
    content = paper.make()
    for share in range(1, 20):
        cut = content[: len(content) * share // 20]
        assert container_kind(cut) in ("zip", None)
        with pytest.raises(FileDamaged):
            Container(cut, "x", _LIMITS)


def test_office_papers_behind_a_password_are_named_so() -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000)
    encrypted = ole + "EncryptedPackage".encode("utf-16-le") + bytes(500)
    assert [parser.KIND for parser in _PARSERS if parser.recognises(encrypted, "x")] == ["docx"]
    with pytest.raises(FileEncrypted):
        list(docx.read(encrypted, "x", _LIMITS))
    assert not any(parser.recognises(ole, "old.doc") for parser in _PARSERS)

    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry '
        'manifest:full-path="content.xml"><manifest:encryption-data/></manifest:file-entry></manifest:manifest>'
    )
    with pytest.raises(FileEncrypted):
        list(odt.read(odf("text", "", parts={"META-INF/manifest.xml": manifest}), "x", _LIMITS))


def test_entities_and_document_types_are_refused() -> None:
    laughs = "".join(f'<!ENTITY a{place} "{f"&a{place - 1};" * 10}">' for place in range(1, 10))
    for text in (
        f'<!DOCTYPE a [<!ENTITY a0 "ha">{laughs}]><a>&a9;</a>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a/>',
    ):
        with pytest.raises(FileDamaged):
            parse(text.encode(), file_name="x")


def test_xml_without_a_bottom_is_damaged() -> None:
    with pytest.raises(FileDamaged):
        parse(b"<a>" * 100_000, file_name="x")


def test_papers_with_a_hostile_part_are_errors_of_documents() -> None:
    office = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
    bomb = (
        f'<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx">]><office:document-content xmlns:office="{office}"><office:body>'
        "<office:text>&x;</office:text></office:body></office:document-content>"
    )
    deep = "<x>" * 5000 + "</x>" * 5000
    for part in (bomb, deep, "", "no XML", "<a>"):
        with pytest.raises(DocumentError):
            list(odt.read(odf("text", "", parts={"content.xml": part}), "x", _LIMITS))


def test_a_checksum_is_what_the_directory_promises() -> None:
    content = packed({"a": b"tea"})
    assert _open(content).member("a").checksum == zlib.crc32(b"tea")
