"""What ``samovar search`` says beside what it finds, in English and in Russian."""

from collections.abc import Mapping
from typing import Final

from samovar.cli.words import Language, language_of

__all__ = ["SEARCH_WORDS", "say_search"]

SEARCH_WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "lexical": "words: place {rank} ({score})",
        "lexical_not": "words: —",
        "dense": "vectors: place {rank} ({score})",
        "dense_not": "vectors: —",
        "beyond": "beyond the best",
        "fused": "both: {score}",
        "reranked": "re-ranked: {score}",
        "matched": "matched: {words}",
        "place": "characters {start} to {end}",
        "took": "Took {all} ms: {stages}",
        "dense_filling": "Some passages have no vector yet and were found by their words alone.",
        "dense_failed": "The embedder could not be asked: passages were found by their words alone.",
        "dense_off": "There are no vectors: passages were found by their words alone.",
        "reranker_failed": "The re-ranker could not be asked: the one that needs no model has ranked.",
    },
    "ru": {
        "lexical": "по словам: место {rank} ({score})",
        "lexical_not": "по словам: —",
        "dense": "по векторам: место {rank} ({score})",
        "dense_not": "по векторам: —",
        "beyond": "не среди лучших",
        "fused": "вместе: {score}",
        "reranked": "переранжировано: {score}",
        "matched": "совпали: {words}",
        "place": "знаки {start}–{end}",
        "took": "Заняло {all} мс: {stages}",
        "dense_filling": "У части выдержек ещё нет векторов: они найдены только по словам.",
        "dense_failed": "Модель векторов не ответила: выдержки найдены только по словам.",
        "dense_off": "Векторов нет: выдержки найдены только по словам.",
        "reranker_failed": "Модель переранжирования не ответила: упорядочено без модели.",
    },
}


def say_search(key: str, **values: object) -> str:
    """A sentence in the language of the command line."""
    return SEARCH_WORDS[language_of()][key].format_map(values)
