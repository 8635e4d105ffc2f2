"""Which file the engine takes: the one that was named, else the one that came with Samovar."""

import hashlib

import pytest
from tests.support.servers import RECORDINGS

from samovar.domain.errors import ModelFileInvalid
from samovar.engine.models import DEFAULT_MODEL_SHA256, choose_model, find_default_model
from samovar.settings import EngineSettings
from samovar.weights.gguf import read_gguf

PROJECTOR = RECORDINGS.parent / "tiny-eye.mmproj.gguf"


def test_the_default_model_is_the_one_that_was_chosen() -> None:
    path = find_default_model()
    assert path is not None
    with path.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == DEFAULT_MODEL_SHA256
    chosen = choose_model(EngineSettings(context_tokens=100_000))
    assert (chosen.name, chosen.is_demonstration) == ("SmolLM2-135M-Instruct", True)
    assert chosen.context_tokens == 8192


def test_a_projector_is_no_model_and_a_model_no_projector() -> None:
    assert read_gguf(PROJECTOR).is_projector
    with pytest.raises(ModelFileInvalid, match="projector"):
        choose_model(EngineSettings(model_file=PROJECTOR))
    with pytest.raises(ModelFileInvalid, match="projector"):
        choose_model(EngineSettings(mmproj_file=find_default_model()))
