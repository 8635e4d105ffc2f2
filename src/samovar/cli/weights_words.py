"""What the verbs about model files say, in English and in Russian."""

from collections.abc import Mapping
from typing import Final

from samovar.cli.words import Language, language_of

__all__ = ["WEIGHTS_WORDS", "say"]

WEIGHTS_WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "weights": "weights",
        "kv": "context, {tokens} tokens ({kv})",
        "overhead": "overhead",
        "total": "together",
        "fits": "fits into {memory}",
        "too_large": "does not fit into {memory}",
        "longest": "longest context",
        "tokens": "{tokens} tokens",
        "gpu_layers": "layers for a graphics card",
        "of": "{count} of {all}",
        "unknown_memory": "memory not known",
        "needs": "needs {memory}",
        "commercial_yes": "commercial use allowed",
        "commercial_conditions": "commercial use under conditions",
        "commercial_no": "no commercial use",
        "no_licence": "licence: see the source",
        "sees": "sees pictures",
        "nothing": "Nothing in the catalogue fits these wishes.",
        "kept": "Kept as {name}, SHA-256 {sha256}.",
        "kept_parts": "Kept as {name}.",
        "choose": "To load it: SAMOVAR_ENGINE_MODEL_FILE={name}",
        "removed": "Removed: {name}.",
        "no_files": "No model files are kept here.",
        "projector": "vision projector",
        "damaged": "damaged: {reason}",
        "came": "{came} of {all}",
    },
    "ru": {
        "weights": "веса",
        "kv": "контекст, {tokens} токенов ({kv})",
        "overhead": "остальное",
        "total": "вместе",
        "fits": "помещается в {memory}",
        "too_large": "не помещается в {memory}",
        "longest": "самый длинный контекст",
        "tokens": "{tokens} токенов",
        "gpu_layers": "слоёв на видеокарту",
        "of": "{count} из {all}",
        "unknown_memory": "сколько нужно памяти, неизвестно",
        "needs": "нужно {memory}",
        "commercial_yes": "коммерческое использование разрешено",
        "commercial_conditions": "коммерческое использование с условиями",
        "commercial_no": "только некоммерческое использование",
        "no_licence": "лицензия указана в источнике",
        "sees": "видит картинки",
        "nothing": "В каталоге нет ничего по этим пожеланиям.",
        "kept": "Сохранено под именем {name}, SHA-256 {sha256}.",
        "kept_parts": "Сохранено под именем {name}.",
        "choose": "Чтобы загрузить: SAMOVAR_ENGINE_MODEL_FILE={name}",
        "removed": "Удалено: {name}.",
        "no_files": "Файлов моделей здесь нет.",
        "projector": "проектор зрения",
        "damaged": "повреждён: {reason}",
        "came": "{came} из {all}",
    },
}


def say(code: str, **values: object) -> str:
    """The words of this code in the language of the command line."""
    return WEIGHTS_WORDS[language_of()][code].format_map(values)
