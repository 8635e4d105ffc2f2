"""What an answer stands on, sentence by sentence, as code has found it, whatever the model says of itself."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["Claim", "ClaimFault", "ClaimVerdict", "Grounding", "grounding_from_json", "grounding_to_json"]

#: ``supported``: its words, numbers, dates, names and quotes stand in the source that it is tied to. ``altered``: the
#: source is there and says something else. ``unsupported``: nothing that was shown to the model bears it out.
#: ``unchecked``: it claims nothing that a document could bear out (a greeting, a question, "not in the documents").
ClaimVerdict = Literal["supported", "altered", "unsupported", "unchecked"]
#: What of a claim differs from its source. ``wrong_place``: the label ``[n]`` names a passage that does not say so, and
#: another one does.
ClaimFault = Literal["quote", "number", "date", "name", "negation", "words", "wrong_place"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One sentence of an answer: ``answer[start:end]``.

    ``labels`` are the passages ``[n]`` that it is tied to, by the model or by code. ``faults`` say what differs and
    ``wrong`` holds the words of the claim that are not in the source, as written there.
    """

    start: int
    end: int
    verdict: ClaimVerdict
    labels: tuple[int, ...] = ()
    faults: tuple[ClaimFault, ...] = ()
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounding:
    """An answer's claims in order.

    ``evidence`` tells how surely the passages bear on the question: ``weak`` means that the answer is probably not
    in the documents, and then the nearest passages are shown instead of being believed. ``says_not_found`` is true
    when the answer itself says that the documents do not hold it.
    """

    evidence: Literal["strong", "weak", "none"]
    says_not_found: bool
    claims: tuple[Claim, ...] = ()


def grounding_to_json(grounding: Grounding) -> dict[str, object]:
    """A grounding as events, the API and storage have it."""
    return asdict(grounding)


def grounding_from_json(stored: Mapping[str, Any]) -> Grounding:
    """Turn what ``grounding_to_json`` made back into a grounding."""
    claims = tuple(
        Claim(**{**claim, **{name: tuple(claim[name]) for name in ("labels", "faults", "wrong")}})
        for claim in stored["claims"]
    )
    return Grounding(**{**stored, "claims": claims})
