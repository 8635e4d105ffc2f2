"""The words of the fit advisor, in English and in Russian."""

from collections.abc import Mapping
from typing import Final, Literal, get_args

from samovar.weights.fit import Advice, Fit

__all__ = ["ADVICE_LANGUAGES", "ADVICE_WORDS", "AdviceLanguage", "advice_sentences", "fit_body", "size_text"]

AdviceLanguage = Literal["en", "ru"]
ADVICE_LANGUAGES: Final[tuple[AdviceLanguage, ...]] = get_args(AdviceLanguage)

#: A sentence for every code of ``AdviceCode``; ``{size}`` is made from the value ``bytes``.
ADVICE_WORDS: Final[Mapping[AdviceLanguage, Mapping[str, str]]] = {
    "en": {
        "context_cut": "The model was trained for {tokens} tokens: more context than that is not counted.",
        "quantised_kv": "Store the context as q8_0 (setting engine.kv_cache): it saves {size}, and then it fits.",
        "smaller_context": "Take a context of at most {tokens} tokens.",
        "smaller_quantisation": "Take the quantisation {quantisation}, about {size}.",
        "smaller_model": "Take a smaller model: up to about {billions} billion parameters in {quantisation}.",
        "more_memory": "This memory is too small for any model; this one needs {size}.",
        "better_quantisation": "The quantisation {quantisation}, about {size}, fits too and answers more exactly.",
        "longer_context": "A context of up to {tokens} tokens fits.",
        "some_layers": "A graphics card holds {layers} of {of} layers: set gpu_layers to {layers}; the rest stays in "
        "main memory.",
        "all_layers": "A graphics card holds all {layers} layers.",
    },
    "ru": {
        "context_cut": "Модель обучена на контексте в {tokens} токенов: больший не учитывается.",
        "quantised_kv": "Храните контекст в q8_0 (engine.kv_cache): это сбережёт {size}, и модель поместится.",
        "smaller_context": "Возьмите контекст не больше {tokens} токенов.",
        "smaller_quantisation": "Возьмите квантование {quantisation}, около {size}.",
        "smaller_model": "Возьмите модель поменьше: примерно до {billions} млрд параметров в {quantisation}.",
        "more_memory": "Столько памяти мало для любой модели; этой нужно {size}.",
        "better_quantisation": "Квантование {quantisation}, около {size}, тоже поместится и отвечает точнее.",
        "longer_context": "Поместится контекст до {tokens} токенов.",
        "some_layers": "На видеокарту помещаются слои: {layers} из {of}. Задайте gpu_layers = {layers}; остальные "
        "останутся в основной памяти.",
        "all_layers": "На видеокарту помещаются все слои ({layers}).",
    },
}
_UNITS: Final[Mapping[AdviceLanguage, tuple[str, str]]] = {"en": ("MB", "GB"), "ru": ("МБ", "ГБ")}


def advice_sentences(advice: tuple[Advice, ...], language: AdviceLanguage) -> list[str]:
    """What to do, the first thing first."""
    words = ADVICE_WORDS[language]
    return [words[item.code].format_map(_shown(item, language)) for item in advice]


def fit_body(fit: Fit, language: AdviceLanguage) -> dict[str, object]:
    """A fit as programs read it: ``samovar fit --json`` and the API give this shape."""
    return {
        "weights_bytes": fit.weights_bytes,
        "kv_bytes": fit.kv_bytes,
        "overhead_bytes": fit.overhead_bytes,
        "total_bytes": fit.total_bytes,
        "memory_bytes": fit.memory_bytes,
        "fits": fit.fits,
        "max_context": fit.max_context,
        "gpu_layers": fit.gpu_layers,
        "advice": advice_sentences(fit.advice, language),
    }


def size_text(size_bytes: int, language: AdviceLanguage) -> str:
    """A size for people: megabytes below a gigabyte, both decimal."""
    mega, giga = _UNITS[language]
    if size_bytes < 1_000_000_000:
        return f"{size_bytes / 1e6:.0f} {mega}"
    text = f"{size_bytes / 1e9:.1f} {giga}"
    return text.replace(".", ",") if language == "ru" else text


def _shown(advice: Advice, language: AdviceLanguage) -> dict[str, object]:
    shown: dict[str, object] = dict(advice.values)
    if isinstance(size_bytes := shown.get("bytes"), int):
        shown["size"] = size_text(size_bytes, language)
    if language == "ru" and "billions" in shown:
        shown["billions"] = str(shown["billions"]).replace(".", ",")
    return shown
