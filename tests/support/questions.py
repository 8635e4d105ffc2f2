"""A tiny data set in two languages, in SQuAD's form, for tests that measure search."""

import json
from pathlib import Path
from typing import Final

__all__ = ["PARAGRAPHS", "write_dataset"]

#: Two paragraphs' worth of each language: what is asked, and the answer as it stands there.
PARAGRAPHS: Final = {
    "en": (
        (
            "The samovar boils four litres of water in twenty minutes. Charcoal burns in its inner pipe.",
            (("How long does it take to boil the water?", "twenty minutes"), ("What burns inside?", "Charcoal")),
        ),
        (
            "The lighthouse on the northern cape was built of granite in 1868. Its lamp is seen from thirty miles.",
            (("Of what was the lighthouse built?", "granite"), ("How far is the lamp seen?", "thirty miles")),
        ),
        (
            "Honey bees dance to tell each other where flowers grow. The angle of the dance points at the sun.",
            (("Why do bees dance?", "to tell each other where flowers grow"), ("At what does it point?", "the sun")),
        ),
    ),
    "ru": (
        (
            "Самовар кипятит четыре литра воды за двадцать минут. Во внутренней трубе горит древесный уголь.",
            (("За какое время закипает вода?", "двадцать минут"), ("Что горит внутри?", "древесный уголь")),
        ),
        (
            "Маяк на северном мысу построили из гранита в 1868 году. Его лампу видно за тридцать миль.",
            (("Из чего построили маяк?", "гранита"), ("Издалека ли видно лампу маяка?", "за тридцать миль")),
        ),
        (
            "Медоносные пчёлы танцуют, чтобы рассказать друг другу, где растут цветы. Угол танца указывает на солнце.",
            (("Зачем пчёлы танцуют?", "рассказать друг другу, где растут цветы"), ("На что он указывает?", "солнце")),
        ),
    ),
}


def write_dataset(folder: Path, language: str) -> Path:
    """Write the data set of a language; the ids are the same in both."""
    paragraphs = [
        {
            "context": context,
            "qas": [
                {
                    "id": f"{number}-{place}",
                    "question": question,
                    "answers": [{"text": answer, "answer_start": context.index(answer)}],
                }
                for place, (question, answer) in enumerate(questions)
            ],
        }
        for number, (context, questions) in enumerate(PARAGRAPHS[language])
    ]
    path = folder / f"questions.{language}.json"
    path.write_text(json.dumps({"data": [{"title": "", "paragraphs": paragraphs}]}), encoding="utf-8")
    return path
