"""The tests that need real servers stay away from the fast suite."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_without_a_real_server_none_of_its_tests_is_collected() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LIVE_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/live", "--collect-only", "-p", "no:cacheprovider"],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 5, done.stdout + done.stderr
    assert "no tests collected" in done.stdout


def test_every_test_of_real_servers_belongs_to_a_part() -> None:
    named = (ROOT / "tests" / "live" / "conftest.py").read_text(encoding="utf-8")
    assert all(f'"{path.name}"' in named for path in (ROOT / "tests" / "live").glob("test_*.py"))
