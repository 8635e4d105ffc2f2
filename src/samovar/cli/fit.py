"""``samovar fit``: whether a model fits into memory, and what to change."""

import re
from pathlib import Path
from typing import Annotated, Final

import typer

from samovar.cli.output import DataDir, Json, load_settings, print_json
from samovar.cli.weights_words import say
from samovar.cli.words import language_of
from samovar.domain.errors import InvalidParameter, InvalidRequest, ModelFileMissing, NotFound
from samovar.weights.advice import advice_sentences, fit_body, size_text
from samovar.weights.catalogue import find_entry, fit_entry
from samovar.weights.fit import Budget, Fit, estimate_fit
from samovar.weights.folder import named_file
from samovar.weights.gguf import read_gguf, size_gguf
from samovar.weights.machine import look_at_machine
from samovar.weights.memory import KV_TYPES, KvType
from samovar.weights.safetensors import read_config

__all__ = ["budget_here", "fit", "read_size"]

_SIZE: Final = re.compile(r"(\d+(?:[.,]\d+)?)\s*([KMGT]?)(i?)B?", re.IGNORECASE)
_POWERS: Final = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
_MOST_BYTES: Final = 2**50


def fit(
    model: Annotated[
        str,
        typer.Argument(help="A GGUF file, the config.json of a safetensors model, or the id of a catalogue entry."),
    ],
    memory: Annotated[
        str | None,
        typer.Option(help="Memory that the model may take, as 12GB or 16GiB.", show_default="this machine's"),
    ] = None,
    context: Annotated[
        int | None,
        typer.Option(min=256, max=16_777_216, help="Context length in tokens.", show_default="as in the settings"),
    ] = None,
    kv: Annotated[
        str | None,
        typer.Option(help="How the context is stored: f16, q8_0 or q4_0.", show_default="as in the settings"),
    ] = None,
    mmproj: Annotated[Path | None, typer.Option(help="GGUF file of the model's vision projector.")] = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Say how much memory a model needs, what context fits, and what to change."""
    settings = load_settings(data_dir)
    budget = budget_here() if memory is None else _stated(memory)
    found = _estimate(
        model,
        budget,
        context_tokens=context or settings.engine.context_tokens,
        kv=_kv_type(kv) if kv else settings.engine.kv_cache,
        mmproj=mmproj,
        data_dir=settings.data_dir,
    )
    if as_json:
        print_json(fit_body(found, language_of()))
        return
    _print(found)


def budget_here() -> Budget:
    """What a model may take on this machine."""
    machine = look_at_machine()
    return Budget(memory_bytes=machine.usable_bytes, gpu_bytes=machine.gpu_bytes)


def read_size(text: str) -> int:
    """A size in bytes from 12GB, 16 GiB, 500M or plain bytes. Raises: InvalidParameter."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise InvalidParameter("memory", "a size is written as 12GB or 16GiB")
    number, unit, binary = found.groups()
    size_bytes = float(number.replace(",", ".")) * (1024 if binary else 1000) ** _POWERS[unit.upper()]
    if size_bytes > _MOST_BYTES:
        raise InvalidParameter("memory", "no machine has so much")
    return int(size_bytes)


def _stated(memory: str) -> Budget:
    """A stated memory may be a machine's or a graphics card's: both answers are given for it."""
    size_bytes = read_size(memory)
    return Budget(memory_bytes=size_bytes, gpu_bytes=size_bytes)


def _kv_type(text: str) -> KvType:
    for name in KV_TYPES:
        if text == name:
            return name
    raise InvalidParameter("kv", f"it is one of {', '.join(KV_TYPES)}")


def _estimate(
    model: str, budget: Budget, *, context_tokens: int, kv: KvType, mmproj: Path | None, data_dir: Path
) -> Fit:
    path = named_file(Path(model), data_dir)
    if path.suffix == ".json":
        return estimate_fit(read_config(path), budget, context_tokens=context_tokens, kv=kv)
    if not path.exists() and path.suffix != ".gguf":
        return _catalogued(model, budget, context_tokens, kv)
    projector = read_gguf(named_file(mmproj, data_dir)) if mmproj else None
    sized = size_gguf(read_gguf(path), str(path), projector=projector)
    return estimate_fit(sized, budget, context_tokens=context_tokens, kv=kv)


def _catalogued(model: str, budget: Budget, context_tokens: int, kv: KvType) -> Fit:
    try:
        entry = find_entry(model)
    except NotFound:
        raise ModelFileMissing(path=model) from None
    found = fit_entry(entry, budget, context_tokens=context_tokens, kv=kv)
    if found is None:
        raise InvalidRequest(reason="too little is known of this model to estimate its memory")
    return found.fit


def _print(fit: Fit) -> None:
    language = language_of()
    rows = [
        (say("weights"), size_text(fit.weights_bytes, language)),
        (say("kv", tokens=fit.context_tokens, kv=fit.kv), size_text(fit.kv_bytes, language)),
        (say("overhead"), size_text(fit.overhead_bytes, language)),
        (say("total"), size_text(fit.total_bytes, language)),
        (say("longest"), say("tokens", tokens=fit.max_context)),
    ]
    if fit.gpu_layers:
        rows.append((say("gpu_layers"), say("of", count=fit.gpu_layers, all=fit.all_layers)))
    width = max(len(label) for label, _ in rows)
    for label, value in rows:
        print(f"{label:{width}}  {value:>14}")
    verdict = say("fits" if fit.fits else "too_large", memory=size_text(fit.memory_bytes, language))
    print(f"{'✓' if fit.fits else '✗'} {verdict}")
    for sentence in advice_sentences(fit.advice, language):
        print(f"→ {sentence}")
