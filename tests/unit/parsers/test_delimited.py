"""Tables of text: separators, quotes, encodings, headers, and prose that is none."""

import pytest

from samovar.domain.page import ParsedPage
from samovar.parsers import delimited, text
from samovar.ports.parser import ParserLimits

_LIMITS = ParserLimits(pages=20, pixels=1_000_000)


def _page(content: bytes) -> ParsedPage:
    _, page = delimited.read(content, "a.csv", _LIMITS)
    assert isinstance(page, ParsedPage)
    return page


def _rows(content: bytes) -> list[list[str]]:
    page = _page(content).page
    rows: dict[int, list[str]] = {}
    for cell in page.blocks[0].cells:
        rows.setdefault(cell.row, []).append(page.text[cell.start : cell.end])
    return list(rows.values())


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
@pytest.mark.parametrize("encoding", ["cp1251", "utf-8-sig", "utf-16", "cp866"])
def test_the_separator_and_the_encoding_are_found(separator: str, encoding: str) -> None:
    written = separator.join(["Фамилия", "Отдел"]) + "\r\n" + separator.join(["Иванов", "Кадры"]) + "\r\n"
    assert _rows(written.encode(encoding)) == [["Фамилия", "Отдел"], ["Иванов", "Кадры"]]


def test_decimal_commas_do_not_divide() -> None:
    assert _rows("Имя;Сумма\nПётр;1,5\nАнна;22,75\n".encode()) == [["Имя", "Сумма"], ["Пётр", "1,5"], ["Анна", "22,75"]]


def test_quotes_hold_separators_line_ends_and_quotes() -> None:
    assert _rows(b'a,b\n"x, ""y""\nz",2\n') == [["a", "b"], ['x, "y" z', "2"]]


def test_a_quote_that_is_never_closed_takes_one_line() -> None:
    rows = _rows(b'a;b\n"x;1\n' + b"y;2\n" * 500)
    assert len(rows) == 502
    assert rows[1:3] == [['"x', "1"], ["y", "2"]]


def test_the_line_of_excel_names_the_separator_and_is_no_row() -> None:
    assert _rows("sep=,\r\nа,б;в\r\n1,2\r\n".encode()) == [["а", "б;в"], ["1", "2"]]
    assert _rows(b'a;b\n="007";1\n') == [["a", "b"], ["007", "1"]]


def test_the_header_is_the_row_of_names() -> None:
    page = _page("Отчёт;;\nИмя;Сумма;Дата\nА;1;2\n".encode()).page
    assert {cell.row for cell in page.blocks[0].cells if cell.is_header} == {1}
    assert not any(cell.is_header for cell in _page(b"1;2\n3;4\n").page.blocks[0].cells)


def test_more_cells_than_a_table_may_have_leave_a_sign() -> None:
    page = _page(b"a;b\n" * 150_000).page
    assert page.reason == "partly_read"
    assert len(page.blocks[0].cells) == 200_000


_PROSE = "Раз, два, три.\nЧетыре, пять, шесть.\nСемь, восемь, девять.\nДесять, сто, тысяча.\nВот, так, всё.\n"


@pytest.mark.parametrize(
    ("content", "name", "is_table"),
    [
        (_PROSE, "a.txt", False),
        (_PROSE, "", False),
        ("a;b;c\n1;2;3\n4;5;6\n7;8;9\n", "", True),
        ("a;b;c\n1;2;3\n4;5;6\n7;8;9\n", "a.log", False),
        ("a\tb\n1\t2\n3\t4\n5\t6\n", "a.txt", True),
        ("a,b\n1,2\n", "a.csv", True),
        ("один столбец\nдва\n", "a.csv", True),
        ("a;b;c\n1;2\n", "a.txt", False),
    ],
)
def test_prose_is_not_taken_for_a_table(content: str, name: str, is_table: bool) -> None:
    assert delimited.recognises(content.encode(), name) is is_table
    assert text.recognises(content.encode(), name) is not is_table
