"""Samovar as its users run it: the command in a process of its own."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["ServeProcess", "clean_environment", "run_command", "serve"]

_START_TIMEOUT_S: Final = 60.0
_END_TIMEOUT_S: Final = 20.0


def clean_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a newcomer: nothing of ours is set, and models use one thread without spinning.

    What listens on the usual ports of this machine is nobody's business here. Python keeps what it has compiled, as it
    does for everybody: commands are started by the hundred.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SAMOVAR_", "OPENAI_", "OLLAMA_", "FOUNDRY_", "LM_API_", "PYTHONDONTWRITEBYTECODE"))
    }
    return {
        **kept,
        "LC_ALL": "C.UTF-8",
        "OMP_WAIT_POLICY": "passive",
        "SAMOVAR_ENGINE_THREADS": "1",
        "SAMOVAR_BACKENDS_DISCOVER": "false",
        **(more or {}),
    }


def run_command(
    *arguments: str, environment: Mapping[str, str] | None = None, timeout_s: float = 180.0
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "samovar", *arguments],
        env=clean_environment(environment),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


@dataclass(slots=True)
class ServeProcess:
    """A running ``samovar serve``; ``log`` grows with what it writes to its error output."""

    process: subprocess.Popen[str]
    address: str
    link: str
    log: list[str]

    def kill(self) -> None:
        """End it as a crash would: nothing gets a chance to tidy up."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(_END_TIMEOUT_S)

    def stop(self) -> int:
        """End it as Ctrl+C does; return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(_END_TIMEOUT_S)


@contextmanager
def serve(data_dir: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[ServeProcess]:
    """Start the server on a free port and stop it at the end, if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "samovar", "serve", "--port", "0", "--data-dir", str(data_dir), *arguments],
        env=clean_environment({"PYTHONUNBUFFERED": "1", **(environment or {})}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    errors: list[str] = []
    assert process.stderr is not None
    listening = threading.Thread(target=lambda: errors.extend(process.stderr or ()), daemon=True)
    listening.start()
    try:
        yield _wait_for_link(process, errors)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(_END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        listening.join(_END_TIMEOUT_S)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def _wait_for_link(process: subprocess.Popen[str], errors: list[str]) -> ServeProcess:
    assert process.stdout is not None
    give_up_at = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < give_up_at:
        line = process.stdout.readline()
        if found := re.search(r"(http://\S+?:\d+)/sign-in#token=\S+", line):
            return ServeProcess(process=process, address=found.group(1), link=found.group(0), log=errors)
        if not line and process.poll() is not None:
            break
    raise AssertionError(f"samovar serve printed no link: {''.join(errors)}")
