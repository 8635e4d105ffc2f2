"""The folder of model files: what comes in is checked, whole, and safe by name; what fails leaves nothing."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.gguf_files import write_model

from samovar.domain.errors import (
    ChecksumMismatch,
    Conflict,
    InvalidParameter,
    InvalidRequest,
    ModelFileInvalid,
    ModelFileMissing,
    NotFound,
    StorageReadOnly,
)
from samovar.engine.models import choose_model
from samovar.settings import EngineSettings
from samovar.weights.folder import ModelFolder, models_in, safe_model_name
from samovar.weights.gguf import part_names

FIELDS = {"block_count": 2, "embedding_length": 64, "attention.head_count": 4, "context_length": 512}
TENSORS = {"blk.0.attn_q.weight": (64, 64), "blk.1.attn_q.weight": (64, 64)}


@pytest.fixture
def folder(tmp_path: Path) -> ModelFolder:
    return ModelFolder(tmp_path / "data" / "models")


def model(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_model(path, fields=FIELDS, tensors=TENSORS)


def in_parts(folder: Path) -> list[Path]:
    names = part_names("Big Model-00001-of-00002.gguf")
    paths = []
    for number, name in enumerate(names):
        split = {"split.count": 2, "split.no": number}
        tensors = {f"blk.{number}.attn_q.weight": (64, 64)}
        paths.append(write_model(folder / name, fields=FIELDS, tensors=tensors, general=split))
    return paths


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def everything_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_an_imported_file_is_a_copy_with_a_record(tmp_path: Path, folder: ModelFolder) -> None:
    source = model(tmp_path / "Чай ник (7B).gguf")
    kept = folder.take_in(source, sha256=sha256_of(source).upper())
    assert kept.name == "Чай-ник--7B.gguf"
    assert kept.record is not None
    assert kept.record.sha256 == (sha256_of(source),)
    assert (kept.record.origin, kept.record.file) == ("import", source.name)
    assert kept.path.read_bytes() == source.read_bytes()
    assert kept.path.stat().st_ino != source.stat().st_ino
    assert everything_in(tmp_path / "data") == [kept.name, f"{kept.name}.json"]
    assert folder.files() == (kept,)
    assert folder.find(kept.name) == kept


def test_a_link_shares_the_bytes(tmp_path: Path, folder: ModelFolder) -> None:
    source = model(tmp_path / "m.gguf")
    source.chmod(0o444)
    kept = folder.take_in(source, is_link=True)
    assert kept.path.stat().st_ino == source.stat().st_ino
    assert kept.record is not None
    assert kept.record.sha256 == (sha256_of(source),)


def test_all_parts_of_a_model_come_and_go_together(tmp_path: Path, folder: ModelFolder) -> None:
    paths = in_parts(tmp_path)
    kept = folder.take_in(paths[0])
    assert kept.name == "Big-Model-00001-of-00002.gguf"
    assert kept.header is not None
    assert kept.header.parts == 2
    assert kept.record is not None
    assert kept.record.sha256 == tuple(sha256_of(path) for path in paths)
    assert len(folder.files()) == 1
    with pytest.raises(NotFound):
        folder.find("Big-Model-00002-of-00002.gguf")
    with pytest.raises(InvalidParameter):
        folder.take_in(paths[0], sha256="a" * 64)
    folder.remove(kept.name)
    assert everything_in(tmp_path / "data") == []


def test_a_wrong_checksum_leaves_nothing(tmp_path: Path, folder: ModelFolder) -> None:
    source = model(tmp_path / "m.gguf")
    with pytest.raises(ChecksumMismatch) as caught:
        folder.take_in(source, sha256="0" * 64)
    assert sha256_of(source) in caught.value.message
    with pytest.raises(InvalidParameter):
        folder.take_in(source, sha256="short")
    assert everything_in(tmp_path / "data") == []
    assert source.exists()


def test_what_is_no_model_is_refused_before_it_is_copied(tmp_path: Path, folder: ModelFolder) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(model(tmp_path / "m.gguf").read_bytes()[:-100])
    with pytest.raises(ModelFileInvalid):
        folder.take_in(broken)
    with pytest.raises(ModelFileMissing):
        folder.take_in(tmp_path / "gone.gguf")
    assert not (tmp_path / "data").exists()


def test_a_name_that_is_taken_is_not_written_over(tmp_path: Path, folder: ModelFolder) -> None:
    source = model(tmp_path / "m.gguf")
    folder.take_in(source)
    with pytest.raises(Conflict, match=r"m\.gguf"):
        folder.take_in(source)


def test_a_disk_without_room_is_told_at_once(
    tmp_path: Path, folder: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        f_bavail, f_frsize = 0, 4096

    monkeypatch.setattr("os.statvfs", lambda _path: Full)
    with pytest.raises(StorageReadOnly, match="no room"):
        folder.take_in(model(tmp_path / "m.gguf"))
    assert everything_in(tmp_path / "data") == []


def test_a_damaged_file_is_listed_with_its_fault(tmp_path: Path, folder: ModelFolder) -> None:
    kept = folder.take_in(model(tmp_path / "m.gguf"))
    kept.path.write_bytes(kept.path.read_bytes()[:-32])
    (found,) = folder.files()
    assert found.error is not None
    assert "cut short" in found.error.message
    assert str(tmp_path) not in found.error.message
    kept.path.write_bytes(model(tmp_path / "m.gguf").read_bytes() + bytes(32))
    (found,) = folder.files()
    assert found.error is not None
    assert "size has changed" in found.error.message


def test_a_file_that_has_changed_is_read_again(tmp_path: Path, folder: ModelFolder) -> None:
    kept = folder.take_in(model(tmp_path / "m.gguf"))
    other = write_model(tmp_path / "n.gguf", fields={**FIELDS, "context_length": 9999}, tensors=TENSORS)
    assert other.stat().st_size == kept.size_bytes
    assert folder.find("m.gguf").header == kept.header
    other.replace(kept.path)
    found = folder.find("m.gguf").header
    assert found is not None
    assert found.context_tokens == 9999


@pytest.mark.parametrize("record", ["", "[]", "{}", '{"sha256": 1}', "[" * 100_000, "\x00", None])
def test_a_file_laid_there_by_hand_is_listed_whatever_its_record_says(
    tmp_path: Path, folder: ModelFolder, record: str | None
) -> None:
    path = model(tmp_path / "data" / "models" / "by-hand.gguf")
    if record is not None:
        path.with_name("by-hand.gguf.json").write_text(record)
    model(path.with_name(".hidden.gguf"))
    (found,) = folder.files()
    assert (found.name, found.record, found.error) == ("by-hand.gguf", None, None)


def test_a_record_of_another_kind_is_not_believed(tmp_path: Path, folder: ModelFolder) -> None:
    kept = folder.take_in(model(tmp_path / "m.gguf"))
    assert kept.record is not None
    odd = {
        "sha256": ["x", "a" * 64],
        "size_bytes": str(kept.size_bytes),
        "origin": "x",
        "added_at": kept.record.added_at,
    }
    kept.path.with_name("m.gguf.json").write_text(json.dumps({**odd, "repo": 5, "file": "f" * 5000}))
    (found,) = folder.files()
    assert found.record is not None
    assert (found.record.sha256, found.record.origin, found.record.repo) == (("a" * 64,), "import", None)
    assert len(found.record.file or "") == 1000


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../m.gguf", "a/b.gguf", "a\\b.gguf", "/etc/passwd", ".hidden.gguf", "a\x00.gguf", "x" * 300],
)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, folder: ModelFolder, name: str) -> None:
    model(tmp_path / "data" / "m.gguf")
    for act in (folder.find, folder.remove, folder.path, folder.draft_path):
        with pytest.raises(NotFound):
            act(name)


@given(st.text(st.characters(), max_size=300))
def test_every_name_becomes_safe_or_is_refused(name: str) -> None:
    try:
        safe = safe_model_name(name)
    except InvalidRequest:
        return
    assert safe.endswith(".gguf")
    assert len(safe.encode()) <= 200
    assert not safe.startswith(".")
    assert all(character.isalnum() or character in "._+-" for character in safe)
    assert safe_model_name(safe) == safe


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../evil.gguf", "evil.gguf"),
        ("C:\\models\\Мой файл.GGUF", "Мой-файл.gguf"),
        ("con.gguf", "model-con.gguf"),
        ("0" * 149 + ":rest", "0" * 149 + ".gguf"),
        ("LPT1.q4.gguf", "model-LPT1.q4.gguf"),
        ("a;rm -rf ~.gguf", "a-rm--rf.gguf"),
        ("ж" * 300, "ж" * 75 + ".gguf"),
    ],
)
def test_names_that_were_tried(name: str, safe: str) -> None:
    assert safe_model_name(name) == safe


def test_the_engine_takes_a_kept_file_by_name_and_a_path_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = models_in(tmp_path).take_in(model(tmp_path / "m.gguf"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for name in ("m.gguf", "m"):
        chosen = choose_model(EngineSettings(model_file=Path(name)), tmp_path)
        assert chosen.path == kept.path.resolve()
    assert chosen.context_tokens == 512
    here = model(tmp_path / "elsewhere" / "m.gguf")
    assert choose_model(EngineSettings(model_file=Path("m.gguf")), tmp_path).path == here.resolve()
    with pytest.raises(ModelFileMissing):
        choose_model(EngineSettings(model_file=Path("gone.gguf")), tmp_path)
