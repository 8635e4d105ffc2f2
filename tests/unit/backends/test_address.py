"""Addresses of model servers, as people write them."""

import pytest

from samovar import registry
from samovar.domain.errors import SettingsInvalid


@pytest.mark.parametrize(
    ("kind", "written", "url"),
    [
        ("openai", "http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("openai", "http://127.0.0.1:8000/v1", "http://127.0.0.1:8000"),
        ("openai", " https://Models.Example/openai/v1/ ", "https://models.example/openai"),
        ("openai", "localhost:8000", "http://localhost:8000"),
        ("llamacpp", "http://[::1]:8080/", "http://[::1]:8080"),
        ("ollama", "0.0.0.0", "http://127.0.0.1:11434"),
        ("ollama", "127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("ollama", "my-server", "http://my-server:11434"),
        ("ollama", "https://ollama.example", "https://ollama.example"),
    ],
)
def test_what_people_write_becomes_a_base_address(kind: str, written: str, url: str) -> None:
    assert registry.backend(kind).read_address(written) == url


@pytest.mark.parametrize(
    "written",
    [
        "",
        "ftp://x",
        "file:///etc/passwd",
        "http://",
        "http://user:secret@host",
        "http://host/?q=1",
        "http://host:99999",
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(written: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        registry.backend("openai").read_address(written)
    assert "secret" not in caught.value.message
