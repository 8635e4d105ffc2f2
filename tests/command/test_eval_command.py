"""``samovar eval retrieval`` as scripts use it, and what is left of it when it is stopped."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.support.database import temporary_folder
from tests.support.process import clean_environment, run_command
from tests.support.questions import write_dataset

PATIENCE_S = 90.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's own user can pass, too."""
    with temporary_folder() as made:
        yield made


@pytest.fixture
def environment(folder: Path) -> dict[str, str]:
    """Folders of the test's own, so that it can be seen what is left in them."""
    for name in ("tmp", "cache", "data"):
        (folder / name).mkdir()
    return {
        "TMPDIR": str(folder / "tmp"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "HOME": str(folder),
        "SAMOVAR_DATA_DIR": str(folder / "data"),
        "SAMOVAR_ENGINE_ENABLED": "false",
    }


def test_a_script_gets_one_json_object_and_a_person_a_table(folder: Path, environment: dict[str, str]) -> None:
    english, russian = str(write_dataset(folder, "en")), str(write_dataset(folder, "ru"))
    done = run_command("eval", "retrieval", "--dataset", english, "--json", environment=environment)
    assert done.returncode == 0, done.stderr
    body = json.loads(done.stdout)
    assert list(body) == ["questions", "units", "arms"]
    assert (body["questions"], body["units"]) == (6, 3)
    assert list(body["arms"]) == ["lexical", "dense", "hybrid", "reranked"]
    assert list(body["arms"]["hybrid"]) == [
        "recall@1",
        "recall@5",
        "recall@10",
        "mrr@10",
        "ndcg@10",
        "p50_ms",
        "p95_ms",
    ]
    for stage in ("Indexing texts", "Making vectors", "Asking questions"):
        assert stage in done.stderr
    table = run_command(
        *("eval", "retrieval", "--dataset", russian, "--questions", english, "--unit", "sentence", "--limit", "4"),
        environment={**environment, "SAMOVAR_LANGUAGE": "ru"},
    )
    assert table.returncode == 0, table.stderr
    assert "Вопросов: 4, предложений: 6" in table.stdout
    assert "Задано вопросов: 4 из 6." in table.stderr
    assert _left(folder) == []


def test_what_is_no_data_set_is_refused_in_one_line(folder: Path, environment: dict[str, str]) -> None:
    (folder / "wrong.json").write_text('{"data": 1}')
    done = run_command("eval", "retrieval", "--dataset", str(folder / "wrong.json"), environment=environment)
    assert done.returncode == 1
    assert "wrong.json cannot be used as a data set: the file: data is not a list." in done.stderr
    assert done.stderr.strip().endswith("[dataset_invalid]")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_leaves_nothing_behind(
    folder: Path, environment: dict[str, str], number: signal.Signals, status: int
) -> None:
    """Stopped while the temporary PostgreSQL runs and vectors are made."""
    body = json.loads(write_dataset(folder, "en").read_text())
    [paragraphs] = [article["paragraphs"] for article in body["data"]]
    # Enough to be busy for longer than it takes to stop it.
    paragraphs += [{"context": f"Text {n}. " + paragraphs[0]["context"] * 10, "qas": []} for n in range(500)]
    (folder / "long.json").write_text(json.dumps(body))
    command = [sys.executable, "-m", "samovar", "eval", "retrieval", "--dataset", str(folder / "long.json"), "--json"]
    running = subprocess.Popen(
        command, env=clean_environment(environment), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        deadline = time.monotonic() + PATIENCE_S
        # The first vector is kept once everything is indexed.
        while not any(path.is_file() for path in (folder / "cache").rglob("*")):
            assert time.monotonic() < deadline
            assert running.poll() is None, running.communicate()
            time.sleep(0.05)
        assert _left(folder), "there is something to clean up"
        assert _servers(folder)
        running.send_signal(number)
        output, errors = running.communicate(timeout=PATIENCE_S)
    finally:
        running.kill()
        running.communicate()
    assert (running.returncode, output) == (status, ""), errors
    assert _left(folder) == []
    assert _servers(folder) == []
    assert list((folder / "data").iterdir()) == [], "the library of the user is not touched"


def _left(folder: Path) -> list[str]:
    return [path.name for path in (folder / "tmp").iterdir()]


def _servers(folder: Path) -> list[int]:
    """The processes that have something to do with the test's temporary folder."""
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if any(str(folder / "tmp") in part for part in process.info["cmdline"] or ())
    ]
