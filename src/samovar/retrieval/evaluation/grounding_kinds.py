"""The kinds of invented documents: what they state, what is asked about them, and what may be answered."""

from dataclasses import dataclass
from typing import Literal

from samovar.retrieval.evaluation.grounding_values import ValueKind

__all__ = ["Attribute", "DocumentForm", "FormName"]

FormName = Literal["contract", "staff", "protocol", "minutes", "tariff"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One thing that a document may state, in several phrasings each.

    ``stated`` are sentences of the document, ``asked`` questions, ``claimed`` sentences of an answer that are true,
    ``denied`` the same with a denial too many or too few. ``swaps`` are two values that change places when the roles in
    ``claimed`` are swapped. Values stand in braces: ``{price}``, and ``{person:dative}`` for a case.
    """

    stated: tuple[str, ...]
    asked: tuple[str, ...]
    claimed: tuple[str, ...]
    denied: tuple[str, ...] = ()
    swaps: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentForm:
    """A kind of document in one language.

    ``identity`` is the value that tells one from another; ``always`` are the first attributes that no document lacks.
    ``joined`` are true sentences on the two attributes named. ``invented`` are about what no document states.
    ``table`` is the header of a table of ``rows`` with the values ``columns``.
    """

    name: FormName
    values: dict[str, ValueKind]
    identity: str
    file: str
    title: tuple[str, ...]
    filler: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    joined: tuple[tuple[int, int, str], ...]
    invented: tuple[str, ...]
    unanswerable: tuple[str, ...]
    always: int = 1
    table: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
