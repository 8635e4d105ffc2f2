"""What a stretch of text says, as far as code can tell: words, names, quantities, dates, codes, and what is denied."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from samovar.retrieval.dates import Day, find_dates
from samovar.retrieval.quantities import Quantity, find_quantities
from samovar.retrieval.vocabulary import AUXILIARY, GIVEN_NAMES, NEGATORS, SURNAME_LIKE, fold

__all__ = [
    "Bound",
    "Fact",
    "FactKind",
    "Reading",
    "Word",
    "clean",
    "is_russian",
    "part_of",
    "read_text",
    "same_name",
]

#: ``code``: what is right or wrong as a whole: e-mail and web addresses, telephone, part and contract numbers, times.
FactKind = Literal["number", "date", "code"]
#: "at most" or "at least" in front of a number.
Bound = Literal["most", "least"]

_CYRILLIC: Final = re.compile("[а-яё]", re.IGNORECASE)
_UNSEEN: Final = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_MARKUP: Final = re.compile(r"[*`~#]+")
_ADDRESS: Final = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}|https?://[^\s<>\"»”)\]]{1,500}"
)
_PHONE: Final = re.compile(r"(?<![\w+])(?:\+[0-9]|8(?=[ (-]))(?:[ ()-]{0,2}[0-9]){6,13}(?![0-9])")
_COMPOUND: Final = re.compile(r"[^\W_]++(?:[-–/:._][^\W_]++)*+")
#: "30-дневный" and "5кг" are numbers with words, not codes.
_NUMBER_WITH_WORD: Final = re.compile(
    r"[0-9]+(?:[.,][0-9]+)?(?:-?(?:[а-яё]{1,3}|st|nd|rd|th|days?|[а-яё]{4,}|[a-z]{4,})|(?:кг|мг|мл|км|см|мм|гб|мб|квт|kg|mg|ml|"
    r"km|cm|mm|gb|mb|kw|h|min|руб|rub|тыс|млн|млрд|k|m))",
    re.IGNORECASE,
)
_DECIMAL: Final = re.compile(r"[0-9]+(?:\.[0-9]{3})*(?:[.,][0-9]+)?")
_RANGE: Final = re.compile(r"[0-9]+(?:[.,][0-9]+)?[-–][0-9]+(?:[.,][0-9]+)?")
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_SAID_MOST: Final = re.compile(
    r"(?:не\s+(?:более|позднее|позже|свыше|выше|больше|дольше|превыша\w+)(?:\s+чем)?|максимум|no\s+(?:more|later|longer)\s+than|"
    r"at\s+most|up\s+to|not\s+exceed(?:ing)?|maximum(?:\s+of)?|(?<!не\s)(?:менее|ниже)(?:\s+чем)?|(?<!no\s)(?<!not\s)less\s+than|under|below)\s*$",
    re.IGNORECASE,
)
_SAID_LEAST: Final = re.compile(
    r"(?:не\s+(?:менее|ранее|раньше|ниже|меньше)(?:\s+чем)?|минимум|no\s+(?:less|fewer|earlier)\s+than|at\s+least|"
    r"minimum(?:\s+of)?|not\s+less\s+than|(?<!не\s)(?:более|свыше|выше)(?:\s+чем)?|(?<!no\s)more\s+than|over|above)\s*$",
    re.IGNORECASE,
)
#: "не более" bounds a number and denies nothing; "не только" adds.
_AFTER_NO_DENIAL: Final = frozenset(
    [
        "более",
        "позднее",
        "позже",
        "свыше",
        "выше",
        "больше",
        "дольше",
        "менее",
        "ранее",
        "раньше",
        "ниже",
        "меньше",
        "только",
        "превышает",
        "превышать",
        "more",
        "later",
        "less",
        "fewer",
        "earlier",
        "longer",
        "only",
        "exceed",
        "exceeding",
    ]
)
#: So many words after a denial it still looks for what it denies.
_DENIED_AFTER: Final = 5
_BREAKS: Final = ".:!?;\n\t|•…"
_OPENERS: Final = " \u00a0\"'«“„([—–-"
_ENDINGS: Final = tuple(
    sorted(
        [
            "а",
            "у",
            "е",
            "ы",
            "и",
            "о",
            "ой",
            "ою",
            "ом",
            "ем",
            "ей",
            "ю",
            "я",
            "ь",
            "ия",
            "ии",
            "ию",
            "ией",
            "ием",
            "ие",
            "ого",
            "ому",
            "ым",
            "ыми",
            "ых",
            "ую",
            "ая",
            "ое",
            "ый",
            "ий",
            "его",
            "ему",
            "им",
            "их",
            "ими",
            "ах",
            "ам",
            "ами",
            "ях",
            "ям",
            "ями",
            "ью",
        ],
        key=len,
        reverse=True,
    )
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word at ``text[start:end]``; ``key`` is its folded form."""

    start: int
    end: int
    text: str
    key: str
    is_name: bool = False
    is_negated: bool = False
    begins: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """Something exact at ``text[start:end]``; what is compared depends on the kind."""

    kind: FactKind
    start: int
    end: int
    text: str
    values: frozenset[str] = frozenset()
    unit: str | None = None
    days: frozenset[Day] = frozenset()
    bound: Bound | None = None

    @property
    def years(self) -> frozenset[int]:
        """The years that a date names."""
        return frozenset(day.year for day in self.days if day.year is not None)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read. ``negators`` are the words that deny."""

    text: str
    words: tuple[Word, ...]
    facts: tuple[Fact, ...]
    negators: tuple[Word, ...]

    def word_keys(self) -> Iterator[str]:
        """The folded forms of its words."""
        return (word.key for word in self.words)


def is_russian(text: str) -> bool:
    """Tell whether a text has letters of the Russian alphabet."""
    return _CYRILLIC.search(text) is not None


def clean(text: str) -> str:
    """A text as people read it: without characters that are not seen, and without marks of emphasis."""
    return _MARKUP.sub(" ", _UNSEEN.sub("", text))


def read_text(text: str) -> Reading:
    """Read a sentence, a row of a table or a cell."""
    text = clean(text)
    russian = is_russian(text)
    codes, rest = _find_addresses(text)
    dates, rest = find_dates(rest)
    more_codes, rest = _find_codes(rest)
    quantities, rest = find_quantities(rest, is_russian=russian)
    facts = [
        *codes,
        *more_codes,
        *(Fact("date", date.start, date.end, text[date.start : date.end], days=date.days) for date in dates),
        *(_number(text, quantity) for quantity in quantities if not _is_nothing(quantity)),
    ]
    words, negators = _find_words(rest)
    return Reading(text, words, tuple(sorted(facts, key=lambda fact: fact.start)), negators)


def part_of(reading: Reading, start: int, end: int) -> Reading:
    """What was read of ``reading.text[start:end]``; a name stays a name though it stands first now."""

    def moved(words: tuple[Word, ...]) -> tuple[Word, ...]:
        inside = [word for word in words if start <= word.start < end]
        return tuple(replace(word, start=word.start - start, end=word.end - start) for word in inside)

    facts = [fact for fact in reading.facts if start <= fact.start < end]
    return Reading(
        reading.text[start:end],
        moved(reading.words),
        tuple(replace(fact, start=fact.start - start, end=fact.end - start) for fact in facts),
        moved(reading.negators),
    )


def same_name(one: str, other: str) -> bool:
    """Tell whether two folded words are forms of one name: Петров, Петрову, Петровым; Мария, Марией."""
    return one == other or (
        _CYRILLIC.match(one) is not None
        and abs(len(one) - len(other)) <= 3
        and one[:2] == other[:2]
        and not _roots(one).isdisjoint(_roots(other))
    )


def _roots(name: str) -> frozenset[str]:
    """What is left of a name without the endings of cases; each with and without a vowel that comes and goes."""
    roots = {name} if name[-1:] not in "аеиоуыюяьй" else set()
    for ending in _ENDINGS:
        if name.endswith(ending) and len(name) - len(ending) >= 3:
            roots.add(name[: -len(ending)])
    if name[-1:] == "й" and len(name) > 3:
        roots.add(name[:-1])
    fleeting = {
        root[:-2] + root[-1] for root in roots if len(root) > 3 and root[-2] in "ео" and root[-1] not in "аеиоуыюя"
    }
    return frozenset(roots | fleeting) or frozenset({name})


def _number(text: str, quantity: Quantity) -> Fact:
    before = text[max(0, quantity.start - 30) : quantity.start]
    bound: Bound | None = "least" if _SAID_LEAST.search(before) else "most" if _SAID_MOST.search(before) else None
    years = frozenset() if quantity.year is None else frozenset({Day(quantity.year)})
    return Fact(
        "number",
        quantity.start,
        quantity.end,
        text[quantity.start : quantity.end].strip(),
        quantity.values,
        quantity.unit,
        years,
        bound,
    )


def _is_nothing(quantity: Quantity) -> bool:
    """Tell whether this is the "00 копеек" behind a sum."""
    return quantity.unit in ("kopeck", "cent") and quantity.values == {"0"}


def _find_addresses(text: str) -> tuple[list[Fact], str]:
    found = [
        Fact("code", match.start(), match.end(), match.group(), frozenset({match.group().lower().rstrip(".,;")}))
        for match in _ADDRESS.finditer(text)
    ]
    rest = _blotted(text, found)
    phones = [
        Fact("code", match.start(), match.end(), match.group(), frozenset({_digits(match.group())}))
        for match in _PHONE.finditer(rest)
        if len(_digits(match.group())) >= 10
    ]
    return [*found, *phones], _blotted(rest, phones)


def _digits(phone: str) -> str:
    """A telephone number without what stands between its digits; Russian ones begin with 8 or +7."""
    digits = re.sub("[^0-9]", "", phone)
    return "7" + digits[1:] if len(digits) == 11 and digits[0] == "8" else digits


def _find_codes(text: str) -> tuple[list[Fact], str]:
    """Find what has letters and digits, or digits with signs that no number has."""
    found = [
        Fact("code", match.start(), match.end(), match.group(), frozenset({_code_key(match.group())}))
        for match in _COMPOUND.finditer(text)
        if _is_code(match.group())
    ]
    return found, _blotted(text, found)


def _is_code(token: str) -> bool:
    if len(token) > 64 or not any(character in "0123456789" for character in token):
        return False
    if any(character.isalpha() for character in token):
        return _NUMBER_WITH_WORD.fullmatch(token) is None
    return not (token.isdigit() or _DECIMAL.fullmatch(token) or _RANGE.fullmatch(token))


def _code_key(token: str) -> str:
    """A code in one form: letters that look alike in both alphabets are one."""
    return fold(token).replace("–", "-").translate(str.maketrans("асеорхукмтнв", "aceopxykmthb"))


def _find_words(text: str) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
    matches = list(_WORD.finditer(text))
    capitals = sum(match.group().isupper() and len(match.group()) > 1 for match in matches)
    shouts = capitals > max(2, len(matches) // 2)
    words: list[Word] = []
    negators: list[Word] = []
    denies = 0
    for place, match in enumerate(matches):
        key = fold(match.group())
        begins = _begins(text, match.start())
        following = fold(matches[place + 1].group()) if place + 1 < len(matches) else ""
        if _is_negator(key, following, text[match.end() : match.end() + 2]):
            negators.append(Word(match.start(), match.end(), match.group(), key))
            if key in ("нет", "отсутствует", "отсутствуют") and words and not following:
                words[-1] = _denied(words[-1])
            denies = _DENIED_AFTER
            continue
        is_negated = denies > 0 and len(key) > 2 and key not in AUXILIARY
        denies = 0 if is_negated else max(0, denies - 1)
        leads = begins and _leads_name(match, matches[place + 1] if place + 1 < len(matches) else None, text)
        is_name = not shouts and _is_name(match.group(), key, begins=begins and not leads)
        words.append(Word(match.start(), match.end(), match.group(), key, is_name, is_negated, begins))
    return tuple(words), tuple(negators)


def _leads_name(first: re.Match[str], following: re.Match[str] | None, text: str) -> bool:
    """Tell whether two words in Latin letters begin with capitals: "Quickstep Ltd", "Martha Norwood"."""
    if following is None or not first.group().isascii() or text[first.end() : following.start()] != " ":
        return False
    return first.group()[0].isupper() and following.group()[0].isupper()


def _denied(word: Word) -> Word:
    return replace(word, is_negated=True)


def _is_negator(key: str, following: str, after: str) -> bool:
    if key in NEGATORS:
        return following not in _AFTER_NO_DENIAL and not (key == "no" and after == ". " and following == "")
    return key.endswith("n't")


def _is_name(word: str, key: str, *, begins: bool) -> bool:
    if not word[0].isupper() or len(word) < 2:
        return False
    if word.isupper():
        return True
    return not begins or key in GIVEN_NAMES or SURNAME_LIKE.fullmatch(key) is not None


def _begins(text: str, start: int) -> bool:
    """Tell whether a sentence, a cell or an item begins with this word."""
    place = start - 1
    opened = False
    while place >= 0 and text[place] in _OPENERS and start - place < 40:
        opened = opened or text[place] in '«“„"'
        place -= 1
    if place < 0 or text[place] in _BREAKS:
        # "А. С. Пушкин": the stop of an initial ends nothing.
        is_initial = (
            place >= 1 and text[place] == "." and text[place - 1].isupper() and not text[max(0, place - 2)].isalpha()
        )
        return not is_initial
    if opened:
        closed = re.compile('[»”"]').search(text, start, start + 60)
        return closed is None or text.count(" ", start, closed.start()) > 1
    return False


def _blotted(text: str, found: list[Fact]) -> str:
    pieces: list[str] = []
    done = 0
    for fact in found:
        pieces += (text[done : fact.start], "\0" * (fact.end - fact.start))
        done = fact.end
    return "".join((*pieces, text[done:]))
