"""Tie an answer to the places it stands on, by code and without trusting the model.

Each statement of the answer is checked against the passages. A label ``[n]`` that the model wrote is a claim to be
checked too: one that is right stays, one that is wrong is taken out, and what the model left out is filled in. When
nothing fits, the passage nearest to the question is named as such.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Final

from samovar.domain.citation import Citation, CitationOrigin
from samovar.domain.document import Passage
from samovar.domain.grounding import Claim, ClaimFault, Grounding
from samovar.retrieval.bindings import is_one_person, name_anchors
from samovar.retrieval.check import Finding, Support, best_finding
from samovar.retrieval.claims import Statement, clauses_of, find_statements, says_not_found
from samovar.retrieval.lexicon import Stemmer, load_lexicon
from samovar.retrieval.quotes import normalised
from samovar.retrieval.reading import Reading, read_text
from samovar.retrieval.refuse import weigh_evidence
from samovar.retrieval.sources import Source, Sources, has_name, read_passages

__all__ = ["SOFT_HYPHEN", "CitedAnswer", "Stemmer", "cite", "normalise_quote"]

#: Marks where a word is divided at the end of a line (PDF); it is no part of the word.
SOFT_HYPHEN: Final = "\u00ad"
_MOST_CITATIONS: Final = 60
#: Share of the question's weight from which a sentence is worth showing beside other sources.
_NEAR: Final = 0.5
#: A shorter name of a document may stand in an answer by chance.
_SHORTEST_NAME: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedAnswer:
    """The answer with its marks filled in, what the marks stand for, and what of it is borne out.

    The claims count characters in ``text``.
    """

    text: str
    citations: tuple[Citation, ...]
    grounding: Grounding = field(default_factory=lambda: Grounding(evidence="none", says_not_found=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    claim: Claim
    citations: tuple[Citation, ...] = ()


def normalise_quote(text: str) -> str:
    """A quote as people read it: white space runs become one space, divided words become whole."""
    return " ".join(text.replace(SOFT_HYPHEN, "").split())


async def cite(answer: str, question: str, passages: Sequence[Passage], stems: Stemmer) -> CitedAnswer:
    """Find what each statement of the answer stands on. Shape: passages in prompt order, [1] first.

    The citations are not verified yet: the caller reads each quote again from the stored source.
    """
    statements = find_statements(answer, len(passages))
    not_found = any(says_not_found(answer[one.start : one.end]) for one in statements)
    if not passages:
        return CitedAnswer(text=answer, citations=(), grounding=Grounding(evidence="none", says_not_found=not_found))
    asked = read_text(question)
    read = read_passages(passages)
    lexicon = await load_lexicon(_words(asked, statements, read), stems)
    sources = Sources(read, lexicon)
    seen: dict[tuple[str, tuple[int, ...], tuple[str, ...]], _Verdict] = {}
    verdicts: list[_Verdict] = []
    for statement in statements:
        # An answer that repeats itself a thousand times costs no more than once.
        key = (statement.reading.text, statement.numbers, statement.header)
        if key not in seen or not statement.is_checked:
            seen[key] = _judge(statement, sources, asked)
        known = seen[key]
        verdicts.append(replace(known, claim=replace(known.claim, start=statement.start, end=statement.end)))
    citations = [citation for verdict in verdicts for citation in verdict.citations]
    citations += _nearest(asked, sources, citations)
    edits = [edit for one, verdict in zip(statements, verdicts, strict=True) for edit in _edits(answer, one, verdict)]
    text, move = _edited(answer, edits)
    claims = tuple(
        replace(verdict.claim, start=move(verdict.claim.start), end=move(verdict.claim.end)) for verdict in verdicts
    )
    return CitedAnswer(
        text=text,
        citations=_without_repeats(citations),
        grounding=Grounding(
            evidence=weigh_evidence(asked, sources).strength,
            says_not_found=not_found and not any(claim.verdict == "supported" for claim in claims),
            claims=claims,
        ),
    )


def _words(asked: Reading, statements: Sequence[Statement], read: Sequence[Source]) -> Iterator[str]:
    yield from asked.word_keys()
    for statement in statements:
        yield from statement.reading.word_keys()
        for cell in statement.header:
            yield from read_text(cell).word_keys()
    for source in read:
        yield from source.word_keys


def _judge(statement: Statement, sources: Sources, asked: Reading) -> _Verdict:
    """Decide what a statement stands on, by the passages that the model named first and by all others then."""
    whole = Claim(start=statement.start, end=statement.end, verdict="unchecked")
    if not statement.is_checked:
        return _Verdict(claim=replace(whole, verdict="unsupported"))
    if not statement.claims or _says_one_word(statement, sources):
        return _Verdict(claim=whole)
    named = [number for number in statement.numbers if 1 <= number <= len(sources.all)]
    by_label = {number: best_finding(statement, sources, [number], asked=asked, is_labelled=True) for number in named}
    borne_out = [found for found in by_label.values() if found is not None and found.bears_out]
    everywhere = range(1, len(sources.all) + 1)
    best = None
    if not borne_out:
        best = best_finding(statement, sources, everywhere, asked=asked, is_labelled=False)
        borne_out = [best] if best is not None and best.bears_out else _by_clauses(statement, sources, named)
    if borne_out:
        asked_of = _of_whom_was_asked(statement, asked, sources)
        if asked_of and asked_of.isdisjoint(found.support.number for found in borne_out):
            own = best_finding(statement, sources, asked_of, asked=asked, is_labelled=True)
            if own is not None and own.bears_out:
                borne_out = [own]
            elif own is not None and own.is_about and own.faults:
                return _not_borne_out(whole, [own], sources)
        return _supported(whole, statement, borne_out, sources, named)
    findings = [found for found in (*by_label.values(), best) if found is not None]
    return _not_borne_out(whole, findings, sources)


def _of_whom_was_asked(statement: Statement, asked: Reading, sources: Sources) -> frozenset[int]:
    """The passages of the documents that name whom the question names, for a statement that names nobody else.

    "The deposit is 30 %" says it of the contract that was asked about, though another contract may say so too.
    """
    lexicon = sources.lexicon

    def names_of(reading: Reading) -> list[str]:
        return [
            word.key
            for word in reading.words
            if word.text[0].isupper()
            and (word.is_name or has_name(sources.names, word.key))
            and lexicon.concepts(word.key)
            and not lexicon.is_ordinary(word.key)
        ]

    names = names_of(asked)
    if not names or not all(has_name(names, key) for key in names_of(statement.reading)):
        return frozenset()
    known: dict[object, set[str]] = {}
    people = name_anchors(asked, lexicon)
    for source in sources.all:
        found = known.setdefault(source.passage.chunk.document_id, set())
        found.update(name for name in names if has_name(source.word_keys, name))
        for one in people:
            if not is_one_person(one, asked, source.readings(), lexicon):
                found.difference_update(one.keys)
    most = max(map(len, known.values()), default=0)
    documents = {document for document, found in known.items() if found and len(found) == most}
    return frozenset(source.number for source in sources.all if source.passage.chunk.document_id in documents)


def _says_one_word(statement: Statement, sources: Sources) -> bool:
    """Tell whether nothing but one ordinary word stands there: it claims nothing."""
    words = [word for word in statement.reading.words if sources.lexicon.concepts(word.key)]
    if statement.reading.facts or len(words) > 1:
        return False
    return not any(word.is_name or has_name(sources.names, word.key) for word in words)


def _supported(
    whole: Claim, statement: Statement, findings: Sequence[Finding], sources: Sources, named: Sequence[int]
) -> _Verdict:
    labels = tuple(dict.fromkeys(found.support.number for found in findings))
    is_misplaced = bool(set(statement.numbers) - set(labels)) or _names_another(statement, labels, sources)
    faults: tuple[ClaimFault, ...] = ("wrong_place",) if is_misplaced else ()
    citations = tuple(
        _citation(found.support, sources, "model" if found.support.number in named else "answer") for found in findings
    )
    return _Verdict(claim=replace(whole, verdict="supported", labels=labels, faults=faults), citations=citations)


def _not_borne_out(whole: Claim, findings: Sequence[Finding], sources: Sources) -> _Verdict:
    about = [found for found in findings if found.is_about]
    if not about:
        faults = max(findings, key=lambda found: found.share).faults if findings else ()
        wrong = max(findings, key=lambda found: found.share).wrong if findings else ()
        return _Verdict(claim=replace(whole, verdict="unsupported", faults=faults, wrong=wrong))
    nearest = max(about, key=lambda found: (found.share - 0.12 * len(found.faults), found.is_labelled))
    if not nearest.faults:
        return _Verdict(claim=replace(whole, verdict="unsupported"))
    return _Verdict(
        claim=replace(
            whole,
            verdict="altered",
            labels=(nearest.support.number,),
            faults=nearest.faults,
            wrong=nearest.wrong,
        ),
        citations=(_citation(nearest.support, sources, "nearest"),),
    )


def _by_clauses(statement: Statement, sources: Sources, named: Sequence[int]) -> list[Finding]:
    """What the clauses of a statement stand on when each stands on a place of its own; nothing unless all do."""
    findings: list[Finding] = []
    nothing = Reading("", (), (), ())
    for clause in clauses_of(statement):
        found = best_finding(clause, sources, named, asked=nothing, is_labelled=True) if named else None
        if found is None or not found.bears_out:
            found = best_finding(clause, sources, range(1, len(sources.all) + 1), asked=nothing, is_labelled=False)
        if found is None or not found.bears_out:
            return []
        findings.append(found)
    return findings


def _names_another(statement: Statement, labels: Sequence[int], sources: Sources) -> bool:
    """Tell whether a statement ascribes its words to a document by name, and to the wrong one."""
    text = normalised(statement.reading.text)
    named = {
        source.passage.chunk.document_id
        for source in sources.all
        if len(source.passage.document) >= _SHORTEST_NAME and normalised(source.passage.document) in text
    }
    return bool(named) and named.isdisjoint(sources.all[number - 1].passage.chunk.document_id for number in labels)


def _nearest(asked: Reading, sources: Sources, citations: Sequence[Citation]) -> Iterator[Citation]:
    """Show the passage nearest to the question, unless the answer stands on it already."""
    words = {concepts for word in asked.words if (concepts := sources.lexicon.concepts(word.key))}
    whole = sum(sources.weight(concepts) for concepts in words)
    best = (-1.0, 0, 0)
    for at, source in enumerate(sources.all):
        for place, stood in enumerate(source.concepts):
            held = sum(sources.weight(concepts) for concepts in words if not concepts.isdisjoint(stood))
            best = max(best, (held, -at, -place))
    if best[0] < 0:
        return
    source = sources.all[-best[1]]
    unit = source.units[-best[2]]
    cited = {citation.n for citation in citations}
    is_near = bool(whole) and best[0] / whole >= _NEAR and source.number not in cited
    if is_near or not cited:
        yield _citation(Support(number=source.number, start=unit.start, end=unit.end), sources, "nearest")


def _citation(support: Support, sources: Sources, origin: CitationOrigin) -> Citation:
    passage = sources.all[support.number - 1].passage
    chunk = passage.chunk
    return Citation(
        n=support.number,
        document_id=chunk.document_id,
        document=passage.document,
        page=chunk.page,
        start=chunk.start + support.start,
        end=chunk.start + support.end,
        quote=normalise_quote(chunk.text[support.start : support.end]),
        verified=False,
        origin=origin,
        figure=chunk.figure,
    )


def _edits(answer: str, statement: Statement, verdict: _Verdict) -> Iterator[tuple[int, int, str]]:
    """How the labels of a statement become those that are right: stretches of the answer and what replaces them."""
    right = verdict.claim.labels if verdict.claim.verdict == "supported" else ()
    written = statement.labels
    if not written:
        if right and not statement.cells:
            yield statement.end, statement.end, " " + _marks(right)
        return
    if statement.numbers == right and all(len(label.numbers) == 1 for label in written):
        return
    for place, label in enumerate(written):
        if place == 0 and right:
            yield label.start, label.end, _marks(right)
            continue
        start = label.start
        while start > statement.start and answer[start - 1] in " \u00a0":
            start -= 1
        yield start, label.end, ""


def _marks(numbers: Sequence[int]) -> str:
    return "".join(f"[{number}]" for number in numbers)


class _Move:
    """Where a place of the answer is when it was edited."""

    def __init__(self, edits: Sequence[tuple[int, int, str]]) -> None:
        self._ends = [end for _, end, _ in edits]
        self._gains = [0, *accumulate(len(written) - (end - start) for start, end, written in edits)]
        self._edits = edits

    def __call__(self, place: int) -> int:
        done = bisect_right(self._ends, place)
        # A mark behind a statement is no part of it.
        while done and self._edits[done - 1][0] == self._edits[done - 1][1] == place:
            done -= 1
        return place + self._gains[done]


def _edited(answer: str, edits: Sequence[tuple[int, int, str]]) -> tuple[str, _Move]:
    pieces: list[str] = []
    done = 0
    for start, end, written in edits:
        pieces += (answer[done:start], written)
        done = end
    return "".join((*pieces, answer[done:])), _Move(edits)


def _without_repeats(citations: Sequence[Citation]) -> tuple[Citation, ...]:
    seen: dict[tuple[int, int, int], Citation] = {}
    for citation in citations:
        key = (citation.n, citation.start, citation.end)
        if key not in seen or (seen[key].origin == "nearest" != citation.origin):
            seen[key] = citation
    return tuple(sorted(seen.values(), key=lambda citation: (citation.n, citation.start)))[:_MOST_CITATIONS]
