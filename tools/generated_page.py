"""A page of the reference that is made from the code: written by ``--write``, otherwise compared."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["write_or_compare"]


def write_or_compare(page: Path, wanted: str, *, source: str) -> list[str]:
    """Write the page when the command line says ``--write``; return what is wrong with it otherwise."""
    if "--write" in sys.argv[1:]:
        page.write_text(wanted, encoding="utf-8")
        return []
    if page.is_file() and page.read_text(encoding="utf-8") == wanted:
        return []
    return [f"docs/reference/{page.name} does not match {source}: run `make docs`"]
