"""Cut an answer into what it claims: sentences, items of lists and rows of tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from samovar.domain.sentences import sentences
from samovar.retrieval.labels import Label, find_labels
from samovar.retrieval.quotes import Quote, find_quotes
from samovar.retrieval.reading import Reading, part_of, read_text
from samovar.retrieval.vocabulary import NOT_FOUND

__all__ = ["Statement", "cells_of", "clauses_of", "find_statements", "is_row", "says_not_found", "split_sentences"]

_FENCE: Final = re.compile(r"^[ ]{0,3}(`{3,}|~{3,})", re.MULTILINE)
_RULER: Final = re.compile(r"[|\s:+-]*-[|\s:+-]*")
#: What is longer is cut between words and checked piece by piece.
_LONGEST: Final = 1_500
#: Of a longer answer the rest is not checked, and is marked as borne out by nothing.
_MOST_STATEMENTS: Final = 1_000
_MOST_CHARACTERS: Final = 200_000
_AFTER_UNIT: Final = re.compile(r"(?<=[0-9][ \u00a0]г\.)\s+(?=[А-ЯЁA-Z])")
_ITEM: Final = re.compile(r"\s*(?:[•◦▪‣·*+–—-]|[0-9]{1,3}[.)]|[a-zа-яё]\)|#{1,6}|>)\s+", re.IGNORECASE)
#: Labels behind the full stop belong to the sentence before them.
_LABELS_FIRST: Final = re.compile(
    r"(?:[ \u00a0]*\[[ \u00a0]?[0-9]{1,2}(?:[ \u00a0]?[,;–-][ \u00a0]?[0-9]{1,2}){0,11}[ \u00a0]?\])+[.!?]*"
)
_GREETING: Final = re.compile(
    r"\W*(?:здравствуйте|добрый день|привет|конечно|спасибо|пожалуйста|хорошо|надеюсь|если у вас|если вам|могу помочь|"
    r"обратитесь|рекомендую|вот |ниже |hello|hi\b|sure|certainly|of course|thank|thanks|i hope|let me|here (?:is|are)|"
    r"if you|feel free|i can|i would|please)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """``answer[start:end]``, without the white space around it.

    ``labels`` are those that the model wrote in it or behind it. ``reading`` is of its words without the labels.
    ``header`` are the cells above a row of a table, and ``cells`` where the row's cells begin in ``reading.text``.
    ``claims`` is False for what no document could bear out.
    """

    start: int
    end: int
    labels: tuple[Label, ...]
    reading: Reading
    quotes: tuple[Quote, ...] = ()
    header: tuple[str, ...] = ()
    cells: tuple[int, ...] = ()
    claims: bool = True
    is_checked: bool = True

    @property
    def numbers(self) -> tuple[int, ...]:
        """The passages that the model named, each once."""
        return tuple(dict.fromkeys(number for label in self.labels for number in label.numbers))


def says_not_found(text: str) -> bool:
    """Tell whether a sentence says that the documents do not hold the answer, in Russian or English."""
    for quote in reversed(find_quotes(text)):
        text = text[: quote.start] + text[quote.end :]
    return any(form.search(text) for form in NOT_FOUND)


def is_row(line: str) -> bool:
    """Tell whether a line is a row of a table, as Markdown and our parsers write them."""
    return "\t" in line.strip() or (line.lstrip().startswith("|") and line.count("|") >= 2)


def cells_of(row: str) -> list[tuple[int, str]]:
    """The cells of a row with their places, those at its ends that are empty left out."""
    cells: list[tuple[int, str]] = []
    place = 0
    for cell in re.split(r"[\t|]", row):
        cells.append((place, cell))
        place += len(cell) + 1
    if "|" in row and cells and not cells[0][1].strip():
        del cells[0]
    if "|" in row and cells and not cells[-1][1].strip():
        del cells[-1]
    return cells


def split_sentences(text: str) -> Iterator[tuple[int, int]]:
    """Find sentences; a year or a sum in abbreviation ends one when a capital letter follows: "2024 г. Бюджет"."""
    for first, end in sentences(text):
        start = first
        for stop in _AFTER_UNIT.finditer(text, first, end):
            yield start, stop.start()
            start = stop.end()
        yield start, end


def find_statements(answer: str, passages: int) -> list[Statement]:
    """Cut an answer into statements, in order; ``passages`` is how many the model was shown.

    Blocks of code are left out: nothing in them is a claim about a document.
    """
    labels = find_labels(answer, passages)
    statements: list[Statement] = []
    place = 0
    for number, (start, end, header, row) in enumerate(_spans(answer)):
        while place < len(labels) and labels[place].end <= start:
            place += 1
        own: list[Label] = []
        for label in labels[place:]:
            if label.start >= end:
                break
            own.append(label)
        if number < _MOST_STATEMENTS and end <= _MOST_CHARACTERS:
            statements.append(_statement(answer, start, end, tuple(own), header, is_table_row=row))
        else:
            statements.append(_unchecked(start, end, tuple(own)))
    return statements


def _statement(
    answer: str, start: int, end: int, labels: tuple[Label, ...], header: tuple[str, ...], *, is_table_row: bool
) -> Statement:
    words = list(answer[start:end])
    for label in labels:
        words[label.start - start : label.end - start] = " " * (label.end - label.start)
    text = "".join(words)
    item = _ITEM.match(text)
    if item and not is_table_row:
        text = " " * item.end() + text[item.end() :]
    reading = read_text(text)
    bare = text.strip(" *_#|\n\t")
    claims = bool(reading.words or reading.facts) and not (
        bare.endswith("?")
        or says_not_found(bare)
        or _leads_on(bare, reading, answer[start:end])
        or (not labels and not reading.facts and _GREETING.match(bare) is not None)
    )
    return Statement(
        start=start,
        end=end,
        labels=labels,
        reading=reading,
        quotes=tuple(find_quotes(text)),
        header=header,
        cells=tuple(place for place, _ in cells_of(reading.text)) if is_table_row else (),
        claims=claims,
    )


def _leads_on(bare: str, reading: Reading, written: str) -> bool:
    """Tell whether a line is a heading or announces a list, and says nothing exact itself."""
    if reading.facts:
        return False
    return bare.endswith(":") or written.lstrip().startswith("#")


def _unchecked(start: int, end: int, labels: tuple[Label, ...]) -> Statement:
    return Statement(start=start, end=end, labels=labels, reading=Reading("", (), (), ()), is_checked=False)


def _spans(answer: str) -> Iterator[tuple[int, int, tuple[str, ...], bool]]:
    """Where the statements stand, with the header of the table that they are rows of."""
    for start, end in _outside_code(answer):
        yield from _of_prose_and_tables(answer, start, end)


def _outside_code(answer: str) -> Iterator[tuple[int, int]]:
    """The stretches between fenced blocks; a block that is not closed reaches to the end."""
    start = 0
    fence = ""
    for match in _FENCE.finditer(answer):
        if not fence:
            yield start, match.start()
            fence = match[1]
        elif match[1].startswith(fence):
            fence = ""
            line_end = answer.find("\n", match.end())
            start = len(answer) if line_end < 0 else line_end
    if not fence:
        yield start, len(answer)


def _of_prose_and_tables(answer: str, start: int, end: int) -> Iterator[tuple[int, int, tuple[str, ...], bool]]:
    prose = start
    header: tuple[str, ...] | None = None
    place = start
    while place < end:
        line_end = answer.find("\n", place, end)
        line_end = end if line_end < 0 else line_end
        line = answer[place:line_end]
        if is_row(line):
            yield from _of_prose(answer, prose, place)
            prose = line_end
            if header is None:
                header = tuple(cell.strip() for _, cell in cells_of(line))
            elif not _RULER.fullmatch(line):
                shift = len(line) - len(line.lstrip())
                yield place + shift, place + len(line.rstrip()), header, True
        elif line.strip():
            header = None
        place = line_end + 1
    yield from _of_prose(answer, prose, end)


def _of_prose(answer: str, start: int, end: int) -> Iterator[tuple[int, int, tuple[str, ...], bool]]:
    held: tuple[int, int] | None = None
    for first, last in split_sentences(answer[start:end]):
        begins, ends = start + first, start + last
        if held is not None:
            behind = _LABELS_FIRST.match(answer, begins, ends)
            if behind:
                held, begins = (held[0], behind.end()), _past_space(answer, behind.end(), ends)
            yield from _pieces(answer, *held)
        held = (begins, ends) if begins < ends else None
    if held is not None:
        yield from _pieces(answer, *held)


def _pieces(answer: str, start: int, end: int) -> Iterator[tuple[int, int, tuple[str, ...], bool]]:
    while end - start > _LONGEST:
        cut = max(answer.rfind(" ", start + 1, start + _LONGEST), answer.rfind("\n", start + 1, start + _LONGEST))
        cut = start + _LONGEST if cut <= start else cut
        yield start, cut, (), False
        start = _past_space(answer, cut, end)
    if start < end:
        yield start, end, (), False


def _past_space(text: str, place: int, end: int) -> int:
    while place < end and text[place].isspace():
        place += 1
    return place


#: Where one sentence may join two claims.
_JOINT: Final = re.compile(
    r"[;,]\s(?:(?:а|и|но|при\sэтом|причем|а\sтакже|while|whereas|and|but)\s)?|\s(?:а\sтакже|и|and)\s", re.IGNORECASE
)
_MOST_CLAUSES: Final = 6
#: A clause without a number or a date must have so many words to be a claim of its own.
_CLAUSE_WORDS: Final = 3


def clauses_of(statement: Statement) -> list[Statement]:
    """The clauses that a statement joins, each a statement of its own; none when it does not join any."""
    text = statement.reading.text
    if statement.cells:
        return []
    reading = statement.reading
    starts = [0]
    for match in _JOINT.finditer(text):
        if _is_inside(statement, match.start()) or len(starts) == _MOST_CLAUSES:
            continue
        if _claims_alone(part_of(reading, starts[-1], match.start())):
            starts.append(match.end())
    if len(starts) > 1 and not _claims_alone(part_of(reading, starts[-1], len(text))):
        starts.pop()
    if len(starts) < 2:
        return []
    parts = [part_of(reading, start, end) for start, end in zip(starts, (*starts[1:], len(text)), strict=True)]
    return [replace(statement, reading=part, quotes=tuple(find_quotes(part.text))) for part in parts]


def _claims_alone(clause: Reading) -> bool:
    return len(clause.words) >= (1 if clause.facts else _CLAUSE_WORDS)


def _is_inside(statement: Statement, place: int) -> bool:
    """Tell whether a place lies in a quote, or in a date or number."""
    spans = [(quote.start, quote.end) for quote in statement.quotes]
    spans += [(fact.start, fact.end) for fact in statement.reading.facts]
    return any(start <= place < end for start, end in spans)
