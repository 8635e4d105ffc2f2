"""What can be asked of a picture in one step: the words of each task, and the JSON that some of them answer with."""

from collections.abc import Mapping
from typing import Final, Literal, get_args

__all__ = [
    "CHART_SCHEMA",
    "ENTITIES_SCHEMA",
    "IMAGE_TASKS",
    "MOST_ENTITIES",
    "ImageTask",
    "instruction",
    "is_russian",
    "schema_of",
]

ImageTask = Literal["describe", "read", "answer", "entities", "chart"]
IMAGE_TASKS: Final[tuple[ImageTask, ...]] = get_args(ImageTask)

#: A model that has begun to repeat itself would fill any list.
MOST_ENTITIES: Final = 50
_MOST_SERIES: Final = 20
_MOST_POINTS: Final = 200
_LONGEST_LABEL: Final = 200
#: Places are asked for in thousandths: models see pictures at sizes of their own.
_THOUSANDTHS: Final = {"type": "integer", "minimum": 0, "maximum": 1000}
_LABEL: Final = {"type": "string", "maxLength": _LONGEST_LABEL}
_MAYBE_LABEL: Final = {"type": ["string", "null"], "maxLength": _LONGEST_LABEL}

#: The box is left, top, right and bottom in thousandths of the picture's width and height.
ENTITIES_SCHEMA: Final[Mapping[str, object]] = {
    "type": "object",
    "properties": {
        "entities": {
            "type": "array",
            "maxItems": MOST_ENTITIES,
            "items": {
                "type": "object",
                "properties": {
                    "kind": {"enum": ["text", "face", "object", "table", "chart", "stamp", "signature"]},
                    "label": _LABEL,
                    "left": _THOUSANDTHS,
                    "top": _THOUSANDTHS,
                    "right": _THOUSANDTHS,
                    "bottom": _THOUSANDTHS,
                },
                "required": ["kind", "label", "left", "top", "right", "bottom"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["entities"],
    "additionalProperties": False,
}

_AXIS: Final = {
    "type": "object",
    "properties": {"label": _MAYBE_LABEL, "unit": _MAYBE_LABEL},
    "required": ["label", "unit"],
    "additionalProperties": False,
}

CHART_SCHEMA: Final[Mapping[str, object]] = {
    "type": "object",
    "properties": {
        "title": _MAYBE_LABEL,
        "kind": {"enum": ["bar", "line", "pie", "scatter", "area", "other"]},
        "x_axis": _AXIS,
        "y_axis": _AXIS,
        "series": {
            "type": "array",
            "maxItems": _MOST_SERIES,
            "items": {
                "type": "object",
                "properties": {
                    "name": _MAYBE_LABEL,
                    "points": {
                        "type": "array",
                        "maxItems": _MOST_POINTS,
                        "items": {
                            "type": "object",
                            "properties": {
                                "x": {"type": ["string", "number", "null"]},
                                "y": {"type": ["number", "null"]},
                            },
                            "required": ["x", "y"],
                            "additionalProperties": False,
                        },
                    },
                },
                "required": ["name", "points"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["title", "kind", "x_axis", "y_axis", "series"],
    "additionalProperties": False,
}

_SCHEMAS: Final[Mapping[ImageTask, Mapping[str, object]]] = {"entities": ENTITIES_SCHEMA, "chart": CHART_SCHEMA}

_ENGLISH: Final[Mapping[ImageTask, str]] = {
    "describe": "Describe the picture: what kind of picture it is, what it shows, and the words and numbers that "
    "matter. Say only what can be seen.",
    "read": "Write down all the text in the picture, word for word, in reading order and in its own language. Write "
    "tables as Markdown tables. Add nothing; put […] for what cannot be read.",
    "answer": "Answer the question from what can be seen in the picture. If it cannot be seen there, say so.",
    "entities": "List what is on the picture as JSON: texts, faces, objects, tables, charts, stamps and signatures. "
    "Give each a short label (for a text, its words) and its box: left, top, right and bottom in thousandths of the "
    "picture's width and height, from the top left corner. List only what can be seen.",
    "chart": "Read the chart in the picture and give it as JSON: title, kind, both axes with label and unit, and "
    "every series with its points. Put null where something is not given. Guess no values that cannot be read.",
}

_RUSSIAN: Final[Mapping[ImageTask, str]] = {
    "describe": "Опиши изображение: какого оно рода, что на нём показано, какие слова и числа на нём важны. Говори "
    "только о том, что видно.",
    "read": "Выпиши весь текст с изображения дословно, в порядке чтения и на его языке. Таблицы запиши таблицами "
    "Markdown. Ничего не добавляй; вместо того, что не разобрать, ставь […].",
    "answer": "Ответь на вопрос по тому, что видно на изображении. Если этого на нём не видно, так и скажи.",
    "entities": "Перечисли в JSON, что есть на изображении: тексты (text), лица (face), предметы (object), таблицы "
    "(table), диаграммы (chart), печати (stamp) и подписи (signature). У каждого дай краткое название (у текста — его "
    "слова) и рамку: left, top, right и bottom в тысячных долях ширины и высоты изображения от левого верхнего угла. "
    "Называй только то, что видно.",
    "chart": "Прочитай диаграмму на изображении и запиши её в JSON: заголовок, вид, обе оси с подписью и единицей, "
    "каждый ряд с его точками. Чего на ней нет, то null. Не угадывай значений, которых не разобрать.",
}


#: The demonstration model knows one thing to do with a picture, by these words; of a question it reads no more
#: than the question.
_DEMONSTRATION: Final[Mapping[ImageTask, str]] = {"describe": "Describe the picture.", "answer": ""}


def instruction(task: ImageTask, *, russian: bool, demonstration: bool = False) -> str:
    """What a model is told to do with the pictures before it."""
    if demonstration and task in _DEMONSTRATION:
        return _DEMONSTRATION[task]
    return (_RUSSIAN if russian else _ENGLISH)[task]


def is_russian(text: str) -> bool:
    """Whether Cyrillic letters stand in a text: then the talk about it is Russian."""
    return any("а" <= character <= "я" or character == "ё" for character in text.lower())


def schema_of(task: ImageTask) -> Mapping[str, object] | None:
    """The JSON Schema that the answer has to follow; None where it is prose."""
    return _SCHEMAS.get(task)
