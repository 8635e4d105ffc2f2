"""``samovar import`` and ``samovar export``."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil
import pytest
from tests.support.database import temporary_folder
from tests.support.exports import chatgpt_chat, chatgpt_node, write_large_export, zipped
from tests.support.process import clean_environment, run_command

#: The size of the export whose import is measured; `SAMOVAR_TEST_EXPORT_MB=200` measures what is promised.
_EXPORT_MB: Final = int(os.environ.get("SAMOVAR_TEST_EXPORT_MB", "60"))
_MOST_BYTES: Final = 300_000_000


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with temporary_folder() as found:
        yield found


def test_chats_come_in_go_out_and_come_in_again(folder: Path) -> None:
    nodes = [chatgpt_node("q", None, "user", "Как?"), chatgpt_node("a", "q", "assistant", "Так.")]
    export, data = folder / "export.zip", ("--data-dir", str(folder / "data"))
    export.write_bytes(zipped({"conversations.json": [chatgpt_chat(nodes)], "chat.html": b"<html>"}))
    done = run_command("import", str(export), *data, environment={"SAMOVAR_LANGUAGE": "ru"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "export.zip: чатов 1, сообщений 2 (chatgpt)"
    first, second = folder / "first.json", folder / "second.json"
    assert run_command("export", "--all", "--out", str(first), *data).returncode == 0
    elsewhere = ("--data-dir", str(folder / "elsewhere"))
    nonsense = folder / "nonsense.json"
    nonsense.write_text("hello", encoding="utf-8")
    done = run_command("import", str(first), str(nonsense), "--json", *elsewhere)
    assert done.returncode == 1
    reports = json.loads(done.stdout)["files"]
    assert [(report["error"], report.get("chats")) for report in reports] == [(None, 1), ("import_unrecognised", None)]
    assert run_command("export", "--all", "--out", str(second), *elsewhere).returncode == 0
    assert first.read_bytes() == second.read_bytes()
    chat_id = json.loads(first.read_bytes())["chats"][0]["id"]
    shown = run_command("export", "--chat", chat_id, "--format", "markdown", "--out", "-", *elsewhere)
    assert "Как?" in shown.stdout
    pdf = folder / "chat.pdf"
    assert run_command("export", "--chat", chat_id, "--format", "pdf", "--out", str(pdf), *elsewhere).returncode == 0
    assert pdf.read_bytes().startswith(b"%PDF")


def test_an_export_needs_one_choice_of_chats(folder: Path) -> None:
    data = ("--data-dir", str(folder / "data"))
    for arguments in ([], ["--all", "--chat", "00000000-0000-0000-0000-000000000000"], ["--all", "--format", "pdf"]):
        assert run_command("export", *arguments, *data).returncode == 2


def test_a_large_export_is_imported_in_little_memory(folder: Path) -> None:
    export = folder / "large.json"
    chats = write_large_export(export, size_mb=_EXPORT_MB, chat_mb=10)
    process = subprocess.Popen(
        [sys.executable, "-m", "samovar", "import", str(export), "--json", "--data-dir", str(folder / "large")],
        env=clean_environment(),
        stdout=subprocess.PIPE,
    )
    watched, peak_bytes = psutil.Process(process.pid), 0
    while process.poll() is None:
        try:
            peak_bytes = max(peak_bytes, watched.memory_info().rss)
        except psutil.NoSuchProcess:
            break
        time.sleep(0.01)
    output, _ = process.communicate()
    (report,) = json.loads(output)["files"]
    assert (report["chats"], report["problems"]) == (chats, [])
    assert 0 < peak_bytes < _MOST_BYTES
