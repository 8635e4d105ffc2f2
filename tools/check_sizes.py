"""Name the files that have grown past a size at which they are often two things in one. A word, not a refusal."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMITS = {".py": 500, ".svelte": 300, ".ts": 400}
TEST_LIMIT = 800
FOLDERS = ("src", "tests", "tools", "bench", "web/src", "web/tests")


def main() -> int:
    """Print the large files."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix not in LIMITS or "node_modules" in path.parts or "static" in path.parts:
                continue
            limit = TEST_LIMIT if "tests" in path.parts else LIMITS[path.suffix]
            lines = path.read_text(encoding="utf-8").count("\n")
            if lines > limit:
                print(f"    {path.relative_to(ROOT)} has {lines} lines (over {limit}): is it two things?")
    return 0


if __name__ == "__main__":
    sys.exit(main())
