"""A reader of Ollama's Modelfiles, as Ollama reads them.

Sources: Ollama, Modelfile Reference, 2025; the behaviour of its own reader (``parser/parser.go``, 2026). An instruction
is a word, white space and a value; ``PARAMETER`` and ``MESSAGE`` have a word more. A value ends with its line, unless
it begins with one quote or three: then with the first line that ends with the same. Characters that do not print are
dropped, and any line end counts as one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

INSTRUCTIONS = (
    "from", "license", "template", "system", "adapter", "draft", "renderer", "parser", "parameter", "message",
    "requires",
)  # fmt: skip
SPACES = re.compile(r"[ \t]")


class NoModelfile(Exception):
    """The text breaks the grammar."""


@dataclass
class Modelfile:
    """What Ollama makes of one."""

    model: str = ""
    system: str = ""
    parameters: list[tuple[str, str]] = field(default_factory=list)
    messages: list[tuple[str, str]] = field(default_factory=list)


def read_modelfile(text: str) -> Modelfile:
    """Read a Modelfile. Raises: NoModelfile."""
    found = Modelfile()
    lines = iter(re.split(r"[\r\n]", text))
    for whole in lines:
        line = whole.lstrip(" \t")
        if not line or line.startswith("#"):
            continue
        name, rest = _word(line, "[A-Za-z]+")
        kind = name.lower()
        if kind not in INSTRUCTIONS:
            raise NoModelfile(name)
        key = ""
        if kind in ("parameter", "message"):
            key, rest = _word(rest, "[A-Za-z0-9_]+" if kind == "parameter" else "[A-Za-z]+")
        _keep(found, kind, key, _value(rest, lines))
    if not found.model:
        raise NoModelfile("no FROM line")
    return found


def _keep(found: Modelfile, kind: str, key: str, value: str) -> None:
    if kind == "from":
        found.model = value
    elif kind == "system":
        found.system = value
    elif kind == "parameter":
        found.parameters.append((key, value))
    elif kind == "message":
        if key not in ("system", "user", "assistant"):
            raise NoModelfile(key)
        found.messages.append((key, value))


def _word(line: str, form: str) -> tuple[str, str]:
    word = re.match(form, line)
    if word is None or not SPACES.match(line, word.end()):
        raise NoModelfile(line)
    return word.group(), line[word.end() + 1 :]


def _value(rest: str, lines: Iterator[str]) -> str:
    """The value that begins in ``rest`` and may go on in the lines that follow."""
    held = _printed(rest)
    while (value := _unquoted(held.strip())) is None:
        following = next(lines, None)
        if following is None:
            raise NoModelfile("a quote is never closed")
        held += f"\n{_printed(following)}"
    return value


def _printed(line: str) -> str:
    return "".join(character for character in line if character.isprintable() or character == "\t")


def _unquoted(value: str) -> str | None:
    for quote in ('"""', '"'):
        if value.startswith(quote):
            is_closed = len(value) >= 2 * len(quote) and value.endswith(quote)
            return value[len(quote) : -len(quote)] if is_closed else None
    return value
