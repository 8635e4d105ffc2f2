"""What the terminal is shown, and what is read from it."""

from pathlib import Path

import pytest

from samovar.cli.files import read_file
from samovar.cli.output import page_address, plain
from samovar.domain.errors import FileTooLarge, InvalidRequest


def test_an_answer_cannot_steer_the_terminal() -> None:
    assert plain("a\x1b]52;c;x\x07b\x9b31m\r\nплан\t1") == "a\ufffd]52;c;x\ufffdb\ufffd31m\ufffd\nплан\t1"


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:1"),
        ("localhost", "http://localhost:1"),
        ("0.0.0.0", "http://127.0.0.1:1"),
        ("::", "http://[::1]:1"),
        ("::1", "http://[::1]:1"),
    ],
)
def test_the_printed_address_can_be_opened(host: str, address: str) -> None:
    assert page_address(host, 1) == address


def test_a_device_without_end_is_too_large_and_not_read_for_ever() -> None:
    with pytest.raises(FileTooLarge):
        read_file(Path("/dev/zero"), 1)


def test_a_file_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    (tmp_path / "full").write_bytes(b"x" * 1_000_000)
    assert len(read_file(tmp_path / "full", 1)) == 1_000_000


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(InvalidRequest, match="cannot be read"):
            read_file(path, 1)


def test_the_public_address_over_tls_is_the_one_to_open() -> None:
    assert page_address("127.0.0.1", 7680, ["chat", "https://chat.example.org/"]) == "https://chat.example.org"
    assert page_address("127.0.0.1", 7680, ["chat.example.org"]) == "http://127.0.0.1:7680"
