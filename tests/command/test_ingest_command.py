"""``samovar ingest``, ``report`` and ``worker`` as they are used on whole folders."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support import papers
from tests.support.database import temporary_folder
from tests.support.process import clean_environment, run_command, serve

PATIENCE_S = 90.0


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    with temporary_folder() as folder:
        yield folder


def result(*arguments: str) -> Any:
    done = run_command(*arguments)
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def test_a_folder_is_read_with_its_folders_and_without_what_is_hidden(data_dir: Path, tmp_path: Path) -> None:
    for name in ("a.txt", "deep/b.txt", "deep/deeper/ё.txt", ".git/config", "~$letter.docx", ".DS_Store", "deep/x.tmp"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"Tea of {name}.")
    found = result("ingest", str(tmp_path), "--base", "Чай", "--json", "--data-dir", str(data_dir))
    assert [document["path"] for document in found["documents"]] == ["a.txt", "deep/b.txt", "deep/deeper/ё.txt"]
    assert found["left_out"] == [".git", ".DS_Store", "~$letter.docx", "deep/x.tmp"]
    # Once more changes nothing; a changed file takes the place of its earlier version.
    again = result("ingest", str(tmp_path), "--base", "Чай", "--json", "--data-dir", str(data_dir))
    assert again == found
    (tmp_path / "deep" / "b.txt").write_text("Coffee now.")
    result("ingest", str(tmp_path), "--base", "Чай", "--json", "--data-dir", str(data_dir))
    report = result("report", "--base", "Чай", "--json", "--data-dir", str(data_dir))
    by_path = {document["path"]: document for document in report["documents"]}
    assert set(by_path) == {"a.txt", "deep/b.txt", "deep/deeper/ё.txt"}
    assert by_path["a.txt"] == found["documents"][0]
    assert by_path["deep/b.txt"]["id"] != found["documents"][1]["id"]
    hits = result("search", "coffee tea", "--json", "--data-dir", str(data_dir))["hits"]
    assert "Tea of deep/b.txt." not in [hit["text"] for hit in hits]
    assert "Coffee now." in [hit["text"] for hit in hits]
    one = result("report", "ё.txt", "--json", "--data-dir", str(data_dir))["documents"]
    assert one == [by_path["deep/deeper/ё.txt"]]
    line = run_command("report", by_path["a.txt"]["id"], "--data-dir", str(data_dir)).stdout
    assert "a.txt: 1 p. (1 text)" in line
    missing = run_command("report", "nobody.txt", "--data-dir", str(data_dir))
    assert missing.returncode == 1
    assert missing.stderr.strip().endswith("[not_found]")


def test_a_server_without_readers_leaves_the_work_to_a_worker(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "manual.pdf").write_bytes(papers.english_pdf())
    with serve(data_dir, "--no-engine", environment={"SAMOVAR_INGEST_WORKERS": "0"}):
        command = [sys.executable, "-m", "samovar", "worker", "--data-dir", str(data_dir)]
        worker = subprocess.Popen(command, env=clean_environment(), stdout=subprocess.PIPE, text=True)
        try:
            assert worker.stdout is not None
            assert "worker" in worker.stdout.readline()
            found = result("ingest", str(tmp_path), "--base", "Other", "--json", "--data-dir", str(data_dir))
            assert found["documents"][0]["status"] == "ready"
        finally:
            worker.send_signal(signal.SIGINT)
            assert worker.wait(PATIENCE_S) == 0
            worker.communicate()


def test_a_watched_folder_is_followed_until_it_is_stopped(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "first.txt").write_text("The first tea.")
    arguments = ["ingest", str(tmp_path), "--base", "Watched", "--watch", "--json", "--data-dir", str(data_dir)]
    command = [sys.executable, "-m", "samovar", *arguments]
    watching = subprocess.Popen(command, env=clean_environment(), stdout=subprocess.PIPE, text=True)
    try:
        assert watching.stdout is not None
        assert json.loads(watching.stdout.readline())["path"] == "first.txt"
        (tmp_path / "later.txt").write_text("The later tea.")
        assert json.loads(watching.stdout.readline())["path"] == "later.txt"
        time.sleep(0.02)
        (tmp_path / "first.txt").write_text("The first tea, changed.")
        changed = json.loads(watching.stdout.readline())
        assert (changed["path"], changed["status"]) == ("first.txt", "ready")
    finally:
        watching.send_signal(signal.SIGINT)
        assert watching.wait(PATIENCE_S) == 0
        watching.communicate()
