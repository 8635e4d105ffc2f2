"""The default model in the forms that the real servers load, made once and kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from samovar.engine.models import find_default_model

from .environment import LiveError, step

__all__ = ["prepare_model", "prepare_onnx_model", "prepare_seeing_model"]

_HERE: Final = Path(__file__).parent
_EYE: Final = _HERE.parents[1] / "tests" / "data" / "tiny-eye.mmproj.gguf"


def prepare_model(folder: Path, python: Path) -> Path:
    """Return the folder of the model; ``python`` is the one that has vLLM. Raises: LiveError."""
    source = find_default_model()
    if source is None:
        raise LiveError("the default model is missing: `make install` fetches it")
    return _make("Writing the default model in vLLM's form", folder / "model", python, "dequantise.py", source)


def prepare_seeing_model(folder: Path, python: Path) -> Path:
    """Return the folder of the same model with the eye of ``tools/tiny_eye``. Raises: LiveError."""
    model = prepare_model(folder, python)
    return _make("Giving the default model an eye", folder / "seeing", python, "give_sight.py", model, _EYE)


def prepare_onnx_model(folder: Path, python: Path, foundry: Path) -> Path:
    """Return the folder of the model in ONNX, four bits a weight. Raises: LiveError.

    ``python`` has torch and transformers, and ``foundry`` the rest of what writes it.
    """
    model = prepare_model(folder, python)
    (packages,) = foundry.parents[1].glob("lib/python3*/site-packages")
    title = "Writing the default model in ONNX"
    return _make(title, folder / "onnx", python, "write_onnx.py", model, packages=packages)


def _make(title: str, place: Path, python: Path, script: str, *sources: Path, packages: Path | None = None) -> Path:
    """Run a script that makes a folder from ``sources``, unless the same script made it from the same before."""
    digest = hashlib.sha256((_HERE / script).read_bytes())
    for source in sources:
        # A folder was made here, and its name tells what it holds.
        digest.update(source.read_bytes() if source.is_file() else source.name.encode())
    target = place.with_name(f"{place.name}-{digest.hexdigest()[:16]}")
    if target.is_dir():
        return target
    draft = target.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    with step(title):
        done = subprocess.run(
            [str(python), str(_HERE / script), *map(str, sources), str(draft)],
            env={**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore", "PYTHONPATH": str(packages or "")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise LiveError(f"the model could not be written: {done.stderr.strip().splitlines()[-1:]}")
    draft.rename(target)
    return target
