"""Logs tell what happened and where, and never what somebody wrote."""

import json
import logging
from collections.abc import Iterator

import pytest

from samovar.telemetry.log import configure_logging, get_log, request_id

CANARY = "my-secret-words"


@pytest.fixture(autouse=True)
def loggers_as_before() -> Iterator[None]:
    root, own = logging.getLogger(), logging.getLogger("samovar")
    before = (root.handlers[:], root.level, own.level)
    yield
    root.handlers[:], root.level, own.level = before


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def fail() -> None:
    try:
        raise ValueError(CANARY)
    except ValueError as error:
        raise RuntimeError(f"cannot: {CANARY}") from error


def test_a_trace_names_the_places_and_not_the_words(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(verbose=False)
    try:
        fail()
    except RuntimeError as error:
        get_log("samovar.test").error("it.crashed", error=error)
    written = capsys.readouterr().err
    assert CANARY not in written
    (line,) = lines(written)
    assert line["event"] == "it.crashed"
    trace = line["trace"]
    assert isinstance(trace, list)
    assert {"RuntimeError", "ValueError"} <= set(trace)
    assert any("test_log.py" in place and place.endswith("fail") for place in trace)


def test_a_foreign_library_is_heard_without_its_values(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(verbose=False)
    foreign = logging.getLogger("asyncio")
    foreign.error("Task exception was never retrieved\nfuture: %s", CANARY)
    foreign.warning("reading %s failed", CANARY, exc_info=ValueError(CANARY))
    written = capsys.readouterr().err
    assert CANARY not in written
    assert [line["event"] for line in lines(written)] == ["Task exception was never retrieved", "reading %s failed"]


def test_half_a_character_does_not_break_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(verbose=True)
    token = request_id.set("r1")
    get_log("samovar.test").info("it.happened", name="\ud800", count=2)
    request_id.reset(token)
    (line,) = lines(capsys.readouterr().err)
    assert (line["event"], line["count"], line["request"]) == ("it.happened", 2, "r1")


def test_quiet_means_warnings_only(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(verbose=False)
    get_log("samovar.test").info("it.happened")
    get_log("samovar.test").debug("it.happened")
    get_log("samovar.test").warning("look.here")
    assert [line["event"] for line in lines(capsys.readouterr().err)] == ["look.here"]
