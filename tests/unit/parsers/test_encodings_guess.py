"""Which encoding a text is in, told by how it reads and by what it declares."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.parsers._shared import decode_bytes, decode_text

_PROSE = (
    "В начале июля, в чрезвычайно жаркое время, под вечер, один молодой человек вышел из своей каморки, которую "
    "нанимал от жильцов, на улицу и медленно, как бы в нерешимости, отправился к мосту. Он благополучно избегнул "
    "встречи с хозяйкой на лестнице. Договор поставки вступает в силу со дня подписания и действует до полного "
    "исполнения сторонами обязательств. Поставщик обязуется передать товар в срок до 15 декабря 2024 года, а "
    "Покупатель - принять и оплатить его. Объём работ определён сметой; съезд инженеров объявил об этом в эфире. "
    "УТВЕРЖДЕНО приказом Министерства финансов Российской Федерации. Ёлка, щука, цапля и фонарь ещё здесь."
)
_FOUR = ("utf-8", "cp1251", "koi8-r", "cp866")


@given(st.integers(0, len(_PROSE) - 40), st.integers(40, 200), st.sampled_from(_FOUR))
def test_russian_prose_of_forty_characters_is_read_in_each_encoding(start: int, length: int, encoding: str) -> None:
    piece = _PROSE[start : start + length]
    assert decode_text(piece.encode(encoding), name="a.txt") == piece


@given(st.integers(0, 10**9), st.sampled_from(_FOUR), st.sampled_from([str.lower, str.title]))
def test_twelve_russian_words_in_small_letters_or_as_names_are_read_in_each_encoding(
    seed: int, encoding: str, case: Callable[[str], str]
) -> None:
    written = case(" ".join(random.Random(seed).sample(_PROSE.split(), k=12)))
    assert decode_text(written.encode(encoding), name="a.txt") == written


@pytest.mark.parametrize("encoding", _FOUR)
def test_russian_prose_of_a_hundred_and_fifty_capitals_is_read_in_each_encoding(encoding: str) -> None:
    written = _PROSE.upper()
    for start in range(len(written) - 150 + 1):
        piece = written[start : start + 150]
        assert decode_text(piece.encode(encoding), name="a.txt") == piece


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", [_PROSE, "plain ASCII words\nand more of them", "Смета: 5 €\n"])
def test_wide_text_without_a_mark_is_read(text: str, encoding: str) -> None:
    assert decode_text(text.encode(encoding), name="a.txt") == text


_DRAWN = (
    "┌────────────────┬────────┐\n│ Наименование   │ Сумма  │\n├────────────────┼────────┤\n"
    "│ Бумага офисная │ 120,00 │\n└────────────────┴────────┘\n"
)


@pytest.mark.parametrize("encoding", ["cp866", "koi8-r", "utf-8"])
def test_a_drawn_table_does_not_mislead(encoding: str) -> None:
    assert decode_text(_DRAWN.encode(encoding), name="a.txt") == _DRAWN
    long = _DRAWN.replace("─", "─" * 40)
    assert decode_text(long.encode(encoding), name="a.txt") == long


@pytest.mark.parametrize(
    "declared", [None, "utf-8", "us-ascii", "iso-8859-1", "koi8-r", "windows-1251", "nonsense", ""]
)
@pytest.mark.parametrize("encoding", _FOUR)
def test_a_false_declaration_does_not_spoil_russian_text(encoding: str, declared: str | None) -> None:
    assert decode_bytes(_PROSE.encode(encoding), declared) == _PROSE


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Zażółć gęślą jaźń", "iso8859-2"),
        ("Γειά σου Κόσμε", "iso8859-7"),
        ("日本語のテキスト", "shift_jis"),
        ("中文文本内容", "gb18030"),
        ("日本語", "iso2022_jp"),
        ("Привіт, світе їжак", "koi8-u"),
        ("Привет", "mac-cyrillic"),
        ("Добрый день", "iso8859-5"),
        ("Résumé naïve", "cp1252"),
        ("Résumé", "iso-8859-1"),
    ],
)
def test_a_true_declaration_is_believed(text: str, encoding: str) -> None:
    assert decode_bytes(text.encode(encoding), encoding) == text


@pytest.mark.parametrize(
    "declared", ["zip", "rot13", "unicode_escape", "utf-7", "idna", "x" * 100_000, "\x00", "base64"]
)
def test_a_hostile_declaration_is_not_obeyed(declared: str) -> None:
    assert decode_bytes("Привет, мир \\u0041".encode(), declared) == "Привет, мир \\u0041"


def test_damaged_utf8_is_still_utf8() -> None:
    content = _PROSE.encode()
    broken = content[:100] + b"\xff" + content[100:300] + content[301:]
    text = decode_text(broken, name="a.txt")
    assert "Поставщик обязуется" in text
    assert "\ufffd" in text


def test_the_marks_of_terminals_and_of_dos_are_left_out() -> None:
    assert decode_text(b"\x1b[1;31merror\x1b[0m: no\r\n\x1a\x1a", name="a.log") == "error: no\n"


@given(st.binary(max_size=300), st.one_of(st.none(), st.sampled_from(["utf-8", "cp1251", "gbk", "utf-16", "ascii"])))
def test_any_bytes_of_a_part_become_text(content: bytes, declared: str | None) -> None:
    assert isinstance(decode_bytes(content, declared), str)
