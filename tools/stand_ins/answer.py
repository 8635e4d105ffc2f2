"""The answer to a prompt: made of words by a rule, the same for the same prompt and seed."""

import zlib
from dataclasses import dataclass
from itertools import islice

import orjson

from .behaviour import Behaviour
from .prompt import Prompt, Tool, prompt_tokens
from .schema import write_value
from .sight import describe_images
from .words import split_tokens, write_sentences

__all__ = ["Answer", "Call", "write_answer"]

_REFUSAL = "I cannot help with that."
_QUOTED_WORDS = 12
_SENTENCES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A tool that the model wants called."""

    identity: str
    name: str
    arguments: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer. ``reason`` is ``stop``, ``length`` or ``tool_calls``."""

    reasoning: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    reason: str = "stop"
    is_refusal: bool = False

    @property
    def tokens(self) -> int:
        """Tokens written, thoughts and calls included."""
        written = sum(len(split_tokens(orjson.dumps([call.name, call.arguments]).decode())) for call in self.calls)
        return len(self.reasoning) + len(self.text) + written


def write_answer(prompt: Prompt, behaviour: Behaviour) -> Answer:
    """Write the answer: a tool call where one fits, JSON where it is asked for, colours of pictures, else sentences.

    Stop texts and limits are kept. Raises: ImageUnreadable.
    """
    if behaviour.is_empty:
        return Answer()
    tool = None if behaviour.refuses else _choose_tool(prompt)
    reasoning = tuple(split_tokens(_write_thoughts(prompt))) if prompt.thinks else ()
    if tool is not None:
        return Answer(reasoning=reasoning, calls=(_call(tool, prompt),), reason="tool_calls")
    text, reason = _write_text(prompt, behaviour), "stop"
    cut = min((at for at in (text.find(stop) for stop in prompt.stop if stop) if at >= 0), default=None)
    tokens = split_tokens(text if cut is None else text[:cut])
    room = _room(prompt, behaviour)
    if len(reasoning) + len(tokens) > room:
        reasoning, tokens, reason = reasoning[:room], tokens[: max(0, room - len(reasoning))], "length"
    return Answer(reasoning=reasoning, text=tuple(tokens), reason=reason, is_refusal=behaviour.refuses)


def _room(prompt: Prompt, behaviour: Behaviour) -> int:
    """Tokens that may be written: the limit that was asked for, and what the context has left."""
    read = len(prompt_tokens(prompt.messages, prompt.tools))
    if behaviour.evaluates_at_most is not None:
        read = min(read, behaviour.evaluates_at_most)
    left = max(1, prompt.context_tokens - read)
    return left if prompt.max_tokens is None or prompt.max_tokens < 0 else min(left, prompt.max_tokens)


def _write_text(prompt: Prompt, behaviour: Behaviour) -> str:
    if behaviour.refuses:
        return _REFUSAL
    if behaviour.answer is not None:
        return behaviour.answer
    if prompt.schema is not None:
        return orjson.dumps(write_value(prompt.schema) or {"answer": "tea"}, option=orjson.OPT_INDENT_2).decode()
    seed = zlib.crc32(f"{prompt.seed}\n{prompt.question}".encode())
    if prompt.lost_images:
        text = "There are only words here."
    elif prompt.images:
        text = "There is a picture, and it looks fine." if prompt.model.is_blind else _look(prompt)
    else:
        text = f"You wrote: “{_quote(prompt.question)}”. " if prompt.question else ""
    sentences = write_sentences(seed, prompt.question)
    if behaviour.answer_tokens is None:
        return " ".join([text.strip(), *islice(sentences, _SENTENCES)]).strip()
    while len(tokens := split_tokens(text)) < behaviour.answer_tokens:
        text += " ".join(islice(sentences, 8)) + " "
    return "".join(tokens[: behaviour.answer_tokens])


def _look(prompt: Prompt) -> str:
    return describe_images(prompt.images, prompt.question)


def _quote(text: str) -> str:
    words = text.split()
    return " ".join(words[:_QUOTED_WORDS]) + ("…" if len(words) > _QUOTED_WORDS else "")


def _write_thoughts(prompt: Prompt) -> str:
    return f"Let me think about “{_quote(prompt.question)}”. I shall answer in a few words.\n"


def _choose_tool(prompt: Prompt) -> Tool | None:
    """The tool that is demanded, or the first whose name shares a word with the question."""
    if not prompt.tools or prompt.tool_choice == "none":
        return None
    if prompt.tool_choice == "required":
        return prompt.tools[0]
    named = next((tool for tool in prompt.tools if tool.name == prompt.tool_choice), None)
    if named is not None:
        return named
    if prompt.messages and prompt.messages[-1].role == "tool":
        return None
    asked = {word.strip("?.,!:;«»“”\"'").lower() for word in prompt.question.split()}
    return next((tool for tool in prompt.tools if asked & set(tool.name.lower().split("_"))), None)


def _call(tool: Tool, prompt: Prompt) -> Call:
    """Fill the parameters; a text is the last word of the question."""
    words = prompt.question.split()
    value = write_value(tool.parameters, word=words[-1].strip("?.,!:;«»“”\"'").capitalize() if words else "tea")
    identity = f"call_{zlib.crc32(prompt.question.encode()):08x}"
    return Call(identity=identity, name=tool.name, arguments=value if isinstance(value, dict) else {})
