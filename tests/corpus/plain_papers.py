"""Papers without a layout of their own: plain text, Markdown, RTF, CSV and JSON as programs write them."""

# ruff: noqa: E501 - lines of markup stay as programs write them

import json
from collections.abc import Sequence
from typing import Final

from tests.corpus.paper import Paper, Sheet
from tests.corpus.plain_texts import ENGLISH, ENGLISH_ROWS, RUSSIAN, RUSSIAN_ROWS, rtf_escaped, rtf_unicode
from tests.support import papers

__all__ = ["PAPERS"]

_Rows = Sequence[Sequence[str]]


def _table_text(rows: _Rows) -> str:
    return "\n".join(" ".join(row) for row in rows)


def _tuples(rows: _Rows) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(row) for row in rows)


# Plain text

_LETTER: Final = "ПОЛОЖЕНИЕ\r\n\r\n1. ОБЩИЕ СВЕДЕНИЯ\r\n\r\n" + "\r\n\r\n".join(RUSSIAN) + "\r\n"
_NOTES: Final = (
    "# Порядок работы\n\nСлужба отвечает на порту **7431**.\n\n"
    "- приём заявок: с 9 до 18 часов;\n- выходной день: воскресенье.\n"
)


def _letter(name: str, encoding: str) -> Paper:
    return Paper(
        name=name,
        file_name="letter.txt",
        make=lambda: _LETTER.encode(encoding),
        sheets=(Sheet(text=_LETTER, headings=("1. ОБЩИЕ СВЕДЕНИЯ",)),),
        kind="text",
    )


def _drawn(rows: _Rows) -> str:
    """A table as 1C:Enterprise and its kin print it into a text."""
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    rules = [
        marks[0] + marks[1].join("─" * (width + 2) for width in widths) + marks[2] for marks in ("┌┬┐", "├┼┤", "└┴┘")
    ]
    lines = [
        "│" + "│".join(f" {cell:<{width}} " for cell, width in zip(row, widths, strict=True)) + "│" for row in rows
    ]
    return "\r\n".join([rules[0], lines[0], rules[1], *lines[1:], rules[2]])


def _drawn_paper(name: str, rows: _Rows, encoding: str, title: str) -> Paper:
    return Paper(
        name=name,
        file_name="report.txt",
        make=lambda: f"{title}\r\n{_drawn(rows)}\r\n".encode(encoding),
        sheets=(Sheet(text=f"{title}\n{_table_text(rows)}", tables=(_tuples(rows),)),),
        kind="text",
    )


def _printed() -> bytes:
    return ("\r\n\r\n".join(RUSSIAN[:2]) + "\r\n\f" + RUSSIAN[2] + "\r\n\x1a").encode("cp866")


_MANUAL: Final = (
    "Harbour Manual\n==============\n\n" + ENGLISH[0] + "\n\nOpening hours\n-------------\n\n"
    "What to bring:\n* " + ENGLISH[1] + "\n* a passport\n"
)

# Markdown

_README: Final = (
    "---\ntitle: Handbook\n---\n\n# Harbour\n\n" + ENGLISH[0] + " See [the rules](https://example.org/rules).\n\n"
    "## Prices\n\n| Item | Price |\n|------|------:|\n| Boat | 10 |\n| Net \\| rope | 2.5 |\n\n"
    "1. first\n2. second\n   - inner\n\n> quoted\n\n```sh\nls | wc\n```\n\n[^1]: A note.\n"
)

# RTF


def _word_rtf() -> bytes:
    """As Word 2016 writes it: a font table with character sets, every letter escaped, rows with their formats twice."""
    row_format = r"\trowd \irow0\irowband0\ltrrow\ts15\trgaph108\trleft-108\cellx3000\cellx6000\cellx9000"
    rows = "".join(
        row_format
        + r"\pard\plain \ltrpar\ql \li0\ri0\widctlpar\intbl\itap0 \f0\fs24\lang1049 {"
        + "".join(rtf_escaped(cell) + r"\cell " for cell in row)
        + r"}{" + row_format + r"\row }"
        for row in RUSSIAN_ROWS
    )  # fmt: skip
    return (
        r"{\rtf1\adeflang1025\ansi\ansicpg1251\uc1\adeff0\deff0\stshfdbch0\deflang1049"
        r"{\fonttbl{\f0\fbidi \froman\fcharset204\fprq2{\*\panose 02020603050405020304}Times New Roman;}"
        r"{\f1\froman\fcharset0 Times New Roman;}}{\colortbl;\red0\green0\blue0;}"
        r"{\stylesheet{\ql \li0\ri0 \f0\fs24 \snext0 Normal;}{\s1\ql \outlinelevel0 \b\f0 \sbasedon0 \snext0 heading 1;}"
        r"{\*\cs10 \additive Default Paragraph Font;}}{\*\rsidtbl \rsid1}{\*\generator Microsoft Word 16;}"
        r"{\info{\title " + rtf_escaped("Положение") + r"}{\author " + rtf_escaped("Волгин") + r"}{\nofpages1}}"
        r"{\header \pard\plain {" + rtf_escaped("Для служебного пользования") + r"\par }}"
        r"\pard\plain \s1\ql {" + rtf_escaped("Приём заявлений") + r"\par }\pard\plain \ql {"
        + rtf_escaped(RUSSIAN[0]) + r"}{\super \chftn {\footnote \pard\plain {\super \chftn } "
        + rtf_escaped("Утверждено в 2024 году.") + r"}}{\par }{\listtext\pard\plain 1.\tab}\pard \ls1\ilvl0 {"
        + rtf_escaped(RUSSIAN[1]) + r"\par }" + rows + r"\pard\plain {" + rtf_escaped(RUSSIAN[2])
        + r"\par }{\*\shppict{\pict\pngblip\picw128\pich128 " + papers.red_circle_png().hex() + r"}}"
        r"{\nonshppict{\pict\wmetafile8 010203}}{\par }}"
    ).encode("ascii")  # fmt: skip


def _libreoffice_rtf() -> bytes:
    """As LibreOffice 7 writes it: numbers of Unicode letters, and the Western page declared."""
    row_format = r"\trowd\trql\clbrdrt\cellx3000\clbrdrt\cellx6000\clbrdrt\cellx9000"
    rows = "".join(
        row_format
        + "".join(r"\pard\plain \s0\ql\intbl{\loch " + rtf_unicode(cell) + r"}\cell" for cell in row)
        + r"\row"
        for row in RUSSIAN_ROWS
    )
    return (
        r"{\rtf1\ansi\deff3\adeflang1025{\fonttbl{\f0\froman\fprq2\fcharset0 Times New Roman;}"
        r"{\f3\froman\fprq2\fcharset204 Liberation Serif;}}{\stylesheet{\s0\snext0\rtlch Normal;}"
        r"{\s15\sbasedon0\snext16\rtlch Heading;}{\s1\sbasedon15\outlinelevel0 Heading 1;}}"
        r"{\*\generator LibreOffice/7.4}\viewscale100\pard\plain \s1\ql{\loch " + rtf_unicode("Приём заявлений") + "}\n"
        r"\par \pard\plain \s0\ql{\loch " + rtf_unicode(RUSSIAN[0]) + "}\n" r"\par " + rows
        + r"\pard\plain \s0\ql{\loch " + rtf_unicode(RUSSIAN[2])
        + r" }{\field{\*\fldinst HYPERLINK " + '"https://example.org/"' + r" }{\fldrslt {"
        + rtf_unicode("Образец") + "}}}\n\\par }"
    ).encode("ascii")  # fmt: skip


_ENGLISH_RTF: Final = (
    r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss Helvetica;}}" "\n"
    r"\pard\f0 " + ENGLISH[0] + "\\\n\\\n" + ENGLISH[1] + r" caf\'e9 \'93quoted\'94\'85" + "}"
)  # fmt: skip

# Tables of text and JSON


def _excel_csv() -> bytes:
    return "\r\n".join(
        ";".join(f'"{cell}"' if ";" in cell else cell for cell in row) for row in RUSSIAN_ROWS
    ).encode("cp1251")  # fmt: skip


def _comma_csv() -> bytes:
    return ("\n".join(",".join(f'"{cell}"' if "," in cell else cell for cell in row) for row in ENGLISH_ROWS)).encode()


def _csv_paper(name: str, file_name: str, content: bytes, rows: _Rows) -> Paper:
    return Paper(
        name=name,
        file_name=file_name,
        make=lambda: content,
        sheets=(Sheet(text=_table_text(rows), tables=(_tuples(rows),)),),
        kind="delimited",
    )


def _invoice() -> bytes:
    whole = {"номер": "А-17", "позиции": [{"товар": "Бумага", "цена": 12.5}, {"товар": "Клей", "цена": 3}]}
    return json.dumps(whole, ensure_ascii=False, indent=2).encode()


PAPERS: Final = (
    Paper(
        name="windows_text",
        file_name="notes.txt",
        make=lambda: _NOTES.encode("cp1251"),
        sheets=(Sheet(text=_NOTES),),
        kind="text",
    ),
    Paper(
        name="markdown",
        file_name="notes.md",
        make=_NOTES.encode,
        sheets=(Sheet(text=_NOTES, headings=("# Порядок работы",)),),
        kind="markdown",
    ),
    Paper(
        name="markdown_readme",
        file_name="README.md",
        make=_README.encode,
        sheets=(
            Sheet(
                text=_README,
                headings=("# Harbour", "## Prices"),
                footnotes=("[^1]: A note.",),
                tables=((("Item", "Price"), ("Boat", "10"), ("Net \\| rope", "2.5")),),
            ),
        ),
        kind="markdown",
    ),
    _letter("text_cp1251", "cp1251"),
    _letter("text_koi8", "koi8-r"),
    _letter("text_cp866", "cp866"),
    _letter("text_utf16", "utf-16-le"),
    _drawn_paper("text_1c_cp866", RUSSIAN_ROWS, "cp866", "Ведомость по складу"),
    _drawn_paper("text_drawn_utf8", ENGLISH_ROWS, "utf-8", "Stock list"),
    Paper(
        name="text_printed_pages",
        file_name="print.prn",
        make=_printed,
        sheets=(Sheet(text=" ".join(RUSSIAN[:2])), Sheet(text=RUSSIAN[2])),
        kind="text",
    ),
    Paper(
        name="text_underlined",
        file_name="manual.txt",
        make=_MANUAL.encode,
        sheets=(Sheet(text=_MANUAL, headings=("Harbour Manual", "Opening hours")),),
        kind="text",
    ),
    Paper(
        name="rtf_word",
        file_name="regulation.rtf",
        make=_word_rtf,
        sheets=(
            Sheet(
                text=f"Приём заявлений {RUSSIAN[0]} 1. {RUSSIAN[1]} {_table_text(RUSSIAN_ROWS)} {RUSSIAN[2]} "
                "Утверждено в 2024 году.",
                header="Для служебного пользования",
                headings=("Приём заявлений",),
                footnotes=("Утверждено в 2024 году.",),
                tables=(_tuples(RUSSIAN_ROWS),),
                pictures=(None,),
            ),
        ),
        kind="rtf",
    ),
    Paper(
        name="rtf_libreoffice",
        file_name="regulation.rtf",
        make=_libreoffice_rtf,
        sheets=(
            Sheet(
                text=f"Приём заявлений {RUSSIAN[0]} {_table_text(RUSSIAN_ROWS)} {RUSSIAN[2]} Образец",
                headings=("Приём заявлений",),
                tables=(_tuples(RUSSIAN_ROWS),),
            ),
        ),
        kind="rtf",
    ),
    Paper(
        name="rtf_english",
        file_name="note.rtf",
        make=_ENGLISH_RTF.encode,
        sheets=(Sheet(text=f"{ENGLISH[0]} {ENGLISH[1]} café “quoted”…"),),
        kind="rtf",
    ),
    _csv_paper("csv_excel_cp1251", "stock.csv", _excel_csv(), RUSSIAN_ROWS),
    _csv_paper("csv_excel_sep", "stock.csv", b"sep=;\r\n" + _excel_csv(), RUSSIAN_ROWS),
    _csv_paper("csv_comma", "stock.csv", _comma_csv(), ENGLISH_ROWS),
    _csv_paper("tsv_1c", "export.tsv", "\r\n".join(map("\t".join, RUSSIAN_ROWS)).encode("utf-16"), RUSSIAN_ROWS),
    Paper(
        name="json_invoice",
        file_name="invoice.json",
        make=_invoice,
        sheets=(
            Sheet(
                text="номер: А-17 позиции[0].товар: Бумага позиции[0].цена: 12.5 "
                "позиции[1].товар: Клей позиции[1].цена: 3"
            ),
        ),
        kind="json",
    ),
    Paper(
        name="json_lines",
        file_name="events.jsonl",
        make=lambda: b'{"id": 12345678901234567890, "text": "ready"}\n{"id": 2, "text": "done"}\n',
        sheets=(Sheet(text="id: 12345678901234567890 text: ready id: 2 text: done"),),
        kind="json",
    ),
)
