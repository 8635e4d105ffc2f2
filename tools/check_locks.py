"""Check the lock files: no addresses, a hash for every package, and what pyproject.toml names is in them."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = re.compile(r"://|^\s*--(index-url|extra-index-url|find-links|trusted-host)", re.MULTILINE)
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)


def main() -> int:
    """Print each fault; 1 when there is one."""
    faults = [fault for path in locks() for fault in lock_faults(path)]
    npm_lock = ROOT / "web" / "package-lock.json"
    if npm_lock.is_file() and '"resolved"' in npm_lock.read_text(encoding="utf-8"):
        faults.append(
            f"{npm_lock.relative_to(ROOT)} names addresses: keep omit-lockfile-registry-resolved in web/.npmrc"
        )
    faults += coverage_faults()
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def locks() -> list[Path]:
    """List the lock files: those at the top, and those of tools that install something of their own."""
    return [*sorted(ROOT.glob("*.lock")), *sorted(ROOT.glob("tools/*/*.lock"))]


def lock_faults(path: Path) -> list[str]:
    """List what is wrong inside one lock file."""
    text = path.read_text(encoding="utf-8")
    faults = [f"{path.name} names an address: {found[0]}" for found in ADDRESS.finditer(text)]
    return faults + [
        f"{path.name}: {name} has no hash" for name, _, rest in PINNED.findall(text) if "sha256:" not in rest
    ]


def coverage_faults() -> list[str]:
    """List what pyproject.toml names and the locks do not, and versions on which the two locks differ."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime, development = pins("requirements.lock"), pins("requirements-dev.lock")
    named = {
        "requirements.lock": (project["project"]["dependencies"], runtime),
        "requirements-dev.lock": (project["dependency-groups"]["dev"], development),
    }
    faults = [
        f"{lock} lacks {requirement}: run `make lock`"
        for lock, (requirements, have) in named.items()
        for requirement in requirements
        if normal(re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0]) not in have
    ]
    differing = [name for name, version in runtime.items() if development.get(name) != version]
    return faults + [f"{name} differs between the two locks: run `make lock`" for name in differing]


def pins(lock: str) -> dict[str, str]:
    """Read name and version of every package of a lock file."""
    return {normal(name): version for name, version, _ in PINNED.findall((ROOT / lock).read_text(encoding="utf-8"))}


def normal(name: str) -> str:
    """Write a package name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
