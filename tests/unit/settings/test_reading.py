"""Settings that cannot be meant: one sentence that names the place, and never a value."""

from pathlib import Path

import pytest

from samovar.domain.errors import SettingsInvalid
from samovar.settings import known_environment, read_settings


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("SAMOVAR_CONFIG", "OPENAI_BASE_URL", "OPENAI_API_KEY", "OLLAMA_HOST"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"nothing_of_ours = 1", "nothing_of_ours"),
        (b"[server]\nportt = 1", "server.portt"),
        (b'[server]\nport = "x"', "server.port"),
        (b"[server]\nport = 70000", "server.port"),
        (b'[server]\nhost = ""', "server.host"),
        (b"server = 5", "server"),
        (b"[server", "samovar.toml"),
        (b"\xff\xfe", "samovar.toml"),
        (b"[limits]\nparser_s = nan", "limits.parser_s"),
    ],
)
def test_a_wrong_file_names_the_place(empty_folder: Path, content: bytes, place: str) -> None:
    (empty_folder / "samovar.toml").write_bytes(content)
    with pytest.raises(SettingsInvalid) as caught:
        read_settings()
    assert place in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SAMOVAR_SERVER_PORT", "abc"),
        ("SAMOVAR_SERVER_PORT", "-1"),
        ("SAMOVAR_SERVER_PORTT", "1"),
        ("SAMOVAR_SERVER_PUBLIC_HOSTS", "chat.example"),
        ("SAMOVAR_ENGINE_THREADS", "9" * 5000),
        ("SAMOVAR_BACKENDS_IDLE_TIMEOUT_S", "inf"),
        ("SAMOVAR_LANGUAGE", "de"),
        ("SAMOVAR_CONFIG", "/no/such/file.toml"),
        ("SAMOVAR_CONFIG", "/"),
    ],
)
def test_a_wrong_environment_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsInvalid) as caught:
        read_settings()
    assert "\n" not in caught.value.message


def test_a_wrong_value_beside_a_secret_does_not_tell_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMOVAR_BACKENDS_OPENAI_API_KEY", "sk-canary")
    monkeypatch.setenv("SAMOVAR_BACKENDS_IDLE_TIMEOUT_S", "soon")
    with pytest.raises(SettingsInvalid) as caught:
        read_settings()
    assert "canary" not in caught.value.message


def test_no_secret_is_in_the_text_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    monkeypatch.setenv("SAMOVAR_DATABASE_URL", "postgresql://me:canary@localhost/samovar")
    assert "canary" not in repr(read_settings())


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_folder / "samovar.toml").write_text('data_dir = "/file"\n[server]\nport = 1\n')
    assert read_settings().server.port == 1
    monkeypatch.setenv("SAMOVAR_SERVER_PORT", "2")
    assert read_settings().server.port == 2
    assert read_settings(data_dir=Path("/line")).data_dir == Path("/line")


def test_neighbours_names_are_read_where_ours_are_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "http://theirs")
    assert read_settings().backends.ollama_host == "http://theirs"
    monkeypatch.setenv("SAMOVAR_BACKENDS_OLLAMA_HOST", "http://ours")
    assert read_settings().backends.ollama_host == "http://ours"


def test_every_setting_has_a_name_in_the_environment() -> None:
    assert {"SAMOVAR_SERVER_PORT", "SAMOVAR_DATA_DIR", "SAMOVAR_LIMITS_PARSER_S"} <= known_environment()
