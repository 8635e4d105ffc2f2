"""Write docs/reference/errors.md from the error classes, or check that it is what they say."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

from generated_page import write_or_compare

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from samovar.api.problems import STATUSES  # noqa: E402 - the checkout's own, installed or not
from samovar.domain.errors import SamovarError, StartError  # noqa: E402 - as above

PAGE = ROOT / "docs" / "reference" / "errors.md"
OPENING = """# Errors

<!-- Written by `make docs` from src/samovar/domain/errors/: change the classes, not this page. -->

Every error has a code that does not change, a sentence that says what happened and a way out. The API sends them as
problem documents (see [api.md](api.md)), the command line prints one line and ends with status 1. Words in `{braces}`
are filled in when the error happens.
"""


def main() -> int:
    """Check the page; with ``--write`` write it."""
    faults = write_or_compare(PAGE, page(), source="src/samovar/domain/errors/")
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


def page() -> str:
    """Return the whole page."""
    errors: list[type[SamovarError]] = [SamovarError, *family(SamovarError)]
    return OPENING + "".join(entry(error) for error in errors if "code" in vars(error))


def entry(error: type[SamovarError]) -> str:
    """Return what the page says of one error."""
    status = "" if issubclass(error, StartError) else f"- HTTP status: {STATUSES[error.code]}\n"
    told = f"- What is said: {error.sentence}\n- What to do: {error.hint}\n{status}"
    return f"\n## `{error.code}`\n\n{meaning(error)}\n\n{told}"


def family(root: type[SamovarError]) -> Iterator[type[SamovarError]]:
    """Walk the tree of errors in the order in which the file has them."""
    for child in root.__subclasses__():
        yield child
        yield from family(child)


def meaning(error: type[SamovarError]) -> str:
    """Take the first paragraph of what the class says about itself."""
    if error is SamovarError:
        return "A fault of Samovar's own that no other code names. The log of the server says more."
    return " ".join((inspect.getdoc(error) or "").partition("\n\n")[0].split())


if __name__ == "__main__":
    sys.exit(main())
