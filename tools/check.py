"""Run every check of the code and the documents; one line each, the words of those that failed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One command and the folder it runs in."""

    name: str
    command: tuple[str, ...]
    folder: Path = ROOT


def checks() -> list[Check]:
    """List what is checked, fastest first."""
    python = sys.executable
    found = [
        Check(name="format", command=(python, "-m", "ruff", "format", "--check", "--quiet", ".")),
        Check(name="lint", command=(python, "-m", "ruff", "check", "--quiet", ".")),
        Check(name="locks", command=(python, "tools/check_locks.py")),
        Check(name="changelog", command=(python, "tools/check_changelog.py")),
        Check(name="documents", command=(python, "tools/check_docs.py")),
        Check(name="errors", command=(python, "tools/errors_reference.py")),
        Check(name="settings", command=(python, "tools/settings_reference.py")),
        Check(name="commands", command=(python, "tools/cli_reference.py")),
        Check(name="sizes", command=(python, "tools/check_sizes.py")),
        Check(name="imports", command=(str(Path(python).with_name("lint-imports")), "--no-cache")),
        Check(name="types", command=(python, "-m", "mypy")),
    ]
    npm, web = shutil.which("npm"), ROOT / "web"
    scripts = json.loads((web / "package.json").read_text(encoding="utf-8")).get("scripts", {})
    for script in ("check", "lint"):
        if npm and script in scripts:
            found.append(Check(name=f"web {script}", command=(npm, "run", "--silent", script), folder=web))
    return found


def main() -> int:
    """Run the checks named on the command line, or all."""
    wanted = set(sys.argv[1:])
    failed = []
    for check in checks():
        if wanted and check.name not in wanted:
            continue
        started = time.monotonic()
        done = subprocess.run(
            check.command,
            cwd=check.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        took_s = time.monotonic() - started
        print(f"  {check.name:<14} {'failed' if done.returncode else 'ok':<7} {took_s:5.1f} s", flush=True)
        if done.returncode:
            failed.append(check.name)
        if done.returncode or check.name == "sizes":
            print(done.stdout.rstrip(), flush=True) if done.stdout.strip() else None
    if failed:
        print(f"\nNot in order: {', '.join(failed)}.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
