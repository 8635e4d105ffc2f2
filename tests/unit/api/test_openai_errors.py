"""Errors as OpenAI's clients branch on them."""

from typing import Any

import pytest

from samovar.api.openai_errors import openai_error_body
from samovar.api.problems import STATUSES, openai_error, problem
from samovar.domain.errors import (
    BackendOverloaded,
    ContextExceeded,
    InvalidParameter,
    KeyInvalid,
    KeyScopeMissing,
    ModelUnknown,
    QuotaExceeded,
    SamovarError,
    TooMany,
    error_from_code,
)

MINUTE = QuotaExceeded(limit=5, unit="requests", window="minute", retry_after_s=17)
DAY = QuotaExceeded(limit=100, unit="tokens", window="day", retry_after_s=4000)


def told(error: SamovarError) -> dict[str, Any]:
    body = openai_error_body(error, STATUSES[error.code])
    assert isinstance(body["error"], dict)
    return body["error"]


@pytest.mark.parametrize(
    ("error", "kind", "code", "param"),
    [
        (ContextExceeded(needed_tokens=9, context_tokens=8, model="m"), "invalid_request_error",
         "context_length_exceeded", "messages"),
        (ModelUnknown(model="m"), "invalid_request_error", "model_not_found", "model"),
        (KeyInvalid(), "invalid_request_error", "invalid_api_key", None),
        (KeyScopeMissing(scope="chat"), "invalid_request_error", "key_scope", None),
        (TooMany(what="requests", retry_after_s=9), "requests", "rate_limit_exceeded", None),
        (MINUTE, "requests", "rate_limit_exceeded", None),
        (DAY, "insufficient_quota", "insufficient_quota", None),
        (InvalidParameter("top_p", "must be a number"), "invalid_request_error", "invalid_parameter", "top_p"),
        (BackendOverloaded(backend="b"), "server_error", "backend_overloaded", None),
    ],
)  # fmt: skip
def test_an_error_has_the_type_and_code_that_clients_know(
    error: SamovarError, kind: str, code: str, param: str | None
) -> None:
    body = told(error)
    assert (body["type"], body["code"], body["param"], body["samovar_code"]) == (kind, code, param, error.code)
    assert body["message"] == f"{error.message} {error.advice}"


@pytest.mark.parametrize("code", sorted(STATUSES))
def test_every_error_has_the_whole_form(code: str) -> None:
    body = told(error_from_code(code))
    assert set(body) == {"message", "type", "param", "code", "samovar_code"}
    assert body["samovar_code"] == code
    assert body["type"] == "server_error" or STATUSES[code] < 500


@pytest.mark.parametrize(
    ("error", "seconds"),
    [(MINUTE, "17"), (DAY, "4000"), (TooMany(what="requests", retry_after_s=9), "9"), (BackendOverloaded(), "2")],
)
def test_who_should_come_back_is_told_when(error: SamovarError, seconds: str) -> None:
    assert openai_error(error).headers["Retry-After"] == seconds
    assert problem(error).headers["Retry-After"] == seconds
    assert "Retry-After" not in openai_error(KeyInvalid()).headers
