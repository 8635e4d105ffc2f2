"""Words of the plain papers, in Russian and English, and how old programs put them into bytes."""

from typing import Final

__all__ = ["ENGLISH", "ENGLISH_ROWS", "RUSSIAN", "RUSSIAN_ROWS", "rtf_escaped", "rtf_unicode"]

RUSSIAN: Final = (
    "Настоящее Положение определяет порядок приёма заявлений граждан и сроки их рассмотрения в отделе.",
    "Заявление подаётся лично, по почте или через представителя; к нему прилагаются копии документов.",
    "Ответственный сотрудник регистрирует заявление в день поступления и сообщает заявителю номер.",
)
ENGLISH: Final = (
    "This regulation describes how applications are received and how long their review may take.",
    "An application is handed in personally, by post or through a representative, with copies attached.",
    "The officer on duty registers each application on the day it arrives and tells the number.",
)
RUSSIAN_ROWS: Final = (
    ("Наименование", "Количество", "Сумма, руб."),
    ("Бумага офисная", "120", "36000,50"),
    ("Картридж чёрный", "7", "18900,00"),
    ("Скрепки; кнопки", "45", "1350,75"),
)
ENGLISH_ROWS: Final = (
    ("Item", "Quantity", "Amount"),
    ("Office paper", "120", "360.50"),
    ("Black cartridge", "7", "189.00"),
    ("Clips, pins", "45", "13.75"),
)


def rtf_escaped(text: str, encoding: str = "cp1251") -> str:
    r"""Letters beyond ASCII as ``\'xx``."""
    return "".join(letter if letter < "\x80" else f"\\'{letter.encode(encoding)[0]:02x}" for letter in text)


def rtf_unicode(text: str) -> str:
    r"""Letters beyond ASCII as ``\uN`` with a question mark for old readers."""
    return "".join(letter if letter < "\x80" else f"\\u{ord(letter)}?" for letter in text)
