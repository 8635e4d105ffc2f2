"""Examples as JSON, one object a line, in the forms that training files have.

Sources: OpenAI, Supervised fine-tuning, 2025 (``messages``; ``prompt`` with ``completion`` in 2023); Stanford Alpaca,
2023 (``instruction``, ``input``, ``output``); Hugging Face TRL, Dataset formats, 2025 (``prompt`` with ``completion``
or ``chosen``, each a text or messages). Of DPO pairs the chosen answer is the example.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import orjson

from samovar.prompts.raw_examples import RawExample, RawInstruction, RawPart, RawTrouble

__all__ = ["read_json_line"]

_Json = Mapping[str, object]


class _NotText(Exception):
    """A value that should be a text holds something else."""


def read_json_line(number: int, line: str) -> Iterator[RawPart]:
    """Read the examples of one line; ``number`` is the line's, from 1."""
    try:
        found = orjson.loads(line.encode())
    except ValueError:  # JSONDecodeError, and UnicodeEncodeError for half a character
        yield RawTrouble(number, "not_json")
        return
    if not isinstance(found, dict):
        yield RawTrouble(number, "not_json")
        return
    try:
        yield from _read(number, found)
    except _NotText:
        yield RawTrouble(number, "not_text")


def _read(number: int, found: _Json) -> list[RawPart]:
    """Read one object. Raises: _NotText."""
    if "messages" in found:
        return _conversation(number, _messages(found["messages"]))
    if "question" in found and "answer" in found:
        return [RawExample(number, _text(found["question"]), _text(found["answer"]))]
    if "instruction" in found and "output" in found:
        parts = (_text(found["instruction"]), _text(found.get("input") or ""))
        return [RawExample(number, "\n\n".join(part for part in parts if part.strip()), _text(found["output"]))]
    for answer in ("completion", "chosen"):
        if answer in found:
            return _pair(number, found.get("prompt"), found[answer])
    return [RawTrouble(number, "unknown_form")]


def _pair(number: int, prompt: object, answer: object) -> list[RawPart]:
    if isinstance(prompt, str) and isinstance(answer, str):
        return [RawExample(number, prompt, answer)]
    # Without a prompt of its own the answer holds the whole talk.
    before = [] if prompt is None else _messages(prompt, role="user")
    return _conversation(number, [*before, *_messages(answer, role="assistant")])


def _messages(value: object, *, role: str = "") -> list[tuple[str, str]]:
    """Roles and texts of a list of messages; a bare text is one message of ``role``. Raises: _NotText."""
    if isinstance(value, str) and role:
        return [(role, value)]
    if not isinstance(value, list):
        raise _NotText
    messages: list[tuple[str, str]] = []
    for message in value:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise _NotText
        messages.append((message["role"], _text(message.get("content"))))
    return messages


def _conversation(number: int, messages: Sequence[tuple[str, str]]) -> list[RawPart]:
    """The instruction of a talk and its turns: each question with the answer right after it."""
    told = [text for role, text in messages if role in ("system", "developer")]
    parts: list[RawPart] = [RawInstruction(number, "\n\n".join(told))] if told else []
    turns = [message for message in messages if message[0] not in ("system", "developer")]
    if any(role not in ("user", "assistant") for role, _ in turns):
        raise _NotText
    examples: list[RawPart] = [
        RawExample(number, question, answer)
        for (asks, question), (answers, answer) in pairwise(turns)
        if asks == "user" and answers == "assistant"
    ]
    if not turns:
        return [RawTrouble(number, "unknown_form")]
    if not examples:
        return [RawTrouble(number, "question_alone" if turns[-1][0] == "user" else "answer_alone")]
    several = [RawTrouble(number, "several_turns")] if len(turns) > 2 else []
    return [*parts, *examples, *several]


def _text(value: object) -> str:
    """A text, or the texts of a list of parts. Raises: _NotText."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        raise _NotText
    texts: list[str] = []
    for part in value:
        text = part.get("text") if isinstance(part, dict) else None
        if not isinstance(text, str):
            raise _NotText
        texts.append(text)
    return "".join(texts)
