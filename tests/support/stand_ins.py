"""Stand-ins for model servers: in this process, where they can be looked into, or in one that can be killed."""

import asyncio
import multiprocessing
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

# The package lies beside the scripts of tools/, which the type checker knows by that folder.
_ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.append(str(_ROOT / "tools"))

from stand_ins.behaviour import Behaviour  # noqa: E402
from stand_ins.kinds import KINDS  # noqa: E402
from stand_ins.prompt import Model  # noqa: E402
from stand_ins.running import listen  # noqa: E402
from stand_ins.server import Asked, StandIn  # noqa: E402

__all__ = [
    "KINDS",
    "Asked",
    "Behaviour",
    "Model",
    "RunningStandIn",
    "StandInProcess",
    "fork_stand_in",
    "run_stand_in",
    "run_stand_in_process",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningStandIn:
    """A stand-in with its address. ``stand_in`` has everything; what tests use most is named here."""

    url: str
    stand_in: StandIn

    @property
    def behaviour(self) -> Behaviour:
        """The knobs; they may be turned while it runs."""
        return self.stand_in.behaviour

    @property
    def asked(self) -> list[Asked]:
        """The requests that came, oldest first."""
        return list(self.stand_in.asked)

    @property
    def cancelled(self) -> int:
        """Answers from which the client hung up."""
        return self.stand_in.cancelled

    def requests_to(self, path: str) -> list[Asked]:
        """The requests to one path, oldest first."""
        return self.stand_in.requests_to(path)

    async def wait_cancelled(self, count: int = 1, timeout_s: float = 10.0) -> None:
        """Wait until so many answers were hung up on. Raises: TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while self.stand_in.cancelled < count:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def run_stand_in(
    kind: str, behaviour: Behaviour | None = None, *, models: Sequence[Model] | None = None, port: int = 0
) -> AsyncIterator[RunningStandIn]:
    """Run a stand-in in this process on a free loopback port."""
    stand_in = KINDS[kind](behaviour, models)
    async with listen(stand_in, port=port) as url:
        yield RunningStandIn(url=url, stand_in=stand_in)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandInProcess:
    """A stand-in in a process of its own."""

    url: str
    process: subprocess.Popen[str]

    def kill(self) -> None:
        """End it as a crash would: nothing is said to anybody."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def run_stand_in_process(kind: str, *arguments: str, port: int = 0) -> Iterator[StandInProcess]:
    """Run ``python -m tools.stand_ins KIND ARGUMENTS`` until the end of the block, unless it was killed before."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.stand_ins", kind, "--port", str(port), *arguments],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "http://" in line, f"the stand-in said {line!r}"
        yield StandInProcess(url="http://" + line.split("http://")[1].split()[0], process=process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


_FORK: Final = multiprocessing.get_context("forkserver")


@contextmanager
def fork_stand_in(kind: str, behaviour: Behaviour, *, port: int = 0) -> Iterator[tuple[str, Callable[[], None]]]:
    """Run a stand-in in a process that is there at once, for tests that kill many; yield its address and the killing.

    The process is a fork of one that has imported everything and does nothing else.
    """
    _FORK.set_forkserver_preload(["tests.support.stand_ins"])
    receiver, sender = _FORK.Pipe(duplex=False)
    process = _FORK.Process(target=_serve_for_good, args=(kind, behaviour, port, sender), daemon=True)
    process.start()
    sender.close()

    def kill() -> None:
        process.kill()
        process.join()

    try:
        yield str(receiver.recv()), kill
    finally:
        kill()
        receiver.close()
        process.close()


def _serve_for_good(kind: str, behaviour: Behaviour, port: int, sender: Connection) -> None:
    async def serve() -> None:
        async with listen(KINDS[kind](behaviour), port=port) as url:
            sender.send(url)
            await asyncio.Event().wait()

    asyncio.run(serve())
