"""Run ``tests/live`` against a real vLLM; what is not an option below goes to pytest."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

from .environment import LiveError, cache_folder, prepare_vllm, with_lock, write_lock
from .model import prepare_model, prepare_seeing_model
from .vllm_server import MODEL_NAME, run_vllm

_ROOT: Final = Path(__file__).resolve().parents[2]
#: A model of text, and the same model with an eye: vLLM serves one at a time.
_PARTS: Final = ("text", "sight")


def main() -> int:
    """Install, start, test, end; the exit code is pytest's."""
    parser = argparse.ArgumentParser(prog="python -m tools.live", description=__doc__, allow_abbrev=False)
    parser.add_argument("--part", choices=_PARTS, help="one half of the tests alone")
    parser.add_argument("--keep", action="store_true", help="start one vLLM, say where it listens, run no test")
    parser.add_argument("--url", help="a vLLM that runs already, instead of one of our own")
    parser.add_argument("--model", default=MODEL_NAME, help="the name of its model")
    parser.add_argument("--lock", action="store_true", help="write the lock file anew and do nothing else")
    options, rest = parser.parse_known_args()
    # A polite end of this process must reach the server too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if options.lock:
            write_lock()
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


def run_part(part: str, arguments: list[str], *, keep: bool) -> int:
    """Run one vLLM, and the tests that belong to its model. Raises: LiveError."""
    folder = cache_folder()
    with with_lock(folder):
        python = prepare_vllm(folder)
        model = prepare_seeing_model(folder, python) if part == "sight" else prepare_model(folder, python)
    with run_vllm(python, model, folder / "vllm.log") as server:
        if keep:
            print(f"\nvLLM answers at {server.url}/v1 as {MODEL_NAME}. Press Enter to end it.", flush=True)
            sys.stdin.readline()
            return 0
        return run_tests(part, server.url, MODEL_NAME, server.pid, arguments)


def run_tests(part: str, url: str, model: str, pid: int | None, arguments: list[str]) -> int:
    """Run pytest over ``tests/live`` with the server named in the environment."""
    names = {"LIVE_VLLM_PART": part, "LIVE_VLLM_URL": url, "LIVE_VLLM_MODEL": model}
    if pid is not None:
        names["LIVE_VLLM_PID"] = str(pid)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "tests/live", "-rs", *arguments],
        cwd=_ROOT,
        env={**os.environ, "OMP_WAIT_POLICY": "passive", **names},
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
