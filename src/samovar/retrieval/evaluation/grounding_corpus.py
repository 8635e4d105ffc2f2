"""A corpus of invented documents, questions with and without an answer, and an answerer that is sometimes wrong.

Everything follows from the seed, so a seed that nobody has looked at is an honest test.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final, Literal

from samovar.retrieval.evaluation.grounding_english import ENGLISH_FORMS
from samovar.retrieval.evaluation.grounding_kinds import Attribute, DocumentForm
from samovar.retrieval.evaluation.grounding_russian import RUSSIAN_FORMS
from samovar.retrieval.evaluation.grounding_values import (
    ENGLISH_NAMES,
    RUSSIAN_NAMES,
    Language,
    Value,
    alter,
    draw,
    forms,
    other_unit,
)

__all__ = ["Corpus", "InventedDocument", "InventedQuestion", "ScriptedClaim", "Truth", "make_corpus"]

#: What a scripted claim is: ``true``; ``altered`` in one thing; ``wrong_page``: true, and tied to another document;
#: ``invented``: stated nowhere.
Truth = Literal["true", "altered", "wrong_page", "invented"]

_PLACE: Final = re.compile(r"\{(\w+)(?::(\w+))?\}")
#: A document leaves this share of its attributes out: what is asked about them is not in the documents.
_LEFT_OUT: Final = 0.3
_RUSSIAN_PLANS: Final = ("Старт", "Базовый", "Семейный", "Деловой", "Максимум", "Дачный")
_ENGLISH_PLANS: Final = ("Starter", "Basic", "Family", "Business", "Premium", "Cottage")


@dataclass(frozen=True, slots=True, kw_only=True)
class InventedDocument:
    """A document by its name. ``text`` is its only page."""

    name: str
    language: Language
    form: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedClaim:
    """A statement of the scripted answerer, and the document that bears it out or comes nearest.

    ``kind`` says how it was made. ``label``: ``source`` names the right passage, ``other`` another one, ``none`` leaves
    the label out, as small models do.
    """

    text: str
    truth: Truth
    kind: str
    label: Literal["source", "other", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InventedQuestion:
    """A question about ``document``; ``kind`` is ``answerable``, or why it has no answer. ``claims`` answer it."""

    text: str
    language: Language
    kind: Literal["answerable", "other_attribute", "other_entity", "foreign"]
    document: str
    claims: tuple[ScriptedClaim, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Documents and questions of one seed."""

    documents: tuple[InventedDocument, ...]
    questions: tuple[InventedQuestion, ...]


def make_corpus(seed: int, *, documents: int) -> Corpus:
    """Invent ``documents`` documents, half of them in each language, with their questions.

    At most 480: there are not more names that nobody shares.
    """
    random = Random(seed)  # noqa: S311 - nothing is kept secret by it
    made: list[InventedDocument] = []
    questions: list[InventedQuestion] = []
    taken: set[tuple[str, ...]] = set()
    for number in range(documents):
        language: Language = "ru" if number % 2 else "en"
        all_forms = RUSSIAN_FORMS if language == "ru" else ENGLISH_FORMS
        form = all_forms[number // 2 % len(all_forms)]
        writer = _Writer(form, language, random, taken)
        made.append(writer.document(number))
        questions += writer.questions(made[-1])
    return Corpus(documents=tuple(made), questions=tuple(questions))


class _Writer:
    """Writes one document, and what is asked and said about it."""

    def __init__(self, form: DocumentForm, language: Language, random: Random, taken: set[tuple[str, ...]]) -> None:
        self._form = form
        self._language = language
        self._random = random
        self._values = self._draw(taken)
        kept = [place for place in range(len(form.attributes)) if place < form.always or random.random() >= _LEFT_OUT]
        self._kept = kept
        self._sentences: dict[int, str] = {}
        self._rows: list[tuple[str, dict[str, Value]]] = []

    def _draw(self, taken: set[tuple[str, ...]]) -> dict[str, Value]:
        """Draw values of which no two are alike, so that one is never right in the place of another."""
        values: dict[str, Value] = {}
        seen: set[object] = set()
        for name, kind in self._form.values.items():
            while True:
                value = draw(kind, self._random, self._language, pool=int(name != self._form.identity))
                told_by = value.words[-1] if value.words else (value.number, value.day)
                is_taken = name == self._form.identity and value.words in taken
                if told_by not in seen and not is_taken:
                    break
            seen.add(told_by)
            if name == self._form.identity:
                taken.add(value.words)
            values[name] = value
        return values

    def _write(self, template: str, values: Mapping[str, Value] | None = None) -> str:
        known = values or self._values
        text = _PLACE.sub(
            lambda place: forms(known[place[1]], self._random, self._language, case=place[2] or ""), template
        )
        return text if text[-1] in ".?!" else f"{text}."

    def document(self, number: int) -> InventedDocument:
        """Write the document: a title, its attributes in an order of its own, sentences that say little, a table."""
        form = self._form
        for place in self._kept:
            self._sentences[place] = self._write(self._random.choice(form.attributes[place].stated))
        body = [*self._sentences.values(), *self._random.sample(form.filler, k=3)]
        self._random.shuffle(body)
        paragraphs = [self._write(self._random.choice(form.title)).rstrip(".")]
        while body:
            size = self._random.randint(1, 3)
            paragraphs.append(" ".join(body[:size]))
            del body[:size]
        if form.table:
            paragraphs.insert(1 + self._random.randrange(len(paragraphs)), self._table())
        name = _PLACE.sub(lambda place: " ".join(self._values[place[1]].words), form.file)
        return InventedDocument(
            name=f"{name} {number}.txt", language=self._language, form=form.name, text="\n\n".join(paragraphs)
        )

    def _table(self) -> str:
        plans = self._random.sample(_RUSSIAN_PLANS if self._language == "ru" else _ENGLISH_PLANS, k=4)
        used: set[int] = set()
        for plan in plans:
            row: dict[str, Value] = {}
            for column in self._form.columns:
                value = draw(self._form.values[column], self._random, self._language)
                while value.number in used:
                    value = draw(self._form.values[column], self._random, self._language)
                used.add(value.number)
                row[column] = value
            self._rows.append((plan, row))
        lines = [self._form.table, *((plan, *(str(cell.number) for cell in row.values())) for plan, row in self._rows)]
        if self._random.random() < 0.5:
            return "\n".join("\t".join(line) for line in lines)
        ruler = "|" + " --- |" * len(self._form.table)
        written = ["| " + " | ".join(line) + " |" for line in lines]
        return "\n".join((written[0], ruler, *written[1:]))

    def questions(self, document: InventedDocument) -> Iterator[InventedQuestion]:
        """Ask what the document answers, what it leaves out, and about somebody who is nowhere."""
        for place, attribute in enumerate(self._form.attributes):
            kept = place in self._kept
            yield InventedQuestion(
                text=self._write(self._random.choice(attribute.asked)),
                language=self._language,
                kind="answerable" if kept else "other_attribute",
                document=document.name,
                claims=tuple(self._claims(place, attribute)) if kept else (),
            )
        if self._rows:
            plan, row = self._random.choice(self._rows)
            yield InventedQuestion(
                text=self._about_row(plan, asks=True),
                language=self._language,
                kind="answerable",
                document=document.name,
                claims=tuple(self._row_claims(plan, row)),
            )
        attribute = self._form.attributes[self._random.choice(self._kept)]
        yield InventedQuestion(
            text=self._write(self._random.choice(attribute.asked), self._of_nobody()),
            language=self._language,
            kind="other_entity",
            document=document.name,
        )
        yield InventedQuestion(
            text=self._write(self._random.choice(self._form.unanswerable)),
            language=self._language,
            kind="foreign",
            document=document.name,
        )

    def _of_nobody(self) -> dict[str, Value]:
        identity = self._values[self._form.identity]
        name = self._random.choice(RUSSIAN_NAMES if self._language == "ru" else ENGLISH_NAMES)
        words = (identity.words[0], name) if identity.kind == "person" else (name,)
        return {**self._values, self._form.identity: Value(identity.kind, words=words)}

    def _claims(self, place: int, attribute: Attribute) -> Iterator[ScriptedClaim]:
        stated = self._sentences[place]
        yield self._claim(stated, "true", "verbatim")
        yield self._claim(self._write(self._random.choice(attribute.claimed)), "true", "paraphrase")
        yield self._claim(self._quoting(stated), "true", "quote")
        for first, second, template in self._form.joined:
            if place == first and second in self._kept:
                yield self._claim(self._write(template), "true", "combined")
        yield from self._altered(attribute)
        if changed := self._with_another_word(stated):
            yield self._claim(self._quoting(changed), "altered", "quote")
        yield self._claim(self._write(self._random.choice(attribute.claimed)), "wrong_page", "claim", label="other")
        yield self._claim(self._quoting(stated), "wrong_page", "quote", label="other")
        yield self._claim(self._random.choice(self._form.invented), "invented", "claim")
        yield self._claim(self._quoting(self._random.choice(self._form.invented)), "invented", "quote")

    def _claim(
        self, text: str, truth: Truth, kind: str, *, label: Literal["source", "other"] | None = None
    ) -> ScriptedClaim:
        left_out = self._random.random() < 0.3
        return ScriptedClaim(text=text, truth=truth, kind=kind, label=label or ("none" if left_out else "source"))

    def _altered(self, attribute: Attribute) -> Iterator[ScriptedClaim]:
        template = self._random.choice(attribute.claimed)
        names = list(dict.fromkeys(place[1] for place in _PLACE.finditer(template)))
        for name in names:
            value = self._values[name]
            kind = "date" if value.kind == "date" else "name" if value.words else "number"
            changed = self._changed(value)
            yield self._claim(self._write(template, {**self._values, name: changed}), "altered", kind)
            other = other_unit(value, self._random)
            if other is not None:
                yield self._claim(self._write(template, {**self._values, name: other}), "altered", "unit")
        for denied in attribute.denied[:1] if self._random.random() < 0.5 else attribute.denied[1:]:
            yield self._claim(self._write(denied), "altered", "negation")
        if attribute.swaps:
            one, other_name = attribute.swaps
            swapped = {**self._values, one: self._values[other_name], other_name: self._values[one]}
            yield self._claim(self._write(template, swapped), "altered", "roles")

    def _changed(self, value: Value) -> Value:
        """Change a value into one that the document states nowhere else."""
        known = {word for one in self._values.values() for word in one.words}
        while True:
            changed = alter(value, self._random, self._language)
            if not changed.words or not known & set(changed.words[-1:]):
                return changed

    def _quoting(self, sentence: str) -> str:
        bare = sentence.rstrip(".")
        if self._language == "ru":
            frame = self._random.choice(("В документе сказано: «{}».", "Согласно документу, „{}“.", 'Указано: "{}".'))
        else:
            frame = self._random.choice(
                ('The document says: "{}".', "It is stated: “{}”.", "According to the source, “{}”.")
            )
        if "«" in bare or '"' in bare:
            frame = frame.replace('"', "“", 1).replace('"', "”", 1)
        return frame.format(bare)

    def _with_another_word(self, sentence: str) -> str | None:
        """Change one word of a sentence into one that the corpus does not have."""
        words = sentence.split()
        places = [place for place, word in enumerate(words) if len(word) > 4 and word.isalpha() and word.islower()]
        if not places:
            return None
        place = self._random.choice(places)
        others = (
            ("примерно", "частично", "якобы", "особый")
            if self._language == "ru"
            else ("roughly", "partly", "allegedly")
        )
        return " ".join((*words[:place], self._random.choice(others), *words[place + 1 :]))

    def _about_row(self, plan: str, *, asks: bool) -> str:
        del asks
        company = self._write("{company}").rstrip(".")
        if self._language == "ru":
            return f"Какая абонентская плата на тарифе «{plan}» у «{company}»?"
        return f"What is the monthly fee of the {plan} plan of {company}?"

    def _row_claims(self, plan: str, row: Mapping[str, Value]) -> Iterator[ScriptedClaim]:
        others = [other for name, other in self._rows if name != plan]
        other = self._random.choice(others)
        yield self._claim(self._row_claim(plan, row["fee"], 0), "true", "table")
        yield self._claim(self._row_claim(plan, row["minutes"], 1), "true", "table")
        yield self._claim(self._row_claim(plan, other["fee"], 0), "altered", "cell_of_another_row")
        yield self._claim(self._row_claim(plan, other["minutes"], 1), "altered", "cell_of_another_row")
        yield self._claim(self._row_claim(plan, row["traffic"], 1), "altered", "cell_of_another_column")
        yield self._claim(
            self._row_claim(plan, alter(row["fee"], self._random, self._language), 0), "altered", "number"
        )
        yield self._claim(self._row_claim(plan, row["fee"], 0), "wrong_page", "table", label="other")

    def _row_claim(self, plan: str, value: Value, column: int) -> str:
        if self._language == "ru":
            money = forms(Value("small_money", number=value.number, unit="money"), self._random, "ru")
            return self._random.choice(
                (
                    (
                        f"На тарифе «{plan}» абонентская плата — {money}.",
                        f"Абонентская плата тарифа «{plan}» составляет {money}.",
                    ),
                    (
                        f"На тарифе «{plan}» минуты: {value.number}.",
                        f"Тариф «{plan}» включает минуты — {value.number}.",
                    ),
                )[column]
            )
        money = forms(Value("small_money", number=value.number, unit="money"), self._random, "en")
        return self._random.choice(
            (
                (f"The monthly fee of the {plan} plan is {money}.", f"The {plan} plan has a monthly fee of {money}."),
                (
                    f"The {plan} plan includes {value.number} minutes.",
                    f"With the {plan} plan you get {value.number} minutes.",
                ),
            )[column]
        )
