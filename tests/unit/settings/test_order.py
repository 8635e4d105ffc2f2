"""Where a setting comes from when it is named in several places."""

from pathlib import Path

import pytest

from samovar.settings import read_settings


@pytest.fixture(autouse=True)
def only_our_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "OLLAMA_HOST", "SAMOVAR_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_each_place_wins_over_the_one_behind_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert read_settings().backends.openai_base_url is None
    (tmp_path / "samovar.toml").write_text('[backends]\nopenai_base_url = "http://file"\nidle_timeout_s = 7.0\n')
    assert read_settings().backends.openai_base_url == "http://file"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://neighbour")
    assert read_settings().backends.openai_base_url == "http://neighbour"
    monkeypatch.setenv("SAMOVAR_BACKENDS_OPENAI_BASE_URL", "http://ours")
    settings = read_settings()
    assert settings.backends.openai_base_url == "http://ours"
    assert settings.backends.idle_timeout_s == 7.0


def test_a_key_is_not_shown_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    settings = read_settings()
    assert settings.backends.openai_api_key == "sk-canary"
    assert "sk-canary" not in repr(settings)
