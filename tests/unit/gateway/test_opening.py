"""Which servers settings and environment name, in which order, and under which names."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from samovar.domain.backend import BackendSpec, LoadParameters
from samovar.domain.errors import SettingsInvalid
from samovar.opening import configured_backends, known_kinds
from samovar.settings import read_settings

NAMES = (
    *("OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_API_BASE_URL", "OPENAI_API_BASE_URLS", "OPENAI_API_KEYS"),
    *("OLLAMA_HOST", "OLLAMA_BASE_URL", "OLLAMA_BASE_URLS", "FOUNDRY_LOCAL_ENDPOINT", "LM_API_TOKEN", "SAMOVAR_CONFIG"),
)

Read = Callable[..., list[BackendSpec]]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Read:
    """Reads the servers that an environment and a ``samovar.toml`` name."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def servers(toml: str = "", **environment: str) -> list[BackendSpec]:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        (tmp_path / "samovar.toml").write_text(toml)
        return list(configured_backends(read_settings().backends))

    return servers


def places(specs: list[BackendSpec]) -> list[tuple[str, str, str]]:
    return [(spec.name, spec.kind, spec.url) for spec in specs]


def test_a_server_is_asked_for_the_kinds_with_paths_of_their_own_first() -> None:
    assert list(known_kinds()) == ["llamacpp", "vllm", "ollama", "lmstudio", "foundry", "openai"]


def test_nothing_named_is_no_server(read: Read) -> None:
    assert read() == []
    assert read(OPENAI_API_KEY="sk-alone", LM_API_TOKEN="t") == [], "a key names no address"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:1234", "http://127.0.0.1:1234"),
        (":8080", "http://127.0.0.1:8080"),
        ("ollama.example.org:8080", "http://ollama.example.org:8080"),
        ("https://ollama.example.org", "https://ollama.example.org"),
    ],
)
def test_ollama_host_is_read_as_ollama_reads_it(read: Read, host: str, url: str) -> None:
    [spec] = read(OLLAMA_HOST=host)
    assert (spec.name, spec.kind, spec.url) == ("ollama", "ollama", url)
    assert (spec.source, spec.origin, spec.is_assumed) == ("environment", "OLLAMA_HOST", False)


def test_every_name_that_others_read_is_read(read: Read) -> None:
    specs = read(
        OPENAI_BASE_URL="http://a:1/v1",
        OPENAI_API_KEY="key-a",
        OPENAI_API_BASE_URLS="http://b:1/v1; http://c:1/v1;http://d:1/v1;",
        OPENAI_API_KEYS="key-b;;key-d",
        OLLAMA_HOST="e",
        OLLAMA_BASE_URLS="http://f:1;http://g:1",
        FOUNDRY_LOCAL_ENDPOINT="http://localhost:5273/v1",
    )
    assert places(specs) == [
        ("openai", "openai", "http://a:1"),
        ("openai-2", "openai", "http://b:1"),
        ("openai-3", "openai", "http://c:1"),
        ("openai-4", "openai", "http://d:1"),
        ("ollama", "ollama", "http://e:11434"),
        ("ollama-2", "ollama", "http://f:1"),
        ("ollama-3", "ollama", "http://g:1"),
        ("foundry", "foundry", "http://localhost:5273"),
    ]
    assert [spec.key for spec in specs[:5]] == ["key-a", "key-b", None, "key-d", None]
    assert [spec.origin for spec in specs[:2]] == ["OPENAI_BASE_URL", "OPENAI_API_BASE_URLS"]
    assert [spec.is_assumed for spec in specs] == [True] * 4 + [False] * 4


def test_the_single_names_count_where_the_lists_are_not_set(read: Read) -> None:
    specs = read(OPENAI_API_BASE_URL="http://a:1/v1", OPENAI_API_KEY="key-a", OLLAMA_BASE_URL="http://b:1")
    assert places(specs) == [("openai", "openai", "http://a:1"), ("ollama", "ollama", "http://b:1")]
    assert specs[0].key == "key-a"
    assert [spec.origin for spec in specs] == ["OPENAI_API_BASE_URL", "OLLAMA_BASE_URL"]


def test_the_same_address_under_two_names_is_one_server(read: Read) -> None:
    specs = read(OLLAMA_HOST="0.0.0.0", OLLAMA_BASE_URL="http://localhost:11434/")
    assert places(specs) == [("ollama", "ollama", "http://127.0.0.1:11434")]


GPU = """
[[backends.servers]]
name = "gpu"
kind = "vllm"
url = "http://10.0.0.5:8000/v1/"
key = "secret"
parallel = 32
[backends.servers.load]
context_tokens = 16384
kv_cache = "q8_0"

[[backends.servers]]
name = "ollama"
url = "http://127.0.0.1:11434"
"""


def test_the_file_names_servers_with_all_that_belongs_to_them(read: Read) -> None:
    gpu, desk = read(GPU)
    assert gpu == BackendSpec(
        name="gpu",
        kind="vllm",
        url="http://10.0.0.5:8000",
        source="settings",
        key="secret",
        parallel=32,
        load=LoadParameters(context_tokens=16384, kv_cache="q8_0"),
        origin="samovar.toml",
    )
    assert (desk.kind, desk.is_assumed) == ("openai", True), "without a kind the server is asked"
    assert "secret" not in repr(gpu)


def test_the_environment_comes_first_and_makes_way_for_what_the_file_describes(read: Read) -> None:
    specs = read(
        GPU, OLLAMA_HOST="localhost", OLLAMA_BASE_URL="http://elsewhere:1", OPENAI_BASE_URL="http://10.0.0.5:8000"
    )
    assert [(spec.name, spec.url, spec.source) for spec in specs] == [
        ("ollama-2", "http://elsewhere:1", "environment"),
        ("gpu", "http://10.0.0.5:8000", "settings"),
        ("ollama", "http://127.0.0.1:11434", "settings"),
    ]


def test_the_environment_takes_servers_and_routes_as_json(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "SAMOVAR_ROUTES", json.dumps([{"name": "best", "targets": ["gpu/a", "desk/b"], "order": "least_busy"}])
    )
    servers = [{"name": "gpu", "kind": "ollama", "url": "http://g:1", "load": {"keep_alive_s": -1}}]
    specs = read(GPU, SAMOVAR_BACKENDS_SERVERS=json.dumps(servers))
    assert places(specs) == [("gpu", "ollama", "http://g:1")], "it stands for the file's list"
    assert specs[0].load == LoadParameters(keep_alive_s=-1)
    [route] = read_settings().routes
    assert (route.name, route.targets, route.order) == ("best", ("gpu/a", "desk/b"), "least_busy")


@pytest.mark.parametrize(
    ("servers", "reason"),
    [
        ([{"name": "a", "url": "http://x"}, {"name": "a", "url": "http://y"}], "two are named a"),
        ([{"name": "a", "url": "http://x"}, {"name": "b", "url": "http://X:80/"}], "at one address"),
        ([{"name": "engine", "url": "http://x"}], "Samovar's own"),
        ([{"name": "a", "kind": "scripted", "url": "http://x"}], "no kind"),
        ([{"name": "a", "kind": "../x", "url": "http://x"}], "no kind"),
        ([{"name": "A b", "url": "http://x"}], "name"),
        ([{"name": "a", "url": "ftp://x"}], "address"),
        ([{"name": "a", "url": "http://user:pass@x"}], "address"),
        ([{"name": "a", "url": "http://x", "key": "two\nlines"}], "key"),
        ([{"name": "a", "url": "http://x", "key": "канарейка"}], "key"),
        ([{"name": "a", "url": "http://x", "colour": "red"}], "colour"),
        ([{"name": "a", "url": "http://x", "parallel": 0}], "parallel"),
        ([{"name": "a", "url": "http://x", "load": {"context_tokens": 1}}], "context_tokens"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_the_start(
    read: Read, servers: list[dict[str, object]], reason: str
) -> None:
    with pytest.raises(SettingsInvalid, match=reason) as caught:
        read(SAMOVAR_BACKENDS_SERVERS=json.dumps(servers))
    for secret in ("pass", "two\nlines", "канарейка"):
        assert secret not in caught.value.message


def test_a_key_with_a_blank_in_the_environment_is_refused_and_not_shown(read: Read) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        read(OPENAI_BASE_URL="http://a", OPENAI_API_KEY="canary key")
    assert "canary" not in caught.value.message
