"""Write a folder with a model as ONNX with weights of four bits: ``python write_onnx.py FOLDER NEW_FOLDER``.

Run by the Python that has vLLM, with the packages of Foundry Local's environment beside its own.
"""

from __future__ import annotations

import runpy
import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Become the builder, whose one stable door is its command line."""
    source, target = sys.argv[1:]
    with tempfile.TemporaryDirectory() as cache:
        sys.argv = [
            "builder",
            "-m",
            Path(source).name,
            "-i",
            source,
            "-o",
            target,
            "-c",
            cache,
            "-p",
            "int4",
            "-e",
            "cpu",
        ]
        runpy.run_module("onnxruntime_genai.models.builder", run_name="__main__")


if __name__ == "__main__":
    main()
