"""PDF: letters that somebody wrote are told from letters that a broken font gives."""

import pytest

from samovar.parsers._pdf.plausible import is_plausible

_RUSSIAN = (
    "Настоящее положение определяет порядок работы службы поддержки министерства и срок ответа на обращения граждан."
)


@pytest.mark.parametrize(
    "text",
    [
        _RUSSIAN,
        _RUSSIAN.upper(),
        "Всі люди народжуються вільними і рівними у своїй гідності та правах. Вони наділені розумом і совістю.",
        "Барлық адамдар тумысынан азат және қадір-қасиеті мен кұқықтары тең болып дүниеге келеді.",
        "Die Straßenbahn fährt jede Viertelstunde zum Bahnhof. Übermütige Kinder springen über Pfützen und Gräben.",
        "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv. Jsou nadáni rozumem a svědomím.",
        "BX-1204 KZQ-7781 WRT-0013 " * 12,
        "1 204,50 77,10 13 " * 20,
        "Δ = 4",
        "",
    ],
)
def test_what_people_write_is_believed(text: str) -> None:
    assert is_plausible(text)


@pytest.mark.parametrize(
    "text",
    [
        _RUSSIAN.encode("cp1251").decode("latin-1"),
        "".join(chr(0xE000 + ord(letter) % 64) if letter.isalpha() else letter for letter in _RUSSIAN),
        "".join("\ufffd" if letter in "аеио" else letter for letter in _RUSSIAN),
        "7KLV LV D WHVW RI D EURNHQ IRQW ZLWK VKLIWHG OHWWHUV DQG QRWKLQJ HOVH LQ LW IRU D ZKLOH XQWLO WKH HQG",
        "".join(chr((ord(letter) - ord("а") + 13) % 32 + ord("а")) if "а" <= letter <= "я" else letter
                for letter in _RUSSIAN.lower()),
    ],
)  # fmt: skip
def test_what_a_broken_font_gives_is_not_believed(text: str) -> None:
    assert not is_plausible(text)
