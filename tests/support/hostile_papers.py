"""Files that are made to harm their reader. Equal calls give equal bytes."""

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from io import BytesIO
from random import Random
from typing import Final

from tests.support import papers
from tests.support.samples import Sample, samples, zip_of

__all__ = ["HOSTILE", "bombs_among_pages_pdf", "harmed_containers", "long_pdf", "mutants"]

_BOMB_BYTES: Final = 160_000_000
_ZIP_BOMB_BYTES: Final = 150_000_000
_CONTAINERS: Final = ("archive", "docx", "epub", "odp", "ods", "odt", "pptx", "xlsx")
#: The part of each format that holds its words.
_MAIN_PARTS: Final = {
    "docx": "word/document.xml",
    "xlsx": "xl/worksheets/sheet1.xml",
    "pptx": "ppt/slides/slide1.xml",
    "odt": "content.xml",
    "ods": "content.xml",
    "odp": "content.xml",
    "epub": "a.xhtml",
}


@cache
def bombs_among_pages_pdf(pages: int, bombs: tuple[int, ...], size_bytes: int = _BOMB_BYTES) -> bytes:
    """A paper of which some pages, counted from 1, unfold to much drawing; by default to more than is allowed."""
    text = b"(A) Tj "
    drawing = zlib.compress(zlib.compress(b"BT /F1 9 Tf " + text * (size_bytes // len(text)) + b"ET", 9), 9)
    return _pdf(pages, lambda page: 5 if page in bombs else 4, drawing)


@cache
def long_pdf(pages: int) -> bytes:
    """A paper of many short pages."""
    return _pdf(pages, lambda _: 4, b"")


def _pdf(pages: int, content_of: Callable[[int], int], drawing: bytes) -> bytes:
    """Write a paper whose pages are drawn by object 4 or object 5. Source: ISO 32000-1, 7.5."""
    first = 7
    kids = b" ".join(b"%d 0 R" % (first + place) for place in range(pages))
    short = b"BT /F1 9 Tf 20 100 Td (still here) Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, pages),
        b"<</Font<</F1 6 0 R>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(short), short),
        b"<</Length %d/Filter[/FlateDecode/FlateDecode]>>stream\n%s\nendstream" % (len(drawing), drawing),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        *(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Resources 3 0 R/Contents %d 0 R>>" % content_of(page)
            for page in range(1, pages + 1)
        ),
    ]
    output = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(output))
        output += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(output)
    output += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    output += b"".join(b"%010d 00000 n \n" % place for place in places)
    output += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, table)
    return bytes(output)


def _containers() -> tuple[Sample, ...]:
    """A good file of every format that is a ZIP container."""
    found: dict[str, Sample] = {}
    for sample in samples():
        if sample.kind in _CONTAINERS:
            found.setdefault(sample.kind, sample)
    return tuple(found.values())


def _entries(container: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(container)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def _with(container: bytes, entries: Mapping[str, bytes]) -> bytes:
    return zip_of({**_entries(container), **entries})


def _bomb(container: bytes) -> bytes:
    """One entry of 150 MB of nothing."""
    return _with(container, {"bomb.bin": bytes(_ZIP_BOMB_BYTES)})


def _many_entries(container: bytes) -> bytes:
    return _with(container, {f"x/{number}.txt": b"" for number in range(20_000)})


def _nested(container: bytes) -> bytes:
    """Archives in archives, sixteen deep, each holding the one before four times."""
    inner = zip_of({"zero.bin": bytes(1_000_000)})
    for _ in range(16):
        inner = zip_of({f"{number}.zip": inner for number in range(4)})
    return _with(container, {"inner.zip": inner})


def _overlapping(container: bytes) -> bytes:
    """A thousand entries of the directory that lead to the same packed bytes."""
    packed = _with(container, {"zz": bytes(10_000_000)})
    start, count = _directory(packed)
    records = list(_records(packed[start:]))[:count]
    return _with_directory(packed[:start], records + [records[-1].replace(b"zz", b"%02x" % n) for n in range(256)] * 4)


def _lying_sizes(container: bytes) -> bytes:
    """An entry that says it unpacks to ten bytes, and unpacks to 20 MB."""
    packed = bytearray(_with(container, {"liar.bin": bytes(20_000_000)}))
    start, _ = _directory(bytes(packed))
    for place in (packed.rindex(b"PK\x03\x04", 0, start) + 22, packed.rindex(b"PK\x01\x02") + 24):
        packed[place : place + 4] = struct.pack("<I", 10)
    return bytes(packed)


def _foreign_names(container: bytes) -> bytes:
    return _with(container, {"../../../tmp/planted": b"x", "/etc/planted": b"x", "C:\\planted": b"x", "a\x01b": b"x"})


def _cut_directory(container: bytes) -> bytes:
    return container[: _directory(container)[0] + 30]


def _directory(container: bytes) -> tuple[int, int]:
    """Where the directory begins and how many records it has. Source: APPNOTE.TXT 6.3.10, 4.3.16."""
    end = container.rindex(b"PK\x05\x06")
    count, _, start = struct.unpack_from("<HII", container, end + 10)
    return start, count


def _records(directory: bytes) -> Iterator[bytes]:
    place = 0
    while directory.startswith(b"PK\x01\x02", place):
        length = 46 + sum(struct.unpack_from("<HHH", directory, place + 28))
        yield directory[place : place + length]
        place += length


def _with_directory(entries: bytes, records: list[bytes]) -> bytes:
    directory = b"".join(records)
    count = len(records)
    return entries + directory + struct.pack(
        "<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(directory), len(entries), 0
    )  # fmt: skip


def _entity_bomb(xml: bytes) -> bytes:
    """Nine levels of entities, ten times each: a billion words."""
    levels = b"".join(
        b'<!ENTITY l%d "%s">' % (level, b"&l%d;" % (level - 1) * 10 if level else b"lol") for level in range(10)
    )
    return _after_root(b"<!DOCTYPE x [" + levels + b"]>" + _without_declaration(xml), b"&l9;")


def _foreign_entity(xml: bytes) -> bytes:
    """An entity that is a file of the system."""
    return _after_root(b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + _without_declaration(xml), b"&f;")


def _depth_bomb(xml: bytes) -> bytes:
    return _after_root(_without_declaration(xml), b"<d>" * 200_000 + b"deep" + b"</d>" * 200_000)


def _attribute_bomb(xml: bytes) -> bytes:
    attributes = b" ".join(b'a%d="x"' % number for number in range(300_000))
    return _after_root(_without_declaration(xml), b"<d " + attributes + b"/>")


def _text_bomb(xml: bytes) -> bytes:
    """One stretch of text of 16 MB that cannot be packed much."""
    return _after_root(_without_declaration(xml), Random(0).randbytes(8_000_000).hex().encode())


def _without_declaration(xml: bytes) -> bytes:
    return xml[xml.index(b"?>") + 2 :].lstrip() if xml.startswith(b"<?xml") else xml


def _after_root(xml: bytes, content: bytes) -> bytes:
    """Put content right behind the start tag of the root."""
    root = xml.index(b"<", xml.index(b"]>") if b"]>" in xml else 0)
    place = xml.index(b">", root) + 1
    return xml[:place] + content + xml[place:]


def _encrypted_office_file() -> bytes:
    """The beginning of a compound file with the stream of an encrypted package. Source: MS-CFB, 2.2 and 2.6."""
    entry = "EncryptedPackage".encode("utf-16-le").ljust(128, b"\0")
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + entry + bytes(2048)


def _tiff(width: int, height: int, next_directory: int = 0) -> bytes:
    """A TIFF of one strip that is not there. Source: TIFF 6.0, 2."""
    tags = [(256, width), (257, height), (258, 1), (259, 1), (262, 1), (273, 8), (277, 1), (278, height), (279, 100)]
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\x00" + struct.pack("<I", 8) + directory + struct.pack("<I", next_directory) + bytes(200)


def _webp(side_px: int) -> bytes:
    """The head of a lossless WebP. Source: RFC 9649, 3.4."""
    bits = (side_px - 1) | (side_px - 1) << 14
    chunk = b"\x2f" + struct.pack("<I", bits) + bytes(64)
    return b"RIFF" + struct.pack("<I", 12 + len(chunk)) + b"WEBPVP8L" + struct.pack("<I", len(chunk)) + chunk


def _bmp(side_px: int) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, side_px, side_px, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 64, 0, 0, 54) + head + bytes(64)


def _letter_in_letters() -> bytes:
    """A letter in a letter, 2,000 deep."""
    letter = b"Content-Type: text/plain\r\n\r\nwords"
    for _ in range(2000):
        letter = b"Content-Type: message/rfc822\r\n\r\n" + letter
    return b"From: a@example.org\r\nTo: b@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\n" + letter


def _letter_of_many_parts() -> bytes:
    head = (
        b"From: a@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    )
    part = b"--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nx\r\n"
    return head + part * 100_000 + b"--b--\r\n"


#: What is hostile by itself: its usual name and its maker.
HOSTILE: Final[Mapping[str, Callable[[], bytes]]] = {
    "no_bytes.txt": lambda: b"",
    "white_space.txt": lambda: b" \n\n ",
    "no_pages.pdf": papers.empty_pdf,
    "encrypted.pdf": papers.encrypted_pdf,
    "encrypted.docx": _encrypted_office_file,
    "truncated.pdf": papers.truncated_pdf,
    "flate_bomb.pdf": papers.flate_bomb_pdf,
    "many_pages.pdf": papers.many_pages_pdf,
    "vast_page.pdf": papers.vast_page_pdf,
    "pixel_bomb.png": papers.pixel_bomb_png,
    "text_bomb.png": papers.text_bomb_png,
    "pixel_bomb.tiff": lambda: _tiff(100_000, 100_000),
    "loop.tiff": lambda: _tiff(10, 10, next_directory=8),
    "pixel_bomb.webp": lambda: _webp(16_384),
    "pixel_bomb.bmp": lambda: _bmp(100_000),
    "wrong_ending.docx": papers.english_pdf,
    "wrong_ending.pdf": papers.red_circle_png,
    "program.txt": lambda: b"MZ\x90\x00" + bytes(range(256)) * 20,
    "deep.json": lambda: b"[" * 1_000_000,
    "deep_closed.json": lambda: b"[" * 100_000 + b"]" * 100_000,
    "large_number.json": lambda: b'{"a": ' + b"9" * 1_000_000 + b"}",
    "deep.rtf": lambda: b"{\\rtf1" + b"{" * 1_000_000,
    "bin.rtf": lambda: b"{\\rtf1 \\bin2000000000 words}",
    "deep.html": lambda: b"<!doctype html><html><body>" + b"<div><b><i>" * 200_000 + b"deep",
    "attributes.html": lambda: b"<!doctype html><p " + b" ".join(b"a%d=x" % n for n in range(200_000)) + b">words",
    "entities.html": lambda: b"<!doctype html><p>" + b"&amp;" * 1_000_000,
    "table.html": lambda: b"<!doctype html><table><tr><td rowspan=65534 colspan=1000>x" * 200,
    "deep.md": lambda: b"> " * 100_000 + b"deep\n" + b"* " * 50_000 + b"list\n" + b"[" * 100_000,
    "one_line.csv": lambda: b"a;" * 1_000_000,
    "quote.csv": lambda: b'a;b\n"' + b"x;\n" * 500_000,
    "letters.eml": _letter_in_letters,
    "parts.eml": _letter_of_many_parts,
    "null_in_charset.eml": lambda: (
        b'From: a@example.org\r\nSubject: x\r\nContent-Type: text/plain; charset="utf\x00-8"\r\n\r\nwords \xff'
    ),
    "header.eml": lambda: b"From: a@example.org\r\nSubject: " + b"=?utf-8?q?x?= " * 300_000 + b"\r\n\r\nwords",
}

_CONTAINER_HARMS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "bomb": _bomb,
    "many_entries": _many_entries,
    "nested": _nested,
    "overlapping": _overlapping,
    "lying_sizes": _lying_sizes,
    "foreign_names": _foreign_names,
    "cut_directory": _cut_directory,
}
_XML_HARMS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "entities": _entity_bomb,
    "foreign_entity": _foreign_entity,
    "depth": _depth_bomb,
    "attributes": _attribute_bomb,
    "text": _text_bomb,
}


def harmed_containers() -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Every container with every harm: a name, and its maker."""
    for sample in _containers():
        suffix = sample.name.rsplit(".", 1)[-1]
        for harm, harmed in _CONTAINER_HARMS.items():
            yield f"{harm}.{suffix}", partial(_harmed, sample, harmed)
        if sample.kind in _MAIN_PARTS:
            for harm, harmed in _XML_HARMS.items():
                yield f"xml_{harm}.{suffix}", partial(_harmed_part, sample, harmed)


def _harmed(sample: Sample, harm: Callable[[bytes], bytes]) -> bytes:
    return harm(sample.make())


def _harmed_part(sample: Sample, harm: Callable[[bytes], bytes]) -> bytes:
    entries, part = _entries(sample.make()), _MAIN_PARTS[sample.kind]
    return zip_of({**entries, part: harm(entries[part])})


def mutants(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Good files of every format with bits turned, pieces cut out, and pieces of others put in.

    Of containers every second one is mutated inside, in one of its entries, and packed anew: else its checksums would
    be all that is ever read of it.
    """
    chance = Random(seed)
    sources = samples()
    for place in range(count):
        source, other = sources[place % len(sources)], chance.choice(sources).make()
        content = source.make()
        if source.kind in _CONTAINERS and content.startswith(b"PK\x03\x04") and chance.random() < 0.5:
            entries = _entries(content)
            name = chance.choice([name for name, entry in entries.items() if entry])
            yield source.name, zip_of({**entries, name: _mutated(entries[name], other, chance)})
        else:
            yield source.name, _mutated(content, other, chance)


def _mutated(content: bytes, other: bytes, chance: Random) -> bytes:
    mutated = bytearray(content)
    start = chance.randrange(len(mutated))
    match chance.randrange(4):
        case 0:
            for _ in range(chance.randint(1, 200)):
                mutated[chance.randrange(len(mutated))] ^= 1 << chance.randrange(8)
        case 1:
            del mutated[start:]
        case 2:
            del mutated[start : start + chance.randint(1, 1000)]
        case _:
            taken = chance.randrange(len(other))
            mutated[start : start + chance.randint(0, 1000)] = other[taken : taken + chance.randint(1, 5000)]
    return bytes(mutated)
