"""What a run has measured: dated, kept as JSON, and shown in its place on the page of benchmarks."""

import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from samovar import __version__

__all__ = ["dated", "keep", "write_section"]

RESULTS: Final = Path(__file__).resolve().parent / "results"
PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "reference" / "benchmarks.md"


def dated(found: Mapping[str, Any]) -> dict[str, Any]:
    """Add to figures what they were measured of, when, and on what machine."""
    return {
        **found,
        "version": __version__,
        "at": datetime.now(UTC).isoformat(),
        "machine": {"system": platform.platform(), "python": platform.python_version()},
    }


def keep(name: str, found: Mapping[str, Any]) -> None:
    """Write figures to ``results/<name>.json``, over those of the run before."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(found, indent=1), encoding="utf-8")


def write_section(verb: str, content: str, page: Path = PAGE) -> None:
    """Put a table in the place that the page keeps for what ``make <verb>`` writes.

    Raises: ValueError when the page has no such place; it is as it was then.
    """
    begin, end = f"<!-- written by make {verb} -->", f"<!-- end of {verb} -->"
    text = page.read_text(encoding="utf-8")
    before, begun, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if not begun or not ended:
        raise ValueError(f"{page} has no place between {begin} and {end}")
    page.write_text(f"{before}{begin}\n\n{content}\n\n{end}{after}", encoding="utf-8")
