"""What the words of a question weigh without a corpus: names, numbers, titles, and words that say something."""

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["NUMBER", "Term", "content_words", "fold", "terms_of"]

_WORD: Final = re.compile(r"[^\W_]+(?:[-'’./][^\W_]+)*")
_QUOTED: Final = re.compile(r"«([^»\n]{2,80})»|“([^”\n]{2,80})”|\"([^\"\n]{2,80})\"|„([^“\n]{2,80})“")
NUMBER: Final = re.compile(r"\d+(?:[.,:]\d+)*")
_ENDS_SENTENCE: Final = re.compile(r"(?:^|[.!?…:]\s|\n)\W*$")
#: Longer than the stems of most words, shorter than their endings vary.
_STEM: Final = 5
#: Words that say nothing of what is asked about. Source: the stop words of PostgreSQL's dictionaries for both
#: languages, with the words that questions are put with.
_RUSSIAN: Final = (
    "а без более бы был была были было быть в вам вас ведь весь во вот все всего всех вы где да даже для до его ее ей "
    "ему если есть еще ж же за здесь и из или им их к как какая какие каким каков какова каково какое какой какую кем "
    "когда кого кому которая которые который которых кто куда ли либо лишь между меня мне много может можно мой мы на "
    "над надо нам нас насчет не него нее ней нельзя нет ни них но ну о об один одна одно он она они оно от откуда "
    "очень по под пожалуйста после потом потому почему при про расскажи с сам свой себя сколько скажи со так такая "
    "также такие такое такой там тебя тем теперь то тогда того тоже той только том тот ту ты тут у уже хорошо "
    "хоть чего чей чем через что чтобы чуть эта эти этим этих это этого этой этом этому этот эту я найди покажи "
    "подскажи опиши объясни"
)
_ENGLISH: Final = (
    "a about above after again all also am an and any are as at be because been before being below between both but by "
    "can could did do does doing down during each else few for from further had has have having he her here hers him "
    "his how however i if in into is it its itself just let like many me mean might more most much must my no nor not "
    "now of off ok on once only or other our out over own please same say shall she should so some such tell than that "
    "the their them then there these they this those through to too under until up us very was we were what when where "
    "which while who whom whose why will with would yes you your show find explain describe give"
)
_EMPTY: Final = frozenset(f"{_RUSSIAN} {_ENGLISH}".split())


@dataclass(frozen=True, slots=True)
class Term:
    """A word worth searching for; ``is_name`` is True of names, codes and words of quoted titles."""

    word: str
    is_name: bool
    is_number: bool

    @property
    def key(self) -> str:
        """What the forms of a word have in common, roughly."""
        return fold(self.word)


def fold(word: str) -> str:
    """A word for comparison: small letters, е for ё, and only its beginning."""
    small = word.casefold().replace("ё", "е")
    return small if any(character.isdigit() for character in small) else small[:_STEM]


def content_words(text: str) -> list[str]:
    """The words of a text that are not empty, in order."""
    return [term.word for term in terms_of(text)]


def terms_of(text: str) -> list[Term]:
    """The words of a text that say something, in order, each once."""
    titles = {fold(word) for found in _QUOTED.finditer(text) for word in _WORD.findall(found.group())}
    terms: dict[str, Term] = {}
    for found in _WORD.finditer(text):
        word = found.group()
        if word.casefold().replace("ё", "е") in _EMPTY:
            continue
        begins = _ENDS_SENTENCE.search(text[max(0, found.start() - 8) : found.start()]) is not None
        is_number = NUMBER.fullmatch(word) is not None
        is_code = not is_number and (any(map(str.isdigit, word)) or (len(word) > 1 and word.isupper()))
        is_name = is_code or fold(word) in titles or (word[0].isupper() and not begins)
        terms.setdefault(fold(word), Term(word, is_name and not is_number, is_number))
    return list(terms.values())
