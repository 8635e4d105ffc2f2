"""The page of the command line and the page of the metrics say what the code says."""

import runpy
from pathlib import Path
from typing import Any

import pytest

TOOL = Path(__file__).resolve().parents[3] / "tools" / "cli_reference.py"


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    return runpy.run_path(str(TOOL))


def test_the_page_is_what_the_commands_say(names: dict[str, Any]) -> None:
    assert names["PAGE"].read_text(encoding="utf-8") == names["page"]()


def test_every_verb_and_option_has_its_place(names: dict[str, Any]) -> None:
    page = names["page"]()
    for heading in ("serve", "ask", "ingest", "search", "models", "doctor", "link", "keys create"):
        assert f"## `samovar {heading}`" in page
    assert "| `--limit` NUMBER | Most hits. From 1 to 100. | `10` |" in page
    assert "| `--engine`, `--no-engine` |" in page
    assert "samovar ingest PATH... [OPTIONS]" in page


def test_a_metric_without_a_row_is_named(
    names: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert names["missing_metrics"]() == []
    monkeypatch.setitem(names["missing_metrics"].__globals__, "REFERENCE", tmp_path)
    (tmp_path / "metrics.md").write_text("| `samovar_live_runs` |\n")
    missing = names["missing_metrics"]()
    assert "samovar_runs_total" in missing
    assert "samovar_live_runs" not in missing
