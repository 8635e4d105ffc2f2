"""Every setting, with its type, default, unit and meaning; nothing else reads the environment.

Environment wins over ``samovar.toml``, which wins over the defaults.
"""

import os
from pathlib import Path
from typing import Any, Final, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError
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
    "LimitsSettings",
    "LoadSettings",
    "RouteSettings",
    "ServerSettings",
    "Settings",
    "read_settings",
]

ENVIRONMENT_PREFIX: Final = "SAMOVAR_"
DEFAULT_PORT: Final = 7680


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
    model_file: Path | None = Field(None, description="GGUF file of the model; none takes the default model.")
    mmproj_file: Path | None = Field(None, description="GGUF file of the vision projector that belongs to the model.")
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

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$", description="Its name in Samovar.")
    kind: str = Field(description="llamacpp, ollama, vllm, lmstudio, foundry or openai.")
    url: str = Field(description="Its address.")
    key: str | None = Field(None, repr=False, description="Its key.")
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
    openai_api_key: str | None = Field(None, repr=False, description="Its key (also read from OPENAI_API_KEY).")
    ollama_host: str | None = Field(None, description="Address of an Ollama server (also read from OLLAMA_HOST).")
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
    pages: int = Field(2000, ge=1, le=100_000, description="Most pages of one document.")
    picture_megapixels: int = Field(25, ge=1, le=400, description="Largest picture, in megapixels.")
    parser_s: float = Field(20.0, gt=0, description="Longest time for reading one file, in seconds.")
    parser_mb: int = Field(1024, ge=128, description="Most memory for reading one file, in MiB.")
    queue: int = Field(256, ge=1, le=100_000, description="Most answers that wait for one backend.")
    runs: int = Field(64, ge=1, le=10_000, description="Most answers being written at the same time.")
    message_characters: int = Field(400_000, ge=1000, description="Longest message, in characters.")


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
    named = {"openai_base_url": "OPENAI_BASE_URL", "openai_api_key": "OPENAI_API_KEY", "ollama_host": "OLLAMA_HOST"}
    found = {field: os.environ[name] for field, name in named.items() if os.environ.get(name)}
    return {"backends": found} if found else {}


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
