"""Chats as Markdown, Word documents and PDF: what people wrote stays text."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import docx
import pypdfium2
import pytest
from markdown_it import MarkdownIt

from samovar.interchange.blocks import blocks_of
from samovar.interchange.docx_file import write_docx
from samovar.interchange.exporting import file_name
from samovar.interchange.markdown_file import write_markdown
from samovar.interchange.pdf_file import write_pdf
from samovar.interchange.transcript import Transcript, Turn

MARKDOWN = """## Как заварить

Текст **жирный** и `код`, [сайт](https://example.org/tea), [беда](javascript:alert(1)), ![снимок](http://example.org/x.png).

1. Вскипятить
   - до 95 °C
2. Залить

| Чай | Минуты |
|-----|--------|
| Зелёный | 3 |
| Чёрный |

```python
print("<b>")
```

> Цитата

<script>alert(1)</script>
"""
#: What Typst would run if it ever took words for markup.
TYPST = (
    '#panic("ran") #read("/etc/hostname") #import "@preview/cetz:0.4.0" #eval("1+1") $ x $ @ref <label> \\u{41} */ //'
)


def turn(text: str, *, is_verbatim: bool = False, **more: Any) -> Turn:
    about: dict[str, Any] = {"reasoning": "", "files": (), "sources": (), **more}
    return Turn(speaker="Ответ", said_at=datetime(2024, 3, 1, tzinfo=UTC), text=text, is_verbatim=is_verbatim, **about)


def transcript(*turns: Turn, title: str = "Чай") -> Transcript:
    return Transcript(
        title=title,
        begun_at=datetime(2024, 3, 1, tzinfo=UTC),
        system_prompt="Отвечай кратко.",
        turns=turns,
        words={"prompt": "Системный промпт", "reasoning": "Рассуждение", "files": "Файлы", "sources": "Источники"},
        language="ru",
    )


def pdf_text(content: bytes) -> str:
    document = pypdfium2.PdfDocument(content)
    try:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)
    finally:
        document.close()


def test_a_word_document_has_headings_lists_tables_code_and_links() -> None:
    content = write_docx(transcript(turn("Привет *всем*", is_verbatim=True), turn(MARKDOWN, sources=("[1] чай.pdf",))))
    document = docx.Document(io.BytesIO(content))
    styles = {paragraph.text: paragraph.style.name for paragraph in document.paragraphs if paragraph.style}
    assert styles["Чай"] == "Title"
    assert styles["Как заварить"] == "Heading 3"
    assert styles["Привет *всем*"] == "Normal"
    assert styles["1. Вскипятить"] == "List"
    assert styles["до 95 °C"] == "List Bullet 2"
    assert styles["[1] чай.pdf"] == "List Bullet"
    assert 'print("<b>")' in styles
    assert "<script>alert(1)</script>" in styles
    (table,) = document.tables
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["Чай", "Минуты"],
        ["Зелёный", "3"],
        ["Чёрный", ""],
    ]
    links = [rel.target_ref for rel in document.part.rels.values() if rel.is_external]
    assert links == ["https://example.org/tea"]


def test_a_pdf_says_in_russian_what_the_chat_says() -> None:
    text = pdf_text(write_pdf(transcript(turn("Привет", is_verbatim=True), turn(MARKDOWN, reasoning="Подумаю."))))
    for words in (
        "Чай",
        "Системный промпт",
        "Отвечай кратко.",
        "Привет",
        "Подумаю.",
        "Вскипятить",
        "Зелёный",
        "Минуты",
    ):
        assert words in text
    assert 'print("<b>")' in text


@pytest.mark.parametrize("place", ["title", "prompt", "person", "model", "code", "file", "reasoning"])
def test_no_words_are_run_by_typst_wherever_they_stand(place: str) -> None:
    said = turn("Да")
    match place:
        case "person":
            said = turn(TYPST, is_verbatim=True)
        case "model":
            said = turn(f"{TYPST}\n\n| {TYPST.replace('|', '')} |\n|---|\n| x |")
        case "code":
            said = turn(f"```\n{TYPST}\n```\n\n`{TYPST}`")
        case "file":
            said = turn("Да", files=(TYPST,), sources=(TYPST,))
        case "reasoning":
            said = turn("Да", reasoning=TYPST)
    whole = transcript(said, title=TYPST if place == "title" else "Чай")
    if place == "prompt":
        whole = replace(whole, system_prompt=TYPST)
    text = pdf_text(write_pdf(whole)).replace("\r\n", "").replace("\n", "")
    assert '#panic("ran")' in text.replace("“", '"').replace("”", '"')


@pytest.mark.parametrize("writer", [write_docx, write_pdf])
@pytest.mark.parametrize(
    "text",
    [
        "\x00\x1b[31m\ud800\ufffe\u202e",
        ">" * 5000,
        "- " * 5000,
        "|" * 5000,
        "[" * 20_000,
        "`" * 20_000,
        "",
        "&amp;<w:p>",
        "😀日本",
    ],
)
def test_hostile_words_become_paper_too(writer: Any, text: str) -> None:
    assert len(writer(transcript(turn(text), turn(text, is_verbatim=True), title=text[:100]))) > 1000


def test_messages_of_a_markdown_file_never_run_into_one_another() -> None:
    opened = [
        "```python\nx = 1",
        "~~~~\n```\ntext",
        "<!-- a remark",
        "<pre>\nx",
        "<script>",
        "> ```\n> x",
        "   ```",
        "<?php",
    ]
    for text in opened:
        written = write_markdown(transcript(turn(text, reasoning=text), turn("Последнее")))
        headings = [token.content for token in MarkdownIt("commonmark").parse(written) if token.type == "inline"]
        assert headings.count("Ответ") == 2, text
        assert headings[-1] == "Последнее"
    assert "x = 1\n```\n" in write_markdown(transcript(turn("```python\nx = 1")))


def test_blocks_of_a_text_are_those_of_its_markdown() -> None:
    kinds = [block.kind for block in blocks_of(MARKDOWN)]
    assert kinds == ["heading", "paragraph", "numbers", "table", "code", "quote", "paragraph"]
    (paragraph,) = blocks_of("![a](b) [c](ftp://d) [e](https://f)")
    assert [(run.text, run.link) for run in paragraph.runs if run.text.strip()] == [
        ("[a]", ""),
        ("c", ""),
        ("e", "https://f"),
    ]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Чай", "Чай"),
        ("../../etc/passwd", "etc passwd"),
        ("", "chat"),
        ("a\x00b:c", "a b c"),
        ("x" * 300, "x" * 80),
        (" . ", "chat"),
    ],
)
def test_a_title_becomes_a_name_for_any_file_system(title: str, name: str) -> None:
    assert file_name(title) == name
