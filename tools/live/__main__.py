"""Run ``tests/live`` against real servers: ``python -m tools.live [--url URL --model NAME] [pytest's arguments]``."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

from .environment import LiveError, cache_folder, prepare_vllm, with_lock, write_lock
from .model import prepare_model
from .vllm_server import MODEL_NAME, run_vllm

_ROOT: Final = Path(__file__).resolve().parents[2]


def main() -> int:
    """Install, start, test, end; the exit code is pytest's."""
    parser = argparse.ArgumentParser(prog="python -m tools.live", description=__doc__, allow_abbrev=False)
    parser.add_argument("--url", help="a vLLM that runs already, instead of one of our own")
    parser.add_argument("--model", default=MODEL_NAME, help="the name of its model")
    parser.add_argument("--keep", action="store_true", help="start vLLM, say where it listens, run no test")
    parser.add_argument("--lock", action="store_true", help="write the lock file anew and do nothing else")
    options, rest = parser.parse_known_args()
    # A polite end of this process must reach the server too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if options.lock:
            write_lock()
            return 0
        if options.url:
            return run_tests({"LIVE_VLLM_URL": options.url, "LIVE_VLLM_MODEL": options.model}, rest)
        folder = cache_folder()
        with with_lock(folder):
            python = prepare_vllm(folder)
            model = prepare_model(folder, python)
        with run_vllm(python, model, folder / "vllm.log") as server:
            if options.keep:
                print(f"\nvLLM answers at {server.url}/v1 as {MODEL_NAME}. Press Enter to end it.", flush=True)
                sys.stdin.readline()
                return 0
            names = {"LIVE_VLLM_URL": server.url, "LIVE_VLLM_MODEL": MODEL_NAME, "LIVE_VLLM_PID": str(server.pid)}
            return run_tests(names, rest)
    except LiveError as error:
        print(f"\nStopped: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def run_tests(names: dict[str, str], arguments: list[str]) -> int:
    """Run pytest over ``tests/live`` with the server named in the environment."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "tests/live", "-rs", *arguments],
        cwd=_ROOT,
        env={**os.environ, "OMP_WAIT_POLICY": "passive", **names},
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
