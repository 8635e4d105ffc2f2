"""Write docs/reference/errors.md from the error classes, or check that it is what they say."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from samovar.domain.errors import SamovarError  # noqa: E402 - the checkout's own, installed or not

PAGE = ROOT / "docs" / "reference" / "errors.md"
OPENING = """# Errors

<!-- Written by `make docs` from src/samovar/domain/errors.py: change the classes, not this page. -->

Every error has a code that does not change, a sentence that says what happened and a way out. The API sends them as
problem documents (see [api.md](api.md)), the command line prints one line and ends with status 1. Words in `{braces}`
are filled in when the error happens.
"""


def main() -> int:
    """Check the page; with ``--write`` write it."""
    wanted = page()
    if "--write" in sys.argv[1:]:
        PAGE.write_text(wanted, encoding="utf-8")
        return 0
    if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != wanted:
        print("docs/reference/errors.md does not match src/samovar/domain/errors.py: run `make docs`")
        return 1
    return 0


def page() -> str:
    """Return the whole page."""
    parts = [OPENING]
    for error in family(SamovarError):
        if "code" in vars(error):
            parts.append(f"\n## `{error.code}`\n\n{meaning(error)}\n\n")
            parts.append(f"- What is said: {error.sentence}\n- What to do: {error.hint}\n")
    return "".join(parts)


def family(root: type[SamovarError]) -> Iterator[type[SamovarError]]:
    """Walk the tree of errors in the order in which the file has them."""
    for child in root.__subclasses__():
        yield child
        yield from family(child)


def meaning(error: type[SamovarError]) -> str:
    """Take what the class says about itself."""
    return " ".join((inspect.getdoc(error) or "").split())


if __name__ == "__main__":
    sys.exit(main())
