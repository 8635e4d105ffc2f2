"""The catalogue keeps its own rules, and its filters say no rather than guess."""

import re
from collections.abc import Iterable

import pytest

from samovar.domain.errors import InvalidParameter, NotFound
from samovar.weights.catalogue import (
    CatalogueEntry,
    choose_entries,
    entry_body,
    find_entry,
    fit_entry,
    read_catalogue,
)
from samovar.weights.fit import Budget
from samovar.weights.hub import read_hub_file
from samovar.weights.quantisation import QUANTISATIONS, quantised_weights

GB = 1_000_000_000
CATALOGUE = read_catalogue()


def ids(entries: Iterable[CatalogueEntry]) -> set[str]:
    return {entry.entry_id for entry in entries}


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.entry_id)
def test_every_entry_keeps_the_rules(entry: CatalogueEntry) -> None:
    found = find_entry(entry.entry_id)
    assert found is entry
    assert re.fullmatch(r"[a-z0-9][a-z0-9.-]+", found.entry_id)
    assert found.name
    assert found.publisher
    assert found.source.startswith("https://huggingface.co/")
    assert found.commercial in ("yes", "conditions", "no", None)
    assert (found.licence is None) == (found.commercial is None)
    assert found.languages
    assert all(re.fullmatch(r"[a-z]{2}", language) for language in found.languages)
    assert found.files
    for file in found.files:
        assert (file.repo is None) == (file.file is None)
        if file.repo is not None and file.file is not None:
            read_hub_file(file.repo, file.file)
        assert file.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", file.sha256)


def test_the_ids_are_all_different() -> None:
    assert len(ids(CATALOGUE)) == len(CATALOGUE) >= 25


def test_the_models_made_for_russian_are_there() -> None:
    russian = ids(entry for entry in CATALOGUE if entry.languages[0] == "ru")
    for family in ("gigachat", "yandexgpt", "t-lite", "t-pro", "vikhr", "saiga"):
        assert any(name.startswith(family) for name in russian), family


@pytest.mark.parametrize("entry", [entry for entry in CATALOGUE if entry.architecture], ids=lambda e: e.entry_id)
def test_the_facts_of_an_entry_agree_with_each_other(entry: CatalogueEntry) -> None:
    found = entry
    assert found.architecture is not None
    parameters = quantised_weights(found.architecture, "F16").parameters
    assert found.parameters is not None
    # What a model sees with is no part of its architecture here.
    assert parameters == pytest.approx(found.parameters, rel=0.11 if found.vision else 0.005)
    for file in found.files:
        if file.size_bytes is not None and file.quantisation in QUANTISATIONS:
            estimated = quantised_weights(found.architecture, file.quantisation).total_bytes
            assert estimated == pytest.approx(file.size_bytes, rel=0.01, abs=5_000_000)


def test_filters_keep_what_is_known_to_suit() -> None:
    free = choose_entries(licences=["MIT", "apache-2.0"])
    assert ids(free) >= {"qwen3-8b", "phi-4"}
    assert not ids(free) & {"gemma-2-9b-it", "aya-expanse-8b", "saiga-nemo-12b"}
    assert all("ru" in entry.languages for entry in choose_entries(language="RU"))
    assert all(entry.vision for entry in choose_entries(vision=True))
    assert not choose_entries(licences=["none"])
    assert not choose_entries(language="xx")


def test_what_fits_grows_with_the_memory_and_leaves_out_the_unknown() -> None:
    small = ids(choose_entries(fits=Budget(memory_bytes=4 * GB, gpu_bytes=0)))
    large = ids(choose_entries(fits=Budget(memory_bytes=64 * GB, gpu_bytes=0)))
    assert "smollm2-1.7b-instruct" in small < large
    assert "llama-3.3-70b-instruct" not in small
    assert not choose_entries(fits=Budget(memory_bytes=0, gpu_bytes=0))
    unknown = find_entry("gigachat-20b-a3b-instruct")
    assert unknown.entry_id not in large
    body = entry_body(unknown, fit_entry(unknown, Budget(memory_bytes=64 * GB, gpu_bytes=0)))
    assert body["fit"] is None


def test_the_best_file_that_fits_is_taken_else_the_smallest() -> None:
    entry = find_entry("qwen3-8b")
    chosen = {memory: fit_entry(entry, Budget(memory_bytes=memory * GB, gpu_bytes=0)) for memory in (4, 8, 12)}
    names = {memory: found.file.quantisation for memory, found in chosen.items() if found}
    assert names == {4: "Q4_K_M", 8: "Q4_K_M", 12: "Q8_0"}
    named = fit_entry(entry, Budget(memory_bytes=12 * GB, gpu_bytes=0), quantisation="Q6_K")
    assert named is not None
    assert named.model.weights.total_bytes == 6_730_000_000
    with pytest.raises(NotFound):
        fit_entry(entry, Budget(memory_bytes=0, gpu_bytes=0), quantisation="Q1")
    with pytest.raises(NotFound):
        find_entry("nobody-knows-it")


@pytest.mark.parametrize(
    ("repo", "file"),
    [
        ("no-slash", "a.gguf"),
        ("a/b/c", "a.gguf"),
        ("../b", "a.gguf"),
        ("a/..", "a.gguf"),
        ("a/b", "a.bin"),
        ("a/b", "../a.gguf"),
        ("a/b", "/a.gguf"),
        ("a/b", "x/../a.gguf"),
        ("a/b", "a.gguf?x=1"),
        ("a/b", "a\n.gguf"),
        ("a/b", ".gguf"),
        ("a/b", "a" * 400 + ".gguf"),
        ("http://evil/b", "a.gguf"),
        ("a@b/c", "a.gguf"),
    ],
)
def test_what_is_no_file_of_a_hub_is_refused(repo: str, file: str) -> None:
    with pytest.raises(InvalidParameter):
        read_hub_file(repo, file)
