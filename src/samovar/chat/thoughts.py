"""Tell the thoughts of a model from what it was asked to write, in Russian and English."""

import re
from typing import Final

__all__ = ["has_thoughts"]

#: The tags and headings that reasoning models put their thoughts in, where a server does not keep them apart.
#: Source: the chat templates of DeepSeek, Qwen, Kimi, Mistral, Gemma and gpt-oss, 2024-2026.
_TAGGED: Final = re.compile(
    r"</?(?:think|thinking|thought|reasoning|analysis|reflection|scratchpad)\b|\[/?THINK\]|<\|channel\|>|◁/?think▷",
    re.IGNORECASE,
)
_WORK: Final = (
    "summari[sz]e|write|produce|create|make|check|keep|include|analy[sz]e|condense|extract|identify|figure|avoid|start"
    "|begin|think"
)
_RUSSIAN_WORK: Final = (
    "состав|напис|напиш|сдела|выдел|кратко|сжат|сжал|переда|понят|пересказ|сохран|резюм|проанализ|дума|подум|учест|убед"
)
#: How thoughts begin, at the start of a line or a sentence.
_BEGINNINGS: Final = re.compile(
    "|".join(
        (
            r"let me (?!know\b)",
            rf"let['’]s (?:see|go|break|look|first|{_WORK})",
            r"(?:okay|ok|alright|hmm+|well|right|sure)[,.!…]+ (?:so|let|i|the user|we|first|now|here)\b",
            r"hmm+\b",
            r"wait[,.!]",
            r"(?:(?:first|now|next|so),? )?i (?:need|have|should|must|will|can|am going|want)(?: to)?(?: now)? "
            rf"(?:{_WORK})",
            rf"i['’](?:ll|m going to) (?:now |go|{_WORK})",
            rf"the user (?:wants|asks|asked|needs) (?:me|us) to (?:{_WORK})",
            rf"we (?:need|have|must|should) (?:to )?(?:{_WORK})",
            r"(?:my |the )?(?:chain[- ]of[- ]thought|thought process|thinking|reasoning|thoughts?|scratchpad)\W{0,4}:",
            r"thinking (?:step by step|process|aloud)",
            r"step[- ]by[- ]step\b",
            r"(?:так|итак|хорошо|ладно|окей|ок|хм+|ну)[,.!…]+ (?:мне|давай|сначала|пользователь просит|нужно|надо|я )",
            r"хм+\b",
            rf"давайте? (?:разбер|начн|посмотр|сначала|{_RUSSIAN_WORK})",
            r"(?:(?:сначала|теперь|итак,|значит,) )?(?:мне|нам) (?:нужно|надо|следует|необходимо|предстоит) "
            rf"(?:\w+ )?(?:{_RUSSIAN_WORK})",
            rf"я (?:должен|должна|буду|попробую|начну|хочу|могу) (?:\w+ )?(?:с |{_RUSSIAN_WORK})",
            rf"пользователь (?:хочет|просит|попросил), чтобы я (?:{_RUSSIAN_WORK})",
            r"(?:ход (?:моих )?(?:мыслей|рассуждений)|цепочка (?:мыслей|рассуждений)|мои мысли|рассуждени[ея]"
            r"|размышлени[ея]|мысли)\W{0,4}:",
            r"подумаем\b",
            r"рассуждаю\b",
            r"порассуждаем\b",
            r"разбер[её]м(?:ся)?\b",
        )
    ),
    re.IGNORECASE,
)
#: Where a line or a sentence begins, marks of lists and of emphasis passed over.
_STARTS: Final = re.compile(r"(?:^|(?<=[.!?…:]\s)|(?<=\n))[\s>*_#\"“«(\-–—•]{0,12}(?:\d{1,2}[.)]\s{0,4})?(?=\w)")


def has_thoughts(text: str) -> bool:
    """Tell whether a model thinks aloud in a text: tags of thoughts, or sentences about what it is going to write."""
    if _TAGGED.search(text):
        return True
    return any(_BEGINNINGS.match(text, start.end()) for start in _STARTS.finditer(text))
