"""What ``samovar ledger`` says beside the ledger, in English and in Russian."""

from collections.abc import Mapping
from typing import Final

from samovar.cli.words import Language, language_of

__all__ = ["LEDGER_WORDS", "say_ledger"]

LEDGER_WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "model": "Model: {model} ({backend})",
        "budget": "Sent {sent} of {budget} tokens; {reply} of {context} are kept for the reply.",
        "tokenizer": "Counted by the model's tokenizer.",
        "calibrated": "Estimated, and put right by what the model server has told before.",
        "estimate": "Estimated: the model server has no tokenizer to ask.",
        "sent": "Sent, in this order",
        "left_out": "Left out",
        "nothing": "Nothing was sent: the request was not made.",
        "kind_system": "system prompt",
        "kind_example": "example",
        "kind_facts": "pinned facts",
        "kind_summary": "summary",
        "kind_recalled": "recalled turn",
        "kind_turn": "turn",
        "kind_rules": "our words",
        "kind_passage": "passage",
        "kind_image": "picture",
        "kind_question": "question",
        "reason_no_room": "no room",
        "reason_summarised": "the summary stands for it",
        "reason_new_context": "said before the context began anew",
        "reason_far_from_question": "others are nearer to the question",
        "reason_no_vision": "the model cannot see",
        "reason_too_many": "too many pictures",
        "messages": "{count} messages",
        "examples": "{count} examples",
    },
    "ru": {
        "model": "Модель: {model} ({backend})",
        "budget": "Отправлено {sent} из {budget} токенов; {reply} из {context} оставлено для ответа.",
        "tokenizer": "Посчитано токенизатором модели.",
        "calibrated": "Оценка, поправленная по прежним сообщениям сервера моделей.",
        "estimate": "Оценка: у сервера моделей нет токенизатора.",
        "sent": "Отправлено, в этом порядке",
        "left_out": "Не отправлено",
        "nothing": "Ничего не отправлено: запроса не было.",
        "kind_system": "системный промпт",
        "kind_example": "пример",
        "kind_facts": "закреплённое",
        "kind_summary": "сводка",
        "kind_recalled": "вернувшаяся реплика",
        "kind_turn": "реплика",
        "kind_rules": "наши слова",
        "kind_passage": "выдержка",
        "kind_image": "картинка",
        "kind_question": "вопрос",
        "reason_no_room": "нет места",
        "reason_summarised": "её заменяет сводка",
        "reason_new_context": "сказано до начала нового контекста",
        "reason_far_from_question": "другие ближе к вопросу",
        "reason_no_vision": "модель не видит",
        "reason_too_many": "слишком много картинок",
        "messages": "реплик: {count}",
        "examples": "примеров: {count}",
    },
}


def say_ledger(key: str, **values: object) -> str:
    """A sentence in the language of the command line; a key without words is said as it is."""
    words = LEDGER_WORDS[language_of()].get(key)
    return key.partition("_")[2] or key if words is None else words.format_map(values)
