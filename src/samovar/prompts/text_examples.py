r"""Examples in a text: parts under ``[Instruction]``, ``[Q]`` and ``[A]``, or ``[Инструкция]``, ``[В]`` and ``[О]``.

A mark opens a line; text may follow it at once. ``\[Q]`` at the start of a line is the text ``[Q]``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

from samovar.prompts.raw_examples import RawExample, RawInstruction, RawPart, RawTrouble

__all__ = ["read_text_parts"]

_Part = Literal["instruction", "question", "answer"]
_MARK: Final = re.compile(r"[ \t]*\[[ \t]*([^\W\d_]{1,12})[ \t]*\][ \t]*:?(.*)", re.DOTALL)
#: Single letters are taken in either alphabet: A, B and O look the same in both, and nobody sees which was typed.
_NAMES: Final[Mapping[str, _Part]] = {
    **dict.fromkeys(("instruction", "system", "инструкция"), "instruction"),
    **dict.fromkeys(("q", "question", "в", "b", "вопрос"), "question"),
    **dict.fromkeys(("a", "а", "answer", "о", "o", "ответ"), "answer"),
}


def read_text_parts(lines: Sequence[str]) -> Iterator[RawPart]:
    """Cut lines into instructions and examples; a question belongs to the answer that follows it."""
    question: tuple[int, str] | None = None
    for line, part, text in _sections(lines):
        if part is None:
            if text.strip():
                yield RawTrouble(line, "outside")
            continue
        if question is not None and part != "answer":
            yield RawTrouble(question[0], "question_alone")
            question = None
        if part == "instruction":
            yield RawInstruction(line, text)
        elif part == "question":
            question = (line, text)
        elif question is None:
            yield RawTrouble(line, "answer_alone")
        else:
            yield RawExample(question[0], question[1], text)
            question = None
    if question is not None:
        yield RawTrouble(question[0], "question_alone")


def _sections(lines: Sequence[str]) -> Iterator[tuple[int, _Part | None, str]]:
    """The parts with the number of their first line; None for what stands before the first mark."""
    first, part, held = 1, None, list[str]()
    for number, line in enumerate(lines, start=1):
        name, text = _mark(line)
        if name is None:
            held.append(text)
            continue
        yield first, part, "\n".join(held)
        first, part, held = number, name, [text]
    yield first, part, "\n".join(held)


def _mark(line: str) -> tuple[_Part | None, str]:
    """The part that a line opens, if it opens one, and what is text of the line."""
    bare = line.removeprefix("\\")
    found = _MARK.fullmatch(bare)
    name = _NAMES.get(found.group(1).lower()) if found else None
    if found is None or name is None:
        return None, line
    return (None, bare) if bare != line else (name, found.group(2).strip(" \t"))
