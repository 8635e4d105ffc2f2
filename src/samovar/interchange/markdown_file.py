"""A chat as Markdown that reads well and whose messages cannot run into one another."""

import re
from collections.abc import Iterator
from typing import Final

from samovar.interchange.transcript import Transcript, Turn

__all__ = ["write_markdown"]

#: A fence of code: at most three spaces, then at least three of one mark. Source: CommonMark 0.31.2 (2024), 4.5.
_FENCE: Final = re.compile(r"^ {0,3}(`{3,}(?=[^`\n]*$)|~{3,})")
#: HTML that may go on past empty lines, up to the end of the file. Source: CommonMark 0.31.2 (2024), 4.6, kinds 1 to 5.
_OPEN_HTML: Final = re.compile(
    r"^( {0,3})<(?=(?:script|pre|style|textarea)(?:[\s>]|$)|!--|\?|![A-Za-z]|!\[CDATA\[)", re.I
)
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|~!])")


def write_markdown(transcript: Transcript) -> str:
    """Write the shown branch: a title, the system prompt, and each message under the name of who says it."""
    return "\n".join(_lines(transcript)).rstrip("\n") + "\n"


def _lines(transcript: Transcript) -> Iterator[str]:
    words = transcript.words
    yield f"# {_plain(transcript.title)}"
    yield ""
    yield f"{transcript.begun_at:%Y-%m-%d}"
    yield ""
    if transcript.system_prompt:
        yield f"**{words['prompt']}**"
        yield ""
        yield from _quoted(transcript.system_prompt)
        yield ""
    for turn in transcript.turns:
        yield "---"
        yield ""
        yield f"## {_plain(turn.speaker)}"
        yield ""
        yield f"*{turn.said_at:%Y-%m-%d %H:%M}*"
        yield ""
        yield from _turn(turn, transcript)


def _turn(turn: Turn, transcript: Transcript) -> Iterator[str]:
    words = transcript.words
    if turn.reasoning.strip():
        yield f"**{words['reasoning']}**"
        yield ""
        yield from _quoted(turn.reasoning)
        yield ""
    yield from _closed(turn.text)
    yield ""
    for heading, entries in ((words["files"], turn.files), (words["sources"], turn.sources)):
        if entries:
            yield f"**{heading}**"
            yield ""
            yield from (f"- {_plain(entry)}" for entry in entries)
            yield ""


def _quoted(text: str) -> Iterator[str]:
    """A quote ends what is open in it; the next line outside of it is none of its own."""
    for line in _closed(text):
        yield f"> {line}".rstrip()


def _closed(text: str) -> Iterator[str]:
    """A message with nothing left open at its end: no fence of code, no HTML."""
    fence = ""
    for line in text.strip("\n").splitlines():
        found = _FENCE.match(line)
        if fence:
            if found and found[1].startswith(fence) and not line.strip(" " + fence[0]):
                fence = ""
            yield line
            continue
        if found:
            fence = found[1]
        yield _OPEN_HTML.sub(r"\1\\<", line)
    if fence:
        yield fence


def _plain(text: str) -> str:
    """A text on one line that means nothing to Markdown."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
