"""Check the documents against the tree: every path and every link they name is there, every error has its place."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from samovar.domain import errors  # noqa: E402 - the checkout's own, installed or not

PATH = re.compile(r"`([\w.-]+(?:/[\w.{},*-]+)+/?|[\w-]+\.(?:py|toml|md|ts|svelte|lock))`")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)\s]*)?\)")


def main() -> int:
    """Print each fault; 1 when there is one."""
    found = [*missing_paths(ROOT / "docs" / "architecture.md"), *missing_errors()]
    for page in [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]:
        found += broken_links(page)
    for fault in found:
        print(fault)
    return 1 if found else 0


def missing_paths(page: Path) -> list[str]:
    """List the paths in backticks that are neither at the top, nor in the package, nor in the web app."""
    if not page.is_file():
        return [f"{page.relative_to(ROOT)} is not there"]
    bases = [ROOT, ROOT / "src" / "samovar", ROOT / "web" / "src", ROOT / "web"]
    named = dict.fromkeys(PATH.findall(page.read_text(encoding="utf-8")))
    return [
        f"{page.relative_to(ROOT)} names {path}, which is not there"
        for path in named
        if not any(stands(base, path) for base in bases)
    ]


def stands(base: Path, path: str) -> bool:
    """Tell whether a path, which may hold ``*`` or ``{a,b}``, is there."""
    braces = re.search(r"\{([^}]*)\}", path)
    if braces:
        return all(stands(base, path.replace(braces[0], choice.strip(), 1)) for choice in braces[1].split(","))
    return any(base.glob(path.rstrip("/"))) if "*" in path else (base / path).exists()


def broken_links(page: Path) -> list[str]:
    """List the links to files that are not there."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [
        f"{page.relative_to(ROOT)} links to {target}, which is not there"
        for target in LINK.findall(text)
        if not (page.parent / target).exists()
    ]


def missing_errors() -> list[str]:
    """List the error codes without a heading in the reference."""
    page = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
    codes = [vars(cls)["code"] for cls in vars(errors).values() if isinstance(cls, type) and "code" in vars(cls)]
    return [f"docs/reference/errors.md has no heading for {code}" for code in codes if f"## `{code}`" not in page]


if __name__ == "__main__":
    sys.exit(main())
