"""The default model in the form that vLLM loads, made once and kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from samovar.engine.models import find_default_model

from .environment import LiveError, step

__all__ = ["prepare_model"]

_SCRIPT: Final = Path(__file__).with_name("dequantise.py")


def prepare_model(folder: Path, python: Path) -> Path:
    """Return the folder of the model; ``python`` is the one that has vLLM. Raises: LiveError."""
    source = find_default_model()
    if source is None:
        raise LiveError("the default model is missing: `make install` fetches it")
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(_SCRIPT.read_bytes())
    target = folder / f"model-{digest.hexdigest()[:16]}"
    if target.is_dir():
        return target
    draft = target.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    with step("Writing the default model in vLLM's form"):
        done = subprocess.run(
            [str(python), str(_SCRIPT), str(source), str(draft)],
            env={**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise LiveError(f"the model could not be written: {done.stderr.strip().splitlines()[-1:]}")
    draft.rename(target)
    return target
