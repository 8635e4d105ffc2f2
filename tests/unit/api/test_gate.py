"""How the gate reads a Host header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.api.gate import Gate, _split_port
from samovar.telemetry.metrics import Metrics


async def nothing(*_: object) -> None:
    """Stand behind a gate that is only asked about hosts."""


def gate(host: str, *public_hosts: str) -> Gate:
    return Gate(nothing, host=host, port=7680, public_hosts=public_hosts, metrics=Metrics())


@given(st.text(st.characters(max_codepoint=255)))
def test_any_header_is_read_without_a_crash(host: str) -> None:
    name, port = _split_port(host.lower())
    assert port is None or 0 <= port <= 99999
    assert port is None or not set(name) & set("[]@/ \t\r\n")
    gate("127.0.0.1")._is_own_host(host)


@pytest.mark.parametrize(
    ("host", "read"),
    [
        ("localhost", ("localhost", 80)),
        ("localhost:7680", ("localhost", 7680)),
        ("[::1]:7680", ("::1", 7680)),
        ("[::1]", ("::1", 80)),
        ("::1:7680", ("::1:7680", None)),
        ("[[::1]:7680", ("[[::1]:7680", None)),
        ("localhost:", ("localhost:", None)),
        ("localhost:\xb2", ("localhost:\xb2", None)),
    ],
)
def test_the_port_is_split_off(host: str, read: tuple[str, int | None]) -> None:
    assert _split_port(host) == read


@pytest.mark.parametrize(
    ("listening", "host", "is_own"),
    [
        ("127.0.0.1", "localhost:7680", True),
        ("127.0.0.1", "[::1]:7680", True),
        ("127.0.0.1", "localhost", False),
        ("127.0.0.1", "192.168.0.5:7680", False),
        ("127.0.0.1", "evil.example:7680", False),
        ("0.0.0.0", "192.168.0.5:7680", True),
        ("0.0.0.0", "[fe80::1]:7680", True),
        ("0.0.0.0", "evil.example:7680", False),
        ("0.0.0.0", "Chat.Example", True),
        ("0.0.0.0", "chat.example:443", True),
        ("0.0.0.0", "chat.example:x", False),
        ("0.0.0.0", "chat.example.evil.example", False),
    ],
)
def test_whose_host_it_is(listening: str, host: str, is_own: bool) -> None:
    assert gate(listening, "chat.example")._is_own_host(host) is is_own
