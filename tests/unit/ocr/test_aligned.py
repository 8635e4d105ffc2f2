"""Rows of short words under each other are a table; columns of prose are none."""

from collections.abc import Sequence

from samovar.ocr.aligned import take_aligned
from samovar.ocr.lines import Box, ReadLine, ReadWord, union
from samovar.ocr.ruling import Grid


def _word(text: str, x: float, y: float) -> ReadWord:
    box = Box(x, y, x + 10 * len(text), y + 20)
    return ReadWord(text=text, box=box, confidence=0.9, is_known=True)


def _columns(rows: Sequence[tuple[float, Sequence[str]]], places: Sequence[float]) -> list[ReadLine]:
    """Each cell as a line of its own block, column by column, as Tesseract hands tables over."""
    lines = []
    for column, x in enumerate(places):
        for y, cells in rows:
            at, words = x, []
            for text in cells[column].split():
                words.append(_word(text, at, y))
                at = words[-1].box.right + 8
            if words:
                lines.append(ReadLine(words=tuple(words), box=union(word.box for word in words), block=column))
    return lines


def _shape(grid: Grid) -> tuple[int, int]:
    return 1 + max(cell.row for cell in grid.cells), 1 + max(cell.column for cell in grid.cells)


_ROWS = ((100.0, ("Имя", "Год", "Место")), (140.0, ("Ель", "1990", "Тверь")), (180.0, ("Клён", "", "Псков")))


def test_words_in_columns_are_a_table() -> None:
    left, (grid,) = take_aligned(_columns(_ROWS, (50, 200, 350)))
    assert left == []
    assert _shape(grid) == (3, 3)
    assert all(cell.row_span == cell.column_span == 1 for cell in grid.cells)


def test_what_stands_around_a_table_stays_text() -> None:
    above = ReadLine(words=(_word("Список", 50, 20), _word("деревьев", 118, 20)), box=Box(50, 20, 198, 40), block=9)
    left, grids = take_aligned([above, *_columns(_ROWS, (50, 200, 350))])
    assert left == [above]
    assert len(grids) == 1


def test_a_second_line_of_a_cell_is_no_row() -> None:
    rows = (
        (100.0, ("Станция", "Пассажиры,", "Год")),
        (122.0, ("", "тысяч", "")),
        (160.0, ("Лес", "12", "1990")),
        (198.0, ("Поле", "7", "1991")),
        (236.0, ("Река", "9", "1992")),
    )
    _, (grid,) = take_aligned(_columns(rows, (50, 200, 350)))
    assert _shape(grid) == (4, 3)


def test_two_columns_of_prose_are_no_table() -> None:
    rows = [(100.0 + 26 * place, ("много слов стоит здесь", "и ещё больше слов там")) for place in range(8)]
    lines = _columns(rows, (50, 330))
    assert take_aligned(lines) == (lines, [])


def test_two_rows_are_no_table() -> None:
    lines = _columns(_ROWS[:2], (50, 200, 350))
    assert take_aligned(lines) == (lines, [])


def test_a_page_without_words_has_no_table() -> None:
    assert take_aligned([]) == ([], [])
