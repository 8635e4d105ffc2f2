"""The catalogue of open-weights models, and what of it suits a person and a machine."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final, Literal

import yaml

from samovar.domain.errors import NotFound
from samovar.weights.architecture import Architecture
from samovar.weights.fit import DEFAULT_CONTEXT_TOKENS, Budget, Fit, estimate_fit
from samovar.weights.memory import KvType
from samovar.weights.quantisation import QUANTISATIONS, quantised_weights
from samovar.weights.shape import SizedModel

__all__ = ["CatalogueEntry", "CatalogueFile", "EntryFit", "choose_entries", "entry_body", "find_entry", "fit_entry",
           "read_catalogue", "size_entry"]  # fmt: skip

Commercial = Literal["yes", "conditions", "no"]

#: The quantisation by which the layers of a file with a mixture of its own are weighed.
_STAND_IN: Final = "Q4_K_M"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueFile:
    """One GGUF file of a model. Unknown facts are None; ``size_bytes`` is rounded as published."""

    quantisation: str
    size_bytes: int | None
    repo: str | None
    file: str | None
    sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """One model, with facts from its publisher. Unknown facts are None."""

    entry_id: str
    name: str
    publisher: str
    licence: str | None
    commercial: Commercial | None
    languages: tuple[str, ...]
    vision: bool
    context_tokens: int | None
    parameters: int | None
    active_parameters: int | None
    source: str
    architecture: Architecture | None
    files: tuple[CatalogueFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFit:
    """How one file of a model fits."""

    file: CatalogueFile
    model: SizedModel
    fit: Fit


@cache
def read_catalogue() -> tuple[CatalogueEntry, ...]:
    """Every entry, in the order of the file."""
    text = files("samovar.weights").joinpath("catalogue.yaml").read_text(encoding="utf-8")
    listed = yaml.load(text, Loader=yaml.CSafeLoader) if yaml.__with_libyaml__ else yaml.safe_load(text)
    return tuple(_entry(fields) for fields in listed)


def find_entry(entry_id: str) -> CatalogueEntry:
    """One entry. Raises: NotFound."""
    for entry in read_catalogue():
        if entry.entry_id == entry_id:
            return entry
    raise NotFound(what="model")


def choose_entries(
    *, licences: Sequence[str] = (), language: str | None = None, vision: bool | None = None, fits: Budget | None = None
) -> tuple[CatalogueEntry, ...]:
    """Entries under one of the licences, for a language, with or without eyes, that fit a budget; in their order.

    What is not known fits no filter.
    """
    wanted = {licence.lower() for licence in licences}
    return tuple(
        entry
        for entry in read_catalogue()
        if (not wanted or (entry.licence or "").lower() in wanted)
        and (language is None or language.lower() in entry.languages)
        and (vision is None or entry.vision is vision)
        and (fits is None or ((found := fit_entry(entry, fits)) is not None and found.fit.fits))
    )


@lru_cache(maxsize=1024)
def fit_entry(
    entry: CatalogueEntry,
    budget: Budget,
    *,
    quantisation: str | None = None,
    context_tokens: int = DEFAULT_CONTEXT_TOKENS,
    kv: KvType = "f16",
) -> EntryFit | None:
    """How the best file fits that does, else the smallest; None where the facts do not suffice.

    Raises: NotFound for a quantisation that the entry does not have.
    """
    wanted = [file for file in entry.files if quantisation in (None, file.quantisation)]
    if not wanted:
        raise NotFound(what="quantisation")
    sized = [(file, model) for file in wanted if (model := size_entry(entry, file)) is not None]
    found = [
        EntryFit(file=file, model=model, fit=estimate_fit(model, budget, context_tokens=context_tokens, kv=kv))
        for file, model in sorted(sized, key=lambda pair: pair[1].weights.total_bytes)
    ]
    fitting = [one for one in found if one.fit.fits]
    return fitting[-1] if fitting else next(iter(found), None)


def size_entry(entry: CatalogueEntry, file: CatalogueFile) -> SizedModel | None:
    """A file's sizes: as published where they are, else from the architecture; None without both."""
    if entry.architecture is None:
        return None
    is_known = file.quantisation in QUANTISATIONS
    if not is_known and file.size_bytes is None:
        return None
    weights = quantised_weights(entry.architecture, file.quantisation if is_known else _STAND_IN)
    if file.size_bytes is not None:
        weights = weights.scaled_to(file.size_bytes)
    return SizedModel(
        name=entry.name, quantisation=file.quantisation, shape=entry.architecture.shape(), weights=weights
    )


def entry_body(entry: CatalogueEntry, found: EntryFit | None) -> dict[str, object]:
    """An entry as programs read it: ``samovar catalogue --json`` and the API give this shape."""
    return {
        "id": entry.entry_id,
        "name": entry.name,
        "publisher": entry.publisher,
        "licence": entry.licence,
        "commercial": entry.commercial,
        "languages": list(entry.languages),
        "vision": entry.vision,
        "context_tokens": entry.context_tokens,
        "parameters": entry.parameters,
        "active_parameters": entry.active_parameters,
        "source": entry.source,
        "files": [
            {
                "quantisation": file.quantisation,
                "size_bytes": file.size_bytes,
                "repo": file.repo,
                "file": file.file,
                "sha256": file.sha256,
            }
            for file in entry.files
        ],
        "fit": found
        and {
            "quantisation": found.file.quantisation,
            "size_bytes": found.model.weights.total_bytes,
            "total_bytes": found.fit.total_bytes,
            "memory_bytes": found.fit.memory_bytes,
            "fits": found.fit.fits,
        },
    }


def _entry(fields: dict[str, Any]) -> CatalogueEntry:
    plain = {name: value for name, value in fields.items() if name not in ("id", "architecture", "files", "languages")}
    architecture = fields["architecture"] and _architecture(fields["architecture"], fields["context_tokens"])
    return CatalogueEntry(
        entry_id=fields["id"],
        languages=tuple(fields["languages"]),
        architecture=architecture,
        files=tuple(_files(fields["files"])),
        **plain,
    )


def _architecture(fields: dict[str, Any], context_tokens: int | None) -> Architecture:
    window, period = fields.get("window_tokens"), fields.get("window_period", 1)
    plain = {name: value for name, value in fields.items() if not name.startswith("window_")}
    found = Architecture(context_tokens=context_tokens, **plain)
    if window is None:
        return found
    windows = tuple(window if layer % period < period - 1 else None for layer in range(found.layers))
    return replace(found, windows=windows)


def _files(listed: Iterable[dict[str, Any]]) -> Iterable[CatalogueFile]:
    for fields in listed:
        size_gb = fields["size_gb"]
        yield CatalogueFile(
            quantisation=fields["quantisation"],
            size_bytes=None if size_gb is None else round(size_gb * 1_000_000_000),
            repo=fields["repo"],
            file=fields["file"],
            sha256=fields["sha256"],
        )
