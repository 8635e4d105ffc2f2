"""What ``samovar eval`` says, in English and in Russian."""

from collections.abc import Mapping
from typing import Final

from samovar.cli.words import Language, language_of

__all__ = ["EVAL_WORDS", "say_eval"]

EVAL_WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "index": "Indexing texts",
        "embed": "Making vectors",
        "ask": "Asking questions",
        "left": "left",
        "title": "{questions} questions, {units} {kind}",
        "paragraph": "paragraphs",
        "sentence": "sentences",
        "arm": "search",
        "p50": "p50, ms",
        "p95": "p95, ms",
        "lexical": "by words",
        "dense": "by vectors",
        "hybrid": "both",
        "reranked": "both, re-ranked",
        "no_embedder": "There is no embedder (retrieval.embedder): only search by words was measured.",
        "left_out": "Questions without an answer were left out: {count}.",
        "moved": "Answers that do not stand where the file says, and were found beside it: {count}.",
        "limited": "Only {count} of {all} questions are asked.",
        "cache_damaged": "Stored vectors that were damaged and were made anew: {count}.",
        "folder_stays": "The temporary folder {folder} could not be removed.",
        "cache_unwritable": "Vectors could not be stored in {folder}; the next run makes them again.",
        "grounding_title": "{documents} documents, {questions} questions",
        "figure": "figure",
        "of": "count",
        "kind": "language / kind",
        "by_kind": "Judged rightly, by language and kind",
        "citation_precision": "sources shown that are right",
        "citation_recall": "true claims with the right source",
        "flagged": "altered, wrong-page and invented claims marked",
        "verified": "true claims borne out",
        "refused": "questions without an answer refused",
        "wrongly_refused": "questions with an answer refused",
    },
    "ru": {
        "index": "Тексты в индекс",
        "embed": "Векторы",
        "ask": "Вопросы",
        "left": "осталось",
        "title": "Вопросов: {questions}, {kind}: {units}",
        "paragraph": "абзацев",
        "sentence": "предложений",
        "arm": "поиск",
        "p50": "p50, мс",
        "p95": "p95, мс",
        "lexical": "по словам",
        "dense": "по векторам",
        "hybrid": "вместе",
        "reranked": "вместе, с переранж.",
        "no_embedder": "Модели векторов нет (retrieval.embedder): измерен только поиск по словам.",
        "left_out": "Вопросов без ответа, они пропущены: {count}.",
        "moved": "Ответов, которые стоят не там, где сказано в файле, и нашлись рядом: {count}.",
        "limited": "Задано вопросов: {count} из {all}.",
        "cache_damaged": "Сохранённых векторов, которые испортились и сделаны заново: {count}.",
        "folder_stays": "Временную папку {folder} удалить не удалось.",
        "cache_unwritable": "Сохранить векторы в {folder} не удалось; в следующий раз они будут сделаны снова.",
        "grounding_title": "Документов: {documents}, вопросов: {questions}",
        "figure": "показатель",
        "of": "число",
        "kind": "язык / вид",
        "by_kind": "Верные решения по языкам и видам",
        "citation_precision": "верных среди показанных источников",
        "citation_recall": "верных утверждений с верным источником",
        "flagged": "отмечено изменённых, чужих и выдуманных",
        "verified": "подтверждено верных утверждений",
        "refused": "отказов на вопросы без ответа",
        "wrongly_refused": "отказов на вопросы с ответом",
    },
}


def say_eval(key: str, **values: object) -> str:
    """A sentence in the language of the command line."""
    return EVAL_WORDS[language_of()][key].format_map(values)
