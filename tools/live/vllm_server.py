"""The real vLLM on a free loopback port, for as long as the tests need it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from .environment import LiveError, step

__all__ = ["MODEL_NAME", "VllmServer", "run_vllm"]

MODEL_NAME: Final = "smollm2-135m"
#: Measured on two cores: 45 s alone, 270 s beside other work.
_START_TIMEOUT_S: Final = 900.0
_END_TIMEOUT_S: Final = 30.0
_OPTIONS: Final = (
    "--dtype=float32",
    "--max-model-len=2048",
    "--max-num-seqs=8",
    # Compiling takes minutes and a compiler, and answers here are short.
    "--enforce-eager",
    # Without it vLLM does not tell how much of a prompt came from its cache.
    "--enable-prompt-tokens-details",
    "--enable-auto-tool-choice",
    "--tool-call-parser=hermes",
)  # fmt: skip
_ENVIRONMENT: Final = {
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VllmServer:
    """A server that answers; ``pid`` is the process that listens."""

    url: str
    pid: int


@contextlib.contextmanager
def run_vllm(python: Path, model: Path, log: Path) -> Iterator[VllmServer]:
    """Start the server, wait until it answers, and end it with all its processes. Raises: LiveError."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with log.open("wb") as output:
        # The ``vllm`` command wants what only its GPU builds have; the module is the same server.
        command = [str(python), "-m", "vllm.entrypoints.openai.api_server", f"--model={model}"]
        command += ["--host=127.0.0.1", f"--port={port}", f"--served-model-name={MODEL_NAME}", *_OPTIONS]
        process = subprocess.Popen(
            command,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | _ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    family = _Family(process)
    try:
        with step("Starting vLLM (one to five minutes)"):
            _wait_until_healthy(process, url, log)
        family.meet()
        yield VllmServer(url=url, pid=process.pid)
    finally:
        family.end()


def _wait_until_healthy(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    give_up_at = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < give_up_at:
        if process.poll() is not None:
            raise LiveError(f"vLLM ended while it started; {log} says why")
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise LiveError(f"vLLM did not answer within {_START_TIMEOUT_S:.0f} seconds; {log} says why")


class _Family:
    """The server and its children: its engine runs in processes that outlive a parent which a test has killed."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._children: list[psutil.Process] = []

    def meet(self) -> None:
        """Learn who the children are, while there is a parent to ask."""
        with contextlib.suppress(psutil.NoSuchProcess):
            self._children = psutil.Process(self._process.pid).children(recursive=True)

    def end(self) -> None:
        """End the server, politely first, and whoever of its children is left."""
        if self._process.poll() is None:
            self.meet()
            self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_TIMEOUT_S)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        _, left = psutil.wait_procs(self._children, _END_TIMEOUT_S / 10)
        for child in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        psutil.wait_procs(left, _END_TIMEOUT_S)
