"""A real server on a free loopback port, for as long as the tests need it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from .environment import LiveError, step

__all__ = ["MODEL_NAME", "RunningServer", "run_foundry", "run_vllm"]

MODEL_NAME: Final = "smollm2-135m"
_FOUNDRY_MODEL: Final = "smollm2-135m-instruct-generic-cpu:1"
#: vLLM was measured on two cores: 45 s alone, 270 s beside other work.
_START_TIMEOUT_S: Final = 900.0
_END_TIMEOUT_S: Final = 30.0
_VLLM_OPTIONS: Final = (
    f"--served-model-name={MODEL_NAME}",
    "--dtype=float32",
    "--max-model-len=2048",
    "--max-num-seqs=8",
    # Compiling takes minutes and a compiler, and answers here are short.
    "--enforce-eager",
    # Without it vLLM does not tell how much of a prompt came from its cache.
    "--enable-prompt-tokens-details",
    "--enable-auto-tool-choice",
    "--tool-call-parser=hermes",
)
_VLLM_ENVIRONMENT: Final = {
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningServer:
    """A server that answers; ``pid`` is the process that listens."""

    url: str
    model: str
    pid: int


@contextlib.contextmanager
def run_vllm(python: Path, model: Path, folder: Path) -> Iterator[RunningServer]:
    """Run vLLM over a folder of weights. Raises: LiveError."""
    port = _free_port()
    # The ``vllm`` command wants what only its GPU builds have; the module is the same server.
    command = [str(python), "-m", "vllm.entrypoints.openai.api_server", f"--model={model}"]
    command += ["--host=127.0.0.1", f"--port={port}", *_VLLM_OPTIONS]
    url = f"http://127.0.0.1:{port}"
    with _run("vLLM (one to five minutes)", command, _VLLM_ENVIRONMENT, f"{url}/health", folder / "vllm.log") as pid:
        yield RunningServer(url=url, model=MODEL_NAME, pid=pid)


@contextlib.contextmanager
def run_foundry(python: Path, model: Path, folder: Path) -> Iterator[RunningServer]:
    """Run Foundry Local over a folder with an ONNX model. Raises: LiveError."""
    port = _free_port()
    script = Path(__file__).with_name("foundry_service.py")
    command = [str(python), str(script), str(model), str(folder / "foundry-service"), str(port)]
    url = f"http://127.0.0.1:{port}"
    with _run("Foundry Local", command, {}, f"{url}/status", folder / "foundry.log") as pid:
        yield RunningServer(url=url, model=_FOUNDRY_MODEL, pid=pid)


@contextlib.contextmanager
def _run(name: str, command: list[str], environment: Mapping[str, str], health: str, log: Path) -> Iterator[int]:
    """Start a program, wait until ``health`` answers, and end it with all its processes."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    family = _Family(process)
    try:
        with step(f"Starting {name}"):
            _wait_until_healthy(process, health, log)
        family.meet()
        yield process.pid
    finally:
        family.end()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_until_healthy(process: subprocess.Popen[bytes], health: str, log: Path) -> None:
    give_up_at = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < give_up_at:
        if process.poll() is not None:
            raise LiveError(f"the server ended while it started; {log} says why")
        try:
            with urllib.request.urlopen(health, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise LiveError(f"the server did not answer within {_START_TIMEOUT_S:.0f} seconds; {log} says why")


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
