"""Files of examples: what is understood of one, and a report of what is not."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from samovar.domain.errors import ExamplesInvalid, FileEmpty, FileTooLarge
from samovar.domain.examples import Example
from samovar.prompts.json_examples import read_json_line
from samovar.prompts.raw_examples import RawExample, RawInstruction, RawPart, RawProblem
from samovar.prompts.text_examples import read_text_parts

__all__ = [
    "LONGEST_TEXT",
    "MOST_BYTES",
    "MOST_EXAMPLES",
    "ExampleFile",
    "ExampleProblem",
    "read_example_file",
]

MOST_BYTES: Final = 5_000_000
MOST_EXAMPLES: Final = 2_000
#: Characters of a question, of an answer and of an instruction.
LONGEST_TEXT: Final = 20_000

_MEGABYTE: Final = 1_000_000
#: So many lines of one kind of problem are named; the rest is counted.
_LINES_NAMED: Final = 10
_BYTE_ORDER_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
#: Without a mark; the second is what Windows writes in Russian.
_ENCODINGS: Final = ("utf-8", "cp1251")
#: Bytes that no text holds: control characters but tab, line ends, form feed and the end mark of DOS.
_CONTROL_BYTES: Final = bytes(set(range(32)) - {0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x1A, 0x1B}) + b"\x7f"
_JSON_SUFFIXES: Final = (".jsonl", ".ndjson", ".json")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleProblem:
    """One kind of what was not understood or left out: how often, and in which lines (from 1) it began.

    ``lines`` are the first ten.
    """

    what: RawProblem | Literal["too_long", "too_many", "repeated"]
    count: int
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleFile:
    """What a file holds; ``instruction`` is empty where it gives none."""

    instruction: str
    examples: tuple[Example, ...]
    problems: tuple[ExampleProblem, ...]


def read_example_file(name: str, content: bytes) -> ExampleFile:
    """Read a ``.txt`` file with marks, or a ``.jsonl`` file with one example a line.

    What is too long, one too many, a repeat or not understood is left out and reported. Line numbers start at 1.

    Raises: FileTooLarge above 5 MB, FileEmpty, ExamplesInvalid for what is no text or holds no example.
    """
    if len(content) > MOST_BYTES:
        raise FileTooLarge(name=name, limit_mb=MOST_BYTES // _MEGABYTE)
    text = _decode(name, content)
    if not text.strip():
        raise FileEmpty(name=name)
    reading = _Reading()
    for part in _parts(name, text):
        reading.take(part)
    if not reading.examples:
        raise ExamplesInvalid(name=name)
    return ExampleFile(
        instruction=reading.instruction or "", examples=tuple(reading.examples), problems=reading.problems()
    )


def _decode(name: str, content: bytes) -> str:
    """The text of a file. Raises: ExamplesInvalid for bytes that are none."""
    marked = next((encoding for mark, encoding in _BYTE_ORDER_MARKS if content.startswith(mark)), None)
    if marked is None and len(content.translate(None, _CONTROL_BYTES)) != len(content):
        raise ExamplesInvalid(name=name)
    for encoding in (marked,) if marked else _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ExamplesInvalid(name=name)


def _parts(name: str, text: str) -> Iterator[RawPart]:
    # Not splitlines: it also splits at characters that stand inside texts.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    is_json = name.lower().endswith(_JSON_SUFFIXES) or text.lstrip().startswith("{")
    if not is_json:
        yield from read_text_parts(lines)
        return
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield from read_json_line(number, line)


class _Reading:
    """Takes the parts of a file one by one, within the bounds."""

    def __init__(self) -> None:
        self.instruction: str | None = None
        self.examples: list[Example] = []
        self._known: set[Example] = set()
        self._counts: Counter[str] = Counter()
        self._lines: dict[str, list[int]] = {}
        self._kinds: dict[str, RawProblem | Literal["too_long", "too_many", "repeated"]] = {}

    def take(self, part: RawPart) -> None:
        """Keep what can be kept, and note what cannot."""
        match part:
            case RawExample():
                self._take_example(part)
            case RawInstruction():
                self._take_instruction(part)
            case _:
                self._note(part.what, part.line)

    def problems(self) -> tuple[ExampleProblem, ...]:
        """The report, in the order in which the kinds were met."""
        return tuple(
            ExampleProblem(what=self._kinds[what], count=count, lines=tuple(self._lines[what]))
            for what, count in self._counts.items()
        )

    def _take_example(self, part: RawExample) -> None:
        example = Example(question=part.question.strip(), answer=part.answer.strip())
        if not example.question or not example.answer:
            self._note("empty", part.line)
        elif max(len(example.question), len(example.answer)) > LONGEST_TEXT:
            self._note("too_long", part.line)
        elif example in self._known:
            self._note("repeated", part.line)
        elif len(self.examples) == MOST_EXAMPLES:
            self._note("too_many", part.line)
        else:
            self._known.add(example)
            self.examples.append(example)

    def _take_instruction(self, part: RawInstruction) -> None:
        text = part.text.strip()
        if not text:
            self._note("empty", part.line)
        elif len(text) > LONGEST_TEXT:
            self._note("too_long", part.line)
        elif self.instruction is None:
            self.instruction = text
        elif text != self.instruction:
            self._note("second_instruction", part.line)

    def _note(self, what: RawProblem | Literal["too_long", "too_many", "repeated"], line: int) -> None:
        self._counts[what] += 1
        self._kinds[what] = what
        lines = self._lines.setdefault(what, [])
        if len(lines) < _LINES_NAMED:
            lines.append(line)
