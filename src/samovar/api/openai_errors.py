"""Errors in the form that OpenAI's clients read.

Source: OpenAI API reference, "Error codes", and the errors that its official Python client tells apart, November
2026. ``code`` and ``type`` are OpenAI's where programs branch on them; ours stands in ``samovar_code``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from samovar.domain.errors import SamovarError

__all__ = ["openai_error_body"]

_REFUSED: Final = "invalid_request_error"
_FAILED: Final = "server_error"


@dataclass(frozen=True, slots=True)
class _Form:
    kind: str
    code: str
    param: str | None = None


#: By our code; an error without a row keeps its own code.
_FORMS: Final[Mapping[str, _Form]] = {
    "context_exceeded": _Form(_REFUSED, "context_length_exceeded", "messages"),
    "model_unknown": _Form(_REFUSED, "model_not_found", "model"),
    "key_invalid": _Form(_REFUSED, "invalid_api_key"),
    "too_many": _Form("requests", "rate_limit_exceeded"),
    "embeddings_unsupported": _Form(_REFUSED, "embeddings_unsupported", "model"),
    "image_refused": _Form(_REFUSED, "image_refused", "messages"),
}
#: A limit of a minute is waited for; one of a day is not, and clients do not try again by themselves.
_MINUTE_USED_UP: Final = _Form("requests", "rate_limit_exceeded")
_DAY_USED_UP: Final = _Form("insufficient_quota", "insufficient_quota")


def openai_error_body(error: SamovarError, status: int) -> dict[str, object]:
    """An error as the body of a reply, or as the last event of a stream."""
    form = _form(error, status)
    return {
        "error": {
            "message": f"{error.message} {error.advice}",
            "type": form.kind,
            "param": form.param,
            "code": form.code,
            "samovar_code": error.code,
        }
    }


def _form(error: SamovarError, status: int) -> _Form:
    if error.code == "quota_exceeded":
        return _DAY_USED_UP if error.values.get("window") == "day" else _MINUTE_USED_UP
    if (known := _FORMS.get(error.code)) is not None:
        return known
    parameter = error.values.get("parameter")
    return _Form(_REFUSED if status < 500 else _FAILED, error.code, parameter if isinstance(parameter, str) else None)
