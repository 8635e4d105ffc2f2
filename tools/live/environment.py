"""Environments of their own for the real servers, outside the checkout and apart from Samovar's packages."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

__all__ = ["LiveError", "cache_folder", "prepare_foundry", "prepare_vllm", "step", "with_lock", "write_locks"]

_HERE: Final = Path(__file__).parent
#: vLLM's CPU package is built against this very build. It carries no hash: the index has one file for each Python.
_TORCH: Final = "torch==2.13.0+cpu"
#: PyTorch publishes its CPU builds here. Source: pytorch.org, "Get started", 2026.
_TORCH_INDEX: Final = "https://download.pytorch.org/whl/cpu"
#: Left out of the locks: torch for the reason above, the others because nothing here is heard or filmed.
_LEFT_OUT: Final = ("torch", "torchaudio", "torchcodec")
#: PyPI has torchvision's CUDA build, whose operators do not load beside torch's CPU build. Nothing here uses them, but
#: its import fails where two of them are not at least described.
_TORCHVISION_MENDED: Final = """

if not _has_ops():
    _described = torch.library.Library("torchvision", "DEF")
    for _name in ("nms", "qnms"):
        _described.define(f"{_name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
"""
_NEEDED_MB: Final = 6000


class LiveError(Exception):
    """One line for the user: what is missing and what to do about it."""


def cache_folder() -> Path:
    """Return the folder of everything that is kept between runs."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "samovar-live"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Print one line for the step: what it does, and the seconds that it took."""
    print(f"  {title} … ", end="", flush=True)
    started = time.monotonic()
    yield
    print(f"{time.monotonic() - started:.1f} s", flush=True)


@contextlib.contextmanager
def with_lock(folder: Path) -> Iterator[None]:
    """Hold the cache folder, so that two runs do not install into it at once."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def prepare_vllm(folder: Path) -> Path:
    """Install vLLM unless this very lock was installed; return the Python that has it. Raises: LiveError."""

    def install(pip: list[str], log: Path) -> None:
        with step("Fetching PyTorch for the CPU (200 MB)"):
            try:
                _run([*pip, _TORCH], log)
            except LiveError:
                _run([*pip, "--index-url", _TORCH_INDEX, _TORCH], log)
        with step("Fetching vLLM and what it needs (900 MB; every file is checked against its hash)"):
            _run([*pip, "--require-hashes", "-r", str(_HERE / "vllm.lock")], log)
        (extension,) = (folder / "vllm").glob("lib/python3*/site-packages/torchvision/extension.py")
        with extension.open("a", encoding="utf-8") as file:
            file.write(_TORCHVISION_MENDED)

    return _prepare(folder, "vllm", install, _TORCH + _TORCHVISION_MENDED)


def prepare_foundry(folder: Path) -> Path:
    """Install Foundry Local unless this very lock was installed; return the Python that has it. Raises: LiveError."""

    def install(pip: list[str], log: Path) -> None:
        with step("Fetching Foundry Local and what it needs (150 MB; every file is checked against its hash)"):
            _run([*pip, "--require-hashes", "-r", str(_HERE / "foundry.lock")], log)

    return _prepare(folder, "foundry", install, "")


def _prepare(folder: Path, name: str, install: Callable[[list[str], Path], None], also: str) -> Path:
    """Make the environment ``name`` and fill it, unless that was done from the same lock, Python and ``also``."""
    environment = folder / name
    python = environment / "bin" / "python"
    stamp = environment / "installed"
    base = sys._base_executable  # type: ignore[attr-defined] # the real Python, even from inside an environment
    lock = (_HERE / f"{name}.lock").read_bytes()
    wanted = hashlib.sha256(lock + f"{also} {base} {sys.version}".encode()).hexdigest()
    if python.exists() and stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    _require_room(folder)
    log = folder / f"{name}-install.log"
    log.unlink(missing_ok=True)
    with step(f"Making an environment for {name}"):
        _run([base, "-m", "venv", "--clear", str(environment)], log)
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-deps"]
    install([*pip, "--only-binary=:all:", "--progress-bar=off"], log)
    stamp.write_text(wanted, encoding="utf-8")
    return python


def write_locks() -> None:
    """Write each lock anew from the ``.in`` beside it. Raises: LiveError without ``uv``."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        raise LiveError("uv is missing: `.venv/bin/pip install uv`, then run this again")
    # An override that never holds takes a package out of the resolution.
    overrides = "".join(f"{name} ; python_version < '3'\n" for name in _LEFT_OUT)
    options = ["--python-version=3.11", "--python-platform=linux", "--generate-hashes", "--no-emit-index-url"]
    options += ["--no-emit-find-links", "--no-annotate", "--no-header", "--quiet"]
    for wanted in sorted(_HERE.glob("*.in")):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(overrides)
            file.flush()
            named = ["--overrides", file.name, "--output-file", str(wanted.with_suffix(".lock"))]
            command = [uv, "pip", "compile", str(wanted), *options, *named]
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


def _require_room(folder: Path) -> None:
    if platform.system() != "Linux":
        raise LiveError(f"the real servers are run on Linux only, and this is {platform.system()}")
    free_mb = shutil.disk_usage(folder).free // 1_000_000
    if free_mb < _NEEDED_MB:
        raise LiveError(f"{free_mb} MB are free in {folder}, but {_NEEDED_MB} are needed; free some space")


def _run(command: list[str], log: Path) -> None:
    with log.open("ab") as output:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False)
    if done.returncode:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        errors = [line for line in lines if line.startswith("ERROR")] or lines or ["?"]
        raise LiveError(f"{errors[-1][:300]} ({log} has all of it)")
