"""Tell the versions of one paper apart among the passages of a turn: a model must not mix what two of them say.

A file that was taken in again under the same path of the same base has replaced the earlier one and is not found any
more. What remains are copies that people keep side by side: in two bases, or under names that differ by a date, by a
number of version or by words such as "draft".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from samovar.domain.document import Passage
from samovar.domain.ids import DocumentId

__all__ = ["Version", "find_versions", "name_of_day"]

_RUSSIAN_MONTHS: Final = (
    "января", "февраля", "марта", "апреля", "мая", "июня",
    "июля", "августа", "сентября", "октября", "ноября", "декабря",
)  # fmt: skip
_ENGLISH_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_MONTHS: Final = {
    **{name: number for number, name in enumerate(_RUSSIAN_MONTHS, start=1)},
    **{name.lower(): number for number, name in enumerate(_ENGLISH_MONTHS, start=1)},
}
_SEPARATORS: Final = r"[\s._\-]"
_DATES: Final = (
    re.compile(rf"(?<!\d)(?P<year>(?:19|20)\d\d){_SEPARATORS}?(?P<month>0[1-9]|1[0-2]){_SEPARATORS}?(?P<day>[0-3]\d)(?!\d)"),
    re.compile(rf"(?<!\d)(?P<day>[0-3]?\d){_SEPARATORS}(?P<month>0?[1-9]|1[0-2]){_SEPARATORS}(?P<year>(?:19|20)\d\d)(?!\d)"),
    re.compile(
        rf"(?<!\d)(?P<day>[0-3]?\d){_SEPARATORS}+(?P<word>{'|'.join(_MONTHS)}){_SEPARATORS}+(?P<year>(?:19|20)\d\d)(?!\d)"
    ),
    re.compile(r"(?<!\d)(?P<year>(?:19|20)\d\d)(?!\d)"),
)  # fmt: skip
_NUMBER: Final = re.compile(
    r"(?<![^\W_])(?:v|ver|version|rev|revision|r|в|вер|версия|ред|редакция)[\s._\-]*(\d{1,4}(?:[._]\d{1,3}){0,3})(?!\d)"
)
_COPY: Final = re.compile(r"\(\d{1,2}\)|[\s_\-]copy(?:[\s_\-]\d{1,2})?$|[\s_\-]копия$")
_STATE: Final = re.compile(
    r"(?<![^\W_])(?:draft|final|old|new|latest|updated?|signed|copy|черновик|проект|итог|итоговый|итоговая|финал"
    r"|финальный|финальная|стар[аы][яй]|нов[аы][яй]|копия|актуальн[аы][яй])(?![^\W_])"
)
_SUFFIX: Final = re.compile(r"\.[a-zа-я0-9]{1,5}$")
_NO_LETTERS: Final = re.compile(r"[\W\d_]+")
_FEWEST_LETTERS: Final = 4
_DAY_PARTS: Final = 3
#: A title of one or two words, such as "Contract", is shared by papers that have nothing to do with each other.
_FEWEST_TITLE_WORDS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """How a document stands to another version of the same paper that is shown beside it.

    ``dated`` is what its name says, (year, month, day) or (year,), else the day on which it was taken in, else ().
    ``newer`` is the newest one where this is not it; ``others`` are all the others. Where nothing tells which is
    newer, ``is_newest`` and ``newer`` are unset.
    """

    dated: tuple[int, ...] = ()
    is_newest: bool = False
    newer: DocumentId | None = None
    others: tuple[DocumentId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paper:
    document_id: DocumentId
    keys: frozenset[str]
    named_day: tuple[int, ...]
    number: tuple[int, ...]
    taken_in_at: datetime | None

    @property
    def dated(self) -> tuple[int, ...]:
        taken_in = self.taken_in_at
        return self.named_day or ((taken_in.year, taken_in.month, taken_in.day) if taken_in else ())


def find_versions(passages: Sequence[Passage]) -> Mapping[DocumentId, Version]:
    """Find documents that are versions of one paper: of one path, one long title, or names alike but for a version.

    Shape: only documents that have another version among the passages.
    """
    papers = {passage.chunk.document_id: passage for passage in reversed(passages)}
    groups: list[list[_Paper]] = []
    for passage in papers.values():
        paper = _paper(passage)
        alike = [group for group in groups if any(paper.keys & other.keys for other in group)]
        merged = [paper, *(other for group in alike for other in group)]
        groups = [group for group in groups if group not in alike] + [merged]
    return {paper.document_id: version for group in groups if len(group) > 1 for paper, version in _order(group)}


def name_of_day(dated: Sequence[int], *, russian: bool) -> str:
    """A day in words, such as 12 March 2024, or a year. Shape: (year, month, day), (year,) or ()."""
    if len(dated) < _DAY_PARTS:
        return "".join(map(str, dated))
    year, month, day = dated
    return f"{day} {(_RUSSIAN_MONTHS if russian else _ENGLISH_MONTHS)[month - 1]} {year}"


def _paper(passage: Passage) -> _Paper:
    name = passage.document.casefold().replace("ё", "е")
    stem = _COPY.sub(" ", _SUFFIX.sub("", name.rsplit("/", 1)[-1]))
    named_day, rest = _read_day(stem)
    number = _NUMBER.search(rest)
    core = _NO_LETTERS.sub(" ", _STATE.sub(" ", _NUMBER.sub(" ", rest))).strip()
    # What is left of "1.txt" and "2.txt" says nothing; and "volume 1" is no version of "volume 2".
    digits = "".join(re.findall(r"\d+", _NUMBER.sub(" ", rest)))
    keys = {f"name {core} {digits}"} if len(core.replace(" ", "")) >= _FEWEST_LETTERS else set()
    if passage.path is not None:
        keys.add(f"path {passage.path.casefold()}")
    title = " ".join((passage.title or "").casefold().split())
    if len(_NO_LETTERS.sub(" ", title).split()) >= _FEWEST_TITLE_WORDS:
        keys.add(f"title {title}")
    return _Paper(
        document_id=passage.chunk.document_id,
        keys=frozenset(keys),
        named_day=named_day,
        number=tuple(map(int, re.split(r"[._]", number[1]))) if number else (),
        taken_in_at=passage.taken_in_at,
    )


def _read_day(name: str) -> tuple[tuple[int, ...], str]:
    """The date in a name, as (year, month, day) or (year,), and the name without it; () where there is none."""
    for pattern in _DATES:
        for found in pattern.finditer(name):
            parts = found.groupdict()
            numbers = [int(parts["year"])]
            if "day" in parts:
                numbers += [int(parts.get("month") or _MONTHS[parts["word"]]), int(parts["day"])]
                if not _is_day(*numbers):
                    continue
            return tuple(numbers), f"{name[: found.start()]} {name[found.end() :]}"
    return (), name


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _order(group: Sequence[_Paper]) -> list[tuple[_Paper, Version]]:
    ages = _ages(group)
    found: list[tuple[_Paper, Version]] = []
    newest = max(group, key=lambda paper: ages[paper.document_id]) if ages else None
    for paper in group:
        others = tuple(other.document_id for other in group if other is not paper)
        is_newest = paper is newest
        newer = newest.document_id if newest is not None and not is_newest else None
        found.append((paper, Version(dated=paper.dated, is_newest=is_newest, newer=newer, others=others)))
    return found


def _ages(group: Sequence[_Paper]) -> Mapping[DocumentId, tuple[float, ...]]:
    """What tells which is newer: dates of the names, else numbers of the names, else when they were taken in.

    Empty where two cannot be told apart.
    """
    named = {paper.document_id: tuple(map(float, paper.named_day)) for paper in group}
    numbered = {paper.document_id: tuple(map(float, paper.number)) for paper in group}
    taken = {paper.document_id: (paper.taken_in_at.timestamp(),) if paper.taken_in_at else () for paper in group}
    for ages in (named, numbered, taken):
        if all(ages.values()) and len(set(ages.values())) == len(group):
            return ages
    return {}
