"""What a paragraph is by the name of its style, in Russian, English and some more languages."""

import re
from typing import Final, Literal

__all__ = ["Role", "role_of_name"]

Role = Literal["body", "heading", "title", "caption", "code"]

_HEADING: Final = re.compile(
    r"(?:heading|заголовок|titre|überschrift|título|titolo|nagłówek|kop|rubrik|标题|見出し)[ _]?([1-9])", re.IGNORECASE
)
_TITLES: Final = frozenset({"title", "название", "заголовок", "titre", "titel", "título", "titolo"})
_CAPTIONS: Final = frozenset(
    {"caption", "название объекта", "подпись", "illustration", "иллюстрация", "figure", "рисунок", "drawing",
     "table caption", "figure caption", "image caption", "подпись рисунка", "подпись таблицы", "legend"}
)  # fmt: skip
_CODE: Final = re.compile(
    r"(?i)\b(source ?code|code|codeblock|listing|preformatted(?: text)?|html preformatted|macro ?text|код|листинг|"
    r"программный код|стандартный html|исходный текст|текст в заданном формате)\b"
)


def role_of_name(style_name: str) -> tuple[Role, int]:
    """What the name of a style says, in Russian, English and some more: the role and the level of a heading."""
    plain = " ".join(style_name.replace("_20_", " ").split()).lower()
    heading = _HEADING.fullmatch(plain)
    if heading:
        return "heading", min(6, int(heading.group(1)))
    if plain in _TITLES:
        return "title", 1
    if plain in _CAPTIONS:
        return "caption", 1
    return ("code", 1) if _CODE.search(plain) else ("body", 1)
