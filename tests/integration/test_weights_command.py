"""``samovar fit``, ``catalogue`` and the verbs about model files, as scripts use them."""

import asyncio
import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.support.gguf_files import write_model
from tests.support.hub import run_hub
from tests.support.process import run_command

from samovar.cli.fit import read_size
from samovar.cli.weights_words import WEIGHTS_WORDS
from samovar.domain.errors import InvalidParameter
from samovar.engine.models import find_default_model

FIELDS = {
    "block_count": 2,
    "embedding_length": 64,
    "attention.head_count": 4,
    "feed_forward_length": 96,
    "context_length": 4096,
}
TENSORS = {"blk.0.attn_q.weight": (64, 64), "blk.1.attn_q.weight": (64, 64)}


def result(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def model(folder: Path, name: str = "чай.gguf") -> Path:
    return write_model(folder / name, fields=FIELDS, tensors=TENSORS)


def test_fit_prints_the_shape_that_scripts_rely_on() -> None:
    path = find_default_model()
    assert path is not None
    found = result(run_command("fit", str(path), "--memory", "12GB", "--context", "2048", "--kv", "f16", "--json"))
    assert list(found) == [
        "weights_bytes", "kv_bytes", "overhead_bytes", "total_bytes", "memory_bytes", "fits", "max_context",
        "gpu_layers", "advice",
    ]  # fmt: skip
    assert found["weights_bytes"] == path.stat().st_size
    assert found["kv_bytes"] == 2 * 2048 * 30 * 3 * 64 * 2
    assert found["total_bytes"] == found["weights_bytes"] + found["kv_bytes"] + found["overhead_bytes"]
    assert (found["memory_bytes"], found["fits"]) == (12_000_000_000, True)
    assert (found["max_context"], found["gpu_layers"]) == (8192, 31)
    assert all(isinstance(sentence, str) for sentence in found["advice"])


def test_fit_reads_a_config_and_an_entry_of_the_catalogue(tmp_path: Path) -> None:
    config = {
        "model_type": "llama",
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "num_hidden_layers": 32,
        "vocab_size": 128256,
        "max_position_embeddings": 131072,
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    found = result(run_command("fit", str(tmp_path / "config.json"), "--memory", "12GB", "--json"))
    assert found["fits"] is False
    assert found["weights_bytes"] == pytest.approx(16.06e9, rel=0.001)
    listed = result(run_command("fit", "llama-3.1-8b-instruct", "--memory", "8GB", "--json"))
    assert (listed["weights_bytes"], listed["fits"]) == (6_600_000_000, True)


def test_fit_speaks_russian(tmp_path: Path) -> None:
    done = run_command("fit", str(model(tmp_path)), "--memory", "1GB", environment={"SAMOVAR_LANGUAGE": "ru"})
    assert done.returncode == 0, done.stderr
    assert "помещается в 1,0 ГБ" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nowhere.gguf"], "model_file_missing"),
        (["no-such-entry"], "model_file_missing"),
        (["gigachat-20b-a3b-instruct"], "invalid_request"),
        (["qwen3-8b", "--memory", "much"], "invalid_parameter"),
        (["qwen3-8b", "--kv", "q1"], "invalid_parameter"),
    ],
)
def test_what_cannot_be_estimated_is_one_line_with_a_code(arguments: list[str], code: str) -> None:
    done = run_command("fit", *arguments, "--json")
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.endswith(f"[{code}]")


def test_the_catalogue_is_filtered(tmp_path: Path) -> None:
    found = result(run_command("catalogue", "--licence", "mit,apache-2.0", "--language", "ru", "--fits", "--json"))
    assert found["models"]
    for entry in found["models"]:
        assert entry["licence"] in ("MIT", "Apache-2.0")
        assert "ru" in entry["languages"]
        assert entry["fit"]["fits"]
    sees = result(run_command("catalogue", "--vision", "--json"))["models"]
    assert all(entry["vision"] for entry in sees)


def test_a_file_is_imported_found_by_name_and_removed(tmp_path: Path) -> None:
    place = ["--data-dir", str(tmp_path / "data")]
    source = model(tmp_path)
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    kept = result(run_command("models", "import", str(source), "--sha256", sha256, "--json", *place))
    assert (kept["name"], kept["sha256"], kept["origin"]) == ("чай.gguf", sha256, "import")
    assert Path(kept["path"]).read_bytes() == source.read_bytes()
    listed = result(run_command("models", "list", "--json", *place))["files"]
    assert listed == [kept]
    assert result(run_command("fit", "чай.gguf", "--memory", "1GB", "--json", *place))["fits"] is True
    again = run_command("models", "import", str(source), *place)
    assert (again.returncode, "[conflict]" in again.stderr) == (1, True)
    assert run_command("models", "remove", "чай.gguf", *place).returncode == 0
    assert result(run_command("models", "list", "--json", *place))["files"] == []
    gone = run_command("models", "remove", "../чай.gguf", *place)
    assert (gone.returncode, "[not_found]" in gone.stderr) == (1, True)


def test_a_wrong_checksum_is_told(tmp_path: Path) -> None:
    done = run_command(
        "models", "import", str(model(tmp_path)), "--sha256", "0" * 64, "--data-dir", str(tmp_path / "data")
    )
    assert (done.returncode, done.stderr.strip().endswith("[checksum_mismatch]")) == (1, True)


def test_models_without_a_verb_still_lists_what_can_answer(tmp_path: Path) -> None:
    found = result(
        run_command(
            "models",
            "--json",
            "--data-dir",
            str(tmp_path / "data"),
            environment={"SAMOVAR_ENGINE_ENABLED": "false", "SAMOVAR_BACKENDS_SCRIPTED": "true"},
        )
    )
    assert {entry["backend"] for entry in found["models"]} == {"scripted"}


def test_options_before_a_verb_are_refused_and_not_ignored(tmp_path: Path) -> None:
    done = run_command("models", "--data-dir", str(tmp_path), "list")
    assert (done.returncode, done.stdout) == (2, "")
    assert "after" in done.stderr


async def test_a_download_needs_the_administrators_word(tmp_path: Path) -> None:
    async with run_hub() as hub:
        hub.files["tea/samovar/m.gguf"] = model(tmp_path).read_bytes()
        ask = ["models", "download", "tea/samovar", "m.gguf", "--json", "--data-dir", str(tmp_path / "data")]
        refused = await asyncio.to_thread(run_command, *ask)
        assert (refused.returncode, refused.stderr.strip().endswith("[downloads_off]")) == (1, True)
        assert hub.requests == []
        allowed = {"SAMOVAR_DOWNLOADS_ENABLED": "true", "SAMOVAR_DOWNLOADS_HUB_URL": hub.url}
        kept = result(await asyncio.to_thread(lambda: run_command(*ask, environment=allowed)))
        assert (kept["name"], kept["origin"]) == ("m.gguf", "download")
        assert kept["sha256"] == hub.sha256("tea/samovar/m.gguf")


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("12GB", 12_000_000_000),
        ("12 gb", 12_000_000_000),
        ("16GiB", 16 * 2**30),
        ("1.5G", 1_500_000_000),
        ("1,5G", 1_500_000_000),
        ("500MB", 500_000_000),
        ("1000", 1000),
        ("1TiB", 2**40),
    ],
)
def test_sizes_are_read_as_people_write_them(text: str, size_bytes: int) -> None:
    assert read_size(text) == size_bytes


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "12 apples", "1e9", "9" * 400, "9999PB", "9999999TB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        read_size(text)


def test_both_languages_say_the_same_things() -> None:
    assert set(WEIGHTS_WORDS["en"]) == set(WEIGHTS_WORDS["ru"])
