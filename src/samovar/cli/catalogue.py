"""``samovar catalogue``: open-weights models, by licence, language, sight and what fits here."""

from typing import Annotated

import typer

from samovar.cli.fit import budget_here
from samovar.cli.output import DataDir, Json, load_settings, print_json
from samovar.cli.weights_words import say
from samovar.cli.words import language_of
from samovar.weights.advice import size_text
from samovar.weights.catalogue import CatalogueEntry, EntryFit, choose_entries, entry_body, fit_entry

__all__ = ["catalogue"]


def catalogue(
    licence: Annotated[str | None, typer.Option(help="Licences, with commas between: mit,apache-2.0.")] = None,
    fits: Annotated[bool, typer.Option("--fits", help="Only what fits this machine.")] = False,
    language: Annotated[str | None, typer.Option(help="A language that the model speaks: ru.")] = None,
    vision: Annotated[bool, typer.Option("--vision", help="Only models that see pictures.")] = False,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """List open-weights models with their licence, languages and memory."""
    load_settings(data_dir)
    budget = budget_here()
    chosen = choose_entries(
        licences=[name.strip() for name in (licence or "").split(",") if name.strip()],
        language=language,
        vision=True if vision else None,
        fits=budget if fits else None,
    )
    found = [(entry, fit_entry(entry, budget)) for entry in chosen]
    if as_json:
        print_json({"models": [entry_body(entry, fit) for entry, fit in found]})
        return
    for entry, fit in found:
        _print(entry, fit)
    if not found:
        print(say("nothing"))


def _print(entry: CatalogueEntry, found: EntryFit | None) -> None:
    language = language_of()
    mark = " " if found is None else "✓" if found.fit.fits else "✗"
    facts = [
        entry.licence or say("no_licence"),
        *([say(f"commercial_{entry.commercial}")] if entry.commercial else []),
        ", ".join(entry.languages),
        *([say("sees")] if entry.vision else []),
        *([say("tokens", tokens=entry.context_tokens)] if entry.context_tokens else []),
    ]
    if found is None:
        memory = say("unknown_memory")
    else:
        memory = f"{found.file.quantisation}: {say('needs', memory=size_text(found.fit.total_bytes, language))}"
    print(f"{mark} {entry.entry_id}  {entry.name} ({entry.publisher})")
    print(f"    {'; '.join(facts)}")
    print(f"    {memory}  {entry.source}")
