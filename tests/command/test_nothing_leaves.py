"""The first promise: with no backend added, not one packet goes beyond the machine."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Where the trap itself was tried.
NOBODY = "192.0.2.1"


def _can_seal() -> bool:
    """Whether a network of its own can be made here, with a device that catches what leaves it."""
    if os.geteuid() != 0 or not Path("/dev/net/tun").exists() or not (shutil.which("unshare") and shutil.which("ip")):
        return False
    return subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.engine
@pytest.mark.skipif(not _can_seal(), reason="needs root, unshare, ip and /dev/net/tun")
def test_from_the_start_to_an_answer_no_packet_leaves_the_machine() -> None:
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-m", "tests.support.sealed"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    # Its own try is there, so the trap was open; and nothing else is.
    assert told["caught"] == [NOBODY]
    assert told["backends"] == {"engine": "ready", "ollama": "ready"}
    assert told["answers"] == {"engine": "done", "ollama": "done"}
    assert told["outside_connections"] is False
    assert told["commands"] == {"backends": 0, "models": 0, "doctor": 0}
