"""Plain text in the encodings that people have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.domain.errors import DocumentError, FileEmpty, FileTypeUnknown
from samovar.parsers._shared import clean_characters, decode_text, looks_like_text

_LETTER = (
    "Уважаемые коллеги! Сообщаем, что служба поддержки переехала на новый порт.\r\n"
    "Заявки №5 принимаются с 9 до 18 часов."
)
_CAPITALS = "ПРИКАЗ МИНИСТРА О РАБОТЕ СЛУЖБЫ ПОДДЕРЖКИ"
_SHORT = "Привет, мир"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1251", "koi8-r", "cp866"])
@pytest.mark.parametrize("text", [_LETTER, _CAPITALS, _SHORT], ids=["letter", "capitals", "short"])
def test_russian_text_is_read_in_every_usual_encoding(text: str, encoding: str) -> None:
    written = text.replace("№", "N")
    assert decode_text(written.encode(encoding), name="a.txt") == written.replace("\r\n", "\n")


def test_the_number_sign_survives_in_windows_text() -> None:
    assert "№5" in decode_text(_LETTER.encode("cp1251"), name="a.txt")


@pytest.mark.parametrize("text", ["Un café près de l'hôtel", "Grüße aus München", "Señor Núñez"])
def test_western_text_does_not_become_russian(text: str) -> None:
    assert decode_text(text.encode("cp1252"), name="a.txt") == text


@pytest.mark.parametrize(
    "content",
    [
        b"text\x00with zeros",
        b"\x7fELF\x02\x01\x01",
        b"PK\x03\x04archive",
        b"\xff\xfeodd",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b" \n<!DOCTYPE html><p>hello",
        b"<?xml version='1.0'?><a/>",
        b"{\\rtf1 hello}",
        b"\xef\xbb\xbf<html>",
        bytes(range(256)),
    ],
)
def test_binary_data_and_markup_are_not_text(content: bytes) -> None:
    assert not looks_like_text(content)
    with pytest.raises(FileTypeUnknown):
        decode_text(content, name="a.txt")


@pytest.mark.parametrize("content", [b"", b" \r\n\t ", b"\xef\xbb\xbf", b"\xff\xfe \x00"])
def test_white_space_alone_is_an_empty_file(content: bytes) -> None:
    with pytest.raises(FileEmpty):
        decode_text(content, name="a.txt")


@given(st.binary(max_size=200))
def test_any_bytes_give_storable_text_or_a_known_error(content: bytes) -> None:
    try:
        text = decode_text(content, name="a.txt")
    except DocumentError:
        return
    assert text.strip()
    text.encode("utf-8")
    assert not any(ord(character) < 32 and character not in "\n\t" for character in text)


@given(st.text(alphabet=st.characters(codec=None), max_size=50))
def test_cleaning_keeps_every_place(text: str) -> None:
    cleaned = clean_characters(text)
    assert len(cleaned) == len(text)
    assert "\x00" not in cleaned
    cleaned.encode("utf-8")
