"""Errors as problem+json (RFC 9457), and the one table from code to status."""

import json
from collections.abc import Mapping
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from samovar.api.openai_errors import openai_error_body
from samovar.domain.errors import InvalidRequest, NotFound, SamovarError
from samovar.telemetry.log import get_log

__all__ = ["STATUSES", "install_problem_handlers", "openai_error", "problem", "problem_body", "respond"]

log = get_log(__name__)

#: HTTP status of every error code; an error without a row fails the tests.
STATUSES: Final[Mapping[str, int]] = {
    "internal": 500,
    "not_found": 404,
    "unauthorised": 401,
    "link_spent": 401,
    "key_invalid": 401,
    "forbidden": 403,
    "administrator_only": 403,
    "key_scope": 403,
    "quota_exceeded": 429,
    "invalid_request": 400,
    "invalid_parameter": 400,
    "message_empty": 400,
    "conflict": 409,
    "evaluation_running": 409,
    "too_many": 429,
    "storage_unavailable": 503,
    "storage_read_only": 507,
    "blob_damaged": 500,
    "file_empty": 422,
    "file_too_large": 413,
    "file_type_unknown": 415,
    "file_damaged": 422,
    "file_encrypted": 422,
    "file_too_complex": 422,
    "file_without_text": 422,
    "examples_invalid": 422,
    "import_unrecognised": 415,
    "import_too_large": 413,
    "import_too_complex": 422,
    "import_damaged": 422,
    "import_packing_unknown": 415,
    "import_too_new": 422,
    "export_too_long": 422,
    "no_model": 503,
    "model_unknown": 404,
    "model_loading": 503,
    "backend_unreachable": 502,
    "backend_unauthorised": 502,
    "backend_key_missing": 502,
    "backend_overloaded": 503,
    "backend_timeout": 504,
    "backend_broke": 502,
    "backend_reply_invalid": 502,
    "not_a_model_server": 422,
    "backend_refused": 400,
    "backend_failed": 502,
    "context_exceeded": 400,
    "image_refused": 400,
    "model_without_vision": 422,
    "no_vision_model": 422,
    "embeddings_unsupported": 400,
    "model_file_missing": 503,
    "model_file_invalid": 503,
    "engine_down": 503,
    "downloads_off": 403,
    "download_failed": 502,
    "checksum_mismatch": 422,
    "port_taken": 500,
    "data_folder_unusable": 500,
    "settings_invalid": 500,
    "unsafe_binding": 500,
    "language_data_unavailable": 500,
    "embedder_unavailable": 503,
    "reranker_unavailable": 503,
    "dataset_invalid": 422,
}
#: The name of a field is repeated up to here: an error needs no megabyte.
_LONGEST_PLACE: Final = 100
#: Nobody reads this answer; it is for the metrics (the number is nginx's).
_CLIENT_GONE: Final = 499
_RETRY_AFTER_S: Final[Mapping[int, str]] = {429: "5", 503: "2", 507: "30"}


def problem_body(error: SamovarError) -> dict[str, object]:
    """An error as it is shown inside another body."""
    return {"code": error.code, "title": error.message, "detail": error.advice, "values": dict(error.values)}


def problem(error: SamovarError, status: int | None = None) -> Response:
    """An error as a whole response; ``status`` takes the place of the table's."""
    status = status or STATUSES[error.code]
    body = {"type": "about:blank", "status": status, **problem_body(error)}
    return Response(
        _written(body), status_code=status, media_type="application/problem+json", headers=_headers(error, status)
    )


def openai_error(error: SamovarError, status: int | None = None) -> Response:
    """An error as a whole response to an OpenAI client; ``status`` takes the place of the table's."""
    status = status or STATUSES[error.code]
    body = openai_error_body(error, status)
    return Response(_written(body), status_code=status, media_type="application/json", headers=_headers(error, status))


def respond(path: str, error: SamovarError, status: int | None = None) -> Response:
    """An error in the form that the clients of this path read."""
    return openai_error(error, status) if path.startswith("/v1/") else problem(error, status)


def _written(body: Mapping[str, object]) -> bytes:
    # Escaped to ASCII: an error may repeat half of a character, which UTF-8 cannot spell.
    return json.dumps(body).encode()


def _headers(error: SamovarError, status: int) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if status in _RETRY_AFTER_S:
        headers["Retry-After"] = str(error.values.get("retry_after_s", _RETRY_AFTER_S[status]))
    return headers


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every exception with a problem."""

    async def on_samovar_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, SamovarError)
        if error.code == SamovarError.code:
            log.error("request.failed", error=error)
        return respond(request.scope["path"], error)

    async def on_validation_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part != "body")
        reason = f"{place[:_LONGEST_PLACE] or 'body'}: {first['msg']}"
        return respond(request.scope["path"], InvalidRequest(reason=reason))

    async def on_half_a_character(request: Request, _error: Exception) -> Response:
        return respond(request.scope["path"], InvalidRequest(reason="a text holds half of a character (a surrogate)"))

    async def on_client_gone(_request: Request, _error: Exception) -> Response:
        return Response(status_code=_CLIENT_GONE)

    async def on_http_exception(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        path = request.scope["path"]
        if error.status_code == 404:
            return respond(path, NotFound(what="address"))
        response = respond(path, InvalidRequest(reason=error.detail), error.status_code)
        response.headers.update(error.headers or {})
        return response

    async def on_defect(request: Request, error: Exception) -> Response:
        log.error("request.crashed", error=error)
        return respond(request.scope["path"], SamovarError())

    app.add_exception_handler(SamovarError, on_samovar_error)
    app.add_exception_handler(RequestValidationError, on_validation_error)
    app.add_exception_handler(HTTPException, on_http_exception)
    app.add_exception_handler(UnicodeEncodeError, on_half_a_character)
    app.add_exception_handler(ClientDisconnect, on_client_gone)
    app.add_exception_handler(Exception, on_defect)
