"""Papers that carry others or are made of marks: web pages, letters, books and archives as programs write them."""

# ruff: noqa: E501 - lines of markup stay as programs write them

import gzip
import struct
import tarfile
import zlib
from base64 import b64encode
from collections.abc import Sequence
from io import BytesIO
from quopri import encodestring
from typing import Final

from tests.corpus.paper import Paper, Sheet
from tests.corpus.plain_texts import ENGLISH, RUSSIAN, RUSSIAN_ROWS
from tests.support import papers

__all__ = ["PAPERS"]

_Rows = Sequence[Sequence[str]]


def _table_text(rows: _Rows) -> str:
    return "\n".join(" ".join(row) for row in rows)


def _tuples(rows: _Rows) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(row) for row in rows)


def _zip(members: Sequence[tuple[bytes, bytes]], flags: int = 0) -> bytes:
    """A ZIP written by hand, so that names are in the bytes that a program would write."""
    body, directory = b"", b""
    for name, content in members:
        fixed = (20, flags, 0, 0, 0x5821, zlib.crc32(content), len(content), len(content), len(name), 0)
        directory += struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, *fixed, 0, 0, 0, 0, len(body)) + name
        body += struct.pack("<4s5H3I2H", b"PK\x03\x04", *fixed) + name + content
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, len(members), len(members), len(directory), len(body), 0)
    return body + directory + end


# Web pages


def _word_html() -> bytes:
    """As Word saves a "web page, filtered"."""
    rows = "".join(
        "<tr style='height:12.0pt'>"
        + "".join(f"<td width=200 valign=top style='border:solid windowtext 1.0pt'>\r\n  <p class=MsoNormal>{cell}</p>\r\n  </td>" for cell in row)
        + "</tr>"
        for row in RUSSIAN_ROWS
    )  # fmt: skip
    return (
        "<html>\r\n\r\n<head>\r\n<meta http-equiv=Content-Type content=\"text/html; charset=windows-1251\">\r\n"
        "<meta name=Generator content=\"Microsoft Word 15 (filtered)\">\r\n<title>Положение</title>\r\n<style>\r\n<!--\r\n"
        " /* Font Definitions */\r\n @font-face {font-family:Symbol;}\r\n-->\r\n</style>\r\n\r\n</head>\r\n\r\n"
        "<body lang=RU style='word-wrap:break-word'>\r\n\r\n<div class=WordSection1>\r\n\r\n<h1>Приём\r\nзаявлений</h1>\r\n"
        f"<p class=MsoNormal>{RUSSIAN[0]}<a href=\"#_ftn1\" name=\"_ftnref1\" title=\"\"><span\r\nclass=MsoFootnoteReference>"
        "[1]</span></a></p>\r\n<p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt'><span style='font-family:"
        "Symbol'>·<span style='font:7.0pt \"Times New Roman\"'>&nbsp;&nbsp;&nbsp;&nbsp; </span></span>"
        f"{RUSSIAN[1]}</p>\r\n<table class=MsoTableGrid border=1 cellspacing=0>{rows}</table>\r\n<p class=MsoNormal>&nbsp;</p>"
        f"<p class=MsoNormal>{RUSSIAN[2]}</p></div>\r\n<div><br clear=all>\r\n<hr align=left size=1 width=\"33%\">\r\n"
        "<div id=ftn1>\r\n<p class=MsoFootnoteText><a href=\"#_ftnref1\" name=\"_ftn1\" title=\"\"><span\r\n"
        "class=MsoFootnoteReference>[1]</span></a> Утверждено.</p>\r\n</div></div></body></html>"
    ).encode("cp1251")  # fmt: skip


_ARTICLE: Final = (
    "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8><title>Harbour</title><meta name=author content='J. Grey'>"
    "<script>var text = '<p>never</p>';</script></head><body><nav><ul><li><a href=/>Home</a></ul></nav>"
    f"<article><h1>Harbour</h1><p>{ENGLISH[0]}<p>See <a href='https://example.org/'>the rules</a>.<h2>Prices</h2>"
    "<table><caption>In coins</caption><thead><tr><th rowspan=2>Item<th colspan=2>Price<tr><th>low<th>high</thead>"
    "<tbody><tr><td>Boat<td>1<td>2</table><ol start=3><li>third<li>fourth<ul><li>inner</ul></ol>"
    f"<figure><img alt='Circle' src='data:image/png;base64,{b64encode(papers.red_circle_png()).decode()}'>"
    "<figcaption>A circle</figcaption></figure><pre>a  b\n c</pre><p hidden>never</p></article></body></html>"
)

# Letters


def _outlook() -> bytes:
    """As Outlook sends it: plain and marked-up text, a picture inside, a file along, everything in cp1251 or KOI8-R."""
    subject = b64encode("Остатки на складе".encode("koi8-r")).decode()
    rows = "".join("<tr>" + "".join(f"<td><p class=MsoNormal>{cell}<o:p></o:p></p></td>" for cell in row) + "</tr>" for row in RUSSIAN_ROWS)  # fmt: skip
    marked = (
        "<html xmlns:o=\"urn:schemas-microsoft-com:office:office\"><head><meta http-equiv=Content-Type content=\"text/html;"
        " charset=windows-1251\"><!--[if !mso]><style>v\\:* {}</style><![endif]--></head><body lang=RU>"
        f"<p class=MsoNormal>{RUSSIAN[0]}<o:p></o:p></p><table border=1>{rows}</table><img src=\"cid:image001.png@01D\">"
        f"<p class=MsoNormal>{RUSSIAN[2]}</p></body></html>"
    )  # fmt: skip
    parts = [
        "From: =?koi8-r?B?" + b64encode("Волгин А. С.".encode("koi8-r")).decode() + "?= <volgin@example.org>",
        "To: \"Grey, J.\" <grey@example.org>", f"Subject: =?koi8-r?B?{subject}?=",
        "Date: Mon, 15 Jan 2024 10:20:30 +0300", "Message-ID: <1@example.org>", "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="M"', "X-Mailer: Microsoft Outlook 16.0", "", "--M",
        'Content-Type: multipart/related; boundary="R"', "", "--R", 'Content-Type: multipart/alternative; boundary="A"', "",
        "--A", 'Content-Type: text/plain; charset="windows-1251"', "Content-Transfer-Encoding: quoted-printable", "",
        encodestring(RUSSIAN[0].encode("cp1251")).decode(), "--A", 'Content-Type: text/html; charset="windows-1251"',
        "Content-Transfer-Encoding: quoted-printable", "", encodestring(marked.encode("cp1251")).decode(), "--A--", "--R",
        'Content-Type: image/png; name="image001.png"', "Content-Transfer-Encoding: base64",
        "Content-ID: <image001.png@01D>", "", b64encode(papers.red_circle_png()).decode(), "--R--", "--M",
        "Content-Type: application/octet-stream", "Content-Transfer-Encoding: base64",
        "Content-Disposition: attachment; filename*=utf-8''%D0%A1%D1%87%D1%91%D1%82.txt", "",
        b64encode("Счёт на оплату".encode()).decode(), "--M--", "",
    ]  # fmt: skip
    return "\r\n".join(parts).encode("ascii")


_THUNDERBIRD: Final = (
    "From - Mon Jan 15 10:20:30 2024\nReturn-Path: <grey@example.org>\nTo: volgin@example.org\n"
    "From: Jane Grey <grey@example.org>\nSubject: Rules\nDate: Mon, 15 Jan 2024 08:00:00 +0000\nMIME-Version: 1.0\n"
    "Content-Type: text/plain; charset=UTF-8; format=flowed\nContent-Transfer-Encoding: 8bit\n\n"
    "This regulation describes how applications are \nreceived and how long their review may take.\n\n> quoted words\n"
)

# Books

_CONTAINER: Final = (
    b'<?xml version="1.0"?>\n<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    b'<rootfile full-path="content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)


def _chapter(title: str, words: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="ru">\n  <head>\n'
        f"    <title>{title}</title>\n    <link rel='stylesheet' type='text/css' href='stylesheet.css'/>\n  </head>\n"
        f'  <body class="calibre">\n<h2 class="calibre1" id="calibre_pb_0">{title}</h2>\n{words}\n</body></html>\n'
    ).encode()


def _package(version: str, title: str, author: str, contents: str, spine: str) -> bytes:
    return (
        f"<?xml version='1.0' encoding='utf-8'?>\n<package xmlns='http://www.idpf.org/2007/opf' version='{version}'>"
        f"<metadata xmlns:dc='http://purl.org/dc/elements/1.1/'><dc:title>{title}</dc:title><dc:creator>{author}</dc:creator>"
        f"</metadata><manifest><item id='b' href='text/b.html'/><item id='a' href='text/a.html'/>{contents}"
        f"<item id='p' href='images/p.png'/></manifest><spine{spine}><itemref idref='a'/><itemref idref='b'/></spine></package>"
    ).encode()


def _calibre() -> bytes:
    """As Calibre converts a book into EPUB 2."""
    points = "".join(
        f"<navPoint playOrder='{number}'><navLabel><text>{title}</text></navLabel><content src='text/{file}.html#x'/></navPoint>"
        for number, (title, file) in enumerate([("Глава первая", "a"), ("Глава вторая", "b")], start=1)
    )
    contents = f"<ncx xmlns='http://www.daisy.org/z3986/2005/ncx/'><navMap>{points}</navMap></ncx>".encode()
    return _zip(
        [
            (b"mimetype", b"application/epub+zip"),
            (b"META-INF/container.xml", _CONTAINER),
            (
                b"content.opf",
                _package("2.0", "Порядок приёма", "А. Волгин", "<item id='n' href='toc.ncx'/>", " toc='n'"),
            ),
            (b"toc.ncx", contents),
            (
                b"text/a.html",
                _chapter("Глава первая", f"<p>{RUSSIAN[0]}</p><p><img src='../images/p.png' alt=''/></p>"),
            ),
            (b"text/b.html", _chapter("Глава вторая", f"<p>{RUSSIAN[1]}</p><p>{RUSSIAN[2]}</p>")),
            (b"images/p.png", papers.red_circle_png()),
        ]
    )


def _epub3() -> bytes:
    contents = (
        b"<html xmlns='http://www.w3.org/1999/xhtml' xmlns:epub='http://www.idpf.org/2007/ops'><body><nav epub:type='toc'>"
        b"<ol><li><a href='text/a.html'>One</a></li><li><a href='text/b.html'>Two</a></li></ol></nav></body></html>"
    )
    note = "<aside epub:type='footnote' xmlns:epub='http://www.idpf.org/2007/ops'><p>A note.</p></aside>"
    return _zip(
        [
            (b"mimetype", b"application/epub+zip"),
            (b"META-INF/container.xml", _CONTAINER),
            (
                b"content.opf",
                _package("3.0", "Rules", "J. Grey", "<item id='n' href='nav.xhtml' properties='nav'/>", ""),
            ),
            (b"nav.xhtml", contents),
            (b"text/a.html", _chapter("One", f"<p>{ENGLISH[0]}</p>{note}")),
            (b"text/b.html", _chapter("Two", f"<p>{ENGLISH[1]}</p>")),
        ]
    )


# Archives


def _listed(*rows: tuple[str, str]) -> Sheet:
    whole = (("Name", "Bytes"), *rows)
    return Sheet(text=_table_text(whole), tables=(whole,))


def _tar_gz() -> bytes:
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in (("отчёт/данные.txt", "привет".encode()), ("notes.txt", b"hello")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, BytesIO(content))
    return gzip.compress(buffer.getvalue(), mtime=0)


_LETTER_ROWS: Final = (
    ("From", "Волгин А. С. <volgin@example.org>"),
    ("To", '"Grey, J." <grey@example.org>'),
    ("Date", "Mon, 15 Jan 2024 10:20:30 +0300"),
    ("Subject", "Остатки на складе"),
    ("Attachment", "Счёт.txt"),
)
_ENGLISH_LETTER_ROWS: Final = (
    ("From", "Jane Grey <grey@example.org>"),
    ("To", "volgin@example.org"),
    ("Date", "Mon, 15 Jan 2024 08:00:00 +0000"),
    ("Subject", "Rules"),
)

PAPERS: Final = (
    Paper(
        name="html_word_filtered",
        file_name="regulation.htm",
        make=_word_html,
        sheets=(
            Sheet(
                text=f"Приём заявлений {RUSSIAN[0]}[1] {RUSSIAN[1]} {_table_text(RUSSIAN_ROWS)} {RUSSIAN[2]} [1] Утверждено.",
                headings=("Приём заявлений",),
                footnotes=("[1] Утверждено.",),
                tables=(_tuples(RUSSIAN_ROWS),),
            ),
        ),
        kind="html",
    ),
    Paper(
        name="html_article",
        file_name="article.html",
        make=_ARTICLE.encode,
        sheets=(
            Sheet(
                text=f"Harbour {ENGLISH[0]} See the rules. Prices In coins Item Price low high Boat 1 2 3. third 4. fourth "
                "inner A circle a b c",
                headings=("Harbour", "Prices"),
                tables=((("Item", "Price", ""), ("", "low", "high"), ("Boat", "1", "2")),),
                pictures=(None,),
            ),
        ),
        kind="html",
    ),
    Paper(
        name="eml_outlook",
        file_name="letter.eml",
        make=_outlook,
        sheets=(
            Sheet(
                text=f"{_table_text(_LETTER_ROWS)} {RUSSIAN[0]} {_table_text(RUSSIAN_ROWS)} {RUSSIAN[2]}",
                tables=(_LETTER_ROWS, _tuples(RUSSIAN_ROWS)),
                pictures=(None,),
            ),
        ),
        kind="eml",
    ),
    Paper(
        name="eml_thunderbird",
        file_name="letter.eml",
        make=_THUNDERBIRD.encode,
        sheets=(
            Sheet(
                text=f"{_table_text(_ENGLISH_LETTER_ROWS)} {ENGLISH[0]} quoted words", tables=(_ENGLISH_LETTER_ROWS,)
            ),
        ),
        kind="eml",
    ),
    Paper(
        name="epub_calibre",
        file_name="book.epub",
        make=_calibre,
        sheets=(
            Sheet(text=f"Глава первая {RUSSIAN[0]}", headings=("Глава первая",), pictures=(None,)),
            Sheet(text=f"Глава вторая {RUSSIAN[1]} {RUSSIAN[2]}", headings=("Глава вторая",)),
        ),
        kind="epub",
    ),
    Paper(
        name="epub_three",
        file_name="book.epub",
        make=_epub3,
        sheets=(
            Sheet(text=f"One {ENGLISH[0]} A note.", headings=("One",), footnotes=("A note.",)),
            Sheet(text=f"Two {ENGLISH[1]}", headings=("Two",)),
        ),
        kind="epub",
    ),
    Paper(
        name="zip_windows",
        file_name="papers.zip",
        make=lambda: _zip([("Отчёты\\Смета.csv".encode("cp866"), b"a;b\n1;2\n"), ("Письмо.txt".encode("cp866"), b"x")]),
        sheets=(_listed(("Отчёты/Смета.csv", "8"), ("Письмо.txt", "1")),),
        kind="archive",
    ),
    Paper(
        name="zip_unicode",
        file_name="papers.zip",
        make=lambda: _zip([("../../etc/отчёт.txt".encode(), b"abc"), (b"C:\\Windows\\notes.txt", b"x")], flags=0x800),
        sheets=(_listed(("etc/отчёт.txt", "3"), ("Windows/notes.txt", "1")),),
        kind="archive",
    ),
    Paper(
        name="tar_gz",
        file_name="papers.tar.gz",
        make=_tar_gz,
        sheets=(_listed(("отчёт/данные.txt", "12"), ("notes.txt", "5")),),
        kind="archive",
    ),
)
