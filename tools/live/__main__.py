"""Run ``tests/live`` against real servers; what is not an option below goes to pytest."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .environment import LiveError, cache_folder, prepare_foundry, prepare_vllm, with_lock, write_locks
from .model import prepare_model, prepare_onnx_model, prepare_seeing_model
from .server import MODEL_NAME, RunningServer, run_foundry, run_vllm

_ROOT: Final = Path(__file__).resolve().parents[2]
#: vLLM with a model of text, and with the same model and an eye, as it serves one at a time; then Foundry Local.
_PARTS: Final = ("text", "sight", "foundry")


def main() -> int:
    """Install, start, test, end; the exit code is pytest's."""
    parser = argparse.ArgumentParser(prog="python -m tools.live", description=__doc__, allow_abbrev=False)
    parser.add_argument("--part", choices=_PARTS, help="some of the tests alone")
    parser.add_argument("--keep", action="store_true", help="start one server, say where it listens, run no test")
    parser.add_argument("--url", help="a vLLM that runs already, instead of one of our own")
    parser.add_argument("--model", default=MODEL_NAME, help="the name of its model")
    parser.add_argument("--lock", action="store_true", help="write the lock files anew and do nothing else")
    options, rest = parser.parse_known_args()
    # A polite end of this process must reach the server too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if options.lock:
            write_locks()
            return 0
        if options.url:
            return run_tests(options.part or "text", options.url, options.model, None, rest)
        parts = (options.part,) if options.part else _PARTS
        return max(run_part(part, rest, keep=options.keep) for part in (parts[:1] if options.keep else parts))
    except LiveError as error:
        print(f"\nStopped: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


@contextlib.contextmanager
def open_part(part: str) -> Iterator[RunningServer]:
    """Install what a part needs and run its server. Raises: LiveError."""
    folder = cache_folder()
    with with_lock(folder):
        python = prepare_vllm(folder)
        if part == "foundry":
            foundry = prepare_foundry(folder)
            running = run_foundry(foundry, prepare_onnx_model(folder, python, foundry), folder)
        else:
            prepare = prepare_seeing_model if part == "sight" else prepare_model
            running = run_vllm(python, prepare(folder, python), folder)
    with running as server:
        yield server


def run_part(part: str, arguments: list[str], *, keep: bool) -> int:
    """Run one server, and the tests that belong to it. Raises: LiveError."""
    with open_part(part) as server:
        if keep:
            print(f"\n{server.url}/v1 answers as {server.model}. Press Enter to end it.", flush=True)
            sys.stdin.readline()
            return 0
        return run_tests(part, server.url, server.model, server.pid, arguments)


def run_tests(part: str, url: str, model: str, pid: int | None, arguments: list[str]) -> int:
    """Run pytest over ``tests/live`` with the server named in the environment."""
    names = {"LIVE_PART": part, "LIVE_URL": url, "LIVE_MODEL": model}
    if pid is not None:
        names["LIVE_PID"] = str(pid)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "tests/live", "-rs", *arguments],
        cwd=_ROOT,
        env={**os.environ, "OMP_WAIT_POLICY": "passive", **names},
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
