"""Letters: headers, the text that counts, pictures inside, files along, and letters that are broken."""

from email.message import EmailMessage

import pytest
from tests.support import papers

from samovar.domain.errors import FileTooComplex
from samovar.domain.page import Attachment, DocumentHead, ParsedPage
from samovar.parsers import eml
from samovar.ports.parser import ParserLimits

_START = b"From: a\nTo: b\nSubject: c\n"
_LIMITS = ParserLimits(pages=20, pixels=1_000_000, entries=50)


def _read(content: bytes) -> tuple[DocumentHead, ParsedPage, list[Attachment]]:
    head, page, *rest = eml.read(content, "a.eml", _LIMITS)
    assert isinstance(head, DocumentHead)
    assert isinstance(page, ParsedPage)
    return head, page, [part for part in rest if isinstance(part, Attachment)]


def _letter(body: str = "Добрый день!") -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "Иван <i@example.org>", "p@example.org", "Счёт"
    letter.set_content(body)
    return letter


def test_the_headers_stand_first_and_name_the_document() -> None:
    head, page, _ = _read(_letter().as_bytes())
    assert (head.title, head.author) == ("Счёт", "Иван")
    assert page.page.text == "From\tИван <i@example.org>\nTo\tp@example.org\nSubject\tСчёт\n\nДобрый день!"


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        (b"=?windows-1251?Q?=CF=F0=E8?= =?windows-1251?Q?=E2=E5=F2?=", "Привет"),
        (b"=?utf-8?B?0J/RgNC?=\r\n =?utf-8?B?uNCy0LXRgg==?=", "Привет"),  # a letter divided between two words
        ("Привет всем сотрудникам отдела".encode("koi8-r"), "Привет всем сотрудникам отдела"),
        ("Привет".encode(), "Привет"),
        (b"=?nonsense?B?0J/RgNC40LLQtdGC?=", "Привет"),
        (b"=?utf-8?B?***?=", "***"),
    ],
)
def test_subjects_are_read_however_they_are_encoded(raw: bytes, subject: str) -> None:
    head, _, _ = _read(b"From: a@example.org\r\nTo: b\r\nSubject: " + raw + b"\r\n\r\nbody\r\n")
    assert head.title == subject


def test_marked_up_text_counts_where_it_shows_more() -> None:
    letter = _letter("plain words")
    letter.add_alternative("<html><p>marked words</p>", subtype="html")
    assert "plain words" in _read(letter.as_bytes())[1].page.text
    letter = _letter("plain words")
    letter.add_alternative("<html><table><tr><td>a<td>b<tr><td>c<td>d</table>", subtype="html")
    assert [block.kind for block in _read(letter.as_bytes())[1].page.blocks] == ["table", "table"]


def test_pictures_are_shown_where_the_text_shows_them_and_come_along_otherwise() -> None:
    letter = _letter("plain")
    letter.add_alternative("<html><p>before<img src='cid:one'>", subtype="html")
    _, marked = letter.iter_parts()
    assert isinstance(marked, EmailMessage)
    for name in ("one", "two"):
        marked.add_related(papers.red_circle_png(), "image", "png", cid=f"<{name}>", filename=f"{name}.png")
    for part in marked.iter_attachments():
        part.replace_header("Content-Disposition", "inline")
    _, page, attachments = _read(letter.as_bytes())
    assert len(page.figures) == 1
    assert len(attachments) == 1


def test_files_and_letters_come_along_under_harmless_names() -> None:
    letter = _letter()
    letter.add_attachment(b"x", "application", "pdf", filename="../../Счёт №5.pdf")
    letter.add_attachment(_letter("внутри"))
    _, page, attachments = _read(letter.as_bytes())
    assert [attachment.name for attachment in attachments] == ["Счёт №5.pdf", "message.eml"]
    assert "Счёт №5.pdf" in page.page.text
    _, inner, _ = _read(attachments[1].content)
    assert inner.page.text.endswith("внутри")


def test_softly_cut_lines_are_joined() -> None:
    content = (
        b"From: a\nTo: b\nSubject: c\nMIME-Version: 1.0\nContent-Type: text/plain; format=flowed\n\n"
        b"one \ntwo\n> three \n-- \nname\n"
    )
    assert _read(content)[1].page.text.endswith("one two\n> three\n--\nname")


@pytest.mark.parametrize(
    "content",
    [
        _START + b"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n\nwords",
        _START + b"Content-Type: multipart/mixed\n\nwords",
        _START + b"Content-Type: text/plain; charset=nonsense\nContent-Transfer-Encoding: zip\n\nwords",
        _START + b"Content-Type: ; ;;=\n\nwords",
        b"From: a\nTo: b\nSubject: words",
        _START + b"Content-Type: text/html\n\n<p>words",
    ],
)
def test_broken_letters_are_read_as_far_as_they_go(content: bytes) -> None:
    assert eml.recognises(content, "a.txt")
    assert "words" in _read(content)[1].page.text


def test_parts_without_end_are_refused() -> None:
    deep = b"From: a\nTo: b\nMIME-Version: 1.0\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (number, number) for number in range(500)
    )
    with pytest.raises(FileTooComplex):
        _read(deep)
    wide = _START + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 200
    with pytest.raises(FileTooComplex):
        _read(wide)


@pytest.mark.parametrize(
    "content", [b"Note: this is\nno letter: at all\n", b"key: value\nother: x\ndate: y\n", b"From here on"]
)
def test_lines_with_colons_are_no_letter(content: bytes) -> None:
    assert not eml.recognises(content, "a.txt")
