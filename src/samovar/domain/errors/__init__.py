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
│   └── EvaluationRunning       evaluation_running
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
│   ├── FileWithoutText         file_without_text
│   └── ExamplesInvalid         examples_invalid
├── InterchangeError
│   ├── ImportUnrecognised      import_unrecognised
│   ├── ImportTooLarge          import_too_large
│   ├── ImportTooComplex        import_too_complex
│   ├── ImportDamaged           import_damaged
│   ├── ImportPackingUnknown    import_packing_unknown
│   ├── ImportTooNew            import_too_new
│   └── ExportTooLong           export_too_long
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
│   ├── ImageRefused            image_refused
│   └── ModelWithoutVision      model_without_vision
│       └── NoVisionModel       no_vision_model
├── EngineError
│   ├── ModelFileMissing        model_file_missing
│   ├── ModelFileInvalid        model_file_invalid
│   └── EngineDown              engine_down
├── ModelFilesError
│   ├── DownloadsOff            downloads_off
│   ├── DownloadFailed          download_failed
│   └── ChecksumMismatch        checksum_mismatch
├── LanguageDataUnavailable     language_data_unavailable
├── RetrievalError
│   ├── EmbedderUnavailable     embedder_unavailable
│   └── RerankerUnavailable     reranker_unavailable
├── DatasetInvalid              dataset_invalid
└── StartError
    ├── PortTaken               port_taken
    ├── DataFolderUnusable      data_folder_unusable
    ├── SettingsInvalid         settings_invalid
    └── UnsafeBinding           unsafe_binding
"""

from samovar.domain.errors.backend import (
    BackendBroke,
    BackendError,
    BackendFailed,
    BackendKeyMissing,
    BackendOverloaded,
    BackendRefused,
    BackendReplyInvalid,
    BackendTimeout,
    BackendUnauthorised,
    BackendUnreachable,
    ContextExceeded,
    EmbeddingsUnsupported,
    ImageRefused,
    ModelLoading,
    ModelUnknown,
    ModelWithoutVision,
    NoModel,
    NotAModelServer,
    NoVisionModel,
)
from samovar.domain.errors.document import (
    DocumentError,
    ExamplesInvalid,
    FileDamaged,
    FileEmpty,
    FileEncrypted,
    FileTooComplex,
    FileTooLarge,
    FileTypeUnknown,
    FileWithoutText,
)
from samovar.domain.errors.interchange import (
    ExportTooLong,
    ImportDamaged,
    ImportPackingUnknown,
    ImportTooComplex,
    ImportTooLarge,
    ImportTooNew,
    ImportUnrecognised,
    InterchangeError,
)
from samovar.domain.errors.model import (
    ChecksumMismatch,
    DownloadFailed,
    DownloadsOff,
    EngineDown,
    EngineError,
    ModelFileInvalid,
    ModelFileMissing,
    ModelFilesError,
)
from samovar.domain.errors.ocr import LanguageDataUnavailable
from samovar.domain.errors.request import (
    AdministratorOnly,
    Conflict,
    EvaluationRunning,
    Forbidden,
    InvalidParameter,
    InvalidRequest,
    KeyInvalid,
    KeyScopeMissing,
    LinkSpent,
    MessageEmpty,
    NotFound,
    QuotaExceeded,
    TooMany,
    Unauthorised,
)
from samovar.domain.errors.retrieval import (
    DatasetInvalid,
    EmbedderUnavailable,
    RerankerUnavailable,
    RetrievalError,
)
from samovar.domain.errors.root import SamovarError, error_from_code
from samovar.domain.errors.start import DataFolderUnusable, PortTaken, SettingsInvalid, StartError, UnsafeBinding
from samovar.domain.errors.storage import BlobDamaged, StorageError, StorageReadOnly, StorageUnavailable

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
    "DatasetInvalid",
    "DocumentError",
    "DownloadFailed",
    "DownloadsOff",
    "EmbedderUnavailable",
    "EmbeddingsUnsupported",
    "EngineDown",
    "EngineError",
    "EvaluationRunning",
    "ExamplesInvalid",
    "ExportTooLong",
    "FileDamaged",
    "FileEmpty",
    "FileEncrypted",
    "FileTooComplex",
    "FileTooLarge",
    "FileTypeUnknown",
    "FileWithoutText",
    "Forbidden",
    "ImageRefused",
    "ImportDamaged",
    "ImportPackingUnknown",
    "ImportTooComplex",
    "ImportTooLarge",
    "ImportTooNew",
    "ImportUnrecognised",
    "InterchangeError",
    "InvalidParameter",
    "InvalidRequest",
    "KeyInvalid",
    "KeyScopeMissing",
    "LanguageDataUnavailable",
    "LinkSpent",
    "MessageEmpty",
    "ModelFileInvalid",
    "ModelFileMissing",
    "ModelFilesError",
    "ModelLoading",
    "ModelUnknown",
    "ModelWithoutVision",
    "NoModel",
    "NoVisionModel",
    "NotAModelServer",
    "NotFound",
    "PortTaken",
    "QuotaExceeded",
    "RerankerUnavailable",
    "RetrievalError",
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
