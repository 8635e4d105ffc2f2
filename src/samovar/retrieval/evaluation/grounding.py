"""Measure how surely citations and refusals by code are right, on a corpus that is known to the last word."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from samovar.domain.document import Passage
from samovar.domain.grounding import Claim
from samovar.retrieval.cite import CitedAnswer, cite
from samovar.retrieval.evaluation.grounding_corpus import Corpus, InventedQuestion, ScriptedClaim
from samovar.retrieval.lexicon import Stemmer

__all__ = ["GroundingReport", "Mistake", "Share", "measure_grounding"]

#: Finds the passages for a question, best first.
Find = Callable[[str], Awaitable[Sequence[Passage]]]
#: Reads a document by its name, as one passage.
Open = Callable[[str], Awaitable[Passage]]

_MOST_MISTAKES: Final = 200


@dataclass(frozen=True, slots=True)
class Share:
    """``good`` of ``of``."""

    good: int
    of: int

    @property
    def value(self) -> float:
        """From 0 to 1; 1 when there was nothing."""
        return self.good / self.of if self.of else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One claim or question that was judged wrongly: ``language/kind``, what was asked and said, what was found."""

    kind: str
    question: str
    text: str
    found: str


@dataclass(kw_only=True)
class GroundingReport:
    """What was measured; every count is by ``language/truth/kind`` or ``language/kind``.

    ``flagged``: claims that are altered, tied to a wrong page or invented, and were marked. ``verified``: true ones
    that were borne out. ``refused``: questions without an answer whose evidence was not called strong; ``answered``:
    questions with one whose evidence was. ``precision``: of the sources shown, those that are right; ``recall``: of the
    true claims, those that got the right source. ``not_found``: answerable questions whose document the search did not
    find; it was shown all the same, so that citations could be measured.
    """

    seen: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    sources_shown: Counter[str] = field(default_factory=Counter)
    sources_right: Counter[str] = field(default_factory=Counter)
    claims_cited: Counter[str] = field(default_factory=Counter)
    not_found: int = 0
    documents: int = 0
    questions: int = 0
    mistakes: list[Mistake] = field(default_factory=list)

    def share(self, *beginnings: str) -> Share:
        """How many of the counts whose names begin so, in any language, were right."""
        names = [name for name in self.seen if name.split("/", 1)[1].startswith(beginnings)]
        return Share(sum(self.right[name] for name in names), sum(self.seen[name] for name in names))

    @property
    def flagged(self) -> Share:
        """Altered, wrong-page and invented claims that were marked."""
        return self.share("altered", "wrong_page", "invented")

    @property
    def verified(self) -> Share:
        """True claims that were borne out."""
        return self.share("true")

    @property
    def refused(self) -> Share:
        """Questions without an answer that were refused."""
        return self.share("question/other", "question/foreign")

    @property
    def answered(self) -> Share:
        """Questions with an answer that were not refused."""
        return self.share("question/answerable")

    @property
    def precision(self) -> Share:
        """Of the sources shown, the right ones."""
        return Share(self.sources_right.total(), self.sources_shown.total())

    @property
    def recall(self) -> Share:
        """Of the true claims, those with the right source."""
        return Share(self.claims_cited.total(), self.verified.of)

    def by_kind(self) -> dict[str, Share]:
        """Every count by its name, in order."""
        return {name: Share(self.right[name], self.seen[name]) for name in sorted(self.seen)}


async def measure_grounding(
    corpus: Corpus, find: Find, open_document: Open, stems: Stemmer, *, progress: Callable[[int], None]
) -> GroundingReport:
    """Ask every question and let the scripted answerer answer; ``progress`` is told how many are done."""
    report = GroundingReport(documents=len(corpus.documents), questions=len(corpus.questions))
    forms = {document.name: document.form for document in corpus.documents}
    for done, question in enumerate(corpus.questions, start=1):
        passages = list(await find(question.text))
        await _judge_evidence(question, passages, stems, report)
        if question.claims:
            if not any(passage.document == question.document for passage in passages):
                report.not_found += 1
                passages.append(await open_document(question.document))
            answer = _Answer(question, passages, forms)
            cited = await cite(answer.text, question.text, passages, stems)
            _judge_claims(question, answer, cited, passages, report)
        progress(done)
    return report


async def _judge_evidence(
    question: InventedQuestion, passages: Sequence[Passage], stems: Stemmer, report: GroundingReport
) -> None:
    grounding = (await cite("", question.text, passages, stems)).grounding
    is_refused = grounding.evidence != "strong"
    is_right = is_refused != (question.kind == "answerable")
    _count(report, f"{question.language}/question/{question.kind}", is_right)
    if not is_right:
        _note(report, f"{question.language}/question/{question.kind}", question, question.document, grounding.evidence)


class _Answer:
    """An answer with a paragraph for each scripted claim, and the labels that the scripted model writes."""

    def __init__(self, question: InventedQuestion, passages: Sequence[Passage], forms: dict[str, str]) -> None:
        numbers = [n for n, passage in enumerate(passages, start=1) if passage.document == question.document]
        others = [n for n, passage in enumerate(passages, start=1) if passage.document != question.document]
        # A paper of another kind surely says something else; one of the same kind may say the same in one point.
        apart = [n for n in others if forms[passages[n - 1].document] != forms[question.document]]
        wrong = (apart or others or [len(passages) + 1])[0]
        self.right = frozenset(numbers)
        paragraphs = [self._with_label(claim, numbers[0], wrong) for claim in question.claims]
        self.text = "\n\n".join(paragraphs)

    @staticmethod
    def _with_label(claim: ScriptedClaim, right: int, wrong: int) -> str:
        number = {"source": right, "other": wrong, "none": None}[claim.label]
        return claim.text if number is None else f"{claim.text} [{number}]"


def _judge_claims(
    question: InventedQuestion,
    answer: _Answer,
    cited: CitedAnswer,
    passages: Sequence[Passage],
    report: GroundingReport,
) -> None:
    start = 0
    for scripted, paragraph in zip(question.claims, cited.text.split("\n\n"), strict=True):
        end = start + len(paragraph)
        found = [claim for claim in cited.grounding.claims if start <= claim.start < end]
        start = end + 2
        is_flagged = any(_is_flagged(claim) for claim in found)
        name = f"{question.language}/{scripted.truth}/{scripted.kind}"
        is_borne_out = any(claim.verdict == "supported" for claim in found) and not is_flagged
        is_right = is_borne_out if scripted.truth == "true" else is_flagged
        _count(report, name, is_right)
        labels = {label for claim in found if claim.verdict == "supported" for label in claim.labels}
        if scripted.truth in ("true", "wrong_page"):
            documents = [passages[label - 1].document == question.document for label in labels]
            report.sources_shown[name] += len(documents)
            report.sources_right[name] += sum(documents)
            if scripted.truth == "true":
                report.claims_cited[name] += any(documents)
        if not is_right:
            verdicts = "; ".join(f"{claim.verdict} {claim.labels} {claim.faults} {claim.wrong}" for claim in found)
            _note(report, name, question, f"{paragraph} ({sorted(answer.right)})", verdicts)


def _is_flagged(claim: Claim) -> bool:
    return claim.verdict in ("altered", "unsupported") or bool(claim.faults)


def _count(report: GroundingReport, name: str, is_right: bool) -> None:
    report.seen[name] += 1
    report.right[name] += is_right


def _note(report: GroundingReport, kind: str, question: InventedQuestion, text: str, found: str) -> None:
    if len(report.mistakes) < _MOST_MISTAKES:
        report.mistakes.append(Mistake(kind=kind, question=question.text, text=text, found=found))
