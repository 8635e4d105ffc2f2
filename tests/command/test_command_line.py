"""The command line as scripts use it: shapes, exit codes, one line of error."""

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support import papers
from tests.support.database import temporary_folder
from tests.support.process import run_command, serve


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    with temporary_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def paper_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    (folder / "manual.pdf").write_bytes(papers.english_pdf())
    (folder / "порядок.pdf").write_bytes(papers.russian_pdf())
    return folder


def result(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.engine
@pytest.mark.parametrize(
    ("question", "file"),
    [("Which port does the service use?", "manual.pdf"), ("На каком порту отвечает служба поддержки?", "порядок.pdf")],
)
def test_ask_answers_from_a_pdf_with_the_page_and_a_verified_quote(
    data_dir: Path, paper_files: Path, question: str, file: str
) -> None:
    found = result(
        run_command("ask", question, "--file", str(paper_files / file), "--json", "--data-dir", str(data_dir))
    )
    assert {"answer", "citations", "usage", "model", "run"} <= set(found)
    cited = [citation for citation in found["citations"] if citation["verified"]]
    assert (cited[0]["document"], cited[0]["page"]) == (file, 2)
    if file == "manual.pdf":
        # The small model knows no Russian: which sentence of the right page it repeats there is chance.
        assert "7431" in cited[0]["quote"]
    assert found["usage"]["prompt_tokens"] > 0
    if file == "manual.pdf":
        assert "7431" in found["answer"]


def test_ingest_and_search_find_the_page(data_dir: Path, paper_files: Path) -> None:
    report = result(run_command("ingest", str(paper_files), "--json", "--data-dir", str(data_dir)))
    assert [document["status"] for document in report["documents"]] == ["ready", "ready"]
    assert report["documents"][0]["pages"] == [
        {"page": page, "status": "text", "reason": None, "confidence": None} for page in (1, 2, 3)
    ]
    hits = result(run_command("search", "служба порты", "--json", "--data-dir", str(data_dir)))["hits"]
    assert (hits[0]["document"], hits[0]["page"]) == ("порядок.pdf", 2)
    assert hits[0]["score"] > 0


def test_a_file_that_cannot_be_read_is_reported_and_the_others_are_read(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "locked.pdf").write_bytes(papers.encrypted_pdf())
    (tmp_path / "note.txt").write_text("Tea at five.")
    done = run_command("ingest", str(tmp_path), "--json", "--data-dir", str(data_dir))
    report = {document["name"]: document for document in json.loads(done.stdout)["documents"]}
    assert done.returncode == 1
    assert report["note.txt"]["status"] == "ready"
    for name, words in (("empty.txt", "empty"), ("locked.pdf", "password")):
        assert report[name]["status"] == "failed"
        assert words in report[name]["pages"][0]["reason"]


def test_doctor_tells_of_each_part(data_dir: Path) -> None:
    parts = {
        part["name"]: part
        for part in json.loads(run_command("doctor", "--json", "--data-dir", str(data_dir)).stdout)["parts"]
    }
    assert {"program", "data", "database", "model", "parsers", "ocr", "faces", "port"} <= set(parts)
    assert parts["database"]["state"] == "ok"
    assert str(data_dir) in parts["database"]["detail"]
    for part in parts.values():
        assert part["state"] in ("ok", "warning", "failed")
        assert part["state"] == "ok" or part["advice"]


def test_doctor_finds_a_damaged_file_and_hides_passwords(place: Path, paper_files: Path) -> None:
    result(run_command("ingest", str(paper_files / "manual.pdf"), "--json", "--data-dir", str(place)))
    [blob] = [path for path in (place / "blobs").rglob("*") if path.is_file()]
    blob.chmod(0o600)
    blob.write_bytes(blob.read_bytes()[:-1] + b"x")
    environment = {"OPENAI_BASE_URL": "http://user:canary@127.0.0.1:9/v1"}
    done = run_command("doctor", "--json", "--data-dir", str(place), environment=environment)
    parts = {part["name"]: part for part in json.loads(done.stdout)["parts"]}
    assert (done.returncode, parts["files"]["state"]) == (1, "failed")
    assert "canary" not in done.stdout + done.stderr


def test_a_key_is_printed_alone(data_dir: Path) -> None:
    done = run_command("keys", "create", "--name", "script", "--data-dir", str(data_dir))
    assert done.returncode == 0
    assert done.stdout.startswith("sk-samovar-")
    assert len(done.stdout.split()) == 1


@pytest.mark.engine
def test_models_lists_the_embedded_one(data_dir: Path) -> None:
    found = result(run_command("models", "--json", "--data-dir", str(data_dir)))
    [model] = found["models"]
    assert model["is_demonstration"]
    assert model["context_tokens"] == 8192
    assert model["vision"] is False
    assert found["default"] == model["id"]


def failure(done: subprocess.CompletedProcess[str], code: str) -> str:
    """The one line of a failure, after its form was checked."""
    assert done.returncode == 1, done.stdout + done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("samovar: ")
    assert lines[0].endswith(f"[{code}]")
    return lines[0]


def test_a_taken_port_is_named_with_another_to_take(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        line = failure(run_command("serve", "--port", str(port), "--data-dir", str(place)), "port_taken")
    assert str(port) in line
    assert "--port" in line


def test_a_data_folder_that_is_a_file_is_refused_with_advice(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")
    line = failure(run_command("search", "x", "--data-dir", str(blocker)), "data_folder_unusable")
    assert "--data-dir" in line
    assert blocker.read_text() == "not a folder"


def test_a_server_that_cannot_start_says_why_in_one_line(place: Path) -> None:
    blocker = place / "file"
    blocker.write_text("not a folder")
    failure(run_command("serve", "--port", "0", "--data-dir", str(blocker / "data")), "data_folder_unusable")


def test_a_setting_that_does_not_exist_is_refused(place: Path) -> None:
    done = run_command("models", "--data-dir", str(place), environment={"SAMOVAR_TYPO": "1"})
    assert "SAMOVAR_TYPO" in failure(done, "settings_invalid")


def test_an_unknown_model_is_named(data_dir: Path) -> None:
    done = run_command(
        "ask",
        "Hello",
        "--model",
        "nobody",
        "--data-dir",
        str(data_dir),
        environment={"SAMOVAR_BACKENDS_SCRIPTED": "true", "SAMOVAR_ENGINE_ENABLED": "false"},
    )
    assert "nobody" in failure(done, "model_unknown")


def test_a_file_that_is_not_there_is_named(data_dir: Path) -> None:
    done = run_command("ask", "Hello", "--file", "/no/such/file.pdf", "--data-dir", str(data_dir))
    assert "/no/such/file.pdf" in failure(done, "invalid_request")


def test_wrong_usage_exits_with_two(data_dir: Path) -> None:
    assert run_command("ask").returncode == 2
    assert run_command("nonsense").returncode == 2


def test_listening_to_all_without_sign_in_is_refused(place: Path) -> None:
    done = run_command(
        "serve", "--host", "0.0.0.0", "--data-dir", str(place), environment={"SAMOVAR_SERVER_SIGN_IN": "false"}
    )
    failure(done, "unsafe_binding")


def test_a_corrupt_model_file_leaves_the_server_up_and_is_explained(place: Path) -> None:
    model = place / "broken.gguf"
    model.write_bytes(b"GGUF" + b"\xff" * 64)
    environment = {"SAMOVAR_ENGINE_MODEL_FILE": str(model)}
    line = failure(
        run_command("ask", "Hello", "--data-dir", str(place / "data"), environment=environment), "model_file_invalid"
    )
    assert "broken.gguf" in line
    with serve(place / "data", environment=environment) as running:
        done = run_command("doctor", "--json", "--data-dir", str(place / "data"), environment=environment)
        [part] = [part for part in json.loads(done.stdout)["parts"] if part["name"] == "model"]
        assert (done.returncode, part["state"]) == (1, "failed")
        assert "broken.gguf" in part["detail"]
        assert running.process.poll() is None


def test_two_commands_share_one_data_folder(place: Path, paper_files: Path) -> None:
    with serve(place, "--no-engine") as running:
        report = result(run_command("ingest", str(paper_files / "manual.pdf"), "--json", "--data-dir", str(place)))
        assert report["documents"][0]["status"] == "ready"
        assert running.process.poll() is None
        assert running.stop() in (0, 130)
    assert result(run_command("search", "port", "--json", "--data-dir", str(place)))["hits"]
