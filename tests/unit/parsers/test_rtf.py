"""RTF: encodings, tables, notes, lists and what is hidden."""

import pytest
from tests.support import papers

from samovar.domain.errors import FileEmpty
from samovar.domain.page import DocumentHead, ParsedPage
from samovar.parsers import rtf
from samovar.ports.parser import ParserLimits

_LIMITS = ParserLimits(pages=20, pixels=1_000_000)


def _read(written: str) -> tuple[DocumentHead, ParsedPage]:
    head, page = rtf.read(written.encode("ascii"), "a.rtf", _LIMITS)
    assert isinstance(head, DocumentHead)
    assert isinstance(page, ParsedPage)
    return head, page


def _escaped(text: str, encoding: str = "cp1251") -> str:
    return "".join(letter if letter < "\x80" else f"\\'{letter.encode(encoding)[0]:02x}" for letter in text)


def _blocks(written: str) -> list[tuple[str, int | None, str]]:
    page = _read(written)[1].page
    return [(block.kind, block.level, page.text[block.start : block.end]) for block in page.blocks]


@pytest.mark.parametrize(
    ("head", "text"),
    [
        (r"\ansi\ansicpg1251", _escaped("Приказ по отделу")),
        (r"\ansi\ansicpg1252{\fonttbl{\f0\fcharset204 A;}}\f0", _escaped("Приказ по отделу")),
        (r"\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 A;}}\f0", _escaped("Приказ по отделу")),
        (r"\ansi\ansicpg1252\uc1", "".join(f"\\u{ord(letter)}?" for letter in "Приказ по отделу")),
        (r"\ansi\uc0", "".join(f"\\u{ord(letter)} " for letter in "Приказ по отделу")),
        (r"\ansi\ansicpg1251\uc2", "".join(f"\\u{ord(letter)}\\'cf\\'cf" for letter in "Приказ по отделу")),
    ],
)
def test_russian_letters_are_read_however_they_are_written(head: str, text: str) -> None:
    assert _read(f"{{\\rtf1{head} {text}\\par}}")[1].page.text == "Приказ по отделу"


def test_styles_lists_notes_and_links_become_blocks() -> None:
    written = (
        r"{\rtf1\ansi{\stylesheet{Normal;}{\s1 heading 1;}}{\info{\title T}{\author A}}{\header H\par}"
        r"\pard\s1 One\par\pard text{\footnote\pard note} more {\v hidden}{\field{\*\fldinst HYPERLINK "
        + '"http://x.y/"'
        + r"}{\fldrslt link}}\par{\listtext 1.\tab}\pard\ls1\ilvl1 item\par\pard a\line b{\*\unknown x}\par}"
    )
    head, page = _read(written)
    assert (head.title, head.author) == ("T", "A")
    assert _blocks(written) == [
        ("header", None, "H"),
        ("heading", 1, "One"),
        ("paragraph", None, "text more link"),
        ("list_item", 2, "1. item"),
        ("paragraph", None, "a\nb"),
        ("footnote", None, "note"),
    ]
    (link,) = page.page.links
    assert (page.page.text[link.start : link.end], link.target) == ("link", "http://x.y/")


def test_merged_cells_keep_their_places() -> None:
    row = r"\pard\intbl {}\cell {}\cell {}\cell\row"
    written = (
        r"{\rtf1\trowd\clvmgf\cellx1\cellx2\cellx3" + row.format("A", "B", "C")
        + r"\trowd\clvmrg\cellx1\clmgf\cellx2\clmrg\cellx3" + row.format("", "D", "") + r"\pard end\par}"
    )  # fmt: skip
    page = _read(written)[1].page
    table, after = page.blocks
    assert [
        (cell.row, cell.column, cell.row_span, cell.column_span, page.text[cell.start : cell.end])
        for cell in table.cells
    ] == [(0, 0, 2, 1, "A"), (0, 1, 1, 1, "B"), (0, 2, 1, 1, "C"), (1, 1, 1, 2, "D")]
    assert page.text[after.start : after.end] == "end"


def test_pictures_are_found_and_damaged_ones_leave_a_sign() -> None:
    good = papers.red_circle_png().hex()
    _, page = _read(r"{\rtf1 a{\*\shppict{\pict\pngblip " + good + r"}}{\nonshppict{\pict 00}}\par b\par}")
    assert len(page.figures) == 1
    assert page.page.reason is None
    _, page = _read(r"{\rtf1 a{\pict\wmetafile8 0102}\par}")
    assert page.page.reason == "partly_read"


@pytest.mark.parametrize(
    "piece",
    ["{", "{\\b ", "\\par", "\\trowd\\cellx1\\intbl a\\cell\\row ", "{\\footnote ", "\\bin9999 ", "\\u-10179?", "\\'"],
)
def test_any_depth_and_damage_is_read(piece: str) -> None:
    _, page = _read(r"{\rtf1 word\par " + piece * 20_000)
    assert page.page.text.startswith("word")
    assert page.page.reason == "partly_read"


def test_a_file_of_nothing_is_empty() -> None:
    with pytest.raises(FileEmpty):
        _read(r"{\rtf1\ansi{\fonttbl{\f0 A;}}\par}")
