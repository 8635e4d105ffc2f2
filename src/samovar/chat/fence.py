"""Keep the words of documents apart from ours: nothing that stands in a document may pass for a part of the prompt.

A document may have been written to be read by a model. What it could use is taken from its text before a model sees
it: characters that people do not see, the marks by which chat templates tell roles apart, and what looks like our own
labels or like the fence around the passages. The stored text stays as it is; quotes are checked against that.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

__all__ = ["FACTS", "PASSAGES", "RECALLED", "SUMMARY", "Disarmed", "Fence", "disarm", "disarm_line", "raise_fence"]

#: What fences are made of, by what stands inside. None is a tag of HTML, whose pages are read here too.
PASSAGES: Final = "passages"
RECALLED: Final = "earlier-turns"
SUMMARY: Final = "turn-summary"
FACTS: Final = "pinned-facts"
_WORDS: Final = "|".join((PASSAGES, RECALLED, SUMMARY, FACTS))
_KEY_BYTES: Final = 5
_LONGEST_LINE: Final = 160
#: Marks where a word is divided at the end of a line (PDF): hidden from people too, and meant well.
_SOFT_HYPHEN: Final = "\u00ad"
_NEW_LINES: Final = "\r\x0b\x0c\x85\u2028\u2029"
#: Letters and marks that show nothing: fillers, the blank Braille cell, joiners, and variation selectors, in whose
#: 256 values whole texts have been hidden. Source: Unicode 16, DerivedCoreProperties, Default_Ignorable_Code_Point.
_BLANK: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0000-\U000e0fff]"
)
_TAGS: Final = (
    "s|bos|eos|unk|pad|sep|cls|eot|eom|eoh|eoa|bos_token|eos_token|(?:start|end)_of_(?:turn|image|audio)"
    "|image_soft_token|image|img|think|thinking|reasoning|analysis|tools?|tool_(?:calls?|responses?|results?|code|outputs?)"
    "|functions?|function_(?:calls?|results?)|invoke|role|system|developer|user|assistant|human|model|bot|instructions?"
    "|prompt|extra_id_[0-9]+|reserved_[0-9]+|unused[0-9]+|seed:[a-z_:]+|system[-_](?:prompt|message|reminder)"
    "|fim_(?:prefix|suffix|middle|pad)"
)
_BRACKETED: Final = (
    "INST|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|SYSTEM_PROMPT|MODEL_SETTINGS|THINK|ARGS|CALL_ID|IMG"
    "|IMG_BREAK|IMG_END|AUDIO|PREFIX|SUFFIX|MIDDLE|CONTROL_[0-9]+|[gs]MASK|MASK|CLS|SEP|UNK|PAD|BOS|EOS|SYS|SYSTEM|USER"
    "|ASSISTANT"
)
#: Source: the chat templates of Llama 2 to 4, Mistral, Qwen, Gemma, Phi, DeepSeek, Command R, GLM, InternLM, EXAONE,
#: MiniMax, Granite, GigaChat, YandexGPT and gpt-oss as published with their weights, 2023-2026.
_TEMPLATE: Final = re.compile(
    rf"""(?ix)
      (?P<pipe>[<\[])(?=[|\uff5c])
    | (?P<shut>[|\uff5c])(?=[>\]])
    | (?P<tag><)(?=/?(?:{_TAGS})(?:[\s=/][^<>\n]{{0,80}})?>)
    | (?P<double><)(?=</?SYS>>)
    | (?P<bracket>\[)(?=/?(?:{_BRACKETED})\])
    | (?P<tilde>\])(?=~)
    """
)
#: Words such as "model" and "input", which begin lines of many honest papers, are the roles of no template.
_ROLES: Final = (
    "system(?: prompt| message)?|developer|user|human|assistant|ai|instructions?|response|question|answer|система"
    "|системное сообщение|системный промпт|пользователь|человек|ассистент|помощник|разработчик|инструкция|вопрос|ответ"
)
_ROLE: Final = re.compile(
    rf"(?im)^(?P<before>[ \t>*_#=\-\"'«“(|]{{0,12}})(?P<role>{_ROLES})(?P<after>[ \t*_)|]{{0,4}})"
    r"(?P<colon>[:\uff1a\ufe55\u2236])"
)
_ROLE_HEADING: Final = re.compile(rf"(?im)^(?P<before>[ \t]*#{{1,6}}[ \t]*)(?={_ROLES}[ \t]*$)")
_NUMBERS: Final = r"[ \t]*\d{1,4}(?:[ \t]*[,;\-\u2010-\u2015][ \t]*\d{1,4})*[ \t]*"
_LABEL_FIRST: Final = re.compile(rf"(?m)^([ \t>*_#\-\"'«“]*)\[({_NUMBERS})\]")
_LABEL: Final = re.compile(rf"\[({_NUMBERS})\]")
_LABEL_ODD: Final = re.compile(rf"[\uff3b\u3010\u27e6\u2e22\u301a]({_NUMBERS})[\uff3d\u3011\u27e7\u2e23\u301b]")
_OPENERS: Final = "<\uff1c\u2039\u3008\u27e8\ufe64"
_FENCE: Final = re.compile(rf"(?i)[{_OPENERS}]\s*[/\\]?\s*(?={_WORDS})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Disarmed:
    """A text that a model may see. ``hidden`` counts the unseen characters taken out, ``broken`` the marks undone."""

    text: str
    hidden: int = 0
    broken: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """The two lines between which the passages stand."""

    opening: str
    closing: str


def disarm(text: str) -> Disarmed:
    """Take out what nobody sees and undo what a template or our own prompt would read; words and lines stay."""
    seen, hidden = _visible(text)
    broken = 0
    for pattern, replacement in _UNDOING:
        seen, count = pattern.subn(replacement, seen)
        broken += count
    return Disarmed(text=seen, hidden=hidden, broken=broken)


def disarm_line(text: str, *, longest: int = _LONGEST_LINE) -> str:
    """A name or a title as one line of bounded length, disarmed."""
    # White space first: a role at the start of a line of its own would be inside the line afterwards.
    # What follows it must not make a mark together with its end.
    line = disarm(" ".join(text.split())).text.strip().rstrip(f"{_OPENERS}/\\ ")
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def raise_fence(texts: Iterable[str], *, secret: bytes, word: str = PASSAGES) -> Fence:
    """Make a fence that no text can close: its key is a hash of all of them.

    ``secret`` is what the author of a document cannot know and what stays the same when the request is made again,
    such as the random id of the question.
    """
    held = list(texts)
    turn = 0
    while True:
        hashed = hashlib.blake2b(key=secret[:64], digest_size=_KEY_BYTES)
        hashed.update(turn.to_bytes(4))
        for text in held:
            content = text.encode(errors="surrogatepass")
            hashed.update(len(content).to_bytes(8) + content)
        key = hashed.hexdigest()
        if not any(key in text for text in held):
            return Fence(opening=f"<{word} {key}>", closing=f"</{word} {key}>")
        turn += 1


def _visible(text: str) -> tuple[str, int]:
    text = text.replace("\r\n", "\n").replace(_SOFT_HYPHEN, "")
    table: dict[int, str] = {}
    hidden = 0
    for character in set(text):
        if character in _NEW_LINES:
            table[ord(character)] = "\n"
        elif character not in "\n\t" and _is_hidden(character):
            table[ord(character)] = ""
            hidden += text.count(character)
    return text.translate(table) if table else text, hidden


def _is_hidden(character: str) -> bool:
    category = unicodedata.category(character)
    # Private characters of the first plane are the bullets and logos of fonts; beyond it nothing draws them.
    is_private = category == "Co" and character > "\uffff"
    return category in ("Cc", "Cf", "Cs", "Cn") or is_private or _BLANK.match(character) is not None


def _parted(found: re.Match[str]) -> str:
    return found.group() + "`"


def _parted_role(found: re.Match[str]) -> str:
    return f"{found['before'].replace('#', '# ')}`{found['role']}`{found['after']}{found['colon']}"


def _spaced_heading(found: re.Match[str]) -> str:
    return found["before"].replace("#", "# ")


#: In order: the fence before the tags, since its word is no tag; labels last. Marks are parted by a back quote, which
#: the check of quotes passes over: what a model copies from here still stands in the document.
_UNDOING: Final = (
    (_FENCE, "("),
    (_TEMPLATE, _parted),
    (_ROLE, _parted_role),
    (_ROLE_HEADING, _spaced_heading),
    (_LABEL_ODD, r"(\1)"),
    (_LABEL_FIRST, r"\1(\2)"),
    # Inside a line an index or a footnote keeps its brackets.
    (_LABEL, r"[`\1`]"),
)
