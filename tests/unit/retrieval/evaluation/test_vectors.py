"""The cache of vectors: what comes back, what is noticed to be damaged, what is dropped."""

import os
from array import array
from pathlib import Path

import pytest

from samovar.retrieval.evaluation.vectors import VectorCache


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_vector_comes_back_for_its_embedder_and_text_alone(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "cache")
    vector = array("f", [0.6, -0.8, 1e-7])
    cache.put("one", "чай\0", vector)
    assert cache.get("one", "чай\0") == tuple(vector)
    assert cache.get("two", "чай\0") is None
    assert cache.get("one", "чай") is None
    assert (cache.hits, cache.misses, cache.damaged) == (1, 2, 0)


def test_the_border_between_name_and_text_cannot_be_moved(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "cache")
    cache.put("a", "b\0c", [1.0])
    assert cache.get("a\0b", "c") is None


@pytest.mark.parametrize(
    "damage", [lambda was: was[:-4], lambda was: was[:-1] + b"x", lambda was: b"", lambda was: b"x"]
)
def test_a_damaged_file_is_noticed_and_goes(tmp_path: Path, damage: object) -> None:
    cache = VectorCache(tmp_path / "cache")
    cache.put("one", "tea", [0.25, 0.5])
    [file] = files(tmp_path)
    assert callable(damage)
    file.write_bytes(damage(file.read_bytes()))
    assert cache.get("one", "tea") is None
    assert (cache.damaged, files(tmp_path)) == (1, [])
    cache.put("one", "tea", [0.25, 0.5])
    assert cache.get("one", "tea") == (0.25, 0.5)


def test_the_files_used_longest_ago_are_dropped(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "cache", most_files=2)
    for age, text in enumerate(("old", "older", "oldest")):
        before = set(files(tmp_path))
        cache.put("one", text, [1.0])
        [new] = set(files(tmp_path)) - before
        os.utime(new, (1_000_000 - age, 1_000_000 - age))
    assert cache.get("one", "oldest") == (1.0,)
    assert cache.trim() == 1
    assert [cache.get("one", text) for text in ("old", "older", "oldest")] == [(1.0,), None, (1.0,)]


def test_a_folder_that_cannot_be_written_to_is_noted(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = VectorCache(tmp_path / "file")
    cache.put("one", "tea", [1.0])
    assert cache.is_unwritable
    assert cache.get("one", "tea") is None
    assert cache.trim() == 0
