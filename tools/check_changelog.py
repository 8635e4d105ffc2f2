"""Check that CHANGELOG.md speaks of the version that the package has, newest first, in the usual groups."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GROUPS = {"Breaking", "Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def main() -> int:
    """Print each fault; 1 when there is one."""
    found = faults(
        (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
        (ROOT / "src" / "samovar" / "__init__.py").read_text(encoding="utf-8"),
    )
    for fault in found:
        print(fault)
    return 1 if found else 0


def faults(changelog: str, package: str) -> list[str]:
    """List what is wrong with the changelog of this package."""
    version = re.search(r'__version__ = "([^"]+)"', package)
    headings = re.findall(r"^## \[?(\d+\.\d+\.\d+)\]?(.*)$", changelog, re.MULTILINE)
    if version is None or not headings:
        return ["no version in src/samovar/__init__.py, or no version heading in CHANGELOG.md"]
    found = []
    if headings[0][0] != version[1]:
        found.append(f"CHANGELOG.md begins with {headings[0][0]}, the package is {version[1]}")
    for number, rest in headings:
        if not re.fullmatch(r" - (unreleased|\d{4}-\d{2}-\d{2})", rest):
            found.append(f"CHANGELOG.md: after {number} comes ' - unreleased' or ' - YYYY-MM-DD', not {rest!r}")
    numbers = [tuple(map(int, number.split("."))) for number, _ in headings]
    if numbers != sorted(numbers, reverse=True):
        found.append("CHANGELOG.md: the newest version comes first")
    unknown = set(re.findall(r"^### (.+)$", changelog, re.MULTILINE)) - GROUPS
    return found + [f"CHANGELOG.md: {group!r} is not one of {', '.join(sorted(GROUPS))}" for group in sorted(unknown)]


if __name__ == "__main__":
    sys.exit(main())
