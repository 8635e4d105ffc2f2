"""``samovar search`` with its filters and its reasons."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.database import temporary_folder
from tests.support.process import run_command


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """A library of two bases."""
    with temporary_folder() as folder:
        for base, name, text in (
            ("Rivers", "volga.txt", "The Volga is the longest river of Europe."),
            ("Rivers", "notes/ob.md", "# Siberia\n\nThe Ob is a river of Siberia."),
            ("Lakes", "baikal.txt", "Байкал — самое глубокое озеро; из него вытекает одна река, Ангара."),
        ):
            path = folder / "files" / base / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for base in ("Rivers", "Lakes"):
            done = run_command(
                *("ingest", str(folder / "files" / base), "--base", base, "--json", "--data-dir", str(folder / "data"))
            )
            assert done.returncode == 0, done.stderr
        yield folder / "data"


def find(data_dir: Path, *arguments: str) -> Any:
    done = run_command("search", *arguments, "--json", "--data-dir", str(data_dir))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_hit_is_explained_when_that_is_asked(data_dir: Path) -> None:
    found = find(data_dir, "longest river", "--explain")
    hit = found["hits"][0]
    assert (hit["document"], hit["page"]) == ("volga.txt", None)
    assert hit["text"] == "The Volga is the longest river of Europe."
    assert hit["evidence"]["lexical"]["rank"] == 1
    assert hit["evidence"]["matched"] == ["longest", "river"]
    assert hit["evidence"]["reranked"] == hit["score"] > 0
    assert found["took_ms"]
    assert set(found["stems"]) == {"longest", "river"}
    brief = find(data_dir, "longest river")
    assert list(brief) == ["hits"]
    assert brief["hits"] == [{**one, "evidence": None} for one in found["hits"]]


def test_filters_of_the_command_line_narrow_the_search(data_dir: Path) -> None:
    for arguments, expected in (
        ([], {"volga.txt", "ob.md"}),
        (["--base", "Rivers"], {"volga.txt", "ob.md"}),
        (["--base", "Lakes"], set()),
        (["--base", "Lakes", "--base", "Rivers", "--document", "VOLGA"], {"volga.txt"}),
        (["--kind", "markdown", "--kind", "pdf"], {"ob.md"}),
        (["--folder", "notes"], {"ob.md"}),
        (["--since", "2999-01-01"], set()),
        (["--until", "2999-01-01"], {"volga.txt", "ob.md"}),
        (["--until", "2001-01-01"], set()),
    ):
        hits = find(data_dir, "river", "--arm", "lexical", *arguments)["hits"]
        assert {hit["document"] for hit in hits} == expected, arguments


def test_a_person_reads_the_reasons_below_each_hit(data_dir: Path) -> None:
    done = run_command(
        "search", "озеро", "--explain", "--data-dir", str(data_dir), environment={"SAMOVAR_LANGUAGE": "ru"}
    )
    assert done.returncode == 0, done.stderr
    assert "baikal.txt" in done.stdout
    assert "по словам: место 1" in done.stdout
    assert "совпали: озеро" in done.stdout
    assert "Заняло" in done.stdout
    # Nothing has made vectors here, which is told.
    assert "Векторов нет: выдержки найдены только по словам." in done.stderr


def test_an_unknown_base_or_kind_is_refused(data_dir: Path) -> None:
    unknown = run_command("search", "river", "--base", "Seas", "--data-dir", str(data_dir))
    assert unknown.returncode == 1
    assert unknown.stderr.strip().endswith("[not_found]")
    kind = run_command("search", "river", "--kind", "exe", "--data-dir", str(data_dir))
    assert kind.returncode == 2
    assert "exe is none of" in " ".join(kind.stderr.replace("│", " ").split())
