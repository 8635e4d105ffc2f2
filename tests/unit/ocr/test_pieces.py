"""Lines become headings, paragraphs, items and tables, and these one text."""

from samovar.domain.layout import Rectangle
from samovar.ocr.compose import compose
from samovar.ocr.lines import Box, ReadLine, ReadWord, union
from samovar.ocr.pieces import Piece, ReadCell, TablePiece, TextPiece, ordered_pieces

_PAGE_PX = 1000.0


def _line(text: str, *, x: float = 100, y: float, height: float = 20, block: int = 0, width: float = 10) -> ReadLine:
    words, at = [], x
    for word in text.split():
        box = Box(at, y, at + width * len(word), y + height)
        words.append(ReadWord(text=word, box=box, confidence=0.9, is_known=True))
        at = box.right + width
    return ReadLine(words=tuple(words), box=union(word.box for word in words), block=block)


def _table(y: float) -> TablePiece:
    cells = [("Имя", 0, 0, 1), ("Год", 0, 1, 1), ("Ель", 1, 0, 1), ("1990", 1, 1, 1), ("Всего", 2, 0, 2)]
    return TablePiece(
        cells=tuple(
            ReadCell(row=row, column=column, row_span=1, column_span=span, words=_line(text, y=y).words)
            for text, row, column, span in cells
        ),
        box=Box(100, y, 500, y + 100),
    )


def _kinds(pieces: list[Piece]) -> list[str]:
    return [piece.kind if isinstance(piece, TextPiece) else "table" for piece in pieces]


def _text(*lines: ReadLine) -> str:
    return compose(ordered_pieces(lines, [], _PAGE_PX), _as_is)[0]


def _as_is(box: Box) -> Rectangle:
    return Rectangle(x=box.left, y=box.top, width=box.width, height=box.height)


def test_a_large_line_is_a_heading_and_a_gap_parts_paragraphs() -> None:
    lines = [
        _line("Годовой отчёт", y=100, height=34),
        _line("Первый абзац начинается здесь и идёт", y=160),
        _line("до второй строки", y=185),
        _line("Второй абзац стоит ниже", y=240),
    ]
    pieces = ordered_pieces(lines, [], _PAGE_PX)
    assert _kinds(pieces) == ["heading", "paragraph", "paragraph"]
    assert [piece.level for piece in pieces if isinstance(piece, TextPiece)] == [1, None, None]


def test_items_of_a_list_stand_each_alone() -> None:
    lines = [_line("Нужно взять:", y=100), _line("• хлеб", y=125), _line("• соль", y=150), _line("3) воду", y=175)]
    assert _kinds(ordered_pieces(lines, [], _PAGE_PX)) == ["paragraph", "list_item", "list_item", "list_item"]


def test_a_page_number_at_the_edge_stands_apart() -> None:
    lines = [_line("17", y=20), _line("Текст страницы", y=300), _line("стр. 17 из 20", y=960)]
    assert _kinds(ordered_pieces(lines, [], _PAGE_PX)) == ["header", "paragraph", "footer"]
    assert _kinds(ordered_pieces([_line("17", y=500)], [], _PAGE_PX)) == ["paragraph"]


def test_a_table_stands_where_it_is_in_its_own_column() -> None:
    left = [_line("слева сверху", y=100), _line("слева снизу", y=600)]
    right = [_line("справа сверху", x=600, y=100, block=1), _line("справа снизу", x=600, y=600, block=1)]
    pieces = ordered_pieces([*left, *right], [_table(300)], _PAGE_PX)
    assert _kinds(pieces) == ["paragraph", "table", "paragraph", "paragraph", "paragraph"]


def test_a_table_alone_on_a_page_is_all_of_it() -> None:
    assert _kinds(ordered_pieces([], [_table(300)], _PAGE_PX)) == ["table"]


def test_a_word_divided_at_the_end_of_a_line_is_whole_and_keeps_both_its_boxes() -> None:
    lines = [_line("проверка обору-", y=100), _line("дования", y=125)]
    text, _, words = compose(ordered_pieces(lines, [], _PAGE_PX), _as_is)
    assert text == "проверка оборудования"
    assert [text[word.start : word.end] for word in words] == ["проверка", "обору", "дования"]
    assert [word.box.y for word in words] == [100, 100, 125]


def test_a_dash_and_a_compound_name_stay() -> None:
    assert _text(_line("прямая речь -", y=100), _line("это тире", y=125)) == "прямая речь - это тире"
    assert _text(_line("город Комсомольск-", y=100), _line("На-Амуре", y=125)) == "город Комсомольск- На-Амуре"


def test_cells_are_divided_by_tabs_and_rows_by_line_ends() -> None:
    text, (block,), words = compose([_table(100)], _as_is)
    assert text == "Имя\tГод\nЕль\t1990\nВсего"
    assert [(cell.row, cell.column, cell.column_span, text[cell.start : cell.end]) for cell in block.cells] == [
        (0, 0, 1, "Имя"),
        (0, 1, 1, "Год"),
        (1, 0, 1, "Ель"),
        (1, 1, 1, "1990"),
        (2, 0, 2, "Всего"),
    ]
    assert [cell.is_header for cell in block.cells] == [True, True, False, False, False]
    assert [text[word.start : word.end] for word in words] == ["Имя", "Год", "Ель", "1990", "Всего"]
